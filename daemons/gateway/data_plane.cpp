// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/data_plane.hpp"

#include "base/assert.hpp"
#include "daemons/gateway/socket.hpp"

namespace rescue::gateway {

DataPlane::DataPlane(DataPlaneOptions options, TokenKeys& token_keys, Admission& admission, base::Clock& clock,
                     base::RandomSource& random)
    : shared_{std::move(options), admission, token_keys, clock, random, {}, {}, {}, 1} {}

base::Result<std::unique_ptr<DataPlane>> DataPlane::start(DataPlaneOptions options, crypto::TlsContext tls,
                                                          TokenKeys& token_keys, Admission& admission,
                                                          base::Clock& clock, base::RandomSource& random) {
  RESCUE_ASSERT(options.threads > 0);
  net::Endpoint at = options.listen;
  const unsigned threads = options.threads;
  std::unique_ptr<DataPlane> plane(new DataPlane(std::move(options), token_keys, admission, clock, random));
  std::vector<Fd> listeners;
  for (unsigned i = 0; i < threads; ++i) {
    RESCUE_TRY(auto listener, listen_on(at, threads > 1));
    RESCUE_TRY(at, local_endpoint(listener.get()));  // port 0: the others join the port that the first one got
    listeners.push_back(std::move(listener));
    plane->shared_.loops.push_back(std::make_shared<Mailbox>());
  }
  plane->local_ = at;
  for (unsigned i = 0; i < threads; ++i)
    plane->loops_.push_back(
        std::make_unique<Loop>(plane->shared_, plane->shared_.loops[i], std::move(listeners[i]), tls));
  for (auto& loop : plane->loops_) plane->threads_.emplace_back([raw = loop.get()] { raw->run(); });
  return plane;
}

DataPlane::~DataPlane() {
  tell_all([](Loop& loop) { loop.stop(); });
  for (auto& thread : threads_) thread.join();
}

void DataPlane::tell_all(const std::function<void(Loop&)>& task) {
  for (const auto& mailbox : shared_.loops) mailbox->post([task](Loop* loop) { task(*loop); });
}

CounterValues DataPlane::counters() const {
  CounterValues sum;
  for (const auto& loop : loops_) loop->counters().add_to(sum);
  return sum;
}

bool DataPlane::is_idle() const {
  const auto v = counters();
  return v[Metric::handshaking] == 0 && v[Metric::waiting] == 0 && v[Metric::pairs] == 0 && v[Metric::fronted] == 0;
}

void DataPlane::set_tls(crypto::TlsContext tls) {
  tell_all([tls](Loop& loop) { loop.set_tls(tls); });
}
void DataPlane::drain(std::optional<Milliseconds> limit, bool close_listener) {
  draining_ = true;
  std::optional<base::SteadyTime> deadline;
  if (limit) deadline = shared_.clock.steady() + *limit;
  tell_all([deadline, close_listener](Loop& loop) { loop.drain(deadline, close_listener); });
}
void DataPlane::resume() {
  draining_ = false;
  tell_all([](Loop& loop) { loop.resume(); });
}
void DataPlane::kick(const base::Guid& session) {
  tell_all([session](Loop& loop) { loop.kick(session); });
}

}  // namespace rescue::gateway

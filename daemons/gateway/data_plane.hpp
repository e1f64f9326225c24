// SPDX-License-Identifier: Apache-2.0
// The part of the gateway that touches clients' bytes: a listener and one epoll loop per thread, no Asio.
#pragma once

#include "daemons/gateway/loop.hpp"

namespace rescue::gateway {

/// All members may be called from any thread.
class DataPlane {
 public:
  /// Listens and serves at once. `token_keys`, `admission`, `clock` and `random` must outlive it.
  /// Errors: those of listen_on.
  [[nodiscard]] static base::Result<std::unique_ptr<DataPlane>> start(
      DataPlaneOptions options, crypto::TlsContext tls, TokenKeys& token_keys, Admission& admission,
      base::Clock& clock = base::system_clock(), base::RandomSource& random = base::system_random());
  /// Cuts everything and waits for the threads.
  ~DataPlane();
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  [[nodiscard]] const net::Endpoint& local() const { return local_; }
  [[nodiscard]] CounterValues counters() const;
  /// Nobody is joined, waiting, in a handshake or fronted.
  [[nodiscard]] bool is_idle() const;

  /// For connections accepted from now on.
  void set_tls(crypto::TlsContext tls);
  /// Whoever is not joined yet is refused as draining; pairs go on, with `limit` until then. `close_listener`: for
  /// good.
  void drain(std::optional<Milliseconds> limit, bool close_listener);
  void resume();
  [[nodiscard]] bool is_draining() const { return draining_; }
  /// Ends everything of one session.
  void kick(const base::Guid& session);

 private:
  DataPlane(DataPlaneOptions options, TokenKeys& token_keys, Admission& admission, base::Clock& clock,
            base::RandomSource& random);
  void tell_all(const std::function<void(Loop&)>& task);

  DataPlaneShared shared_;
  net::Endpoint local_;
  std::atomic<bool> draining_{false};
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace rescue::gateway

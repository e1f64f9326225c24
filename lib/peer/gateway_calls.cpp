// SPDX-License-Identifier: Apache-2.0
#include "peer/gateway_calls.hpp"

#include "base/log.hpp"
#include "net/io_thread.hpp"
#include "net/timeout.hpp"

namespace rescue::peer {

namespace asio = boost::asio;

struct GatewayCalls::Call {
  Call(const asio::any_io_executor& executor, GatewayAddress g, const crypto::Digest256& p)
      : gateway(std::move(g)), ca_pin(p), answered(executor), released(executor) {}
  const GatewayAddress gateway;
  const crypto::Digest256 ca_pin;
  std::unique_ptr<GatewayConnection> connection;
  net::Signal answered;  // `over` is set
  net::Signal released;  // somebody took it, or nobody will
  bool over = false;     // it stands, or failed
  bool wanted = true;
};

void GatewayCalls::call(const std::vector<GatewayAddress>& gateways, const crypto::Digest256& ca_pin) {
  const auto outer = crypto::gateway_client_context(crypto::TrustPin{ca_pin});
  if (!outer) return;
  for (const auto& gateway : gateways) {
    if (calls_.size() >= kCalledAheadMax) return;
    auto call = std::make_shared<Call>(group_.executor(), gateway, ca_pin);
    if (group_.spawn("gateway called ahead", run(call, *outer))) calls_.push_back(std::move(call));
  }
}

asio::awaitable<void> GatewayCalls::run(std::shared_ptr<Call> call, crypto::TlsContext outer) {
  auto calling = GatewayConnection::call(call->gateway, std::move(outer));
  auto connection = co_await std::move(calling);
  call->over = true;
  call->answered.notify();
  if (!connection) {
    base::log(base::LogLevel::debug, "peer", "gateway called in vain",
              {{"gateway", call->gateway.at.text()}, {"error", connection.error().message()}});
    co_return;
  }
  call->connection = std::move(*connection);
  const auto until = std::chrono::steady_clock::now() + kCalledAhead.after;
  while (call->wanted && std::chrono::steady_clock::now() < until) (void)co_await call->released.wait_until(until);
  if (const auto unused = std::move(call->connection)) co_await unused->say_goodbye();
}

asio::awaitable<std::unique_ptr<GatewayConnection>> GatewayCalls::take(net::Endpoint at, crypto::Digest256 ca_pin) {
  const auto fits = [&](const auto& c) { return c->gateway.at == at && c->ca_pin == ca_pin; };
  const auto found = std::ranges::find_if(calls_, fits);
  if (found == calls_.end()) co_return nullptr;
  const auto call = *found;
  calls_.erase(found);
  while (!call->over) co_await call->answered.wait();
  auto connection = std::move(call->connection);
  call->wanted = false;
  call->released.notify();
  co_return connection;
}

void GatewayCalls::drop() {
  for (const auto& call : std::exchange(calls_, {})) {
    call->wanted = false;
    call->released.notify();
  }
}

}  // namespace rescue::peer

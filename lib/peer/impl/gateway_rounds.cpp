// SPDX-License-Identifier: Apache-2.0
#include "peer/impl/gateway_rounds.hpp"

namespace rescue::peer {

namespace asio = boost::asio;

namespace {

/// What asking again will not change. A garbled answer or a failing socket is not among it.
bool is_final(const base::Error& e) {
  return !e.retryable() && e.code != base::Errc::io && e.code != base::Errc::internal &&
         e.code != base::Errc::bad_format && e.code != base::Errc::canceled;
}

}  // namespace

GatewayRounds::GatewayRounds(const asio::any_io_executor& executor, Admission admission, Renew renew,
                             base::RandomSource& random)
    : renew_(std::move(renew)),
      backoff_(net::BackoffOptions(kFirstPause, kLongestPause), random),
      flapping_(net::BackoffOptions(kFirstFlapPause, kLongestFlapPause), random),
      closing_(executor) {
  take(std::move(admission));
}

void GatewayRounds::take(Admission admission) {
  admission_ = std::move(admission);
  if (admission_.gateways.size() > kGatewaysMax) admission_.gateways.resize(kGatewaysMax);
}

void GatewayRounds::set_gateways(std::vector<GatewayAddress> gateways) {
  take(Admission{admission_.ticket, std::move(gateways), admission_.gateway_ca_pin});
  index_ = 0;
}

void GatewayRounds::close() {
  closed_ = true;
  closing_.notify();
}

asio::awaitable<base::Result<>> GatewayRounds::renew() {
  just_renewed_ = true;
  if (!renew_) co_return base::Result<>{};
  auto asking = renew_();
  auto fresh = co_await net::with_timeout(std::move(asking), kRenewal);
  if (fresh) {
    take(std::move(*fresh));
  } else if (is_final(fresh.error())) {
    co_return base::fail(std::move(fresh).error());
  }
  co_return base::Result<>{};
}

asio::awaitable<void> GatewayRounds::pause(base::Duration length) {
  const auto until = std::chrono::steady_clock::now() + length;
  while (!closed_ && std::chrono::steady_clock::now() < until) (void)co_await closing_.wait_until(until);
}

asio::awaitable<base::Result<GatewayAddress>> GatewayRounds::next() {
  for (;;) {
    if (std::exchange(flapped_, false)) co_await pause(flapping_.next());
    if (closed_) co_return base::fail(base::Errc::closed, "stopped");
    if (std::exchange(renew_now_, false)) RESCUE_CO_CHECK(co_await renew());
    if (index_ < admission_.gateways.size()) co_return admission_.gateways[index_++];
    co_await pause(backoff_.next());
    if (closed_) continue;
    RESCUE_CO_CHECK(co_await renew());
    just_renewed_ = false;
    index_ = 0;
  }
}

void GatewayRounds::failed(const base::Error& error) {
  if (error.code != Errc::ticket_refused || std::exchange(just_renewed_, false) || !renew_) return;
  renew_now_ = true;
  if (index_ > 0) --index_;
}

void GatewayRounds::ended(base::Duration lasted) {
  just_renewed_ = false;
  index_ = 0;
  backoff_.reset();
  flapped_ = lasted < kLasting;
  if (!flapped_) flapping_.reset();
}

}  // namespace rescue::peer

// SPDX-License-Identifier: Apache-2.0
#include "net/timeout.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rescue::net {

namespace asio = boost::asio;

namespace impl {

namespace {

/// `a || b` waits for the timer when `a` throws, so exceptions travel beside the race.
asio::awaitable<void> guarded(asio::awaitable<void> task, std::exception_ptr& failure) {
  try {
    co_await std::move(task);
  } catch (...) {
    failure = std::current_exception();
  }
}

asio::awaitable<void> tick(asio::steady_timer& timer, boost::system::error_code& ec) {
  std::tie(ec) = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace

asio::awaitable<bool> run_within(asio::awaitable<void> task, std::chrono::microseconds after) {
  using asio::experimental::awaitable_operators::operator||;
  asio::steady_timer timer(co_await asio::this_coro::executor, after);
  boost::system::error_code clock;
  std::exception_ptr failure;
  auto race = guarded(std::move(task), failure) || tick(timer, clock);
  const auto first = co_await std::move(race);
  if (first.index() == 1) {
    if (clock) throw boost::system::system_error(clock);  // cancelled from outside
    co_return false;
  }
  if (failure) std::rethrow_exception(failure);
  co_return true;
}

}  // namespace impl

struct Watchdog::State : std::enable_shared_from_this<Watchdog::State> {
  using Clock = std::chrono::steady_clock;

  State(const asio::any_io_executor& executor, std::move_only_function<void()> f)
      : timer(executor), on_expiry(std::move(f)) {}

  // One wait at a time: a deadline moved later is noticed when the old one comes, which costs no timer operation.
  void wait_for(Clock::time_point at) {
    waiting_until = at;
    timer.expires_at(at);
    timer.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (!ec) self->came();
    });
  }

  void came() {
    waiting_until.reset();
    if (!deadline || !on_expiry) return;
    if (Clock::now() < *deadline) return wait_for(*deadline);
    deadline.reset();
    expired = name;
    auto f = std::move(on_expiry);
    on_expiry = nullptr;
    f();
  }

  asio::steady_timer timer;
  std::move_only_function<void()> on_expiry;
  std::string_view name;
  std::optional<Clock::time_point> deadline;
  std::optional<Clock::time_point> waiting_until;
  std::optional<std::string_view> expired;
};

Watchdog::Watchdog(const asio::any_io_executor& executor, std::move_only_function<void()> on_expiry)
    : state_(std::make_shared<State>(executor, std::move(on_expiry))) {}

Watchdog::~Watchdog() {
  state_->deadline.reset();
  state_->on_expiry = nullptr;
  state_->timer.cancel();
}

void Watchdog::arm(NamedTimeout limit) {
  state_->name = limit.name;
  state_->deadline = State::Clock::now() + limit.after;
  if (!state_->waiting_until || *state_->waiting_until > *state_->deadline) state_->wait_for(*state_->deadline);
}

void Watchdog::disarm() { state_->deadline.reset(); }
std::optional<std::string_view> Watchdog::expired() const { return state_->expired; }

}  // namespace rescue::net

// SPDX-License-Identifier: Apache-2.0
// Every network wait has a named time-out.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace rescue::net {

/// A time-out and the name under which it is logged, configured and reported ("tls handshake", "request header").
struct NamedTimeout {
  std::string_view name;  // literal
  std::chrono::microseconds after;
  constexpr NamedTimeout(std::string_view n, std::chrono::microseconds t) : name(n), after(t) {}
};

namespace impl {
/// Runs `task` as a coroutine of its own on the current executor and cancels it (terminal) when `after` has passed;
/// waits for its end in any case. True: it ended by itself. Throws what the task threw, unless the time had passed;
/// throws operation_aborted when the caller is cancelled.
[[nodiscard]] boost::asio::awaitable<bool> run_within(boost::asio::awaitable<void> task,
                                                      std::chrono::microseconds after);

template <typename T>
boost::asio::awaitable<void> keep_result(boost::asio::awaitable<base::Result<T>> task,
                                         std::optional<base::Result<T>>& out) {
  out.emplace(co_await std::move(task));
}
}  // namespace impl

/// Awaits `task`; when `limit.after` passes first, the operation it waits in is cancelled, its end awaited, and the
/// result is timed_out with the name. The task must only wait in cancellable operations (all of this room's are). `auto
/// op = stream.read_some(buffer); RESCUE_CO_TRY(auto n, co_await with_timeout(std::move(op), kBodyTimeout));`
template <typename T>
[[nodiscard]] boost::asio::awaitable<base::Result<T>> with_timeout(boost::asio::awaitable<base::Result<T>> task,
                                                                   NamedTimeout limit) {
  std::optional<base::Result<T>> out;
  auto kept = impl::keep_result<T>(std::move(task), out);
  auto raced = impl::run_within(std::move(kept), limit.after);
  const bool in_time = co_await std::move(raced);
  if (out && (in_time || *out)) co_return std::move(*out);
  co_return base::fail(base::Errc::timed_out, std::string(limit.name));
}

/// One timer for a connection whose phases have different time-outs; cheaper than with_timeout for each read.
/// When the deadline passes, `on_expiry` runs once on the strand (it closes the stream, so that what waits fails).
/// Strand of `executor`; the destructor disarms.
class Watchdog {
 public:
  Watchdog(const boost::asio::any_io_executor& executor, std::move_only_function<void()> on_expiry);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void arm(NamedTimeout limit);
  void disarm();
  /// The name of the time-out that passed, if one has.
  [[nodiscard]] std::optional<std::string_view> expired() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rescue::net

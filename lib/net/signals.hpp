// SPDX-License-Identifier: Apache-2.0
// POSIX signals as values in a coroutine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <initializer_list>
#include <memory>

namespace rescue::net {

/// Takes the given signals from their default action while it lives. One per process and signal set.
/// Usual program: SIGHUP reloads, the first SIGINT or SIGTERM drains, the second one ends at once.
class SignalWatcher {
 public:
  SignalWatcher(const boost::asio::any_io_executor& executor, std::initializer_list<int> signals);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  /// The next signal's number; 0 when close() was called. Throws operation_aborted when cancelled.
  [[nodiscard]] boost::asio::awaitable<int> next();
  /// Ends the wait of next() (strand of the executor).
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::net

// SPDX-License-Identifier: Apache-2.0
// Where coroutines run. Programs make one IoContext; a program whose main thread does something else runs it by
// IoThread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <thread>

#include "base/result.hpp"

namespace rescue::net {

/// An event loop. `threads` threads call its handlers; with one (the default) everything runs in the thread of run().
/// With more, every object of this room that says "strand" must be given an executor of make_strand().
class IoContext {
 public:
  explicit IoContext(unsigned threads = 1);
  ~IoContext();
  IoContext(const IoContext&) = delete;
  IoContext& operator=(const IoContext&) = delete;

  [[nodiscard]] boost::asio::any_io_executor executor() const;
  /// A fresh strand; with one thread the plain executor, which is a strand already.
  [[nodiscard]] boost::asio::any_io_executor make_strand() const;
  /// Any thread: runs `f` on the loop, later.
  void post(std::move_only_function<void()> f);

  /// Runs `main` on the loop and returns what it returned, once nothing else is left to do. An exception that leaves
  /// `main` becomes an internal error. Call once, from one thread.
  [[nodiscard]] base::Result<int> run(boost::asio::awaitable<base::Result<int>> main);

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// An IoContext with a thread of its own, kept alive by a work guard until the destructor, which waits until the loop
/// has nothing left: stop what runs on it before (TaskGroup::stop through run_blocking).
class IoThread {
 public:
  IoThread();
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  [[nodiscard]] boost::asio::any_io_executor executor() const;
  void post(std::move_only_function<void()> f);
  /// From another thread: runs the coroutine on the loop and waits for its end. An exception becomes an internal error.
  base::Result<int> run_blocking(boost::asio::awaitable<base::Result<int>> task);

 private:
  IoContext context_;
  struct Work;
  std::unique_ptr<Work> work_;
  std::thread thread_;
};

/// Any thread: runs `f` on `executor`, later.
void post_on(const boost::asio::any_io_executor& executor, std::move_only_function<void()> f);
/// Waits `d`. False when canceled.
[[nodiscard]] boost::asio::awaitable<bool> sleep_for(std::chrono::microseconds d);

/// A condition for coroutines of one strand: wait() returns at the next notify(), or at the deadline.
/// notify() before a wait is remembered once. Not thread-safe: notify from elsewhere through post_on.
class Signal {
 public:
  explicit Signal(const boost::asio::any_io_executor& executor);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  void notify();
  /// True: notified. False: the time passed. Several coroutines may wait; all wake.
  [[nodiscard]] boost::asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] boost::asio::awaitable<void> wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::net

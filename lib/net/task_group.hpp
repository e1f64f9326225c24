// SPDX-License-Identifier: Apache-2.0
// Owns every coroutine that is started beside another one, and is awaited before its owner dies.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

namespace rescue::net {

/// Cancellation unwinds a coroutine: the operation in progress fails, and the next `co_await` throws
/// boost::system::system_error(operation_aborted). Let it pass; destructors clean up, the group swallows it. Any other
/// exception that leaves a task is logged with the task's name and ends that task only.
///
/// Stop has two phases. request_stop(): no new tasks; tasks that opted in by `enable_total_cancellation` are told, and
/// whoever looks at stopping() says its goodbye. abort(): every task is cancelled, again and again until it is gone.
///
/// Every member function may be called from any thread. Tasks run on the group's executor unless another is given.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);
  /// Asserts that no task is left: join() or stop() must have been awaited.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task`, posted: it does not run before spawn returns. `name` must be a literal (kept, shown in logs).
  /// False when the group is stopping; the task is then dropped without having run.
  bool spawn(std::string_view name, boost::asio::awaitable<void> task);
  bool spawn_on(boost::asio::any_io_executor executor, std::string_view name, boost::asio::awaitable<void> task);

  void request_stop();
  void abort();
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] std::size_t size() const;

  /// Waits until no task is left. Tasks spawned meanwhile are waited for too.
  [[nodiscard]] boost::asio::awaitable<void> join();
  /// request_stop(), up to `grace` of waiting, abort(), join().
  [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::microseconds grace);

  [[nodiscard]] const boost::asio::any_io_executor& executor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rescue::net

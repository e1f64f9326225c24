// SPDX-License-Identifier: Apache-2.0
// Work for a loop from other threads.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "daemons/gateway/fd.hpp"

namespace rescue::gateway {

class Loop;

/// Outlives its loop where others still hold it: what is posted then is dropped.
class Mailbox {
 public:
  using Task = std::move_only_function<void(Loop*)>;

  Mailbox() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  /// Readable when another thread has posted.
  [[nodiscard]] int fd() const { return wake_.get(); }
  /// Any thread. What the loop posts to itself wakes nobody: the loop looks at has_own() before it waits.
  void post(Task task) {
    const bool own = reader_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      tasks_.push_back(std::move(task));
    }
    if (own) {
      has_own_ = true;
      return;
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }
  /// From now on the calling thread is the one that takes.
  void read_here() { reader_ = std::this_thread::get_id(); }
  /// The loop's thread: it has posted to itself since the last take().
  [[nodiscard]] bool has_own() const { return has_own_; }
  /// The loop's thread.
  [[nodiscard]] std::vector<Task> take() {
    has_own_ = false;
    const std::lock_guard lock(mutex_);
    return std::exchange(tasks_, {});
  }
  /// The loop's thread, when fd() is readable.
  void lower_flag() {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
  }
  void close() {
    std::vector<Task> dropped;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(tasks_);
  }

 private:
  Fd wake_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  std::atomic<std::thread::id> reader_{};
  bool has_own_ = false;  // the reader's alone
};

}  // namespace rescue::gateway

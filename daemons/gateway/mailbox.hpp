// SPDX-License-Identifier: Apache-2.0
// Work for a loop from other threads.
#pragma once

#include <sys/eventfd.h>

#include <functional>
#include <mutex>
#include <vector>

#include "daemons/gateway/fd.hpp"

namespace rescue::gateway {

class Loop;

/// Outlives its loop where others still hold it: what is posted then is dropped.
class Mailbox {
 public:
  using Task = std::move_only_function<void(Loop*)>;

  Mailbox() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  [[nodiscard]] int fd() const { return wake_.get(); }
  /// Any thread.
  void post(Task task) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      tasks_.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }
  /// The loop's thread.
  [[nodiscard]] std::vector<Task> take() {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(tasks_, {});
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
};

}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
// Threads for work that blocks: database calls and password hashing. Network strands hand a function over and are
// resumed with its result. The queue is bounded: a full one is an answer (503), not memory.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "net/http.hpp"

namespace rescue::broker {

class WorkerPool {
 public:
  using Job = std::move_only_function<net::HttpResponse()>;
  /// `name` is a literal, shown in logs.
  WorkerPool(std::string_view name, unsigned threads, std::size_t queue_limit);
  /// As stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Runs `job` on one of the threads and resumes the caller on its own executor. nullopt: the queue is full or the
  /// pool was stopped; the job has not run. An exception of the job becomes a 500 with a log line. Not cancellable: a
  /// job that has begun may have changed the database, so its answer is waited for.
  [[nodiscard]] boost::asio::awaitable<std::optional<net::HttpResponse>> run(Job job);
  /// Any thread, without waiting for an end; false when it was refused. An exception of the job becomes a log line.
  bool post(std::move_only_function<void()> job);
  /// Runs what is queued, then ends the threads. May be called twice.
  void stop();
  [[nodiscard]] std::size_t queued() const;

 private:
  void work();

  std::string_view name_;
  std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::move_only_function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rescue::broker

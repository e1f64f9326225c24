// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/worker_pool.hpp"

#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"

namespace rescue::broker {
namespace asio = boost::asio;
namespace {

using Answer = std::optional<net::HttpResponse>;

net::HttpResponse run_guarded(WorkerPool::Job& job, std::string_view pool) {
  try {
    return job();
  } catch (const std::exception& e) {
    base::log(base::LogLevel::error, "broker", "job failed", {{"pool", pool}, {"what", e.what()}});
    return net::HttpResponse::error(500, "INTERNAL", "the broker failed; its log says how", false, "");
  }
}

}  // namespace

WorkerPool::WorkerPool(std::string_view name, unsigned threads, std::size_t queue_limit)
    : name_(name), queue_limit_(queue_limit) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() { stop(); }

asio::awaitable<Answer> WorkerPool::run(Job job) {
  auto start = [this](auto handler, Job work) {
    using Handler = decltype(handler);
    // Shared, because a refused job must find the handler again.
    auto kept = std::make_shared<Handler>(std::move(handler));
    auto guard = asio::make_work_guard(*kept);
    auto resume = [kept](Answer answer) {
      const auto executor = asio::get_associated_executor(*kept);
      asio::post(executor, [kept, a = std::move(answer)]() mutable { std::move (*kept)(std::move(a)); });
    };
    auto whole = [work = std::move(work), resume, guard = std::move(guard), name = name_]() mutable {
      resume(run_guarded(work, name));
    };
    if (!post(std::move(whole))) resume(std::nullopt);
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Answer)>(std::move(start), asio::use_awaitable,
                                                                           std::move(job));
}

bool WorkerPool::post(std::move_only_function<void()> job) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || queue_.size() >= queue_limit_) return false;
    queue_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

void WorkerPool::work() {
  for (;;) {
    std::move_only_function<void()> job;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      job();
    } catch (const std::exception& e) {
      base::log(base::LogLevel::error, "broker", "job failed", {{"pool", name_}, {"what", e.what()}});
    }
  }
}

void WorkerPool::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

std::size_t WorkerPool::queued() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

}  // namespace rescue::broker

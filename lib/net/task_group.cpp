// SPDX-License-Identifier: Apache-2.0
#include "net/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <list>
#include <mutex>
#include <vector>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "net/io_thread.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

/// A cancellation that falls between two operations of a task is lost; so it is repeated until the task is gone.
constexpr auto kAbortAgain = std::chrono::milliseconds(50);

struct Task {
  Task(asio::any_io_executor ex, std::string_view n) : executor(std::move(ex)), name(n) {}
  asio::any_io_executor executor;
  std::string_view name;
  asio::cancellation_signal cancel;                  // touched on `executor` only
  bool dropped = false;                              // aborted before it started; on `executor`
  std::list<std::shared_ptr<Task>>::iterator place;  // in the group's list, under its mutex
};

void report(std::string_view name, std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) return;
    base::log(base::LogLevel::error, "net", "task failed", {{"task", name}, {"error", e.what()}});
  } catch (const std::exception& e) {
    base::log(base::LogLevel::error, "net", "task failed", {{"task", name}, {"error", e.what()}});
  }
}

}  // namespace

struct TaskGroup::State {
  explicit State(asio::any_io_executor ex) : executor(std::move(ex)) {}

  /// Someone in join() or stop(), on whatever executor it runs.
  struct Waiter {
    explicit Waiter(const asio::any_io_executor& ex) : executor(ex), woken(ex) {}
    asio::any_io_executor executor;
    Signal woken;
  };
  std::shared_ptr<Waiter> add_waiter(const asio::any_io_executor& ex) {
    auto w = std::make_shared<Waiter>(ex);
    const std::lock_guard lock(mutex);
    std::erase_if(waiters, [](const auto& gone) { return gone.expired(); });
    waiters.push_back(w);
    return w;
  }

  void emit(asio::cancellation_type type) {
    std::vector<std::shared_ptr<Task>> all;
    {
      const std::lock_guard lock(mutex);
      all.assign(tasks.begin(), tasks.end());
    }
    for (auto& t : all)
      asio::post(t->executor, [t, type] {
        if (type == asio::cancellation_type::terminal) t->dropped = true;
        t->cancel.emit(type);
      });
  }

  static void finished(const std::shared_ptr<State>& self, const std::shared_ptr<Task>& task) {
    const std::lock_guard lock(self->mutex);
    self->tasks.erase(task->place);
    for (const auto& weak : self->waiters)
      if (auto w = weak.lock()) asio::post(w->executor, [w] { w->woken.notify(); });
  }

  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex);
    return tasks.size();
  }

  asio::any_io_executor executor;
  std::mutex mutex;
  std::vector<std::weak_ptr<Waiter>> waiters;  // guarded by mutex
  std::list<std::shared_ptr<Task>> tasks;      // guarded by mutex
  bool stopping = false;                       // guarded by mutex
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
TaskGroup::~TaskGroup() { RESCUE_ASSERT(state_->count() == 0); }

const asio::any_io_executor& TaskGroup::executor() const { return state_->executor; }
std::size_t TaskGroup::size() const { return state_->count(); }

bool TaskGroup::spawn(std::string_view name, asio::awaitable<void> task) {
  return spawn_on(state_->executor, name, std::move(task));
}

bool TaskGroup::spawn_on(asio::any_io_executor executor, std::string_view name, asio::awaitable<void> task) {
  auto entry = std::make_shared<Task>(std::move(executor), name);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return false;
    entry->place = state_->tasks.insert(state_->tasks.end(), entry);
  }
  // Started on its own executor, so that the cancellation signal is only ever touched there.
  auto start = [state = state_, entry, task = std::move(task)]() mutable {
    if (entry->dropped) {
      task = asio::awaitable<void>();
      State::finished(state, entry);
      return;
    }
    auto done = [state, entry](std::exception_ptr failure) {
      report(entry->name, failure);
      State::finished(state, entry);
    };
    asio::co_spawn(entry->executor, std::move(task),
                   asio::bind_cancellation_slot(entry->cancel.slot(), std::move(done)));
  };
  asio::post(entry->executor, std::move(start));
  return true;
}

void TaskGroup::request_stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->emit(asio::cancellation_type::total);
}

void TaskGroup::abort() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->emit(asio::cancellation_type::terminal);
}

bool TaskGroup::stopping() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stopping;
}

asio::awaitable<void> TaskGroup::join() {
  const auto state = state_;
  const auto me = state->add_waiter(co_await asio::this_coro::executor);
  while (state->count() > 0) co_await me->woken.wait();
}

asio::awaitable<void> TaskGroup::stop(std::chrono::microseconds grace) {
  const auto state = state_;
  const auto me = state->add_waiter(co_await asio::this_coro::executor);
  request_stop();
  const auto until = std::chrono::steady_clock::now() + grace;
  while (state->count() > 0 && std::chrono::steady_clock::now() < until) (void)co_await me->woken.wait_until(until);
  while (state->count() > 0) {
    abort();
    (void)co_await me->woken.wait_until(std::chrono::steady_clock::now() + kAbortAgain);
  }
}

}  // namespace rescue::net

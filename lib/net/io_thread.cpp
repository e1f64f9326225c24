// SPDX-License-Identifier: Apache-2.0
#include "net/io_thread.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <list>
#include <vector>

#include "base/assert.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

base::Result<int> outcome(std::exception_ptr failure, base::Result<int> result) {
  if (!failure) return result;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    const bool canceled = e.code() == asio::error::operation_aborted;
    return base::fail(canceled ? base::Errc::canceled : base::Errc::internal, e.what(), e.code());
  } catch (const std::exception& e) {
    return base::fail(base::Errc::internal, e.what());
  }
}

}  // namespace

struct IoContext::Impl {
  explicit Impl(unsigned n) : threads(n), context(static_cast<int>(n)) {}
  unsigned threads;
  asio::io_context context;
};

IoContext::IoContext(unsigned threads) : impl_(std::make_unique<Impl>(threads)) { RESCUE_ASSERT(threads > 0); }
IoContext::~IoContext() = default;

asio::any_io_executor IoContext::executor() const { return impl_->context.get_executor(); }

asio::any_io_executor IoContext::make_strand() const {
  if (impl_->threads == 1) return impl_->context.get_executor();
  return asio::make_strand(impl_->context);
}

void IoContext::post(std::move_only_function<void()> f) { asio::post(impl_->context, std::move(f)); }

base::Result<int> IoContext::run(asio::awaitable<base::Result<int>> main) {
  base::Result<int> result = base::fail(base::Errc::canceled, "event loop ended before its main task");
  auto done = [&result](std::exception_ptr e, base::Result<int> r) { result = outcome(e, std::move(r)); };
  asio::co_spawn(make_strand(), std::move(main), std::move(done));
  std::vector<std::thread> others;
  for (unsigned i = 1; i < impl_->threads; ++i) others.emplace_back([this] { impl_->context.run(); });
  impl_->context.run();
  for (auto& t : others) t.join();
  return result;
}

struct IoThread::Work {
  asio::executor_work_guard<asio::io_context::executor_type> guard;
};

IoThread::IoThread() : context_(1) {
  auto& io = context_.impl().context;
  work_ = std::make_unique<Work>(asio::make_work_guard(io));
  thread_ = std::thread([&io] { io.run(); });
}

IoThread::~IoThread() {
  work_.reset();
  thread_.join();
}

asio::any_io_executor IoThread::executor() const { return context_.executor(); }
void IoThread::post(std::move_only_function<void()> f) { context_.post(std::move(f)); }

base::Result<int> IoThread::run_blocking(asio::awaitable<base::Result<int>> task) {
  RESCUE_ASSERT(std::this_thread::get_id() != thread_.get_id());
  std::promise<base::Result<int>> promise;
  auto future = promise.get_future();
  auto done = [&promise](std::exception_ptr e, base::Result<int> r) { promise.set_value(outcome(e, std::move(r))); };
  auto start = [this, task = std::move(task), done]() mutable {
    asio::co_spawn(context_.executor(), std::move(task), done);
  };
  asio::post(context_.executor(), std::move(start));
  return future.get();
}

void post_on(const asio::any_io_executor& executor, std::move_only_function<void()> f) {
  asio::post(executor, std::move(f));
}

asio::awaitable<bool> sleep_for(std::chrono::microseconds d) {
  asio::steady_timer timer(co_await asio::this_coro::executor, d);
  const auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !ec;
}

struct Signal::Impl {
  struct Waiter {
    explicit Waiter(Impl& s, std::chrono::steady_clock::time_point deadline)
        : signal(s), timer(s.executor, deadline), place(s.waiters.insert(s.waiters.end(), this)) {}
    ~Waiter() { signal.waiters.erase(place); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    Impl& signal;
    asio::steady_timer timer;
    std::list<Waiter*>::iterator place;
    bool notified = false;
  };
  asio::any_io_executor executor;
  std::list<Waiter*> waiters;
  bool remembered = false;
};

Signal::Signal(const asio::any_io_executor& executor) : impl_(std::make_unique<Impl>()) { impl_->executor = executor; }
Signal::~Signal() { RESCUE_ASSERT(impl_->waiters.empty()); }

void Signal::notify() {
  impl_->remembered = impl_->waiters.empty();
  for (auto* w : impl_->waiters) {
    w->notified = true;
    w->timer.cancel();
  }
}

asio::awaitable<bool> Signal::wait_until(std::chrono::steady_clock::time_point deadline) {
  if (std::exchange(impl_->remembered, false)) co_return true;
  Impl::Waiter waiter(*impl_, deadline);
  const auto [ec] = co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (waiter.notified) co_return true;
  if (ec) throw boost::system::system_error(ec);
  co_return false;
}

asio::awaitable<void> Signal::wait() {
  auto forever = wait_until(std::chrono::steady_clock::time_point::max());
  (void)co_await std::move(forever);
}

}  // namespace rescue::net

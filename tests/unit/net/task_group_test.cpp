// SPDX-License-Identifier: Apache-2.0
#include "net/task_group.hpp"

#include "base/log.hpp"
#include "loopback.hpp"
#include "net/timeout.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;

namespace {

struct Trace {
  int begun = 0;
  int ended = 0;     // destructor of the task's frame
  int finished = 0;  // came to its last line
};

struct AtEnd {
  explicit AtEnd(int& n) : n_(n) {}
  ~AtEnd() { ++n_; }
  int& n_;
};

awaitable<void> sleeper(Trace& t, std::chrono::microseconds d) {
  ++t.begun;
  const AtEnd end(t.ended);
  auto nap = sleep_for(d);
  (void)co_await std::move(nap);
  auto second = sleep_for(0us);  // cancellation unwinds here
  (void)co_await std::move(second);
  ++t.finished;
}

awaitable<void> thrower() {
  auto nap = sleep_for(0us);
  (void)co_await std::move(nap);
  throw std::runtime_error("on purpose");
}

awaitable<base::Result<int>> answer_after(std::chrono::microseconds d, int value) {
  auto nap = sleep_for(d);
  (void)co_await std::move(nap);
  co_return value;
}

awaitable<base::Result<int>> never() {
  for (;;) {
    auto nap = sleep_for(1h);
    (void)co_await std::move(nap);
  }
}

}  // namespace

TEST(TaskGroup, WaitsForEveryTaskAlsoOnSeveralThreads) {
  for (const unsigned threads : {1u, 4u}) {
    IoContext context(threads);
    std::atomic<int> done = 0;
    const auto task = [&done]() -> awaitable<void> {
      for (int i = 0; i < 10; ++i) {
        auto nap = sleep_for(10us);
        (void)co_await std::move(nap);
      }
      ++done;
    };
    const auto body = [&]() -> awaitable<void> {
      TaskGroup group(context.make_strand());
      for (int i = 0; i < 100; ++i) EXPECT_TRUE(group.spawn_on(context.make_strand(), "task", task()));
      co_await group.join();
      EXPECT_EQ(done, 100);
      EXPECT_EQ(group.size(), 0u);
    };
    test::run(context, body);
  }
}

TEST(TaskGroup, StopCancelsWhatDoesNotEndInGrace) {
  IoContext context;
  Trace quick;
  Trace slow;
  const auto body = [&]() -> awaitable<void> {
    TaskGroup group(context.executor());
    group.spawn("quick", sleeper(quick, 1ms));
    group.spawn("slow", sleeper(slow, 1h));
    co_await group.stop(100ms);
    EXPECT_EQ(quick.finished, 1);
    EXPECT_EQ(slow.finished, 0);
    EXPECT_EQ(slow.ended, 1);
    EXPECT_FALSE(group.spawn("late", sleeper(slow, 0us)));
    EXPECT_EQ(slow.begun, 1);
  };
  test::run(context, body);
}

TEST(TaskGroup, DropsTasksThatHadNotBegun) {
  IoContext context;
  Trace t;
  const auto body = [&]() -> awaitable<void> {
    TaskGroup group(context.executor());
    group.spawn("task", sleeper(t, 1h));
    group.abort();
    co_await group.join();
    EXPECT_EQ(t.finished, 0);
  };
  test::run(context, body);
}

TEST(TaskGroup, LogsWhatATaskThrowsAndGoesOn) {
  std::vector<std::string> lines;
  std::mutex mutex;
  base::set_log_sink([&](std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  });
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TaskGroup group(context.executor());
    group.spawn("the thrower", thrower());
    co_await group.join();
  };
  test::run(context, body);
  base::set_log_sink([](std::string_view) {});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("the thrower"), std::string::npos);
  EXPECT_NE(lines[0].find("on purpose"), std::string::npos);
}

TEST(Timeout, GivesTheResultInTime) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto op = answer_after(1ms, 42);
    const auto r = co_await with_timeout(std::move(op), NamedTimeout("test", 10s));
    CO_ASSERT(r);
    EXPECT_EQ(*r, 42);
  };
  test::run(context, body);
}

TEST(Timeout, NamesWhatPassed) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto op = never();
    const auto r = co_await with_timeout(std::move(op), NamedTimeout("answer of the oracle", 5ms));
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().code, base::Errc::timed_out);
    EXPECT_EQ(r.error().context, "answer of the oracle");
  };
  test::run(context, body);
}

TEST(Timeout, LetsExceptionsAndCancellationThrough) {
  IoContext context;
  bool thrown = false;
  bool went_on = false;
  const auto throws = []() -> awaitable<base::Result<int>> {
    auto nap = sleep_for(0us);
    (void)co_await std::move(nap);
    throw std::runtime_error("on purpose");
  };
  const auto waiting = [&]() -> awaitable<void> {
    auto op = never();
    (void)co_await with_timeout(std::move(op), NamedTimeout("test", 1h));
    went_on = true;
  };
  const auto body = [&]() -> awaitable<void> {
    try {
      auto op = throws();
      (void)co_await with_timeout(std::move(op), NamedTimeout("test", 1h));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    TaskGroup group(context.executor());
    group.spawn("waiting", waiting());
    auto nap = sleep_for(1ms);
    (void)co_await std::move(nap);
    co_await group.stop(0us);
  };
  test::run(context, body);
  EXPECT_TRUE(thrown);
  EXPECT_FALSE(went_on);
}

TEST(Watchdog, FiresOnceAtTheLastDeadline) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    int fired = 0;
    Signal signal(context.executor());
    Watchdog dog(context.executor(), [&] {
      ++fired;
      signal.notify();
    });
    dog.arm(NamedTimeout("long", 1h));
    dog.arm(NamedTimeout("short", 2ms));
    co_await signal.wait();
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(dog.expired(), "short");
  };
  test::run(context, body);
}

TEST(Watchdog, IsQuietWhenDisarmedOrGone) {
  IoContext context;
  int fired = 0;
  const auto body = [&]() -> awaitable<void> {
    Watchdog disarmed(context.executor(), [&] { ++fired; });
    disarmed.arm(NamedTimeout("a", 1ms));
    disarmed.disarm();
    {
      Watchdog gone(context.executor(), [&] { ++fired; });
      gone.arm(NamedTimeout("b", 1ms));
    }
    auto nap = sleep_for(20ms);
    (void)co_await std::move(nap);
  };
  test::run(context, body);
  EXPECT_EQ(fired, 0);
}

TEST(IoThread, RunsWorkOfAnotherThread) {
  IoThread thread;
  std::thread::id ran_on;
  const auto task = [&]() -> awaitable<base::Result<int>> {
    ran_on = std::this_thread::get_id();
    co_return 7;
  };
  const auto r = thread.run_blocking(task());
  ASSERT_TRUE(r);
  EXPECT_EQ(*r, 7);
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

}  // namespace rescue::net

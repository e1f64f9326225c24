// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/timer_wheel.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace rescue::gateway {
namespace {
using namespace std::chrono_literals;
using base::SteadyTime;

struct Probe final : Timer {
  std::optional<SteadyTime> fired;
  std::function<void()> also;
  void on_timer(SteadyTime now) override {
    fired = now;
    if (also) also();
  }
};
const SteadyTime kStart{1h};

TEST(TimerWheel, FiresEveryDeadlineNotEarlyAndAtMostTwoTicksLate) {
  base::SeededRandom random(11);
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<SteadyTime> due;
  for (int i = 0; i < 2000; ++i) {
    // From 0 to 40 minutes: near slots, far slots, and beyond the far round.
    due.push_back(kStart + std::chrono::milliseconds(random.below(1ULL << (4 + random.below(18)))));
    probes.push_back(std::make_unique<Probe>());
    wheel.arm(*probes.back(), due.back());
  }
  auto now = kStart;
  while (const auto next = wheel.next()) {
    ASSERT_GE(*next, now);
    now = *next;
    wheel.advance(now);
  }
  for (std::size_t i = 0; i < probes.size(); ++i) {
    ASSERT_TRUE(probes[i]->fired) << i;
    EXPECT_GE(*probes[i]->fired, due[i]);
    EXPECT_LE(*probes[i]->fired, due[i] + 2 * TimerWheel::kTick);
  }
}

TEST(TimerWheel, ForgetsCancelledReplacedAndDestroyedTimers) {
  TimerWheel wheel(kStart);
  Probe cancelled, replaced;
  {
    Probe destroyed;
    wheel.arm(destroyed, kStart + 50ms);
    wheel.arm(cancelled, kStart + 50ms);
    wheel.arm(replaced, kStart + 50ms);
  }
  TimerWheel::cancel(cancelled);
  wheel.arm(replaced, kStart + 10min);
  wheel.advance(kStart + 1min);
  EXPECT_FALSE(cancelled.fired);
  EXPECT_FALSE(replaced.fired);
  wheel.advance(kStart + 11min);
  EXPECT_TRUE(replaced.fired);
  EXPECT_FALSE(wheel.next());
}

TEST(TimerWheel, ATimerMayArmItselfAndCancelItsNeighbourWhileFiring) {
  TimerWheel wheel(kStart);
  Probe again, victim;
  int times = 0;
  again.also = [&] {
    TimerWheel::cancel(victim);
    if (++times < 5) wheel.arm(again, kStart);  // in the past: the next tick
  };
  wheel.arm(again, kStart + 20ms);
  wheel.arm(victim, kStart + 20ms);
  wheel.advance(kStart + 1s);
  EXPECT_EQ(times, 5);
  EXPECT_FALSE(victim.fired);
}

}  // namespace
}  // namespace rescue::gateway

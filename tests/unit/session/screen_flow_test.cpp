// SPDX-License-Identifier: Apache-2.0
// What is learnt of a path from acknowledgements, on paths that are simulated by the millisecond.
#include "session/screen_flow.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace rescue::session {
namespace {
using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;

/// One bottleneck with a queue without end, and a console that decodes at once.
struct Path {
  double bytes_per_s;
  Duration round_trip;
};

class Simulation {
 public:
  explicit Simulation(Path p) : path(p) {}
  Path path;
  ScreenFlow flow;
  std::size_t packet = 3000;

  /// For `time` a picture that always has something to say; calls `each` once a millisecond when given.
  void run(Duration time, bool press = true) {
    for (const auto end = now_ + time; now_ < end; now_ += 1ms) {
      while (!due_.empty() && due_.front().at <= now_) {
        flow.acked(due_.front().sequence, now_);
        delays.push_back(std::chrono::duration_cast<Duration>(now_ - due_.front().sent));
        arrived += due_.front().bytes;
        due_.erase(due_.begin());
      }
      while (press && flow.room()) send(packet);
    }
  }
  void send(std::size_t bytes) {
    flow.sent(++sequence_, bytes, now_);
    const auto takes = Duration(static_cast<Duration::rep>(static_cast<double>(bytes) / path.bytes_per_s * 1e6));
    free_ = std::max(free_, now_) + takes;
    due_.push_back({sequence_, bytes, now_, free_ + path.round_trip});
  }
  /// The longest of those since the last call, and what nine of ten kept to.
  Duration longest() {
    std::ranges::sort(delays);
    usual_ = delays.empty() ? Duration{} : delays[delays.size() * 9 / 10];
    const auto out = delays.empty() ? Duration{} : delays.back();
    delays.clear();
    return out;
  }
  [[nodiscard]] Duration usual() const { return usual_; }
  std::vector<Duration> delays;
  std::size_t arrived = 0;

 private:
  struct Due {
    std::uint32_t sequence;
    std::size_t bytes;
    SteadyTime sent, at;
  };
  SteadyTime now_{1h}, free_{1h};
  std::uint32_t sequence_ = 0;
  Duration usual_{};
  std::vector<Due> due_;
};

TEST(ScreenFlow, FillsAThinPathAndLetsNextToNothingWait) {
  Simulation s({32'000, 300ms});  // 256 kbit/s
  s.packet = 2000;                // what RateControl makes for it
  s.run(8s);
  s.longest();
  s.arrived = 0;
  s.run(60s);
  EXPECT_GT(s.arrived, 54 * 32'000) << "the path is used";
  EXPECT_LT(s.longest(), 2 * 300ms + kScreenQueueTime + 2 * 63ms) << "also of those that left in one go after a pause";
  EXPECT_LT(s.usual(), 300ms + 250ms) << "what is shown is hardly older than the path is long";
  ASSERT_TRUE(s.flow.report().bytes_per_s);
  EXPECT_NEAR(*s.flow.report().bytes_per_s, 32'000, 6'000);
}

TEST(ScreenFlow, TheFirstPictureDoesNotFillAThinPathForLong) {
  Simulation s({32'000, 300ms});
  s.run(20s);
  EXPECT_LT(s.longest(), 300ms + 5s);
}

TEST(ScreenFlow, KnowsAPathOfTwoMegabits) {
  Simulation s({250'000, 40ms});
  s.packet = 8'000;
  s.run(3s);
  s.longest();
  s.arrived = 0;
  s.run(5s);
  EXPECT_GT(s.arrived, 5 * 225'000U);
  EXPECT_LT(s.longest(), 2 * 40ms + kScreenQueueTime + 3 * 32ms);
}

TEST(ScreenFlow, DoesNotHoldBackALocalNetwork) {
  Simulation s({100e6, 1ms});
  s.packet = 20'000;
  s.run(2s);
  s.arrived = 0;
  s.run(1s);
  EXPECT_GT(s.arrived, 40'000'000U);
}

TEST(ScreenFlow, FollowsASuddenDropWithinTheTimeThatTheQueueNeeds) {
  Simulation s({250'000, 40ms});
  s.packet = 8'000;
  s.run(3s);
  s.path.bytes_per_s = 32'000;
  s.packet = 3'000;
  s.run(5s);
  s.longest();
  s.run(5s);
  EXPECT_LT(s.longest(), 40ms + 300ms);
  EXPECT_LT(*s.flow.report().bytes_per_s, 45'000);
}

TEST(ScreenFlow, FindsOutThatAPathHasBecomeWide) {
  Simulation s({32'000, 40ms});
  s.run(8s);
  s.path.bytes_per_s = 10e6;
  s.run(3s);
  EXPECT_GT(*s.flow.report().bytes_per_s, 500'000);
}

TEST(ScreenFlow, TypingOnAWidePathIsNoThinPath) {
  Simulation s({10e6, 20ms});
  for (int i = 0; i < 100; ++i) {
    s.send(300);
    s.send(200);
    s.run(70ms, false);
  }
  EXPECT_FALSE(s.flow.report().bytes_per_s);
  EXPECT_EQ(s.flow.report().window, kScreenWindowFirst);
  EXPECT_NEAR(static_cast<double>(s.flow.report().round_trip.count()), 20'000, 2'000);
}

TEST(ScreenFlow, TheSendersOwnPaceIsNotTakenForThePaths) {
  Simulation s({1e6, 4ms});
  // Made as fast as a busy processor makes them, with a little unrest.
  for (int i = 0; i < 300; ++i) {
    s.send(2'500);
    s.run(i % 3 == 0 ? 2ms : 9ms, false);
  }
  EXPECT_TRUE(!s.flow.report().bytes_per_s || *s.flow.report().bytes_per_s > 600'000);
}

TEST(ScreenFlow, AConsoleThatIsBusyNowAndThenIsNoThinPath) {
  Simulation s({1e6, 2ms});
  for (int i = 0; i < 400; ++i) {
    s.path.round_trip = i % 7 == 0 ? 40ms : 2ms;  // other work there
    s.send(3'000);
    if (i % 2 == 0) s.send(3'000);
    s.run(75ms, false);
  }
  EXPECT_TRUE(!s.flow.report().bytes_per_s || *s.flow.report().bytes_per_s > 120'000) << *s.flow.report().bytes_per_s;
}

TEST(ScreenFlow, APathThatWasThinOnceIsTriedAgain) {
  Simulation s({32'000, 40ms});
  s.run(8s);
  s.path.bytes_per_s = 10e6;
  for (int i = 0; i < 100; ++i) {  // so little that no packet waits for another
    s.send(400);
    s.run(500ms, false);
  }
  EXPECT_GT(*s.flow.report().bytes_per_s, 300'000);
}

TEST(ScreenFlow, OnePictureAtATimeTellsThatAPathIsThin) {
  Simulation s({32'000, 100ms});
  s.send(500);
  s.run(500ms, false);
  s.send(30'000);
  s.run(2s, false);
  ASSERT_TRUE(s.flow.report().bytes_per_s);
  EXPECT_NEAR(*s.flow.report().bytes_per_s, 32'000, 4'000);
}

TEST(ScreenFlow, AlwaysTakesAPacketWhenNoneIsUnderWayAndNeverMoreThanTheConsoleCanCount) {
  ScreenFlow flow;
  const SteadyTime now{1h};
  std::uint32_t n = 0;
  EXPECT_TRUE(flow.room());
  flow.sent(++n, 10 * kScreenWindowFirst, now);
  EXPECT_FALSE(flow.room());
  flow.acked(n, now + 1ms);
  EXPECT_TRUE(flow.room());
  for (unsigned i = 0; i < kScreenPacketsInFlight; ++i) {
    EXPECT_TRUE(flow.room());
    flow.sent(++n, 10, now + 1ms);
  }
  EXPECT_FALSE(flow.room());
  flow.restart();
  EXPECT_TRUE(flow.room());
}

}  // namespace
}  // namespace rescue::session

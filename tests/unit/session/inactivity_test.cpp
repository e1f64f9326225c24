// SPDX-License-Identifier: Apache-2.0
// A session in which nobody does anything ends; what programs do by themselves is not somebody doing something.
#include "session_pair.hpp"

namespace rescue::session {
namespace {
using testing::content;
using testing::last_of;
using testing::SessionPair;
using enum wire::Permission;
using namespace std::chrono_literals;

GrantTerms short_patience(Now now) {
  auto terms = testing::all_granted(now);
  terms.inactivity_timeout = 60s;
  terms.lease_until = now.steady + 8h;
  return terms;
}
struct IdlePair : SessionPair {
  IdlePair() : SessionPair(short_patience(testing::TestClock().now)) {}
  [[nodiscard]] bool ended_by_inactivity() const {
    const auto* end = last_of<SessionEnded>(actions);
    return end != nullptr && end->inactive;
  }
};

TEST(Inactivity, EndsTheSessionAndSaysThatItWasTheClock) {
  IdlePair p;
  p.wait(59s);
  EXPECT_FALSE(p.applet.ended());
  p.wait(2s);
  ASSERT_TRUE(p.applet.ended());
  EXPECT_TRUE(p.ended_by_inactivity());
  EXPECT_EQ(last_of<SessionEnded>(p.events)->by, EndedBy::applet);
}

TEST(Inactivity, APictureThatGoesOnIsNobodyDoingAnything) {
  IdlePair p;
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  int pictures = 0;
  for (int second = 0; second < 70 && !p.applet.ended(); ++second) {
    pictures += p.applet.screen_packet(1, second == 0, content(100), p.now) ? 1 : 0;
    p.wait(1s);
    if (second == 30) p.console.screen_broken(p.now);
  }
  EXPECT_GT(pictures, 40) << "the console took them";
  EXPECT_TRUE(p.ended_by_inactivity());
}

TEST(Inactivity, AKeyAWordAndAnAnswerAreSomething) {
  IdlePair p;
  p.wait(40s);
  ASSERT_TRUE(p.console.chat("still there?", p.now));
  p.settle();
  p.wait(40s);
  ASSERT_TRUE(p.applet.user_sends_chat("yes", p.now));
  p.settle();
  p.wait(40s);
  p.allow(remote_control);
  p.wait(40s);
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  p.wait(40s);
  ASSERT_TRUE(p.console.key('a', 0, true, p.now));
  p.settle();
  p.wait(40s);
  EXPECT_FALSE(p.applet.ended());
  p.wait(21s);
  EXPECT_TRUE(p.ended_by_inactivity());
}

TEST(Inactivity, WorkThatIsUnderWayIsNotBrokenOff) {
  IdlePair p;
  p.allow(send_files);
  // The disk there takes nothing for a long time.
  const auto id = p.console.send_file("big.bin", 4'000'000, p.now.wall, p.now);
  ASSERT_TRUE(id);
  p.console_files.sources[*id] = content(4'000'000);
  while (!p.applet_files.partial.contains(*id)) {
    ASSERT_TRUE(p.step_applet() || p.step_console());
  }
  p.path_is_up = false;
  for (int minute = 0; minute < 5; ++minute) {
    p.advance(61s);
    p.applet.on_deadline(p.now);
  }
  EXPECT_FALSE(p.applet.ended());
  p.applet.user_cancels_file(*id, p.now);
  p.advance(61s);
  p.applet.on_deadline(p.now);
  EXPECT_TRUE(p.applet.ended());
}

}  // namespace
}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
// Who is asked for view or control that a rule wants recorded is told so before saying yes.
#include "session_pair.hpp"

namespace rescue::session {
namespace {
using testing::last_of;
using testing::SessionPair;
using enum wire::Permission;
using namespace std::chrono_literals;

TEST(RecordedPrompt, SaysThatARuleWantsItRecorded) {
  auto terms = testing::all_granted(testing::TestClock().now);
  terms.recording_forced = true;
  SessionPair p(terms);
  for (const auto permission : {desktop_view, remote_control}) {
    p.allow(permission);
    EXPECT_TRUE(last_of<ShowPrompt>(p.actions)->recorded) << wire::name(permission);
  }
  p.allow(send_files);
  EXPECT_FALSE(last_of<ShowPrompt>(p.actions)->recorded) << "files are not";

  SessionPair free;
  free.allow(desktop_view);
  EXPECT_FALSE(last_of<ShowPrompt>(free.actions)->recorded) << "no rule, no word of it";
}

TEST(RecordedPrompt, ThatCoversEverythingSaysItToo) {
  auto terms = testing::all_granted(testing::TestClock().now);
  terms.recording_forced = terms.single_prompt = true;
  SessionPair p(terms);
  p.allow(send_files);
  const auto* prompt = last_of<ShowPrompt>(p.actions);
  ASSERT_TRUE(prompt->prompt.single);
  EXPECT_TRUE(prompt->recorded);
}

}  // namespace
}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
// What a peer that does not keep to the rules of an honest program gets, one rule at a time.
#include "session/impl/messages.hpp"
#include "session_pair.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using namespace std::chrono_literals;
using testing::Applet;
using testing::count_of;
using testing::file_actions;
using testing::last_of;
using testing::SessionPair;
using enum wire::Permission;
namespace m = messages;
namespace msg = wire::session;

/// An applet whose user has said yes to these.
struct Allowed : Applet {
  explicit Allowed(std::initializer_list<Permission> permissions, std::optional<GrantTerms> terms = std::nullopt)
      : Applet(std::move(terms)) {
    for (const auto p : permissions) {
      EXPECT_TRUE(give(m::permission_ask(p)));
      EXPECT_TRUE(answer(Answer::yes));
      wait(1s);
    }
    forget();
  }
};
GrantTerms forced_recording() {
  auto terms = testing::all_granted(testing::TestClock().now);
  terms.recording_forced = true;
  return terms;
}
RefusalReason reason_of(const Applet& a) {
  const auto* refused = a.last_sent<msg::ActionRefused>(msg::Message::ActionRefused);
  return refused == nullptr ? RefusalReason::other : refused->reason();
}

TEST(SessionGuards, OneYesToEverythingIsAskedForWhatWasGrantedAndNoMore) {
  auto terms = testing::all_granted(testing::TestClock().now);
  terms.single_prompt = true;
  terms.permissions = {desktop_view, send_files};
  Applet a(terms);
  ASSERT_TRUE(a.give(m::permission_ask(desktop_view)));
  ASSERT_NE(a.prompt(), nullptr);
  EXPECT_EQ(a.prompt()->covers, terms.permissions);
  EXPECT_TRUE(a.answer(Answer::yes));
  EXPECT_EQ(a.core.consent().in_force(a.now.steady), terms.permissions);
  EXPECT_EQ(a.core.consent().consent(reboot), Consent::none);
}

TEST(SessionGuards, ASecondHelloDropsEitherEnd) {
  Applet a;
  ASSERT_TRUE(a.give(m::hello("console", 0)));
  EXPECT_FALSE(a.give(m::hello("console", 0)));
  EXPECT_TRUE(a.core.ended());
  ConsoleSession console(testing::console_options(), a.now);
  ASSERT_TRUE(console.on_message(Channel::control, m::hello("applet", 0), a.now));
  EXPECT_FALSE(console.on_message(Channel::control, m::hello("applet", 0), a.now));
  EXPECT_TRUE(console.ended());
}

TEST(SessionGuards, PicturesThatWereNotSentCannotBeAcknowledged) {
  Allowed a({desktop_view});
  ASSERT_TRUE(a.give(m::view_start(0, 30)));
  ASSERT_TRUE(a.core.screen_packet(1, true, base::Bytes{1}, a.now));
  EXPECT_TRUE(a.give(m::screen_ack(1)));
  EXPECT_FALSE(a.give(m::screen_ack(2)));
  EXPECT_TRUE(a.core.ended());
}

TEST(SessionGuards, ARecordingWithoutPermissionStandsInTheLog) {
  Applet a;
  ASSERT_TRUE(a.give(m::recording_notice(true)));
  ASSERT_NE(a.last_audit(audit_type::kAlert), nullptr);
  Allowed honest({record_session});
  ASSERT_TRUE(honest.give(m::recording_notice(true)));
  EXPECT_EQ(honest.last_audit(audit_type::kAlert), nullptr);
}

TEST(SessionGuards, WhoAsksWithoutPermissionIsToldWhyAndTheUserIsNotDisturbed) {
  Applet a;
  ASSERT_TRUE(a.give(m::file_request(1)));
  EXPECT_EQ(reason_of(a), RefusalReason::no_consent);
  a.forget();
  ASSERT_TRUE(a.give(m::sysinfo_request(2, {})));
  EXPECT_EQ(reason_of(a), RefusalReason::no_consent);
  a.forget();
  ASSERT_TRUE(a.give(m::file_offer(1, 0, 10, {}, "a")));
  const auto* reject = a.last_sent<msg::FileReject>(msg::Message::FileReject);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->reason(), FileStop::no_permission);
  EXPECT_TRUE(file_actions<DropFile>(a.actions).empty()) << "nothing was begun";
}

TEST(SessionGuards, OneFileDialogAtATime) {
  Allowed a({receive_files});
  ASSERT_TRUE(a.give(m::file_request(1)));
  ASSERT_TRUE(a.give(m::file_request(2)));
  EXPECT_EQ(count_of<ChooseFile>(a.actions), 1u);
  EXPECT_EQ(reason_of(a), RefusalReason::busy);
}

TEST(SessionGuards, SystemInformationIsCollectedForFewRequestsAtATimeAndForNoOther) {
  Allowed a({system_information});
  const std::vector<SysinfoSection> info = {{"os", {{"name", "Debian"}}}};
  EXPECT_FALSE(a.core.sysinfo_collected(77, info, a.now)) << "nobody asked";
  a.drain();
  EXPECT_EQ(a.sent_of(msg::Message::SysinfoReply), 0u);
  for (std::uint32_t n = 1; n <= 20; ++n) ASSERT_TRUE(a.give(m::sysinfo_request(n, {})));
  EXPECT_LT(count_of<CollectSysinfo>(a.actions), 5u);
  EXPECT_EQ(reason_of(a), RefusalReason::busy);
}

TEST(SessionGuards, AForcedRecordingIsDemandedFromAConsoleThatDoesNotAskItself) {
  Allowed a({desktop_view, remote_control}, forced_recording());
  ASSERT_TRUE(a.give(m::view_start(0, 30)));
  EXPECT_EQ(reason_of(a), RefusalReason::needs_recording);
  ASSERT_TRUE(a.give(m::control_start(1)));
  EXPECT_EQ(reason_of(a), RefusalReason::needs_recording);
  EXPECT_EQ(count_of<StartCapture>(a.actions), 0u);
  EXPECT_EQ(a.last_audit(audit_type::kViewStarted), nullptr);
  EXPECT_EQ(a.last_audit(audit_type::kControlStarted), nullptr) << "not for a moment";
  ASSERT_TRUE(a.give(m::recording_notice(true)));
  ASSERT_TRUE(a.give(m::control_start(1)));
  EXPECT_NE(a.last_audit(audit_type::kControlStarted), nullptr);
  a.forget();
  ASSERT_TRUE(a.give(m::recording_notice(false)));
  EXPECT_NE(a.last_audit(audit_type::kControlEnded), nullptr);
  EXPECT_GE(count_of<ReleaseInput>(a.actions), 1u);
}

TEST(SessionGuards, TakingControlBackLetsGoOfEveryKey) {
  Allowed a({remote_control});
  ASSERT_TRUE(a.give(m::control_start(1)));
  ASSERT_TRUE(a.give(m::input_key('a', 0, true)));
  a.forget();
  a.core.user_revokes(remote_control, a.now);
  a.drain();
  EXPECT_EQ(count_of<ReleaseInput>(a.actions), 1u);
}

TEST(SessionGuards, AKeyThatWaitsToBeInjectedDoesNotAnswerAPromptThatOpensMeanwhile) {
  Allowed a({remote_control});
  ASSERT_TRUE(a.give(m::control_start(1)));
  a.forget();
  ASSERT_TRUE(
      a.core.on_message(Channel::input, m::input_key(0xff0d, 0, true), a.now));  // the host has not taken it yet
  ASSERT_TRUE(a.core.on_message(Channel::control, m::permission_ask(desktop_view), a.now));
  a.drain();
  EXPECT_EQ(count_of<ShowPrompt>(a.actions), 1u);
  EXPECT_EQ(count_of<InjectKey>(a.actions), 0u);
}

TEST(SessionGuards, ChatWithoutALinkHasAnEnd) {
  Applet a;
  a.core.on_link_down(a.now);
  ConsoleSession console(testing::console_options(), a.now);
  const std::string line(wire::kChatTextMax, 'x');
  for (const bool user : {true, false}) {
    std::size_t taken = 0;
    const auto say = [&] { return user ? a.core.user_sends_chat(line, a.now) : console.chat(line, a.now); };
    base::Result<void> said;
    while ((said = say()) && taken < 10 * kChatBacklogMax) taken += line.size();
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code, base::Errc::too_large);
    EXPECT_LE(taken, kChatBacklogMax);
  }
}

TEST(SessionGuards, AConsoleThatAsksAndNeverReadsIsNotListenedTo) {
  Applet a;
  const auto ask = m::permission_ask(desktop_view);
  std::size_t given = 0;
  while (a.core.wants_messages() && given < 200'000) {
    ASSERT_TRUE(a.core.on_message(Channel::control, ask, a.now));
    ++given;
  }
  EXPECT_FALSE(a.core.wants_messages()) << "answers pile up";
  Allowed busy({remote_control});
  ASSERT_TRUE(busy.give(m::control_start(1)));
  for (given = 0; busy.core.wants_messages() && given < 200'000; ++given)
    ASSERT_TRUE(busy.core.on_message(Channel::input, m::input_key('a', 0, true), busy.now));
  EXPECT_LE(given, kActionsMax) << "input piles up";
}

// ---- files

TEST(SessionGuards, AConsoleCannotOpenFilesWithoutEnd) {
  Allowed a({send_files});
  for (std::uint32_t n = 1; n <= kTransfersMax + 1; ++n) ASSERT_TRUE(a.give(m::file_offer(n, 0, 10, {}, "a")));
  EXPECT_EQ(file_actions<OpenForWrite>(a.actions).size(), kTransfersMax);
  const auto* reject = a.last_sent<msg::FileReject>(msg::Message::FileReject);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->reason(), FileStop::busy);
}

TEST(SessionGuards, AFileGetsItsNameOnlyWhenAllOfItIsOnTheDisk) {
  Allowed a({send_files});
  const base::Bytes data(10, 1);
  ASSERT_TRUE(a.give(m::file_offer(1, 0, 10, {}, "a")));
  a.core.file_opened({FileDirection::to_applet, 1}, a.now);
  a.drain();
  ASSERT_TRUE(a.give(m::file_chunk(1, 0, data)));
  a.core.file_written({FileDirection::to_applet, 1}, 9, a.now);
  testing::FakeHasher hasher;
  hasher.update(data);
  ASSERT_TRUE(a.give(m::file_done(1, 10, hasher.finish())));
  EXPECT_TRUE(file_actions<CommitFile>(a.actions).empty());
  a.core.file_written({FileDirection::to_applet, 1}, 10, a.now);
  a.drain();
  EXPECT_EQ(file_actions<CommitFile>(a.actions).size(), 1u);
}

/// The user has picked a file of 100 bytes and the console has accepted it.
struct Sender : Allowed {
  Sender() : Allowed({receive_files}) {
    EXPECT_TRUE(give(m::file_request(1)));
    EXPECT_TRUE(core.file_chosen(1, "a.txt", 100, {}, now));
    drain();
    EXPECT_TRUE(give(m::file_accept(1)));
  }
};

TEST(SessionGuards, AReceiverCannotConfirmWhatItCannotHave) {
  Sender twice;
  EXPECT_FALSE(twice.give(m::file_accept(1)));
  EXPECT_TRUE(twice.core.ended());
  Sender ahead;
  EXPECT_FALSE(ahead.give(m::file_ack(1, 1))) << "not a byte was sent";
  EXPECT_TRUE(ahead.core.ended());
  Sender early;
  EXPECT_FALSE(early.give(m::file_received(1)));
  EXPECT_TRUE(early.core.ended());
  EXPECT_EQ(early.last_audit(audit_type::kFileSent), nullptr);
}

// ---- against an applet that is no honest one

TEST(SessionGuards, TheConsoleDoesNothingThatItsGroupMayNot) {
  auto options = testing::console_options();
  options.granted.remove(desktop_view);
  SessionPair p(std::nullopt, options);
  ASSERT_TRUE(
      p.console.on_message(Channel::control, m::permission_state(desktop_view, msg::ConsentState::granted), p.now));
  EXPECT_EQ(p.console.start_view(0, 30, p.now).error().code, base::Errc::denied);
}

TEST(SessionGuards, ClicksDoNotPileUpWhileTheLinkIsSlow) {
  SessionPair p;
  p.allow(remote_control);
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  int taken = 0;
  while (p.console.key('a', 0, true, p.now) && taken < 100'000) ++taken;
  EXPECT_LT(taken, 5'000);
}

TEST(SessionGuards, APictureCannotBePlayedAgain) {
  SessionPair p;
  const auto picture = m::screen_packet(3, 1, true, p.now.wall, base::Bytes{1});
  ASSERT_TRUE(p.console.on_message(Channel::screen, picture, p.now));
  EXPECT_FALSE(p.console.on_message(Channel::screen, picture, p.now));
}

TEST(SessionGuards, SystemInformationThatNobodyAskedForIsNotTaken) {
  SessionPair p;
  p.allow(system_information);
  ASSERT_TRUE(p.console.on_message(Channel::files, m::sysinfo_reply(9, {{"os", {{"name", "forged"}}}}), p.now));
  p.settle();
  EXPECT_EQ(last_of<SysinfoArrived>(p.events), nullptr);
}

}  // namespace
}  // namespace rescue::session

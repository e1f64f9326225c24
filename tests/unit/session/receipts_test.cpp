// SPDX-License-Identifier: Apache-2.0
// What the user answers is signed, logged with its receipt and told to the console; what is done names what covers it.
#include "session/impl/messages.hpp"
#include "session_pair.hpp"

namespace rescue::session {
namespace {
using namespace testing;
using enum wire::Permission;

std::string words(const AuditEvent& e) {
  const auto* text = e.find("signed");
  const auto bytes = text != nullptr ? base::from_base64url(std::get<std::string>(*text)) : base::Bytes();
  return bytes ? std::string(base::as_text(*bytes)) : "no base64url";
}
std::int64_t number(const AuditEvent& e) {
  const auto* n = e.find("receipt");
  return n != nullptr ? std::get<std::int64_t>(*n) : 0;
}

TEST(Receipts, StandInTheLogsOfBothEnds) {
  SessionPair s;
  s.allow(desktop_view);
  const auto* here = SessionPair::find_audit(s.applet_audit, audit_type::kConsentGranted);
  ASSERT_NE(here, nullptr);
  EXPECT_EQ(words(*here), "1 yes desktop_view prompt 1 about 0 ");
  EXPECT_EQ(number(*here), 1);
  const auto* there = SessionPair::find_audit(s.console_audit, audit_type::kConsentGranted);
  ASSERT_NE(there, nullptr);
  EXPECT_EQ(words(*there), words(*here)) << "the applet cannot keep from the console what it signed";
  const auto* told = last_of<PermissionChanged>(s.events);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(base::as_text(told->receipt), words(*here));
}

TEST(Receipts, CoverWhatIsDoneUnderThem) {
  SessionPair s;
  s.allow(remote_control);
  s.allow(desktop_view);
  ASSERT_TRUE(s.console.start_view(0, 30, s.now));
  ASSERT_TRUE(s.console.start_control(s.now));
  s.settle();
  EXPECT_EQ(number(*SessionPair::find_audit(s.applet_audit, audit_type::kViewStarted)), 2);
  EXPECT_EQ(number(*SessionPair::find_audit(s.applet_audit, audit_type::kControlStarted)), 1);
}

TEST(Receipts, OfANewYesCoverWhatComesAfter) {
  SessionPair s;
  s.allow(desktop_view);
  s.applet.user_revokes_all(s.now);
  s.wait(11s);
  s.allow(desktop_view);
  ASSERT_TRUE(s.console.start_view(0, 30, s.now));
  s.settle();
  const auto* revoked = SessionPair::find_audit(s.applet_audit, audit_type::kConsentRevoked);
  ASSERT_NE(revoked, nullptr);
  EXPECT_EQ(words(*revoked), "2 revoked desktop_view prompt 0 about 0 ");
  EXPECT_EQ(number(*SessionPair::find_audit(s.applet_audit, audit_type::kViewStarted)), 3);
}

TEST(Receipts, OneAnswerAboutEverythingIsOneReceipt) {
  auto terms = all_granted(TestClock().now);
  terms.single_prompt = true;
  Applet a(terms);
  ASSERT_TRUE(a.give(messages::permission_ask(desktop_view)));
  ASSERT_TRUE(a.answer(Answer::yes));
  std::size_t granted = 0;
  for (const auto& e : a.audit) {
    if (e.type != audit_type::kConsentGranted) continue;
    ++granted;
    EXPECT_EQ(number(e), 1);
    EXPECT_EQ(words(e), "1 yes " + PermissionSet::all().text() + " prompt 1 about 0 ");
  }
  EXPECT_EQ(granted, wire::kPermissionCount);
}

TEST(Receipts, OneByOneIsInTheLogThoughItAllowsNothing) {
  auto terms = all_granted(TestClock().now);
  terms.single_prompt = true;
  Applet a(terms);
  ASSERT_TRUE(a.give(messages::permission_ask(desktop_view)));
  ASSERT_TRUE(a.answer(Answer::one_by_one));
  const auto* e = a.last_audit(audit_type::kConsentDenied);
  ASSERT_NE(e, nullptr);
  EXPECT_EQ(std::get<std::string>(*e->find("permission")), "all");
  EXPECT_EQ(words(*e), "1 one_by_one " + PermissionSet::all().text() + " prompt 1 about 0 ");
}

TEST(Receipts, AYesThatCannotBeSignedAllowsNothing) {
  auto options = applet_options();
  options.sign_receipt = [](const ReceiptDraft&) { return std::optional<SignedReceipt>(); };
  Applet a(std::nullopt, options);
  ASSERT_TRUE(a.give(messages::permission_ask(desktop_view)));
  ASSERT_TRUE(a.answer(Answer::yes));
  EXPECT_FALSE(a.core.in_force(desktop_view, a.now));
  EXPECT_NE(a.last_audit(audit_type::kAlert), nullptr);
  EXPECT_EQ(a.last_audit(audit_type::kConsentGranted), nullptr);
  ASSERT_TRUE(a.give(messages::view_start(0, 30)));
  EXPECT_EQ(count_of<StartCapture>(a.actions), 0u);
}

// ---- one window at a time, and no input of anybody beneath it

/// Two technicians of one machine.
struct Two {
  AppletOptions options = applet_options();  // copies share the hold
  Applet ada{std::nullopt, options}, bob{std::nullopt, options};
  Two() {
    ada.now = bob.now;
    ask_and_allow(ada, remote_control);
    bob.now = ada.now;
    bob.core.on_deadline(bob.now);
    bob.wait(1s);
    ask_and_allow(bob, remote_control);
    both_wait(1s);
    EXPECT_TRUE(ada.give(messages::control_start(1)));
    EXPECT_TRUE(bob.give(messages::control_start(1)));
    ada.forget();
    bob.forget();
  }
  static void ask_and_allow(Applet& a, Permission p) {
    EXPECT_TRUE(a.give(messages::permission_ask(p)));
    EXPECT_TRUE(a.answer(Answer::yes));
  }
  void both_wait(base::Duration d) {
    ada.now = bob.now = std::max(ada.now.steady, bob.now.steady) == ada.now.steady ? ada.now : bob.now;
    ada.wait(d);
    bob.wait(d);
  }
};

TEST(InputHold, AnotherTechniciansQuestionHoldsEverybodysInput) {
  Two t;
  ASSERT_TRUE(t.ada.give(messages::input_key('a', 0, true)));
  EXPECT_EQ(count_of<InjectKey>(t.ada.actions), 1u) << "this test can see input";
  t.ada.forget();

  ASSERT_TRUE(t.bob.give(messages::permission_ask(send_files)));
  ASSERT_TRUE(t.bob.prompt());
  ASSERT_TRUE(t.ada.give(messages::input_key('b', 0, true)));
  ASSERT_TRUE(t.ada.give(messages::input_pointer(0, 10, 10, 1, 0, 0)));
  ASSERT_TRUE(t.ada.give(messages::input_text("yes")));
  EXPECT_EQ(
      count_of<InjectKey>(t.ada.actions) + count_of<InjectPointer>(t.ada.actions) + count_of<InjectText>(t.ada.actions),
      0u);
  EXPECT_EQ(count_of<ReleaseInput>(t.ada.actions), 1u) << "the key that was down is let go of";
  const auto* told = t.ada.last_sent<wire::session::ControlState>(wire::session::Message::ControlState);
  ASSERT_NE(told, nullptr);
  EXPECT_TRUE(told->active());
  EXPECT_TRUE(told->held());

  ASSERT_TRUE(t.bob.answer(Answer::no));
  t.ada.now = t.bob.now;
  ASSERT_TRUE(t.ada.give(messages::input_key('c', 0, true)));
  EXPECT_EQ(count_of<InjectKey>(t.ada.actions), 0u) << "a click on its way would fall where the question was";
  t.both_wait(600ms);
  ASSERT_TRUE(t.ada.give(messages::input_key('d', 0, true)));
  EXPECT_EQ(count_of<InjectKey>(t.ada.actions), 1u);
  EXPECT_FALSE(t.ada.core.next_deadline() && *t.ada.core.next_deadline() <= t.ada.now.steady)
      << "no deadline stays due";
}

TEST(InputHold, ASessionThatEndsAskingHoldsNobody) {
  Two t;
  ASSERT_TRUE(t.bob.give(messages::permission_ask(send_files)));
  t.bob.core.on_site_ends(EndedBy::broker, "over", t.bob.now);
  t.bob.drain();
  t.both_wait(600ms);
  ASSERT_TRUE(t.ada.give(messages::input_key('d', 0, true)));
  EXPECT_EQ(count_of<InjectKey>(t.ada.actions), 1u);
}

}  // namespace
}  // namespace rescue::session

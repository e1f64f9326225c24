// SPDX-License-Identifier: Apache-2.0
// Restart of the supported machine between both ends, and what outlasts it.
#include <gtest/gtest.h>

#include "machine_pair.hpp"

namespace rescue::session::testing {
namespace {
// ---- restart

TEST(Reboot, IsAskedEachTimeAndToldBeforeItHappens) {
  Machine m;
  ASSERT_TRUE(m.console.with<ConsoleReboot>(m.now, [](auto& f) { return f.request(); }));
  m.settle();
  ASSERT_EQ(m.question()->question.kind, QuestionKind::reboot);
  EXPECT_EQ((last_action<RebootAction, PrepareReboot>(m.actions)), nullptr);
  ASSERT_TRUE(m.answer(true));
  const auto* prepare = last_action<RebootAction, PrepareReboot>(m.actions);
  ASSERT_NE(prepare, nullptr);
  const auto request = prepare->request;
  m.applet.with<AppletReboot>(m.now, [&](auto& f) { f.prepared(request, true, ""); });
  m.settle();
  EXPECT_EQ(last_event<RebootChanged>(m)->outcome, Outcome::done);
  EXPECT_TRUE(m.console.with<ConsoleReboot>(m.now, [](auto& f) { return f.machine_restarts(); }));
  EXPECT_EQ((last_action<RebootAction, RebootNow>(m.actions)), nullptr) << "the word must arrive first";
  m.wait(kRebootFarewell);
  m.applet.on_deadline(m.now);
  m.settle();
  EXPECT_NE((last_action<RebootAction, RebootNow>(m.actions)), nullptr);
}

TEST(Reboot, DoesNotHappenAfterANo) {
  Machine m;
  ASSERT_TRUE(m.console.with<ConsoleReboot>(m.now, [](auto& f) { return f.request(); }));
  m.settle();
  ASSERT_TRUE(m.answer(false));
  EXPECT_EQ(last_event<RebootChanged>(m)->outcome, Outcome::declined);
  EXPECT_EQ((last_action<RebootAction, PrepareReboot>(m.actions)), nullptr);
}

TEST(Reboot, IsUndoneWhenItFails) {
  for (const bool says_so : {true, false}) {
    Machine m;
    ASSERT_TRUE(m.console.with<ConsoleReboot>(m.now, [](auto& f) { return f.request(); }));
    m.settle();
    ASSERT_TRUE(m.answer(true));
    const auto request = last_action<RebootAction, PrepareReboot>(m.actions)->request;
    m.applet.with<AppletReboot>(m.now, [&](auto& f) { f.prepared(request, true, ""); });
    m.wait(kRebootFarewell);
    m.applet.on_deadline(m.now);
    m.settle();
    if (says_so) {
      m.applet.with<AppletReboot>(m.now, [&](auto& f) { f.failed(request, "not allowed"); });
    } else {
      m.wait(kRebootPatience);
      m.applet.on_deadline(m.now);
    }
    m.settle();
    EXPECT_EQ(last_event<RebootChanged>(m)->outcome, Outcome::failed);
    EXPECT_NE((last_action<RebootAction, CancelReboot>(m.actions)), nullptr);
    EXPECT_FALSE(m.console.with<ConsoleReboot>(m.now, [](auto& f) { return f.machine_restarts(); }));
  }
}

TEST(Reboot, DoesNotHappenOnceItsRightIsGone) {
  Machine m;
  ASSERT_TRUE(m.console.with<ConsoleReboot>(m.now, [](auto& f) { return f.request(); }));
  m.settle();
  ASSERT_TRUE(m.answer(true));
  const auto request = last_action<RebootAction, PrepareReboot>(m.actions)->request;
  m.applet.with<AppletReboot>(m.now, [&](auto& f) { f.prepared(request, true, ""); });
  m.applet.user_revokes(Permission::reboot, m.now);
  m.settle();
  EXPECT_NE((last_action<RebootAction, CancelReboot>(m.actions)), nullptr);
  m.wait(kRebootFarewell + 1s);
  m.applet.on_deadline(m.now);
  m.settle();
  EXPECT_EQ((last_action<RebootAction, RebootNow>(m.actions)), nullptr);
}

// ---- what outlasts a restart

struct Policy : TestClock {
  explicit Policy(GrantTerms t)
      : policy(std::move(t),
               [n = std::uint64_t{0}](ReceiptAnswer, PromptId, PermissionSet) mutable { return std::optional(++n); }) {}
  ConsentPolicy policy;
  void yes() {
    advance(1s);
    ASSERT_TRUE(policy.answer(policy.open_prompt()->id, Answer::yes, now.steady));
  }
};
GrantTerms single() {
  auto t = all_granted(TestClock().now);
  t.single_prompt = true;
  return t;
}

TEST(CarriedConsent, IsNothingWithoutOneYesToEverything) {
  Policy p(all_granted(TestClock().now));
  ASSERT_EQ(p.policy.ask(Permission::remote_control, p.now.steady), AskResult::prompted);
  p.yes();
  EXPECT_TRUE(p.policy.in_force(Permission::remote_control, p.now.steady));
  EXPECT_TRUE(p.policy.carried().by_single_prompt.empty());
}

TEST(CarriedConsent, IsWhatOneYesCoveredAndTheGrantStillHas) {
  Policy p(single());
  ASSERT_EQ(p.policy.ask(Permission::reboot, p.now.steady), AskResult::prompted);
  p.yes();
  p.policy.revoke(Permission::clipboard_sync, p.now.steady);
  const auto before = p.policy.carried();
  auto terms = single();
  terms.permissions = terms.permissions - PermissionSet{Permission::remote_control};
  Policy again(terms);
  again.policy.restore(before);
  EXPECT_TRUE(again.policy.in_force(Permission::desktop_view, again.now.steady));
  EXPECT_EQ(again.policy.receipt(Permission::desktop_view), p.policy.receipt(Permission::desktop_view));
  EXPECT_FALSE(again.policy.in_force(Permission::remote_control, again.now.steady));
  EXPECT_EQ(again.policy.consent(Permission::remote_control), Consent::none);
  EXPECT_FALSE(again.policy.in_force(Permission::clipboard_sync, again.now.steady)) << "it was taken back";
  // Not where the site no longer allows one question for everything.
  Policy strict(all_granted(TestClock().now));
  strict.policy.restore(before);
  EXPECT_FALSE(strict.policy.in_force(Permission::desktop_view, strict.now.steady));
}

TEST(MachineRestart, LeavesTheConsoleWithNothingOfBefore) {
  Machine m;
  const auto running = m.running();
  m.allow(Permission::desktop_view);
  ASSERT_TRUE(m.console.start_view(0, 30, m.now));
  m.settle();
  ASSERT_TRUE(m.console.viewing());
  ASSERT_TRUE(m.console.with<ConsoleReboot>(m.now, [](auto& f) { return f.request(); }));
  m.settle();
  ASSERT_TRUE(m.answer(true));
  const auto request = last_action<RebootAction, PrepareReboot>(m.actions)->request;
  m.applet.with<AppletReboot>(m.now, [&](auto& f) { f.prepared(request, true, ""); });
  m.settle();
  ASSERT_TRUE(m.console.machine_restarts());
  m.down();
  ASSERT_TRUE(m.console.chat("while it is away", m.now));
  m.console.on_machine_restarted(m.now);
  while (auto e = m.console.poll_event()) m.events.push_back(std::move(*e));
  while (auto e = m.console.poll_audit()) m.console_audit.push_back(std::move(*e));
  EXPECT_FALSE(m.console.machine_restarts());
  EXPECT_FALSE(m.console.viewing());
  for (const auto p : wire::all_permissions()) EXPECT_EQ(m.console.state(p), ConsentState::none);
  EXPECT_EQ(last_event<ScriptChanged>(m)->request, running);
  EXPECT_EQ(m.phase(), Phase::killed);
  EXPECT_EQ(text_of(m.find_audit(m.console_audit, audit_type::kRebootEnded), "outcome"), "done");
  // What it says to the new process: hello first, and the chat that nobody has read.
  const auto first = m.console.next_outgoing(Channel::control, m.now);
  ASSERT_TRUE(first);
  EXPECT_EQ(msg::GetSessionMessage(first->data())->message_type(), msg::Message::Hello);
  EXPECT_FALSE(m.console.next_outgoing(Channel::files, m.now));
  EXPECT_TRUE(m.console.next_outgoing(Channel::chat, m.now));
}

}  // namespace
}  // namespace rescue::session::testing

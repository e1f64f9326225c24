// SPDX-License-Identifier: Apache-2.0
// Scripts and accounts between both ends: what is asked, what runs, what stops it, what the log says.
#include <gtest/gtest.h>

#include "machine_pair.hpp"
#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session::testing {
namespace {
// ---- scripts

TEST(Scripts, AreShownWholeAndRunAfterAYesOnly) {
  Machine m;
  ScriptOrder o;
  o.name = "Repair";
  o.text = "#!/bin/bash\necho <b>&amp;</b>\n";
  const auto request = m.order(o);
  ASSERT_NE(m.question(), nullptr);
  EXPECT_EQ(m.question()->question.kind, QuestionKind::script);
  EXPECT_EQ(m.question()->question.detail, o.text);
  EXPECT_EQ(m.phase(), Phase::asked);
  EXPECT_EQ((last_action<ScriptAction, RunScript>(m.actions)), nullptr) << "not before the yes";
  ASSERT_TRUE(m.answer(true));
  const auto* run = last_action<ScriptAction, RunScript>(m.actions);
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->text, o.text);
  EXPECT_EQ(run->request, request);
  EXPECT_FALSE(run->elevated);
  m.applet.with<AppletScripts>(m.now, [&](auto& f) { f.began(request); });
  m.print(request, "out\n");
  m.print(request, "err\n", true);
  const auto* printed = last_event<ScriptPrinted>(m);
  ASSERT_NE(printed, nullptr);
  EXPECT_TRUE(printed->to_stderr);
  EXPECT_EQ(printed->offset, 4U);
  m.end(request, {Phase::ended, 3, 0, ""});
  EXPECT_EQ(last_event<ScriptChanged>(m)->exit_code, 3);
  for (const auto* log : {&m.applet_audit, &m.console_audit}) {
    const auto* ended = m.find_audit(*log, audit_type::kScriptEnded);
    ASSERT_NE(ended, nullptr);
    EXPECT_EQ(text_of(ended, "outcome"), "ended");
    EXPECT_EQ(std::get<std::int64_t>(*ended->find("exit_code")), 3);
    EXPECT_EQ(text_of(ended, "sha256"), text_of(m.find_audit(*log, audit_type::kScriptAsked), "sha256"));
  }
  EXPECT_NE(m.find_audit(m.applet_audit, audit_type::kScriptStarted)->find("receipt"), nullptr);
}

TEST(Scripts, DoNotRunWithoutTheirPermission) {
  SessionPair p;
  const auto refused = p.console.with<ConsoleScripts>(p.now, [](auto& f) { return f.run({.text = "true"}); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied);
  // A console that does not ask itself.
  Applet a;
  ASSERT_TRUE(a.give(messages::script_run({1, "", "", "true", {}, 0, false})));
  EXPECT_EQ(a.last_sent<msg::ActionRefused>(msg::Message::ActionRefused)->reason(), msg::RefusalReason::no_consent);
  EXPECT_EQ(last_of<AskUser>(a.actions), nullptr);
}

TEST(Scripts, AreNotAskedForAgainAtOnceAfterANo) {
  Machine m;
  m.order({.text = "true"});
  ASSERT_TRUE(m.answer(false));
  EXPECT_EQ(m.phase(), Phase::declined);
  m.order({.text = "true"});
  EXPECT_EQ(m.phase(), Phase::failed);
  EXPECT_EQ(last_event<ScriptChanged>(m)->detail, "refused: too_soon");
  m.wait(kReaskDelay);
  m.order({.text = "true"});
  EXPECT_EQ(m.phase(), Phase::asked);
}

TEST(Scripts, ThatNobodyAnswersDoNotRun) {
  Machine m;
  m.order({.text = "true"});
  m.wait(61s);
  m.applet.on_deadline(m.now);
  m.settle();
  EXPECT_EQ(m.phase(), Phase::declined);
  EXPECT_EQ((last_action<ScriptAction, RunScript>(m.actions)), nullptr);
}

TEST(Scripts, WithCharactersThatNobodySeesDoNotRun) {
  for (const auto* text : {"echo a\u202Eb", "echo \u200Bx", "rm\x1b[2K", "a\u2066b", "echo \u00ADx"}) {
    Machine m;
    m.order({.text = text});
    EXPECT_EQ(m.phase(), Phase::failed) << text;
    EXPECT_EQ(m.question(), nullptr) << "the user is not shown what is not what it looks like";
  }
  Machine m;
  m.order({.text = "true", .arguments = {"\u202E"}});
  EXPECT_EQ(m.phase(), Phase::failed);
  EXPECT_EQ(hidden_character("a\n\tb\r\nä€\U0001F600"), "");
  EXPECT_EQ(hidden_character("a\nb\u202E"), "U+202E in line 2");
}

TEST(Scripts, WithNamesOfSeveralLinesDoNotRun) {
  for (const auto* name : {"harmless\nYou may say yes", "a\rb", "a\tb"}) {
    Machine m;
    m.order({.name = name, .text = "true"});
    EXPECT_EQ(m.phase(), Phase::failed) << name;
    EXPECT_EQ(m.question(), nullptr) << "the question is the applet's words, in one line each";
  }
}

TEST(Scripts, DieWithTheirRight) {
  Machine m;
  const auto request = m.running();
  m.print(request, "secret");
  m.applet.user_revokes(Permission::deploy_scripts, m.now);
  m.settle();
  const auto* end = last_action<ScriptAction, EndScript>(m.actions);
  ASSERT_NE(end, nullptr);
  EXPECT_TRUE(end->at_once);
  EXPECT_EQ(m.phase(), Phase::killed);
  // What its host still says does no harm.
  m.print(request, "late");
  m.end(request, {Phase::ended, 0, 0, ""});
  EXPECT_EQ(m.phase(), Phase::killed);
  EXPECT_EQ(text_of(m.find_audit(m.applet_audit, audit_type::kScriptEnded), "outcome"), "killed");
}

TEST(Scripts, DieWithTheSession) {
  Machine m;
  m.running();
  m.order({.text = "echo second"});
  m.console.end("done", m.now);
  m.settle();
  EXPECT_TRUE((last_action<ScriptAction, EndScript>(m.actions)) != nullptr);
  EXPECT_EQ(m.phase(), Phase::killed);
  const auto types = m.audit_types(m.applet_audit);
  EXPECT_EQ(std::ranges::count(types, audit_type::kScriptEnded), 2);
}

TEST(Scripts, LiveOnWhileTheLinkIsGone) {
  Machine m;
  const auto request = m.running();
  m.down();
  m.print(request, "meanwhile\n");
  m.end(request, {Phase::ended, 0, 0, ""});
  m.up();
  m.settle();
  EXPECT_EQ(m.phase(), Phase::ended);
  EXPECT_EQ(base::as_text(last_event<ScriptPrinted>(m)->data), "meanwhile\n");
}

TEST(Scripts, AreToldToEnd) {
  Machine m;
  const auto request = m.running();
  ASSERT_TRUE(m.console.with<ConsoleScripts>(m.now, [&](auto& f) { return f.kill(request); }));
  m.settle();
  const auto* end = last_action<ScriptAction, EndScript>(m.actions);
  ASSERT_NE(end, nullptr);
  EXPECT_FALSE(end->at_once);
  m.end(request, {Phase::killed, 0, 15, ""});
  EXPECT_EQ(m.phase(), Phase::killed);
  EXPECT_FALSE(m.console.with<ConsoleScripts>(m.now, [&](auto& f) { return f.kill(request); }));
}

TEST(Scripts, AreTakenBackBeforeTheyRun) {
  Machine m;
  const auto request = m.order({.text = "true"});
  ASSERT_TRUE(m.console.with<ConsoleScripts>(m.now, [&](auto& f) { return f.kill(request); }));
  m.settle();
  EXPECT_EQ(m.phase(), Phase::killed);
  EXPECT_EQ(m.actions.size(), m.actions.size());
  EXPECT_NE(last_of<CloseQuestion>(m.actions), nullptr);
}

TEST(Scripts, MayPrintAWindowBeyondWhatWasTaken) {
  Machine m;
  const auto request = m.running();
  EXPECT_EQ((last_action<ScriptAction, RunScript>(m.actions))->up_to, kScriptWindow);
  m.print(request, std::string(100'000, 'x'));
  m.console.with<ConsoleScripts>(m.now, [&](auto& f) { f.taken(request, 100'000); });
  m.settle();
  EXPECT_EQ((last_action<ScriptAction, TakeScriptOutput>(m.actions))->up_to, kScriptWindow + 100'000);
  // In messages of a size that the wire allows.
  std::uint64_t sum = 0;
  for (const auto& e : m.events)
    if (const auto* machine = std::get_if<MachineEvent>(&e))
      if (const auto* printed = std::get_if<ScriptPrinted>(machine)) {
        EXPECT_LE(printed->data.size(), wire::kScriptOutputMax);
        sum += printed->data.size();
      }
  EXPECT_EQ(sum, 100'000U);
}

TEST(Scripts, AreAFewAtATime) {
  Machine m;
  for (std::size_t i = 0; i < kScriptsMax; ++i) m.order({.text = "true"});
  EXPECT_EQ(m.phase(), Phase::asked);
  m.order({.text = "true"});
  EXPECT_EQ(last_event<ScriptChanged>(m)->detail, "refused: busy");
}

TEST(Scripts, AreNotAcknowledgedBeyondWhatWasSent) {
  Applet a;
  ASSERT_TRUE(a.give(messages::permission_ask(Permission::deploy_scripts)));
  ASSERT_TRUE(a.answer(Answer::yes));
  a.wait(1s);
  ASSERT_TRUE(a.give(messages::script_run({1, "", "", "true", {}, 0, false})));
  EXPECT_TRUE(a.give(messages::script_ack(99, 7))) << "of one that is over";
  EXPECT_FALSE(a.give(messages::script_ack(1, 7)));
}

TEST(Scripts, HaveNoNumberTwice) {
  Applet a;
  ASSERT_TRUE(a.give(messages::permission_ask(Permission::deploy_scripts)));
  ASSERT_TRUE(a.answer(Answer::yes));
  a.wait(1s);
  ASSERT_TRUE(a.give(messages::script_run({1, "", "", "true", {}, 0, false})));
  EXPECT_FALSE(a.give(messages::script_run({1, "", "", "false", {}, 0, false})));
}

// ---- elevation

TEST(ElevatedScripts, NeedAnAccountThatTheUserTyped) {
  Machine m;
  m.order({.text = "true", .elevated = true});
  EXPECT_EQ(m.phase(), Phase::failed);
  EXPECT_EQ(last_event<ScriptChanged>(m)->detail, "the user has typed no account for it");
  m.applet.with<AppletScripts>(m.now, [](auto& f) { f.set_account("itadmin"); });
  m.order({.text = "true", .elevated = true});
  ASSERT_EQ(m.phase(), Phase::asked);
  EXPECT_NE(m.question()->question.text.find("administrator, by the account itadmin"), std::string::npos)
      << m.question()->question.text;
  ASSERT_TRUE(m.answer(true));
  EXPECT_TRUE((last_action<ScriptAction, RunScript>(m.actions))->elevated);
}

TEST(ElevatedScripts, DieWithTheRightToTheAccount) {
  Machine m;
  m.applet.with<AppletScripts>(m.now, [](auto& f) { f.set_account("itadmin"); });
  const auto request = m.order({.text = "sleep 9", .elevated = true});
  ASSERT_TRUE(m.answer(true));
  m.applet.with<AppletScripts>(m.now, [&](auto& f) { f.began(request); });
  m.applet.user_revokes(Permission::windows_credentials, m.now);
  m.settle();
  EXPECT_EQ(m.phase(), Phase::killed);
}

TEST(Credentials, StayOnTheMachine) {
  Machine m;
  ASSERT_TRUE(m.console.with<ConsoleCredentials>(m.now, [](auto& f) { return f.request("To install the driver"); }));
  m.settle();
  ASSERT_NE(m.question(), nullptr);
  const auto& q = m.question()->question;
  EXPECT_EQ(q.kind, QuestionKind::credentials);
  ASSERT_EQ(q.fields.size(), 2U);
  EXPECT_TRUE(q.fields[1].secret);
  EXPECT_EQ(q.detail, "To install the driver");
  std::vector<base::SecretBytes> typed;
  typed.push_back(secret("itadmin"));
  typed.push_back(secret("correct horse battery"));
  ASSERT_TRUE(m.answer(true, std::move(typed)));
  const auto* check = last_action<AccountAction, CheckAccount>(m.actions);
  ASSERT_NE(check, nullptr);
  EXPECT_EQ(check->account->name, "itadmin");
  EXPECT_EQ(base::as_text(check->account->password.view()), "correct horse battery");
  m.applet.with<AppletCredentials>(m.now, [&](auto& f) { f.checked(check->request, true, ""); });
  m.settle();
  const auto* done = last_event<CredentialsChanged>(m);
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->outcome, Outcome::done);
  EXPECT_EQ(done->account, "itadmin");
  EXPECT_EQ(text_of(m.find_audit(m.console_audit, audit_type::kCredentialsEnded), "account"), "itadmin");
  for (const auto& e : m.applet_audit) EXPECT_EQ(e.data_json().find("horse"), std::string::npos);
}

TEST(Credentials, ThatWereWrongAreNotNamed) {
  Machine m;
  ASSERT_TRUE(m.console.with<ConsoleCredentials>(m.now, [](auto& f) { return f.request(""); }));
  m.settle();
  std::vector<base::SecretBytes> typed;
  typed.push_back(secret("my password, in the wrong field"));
  typed.push_back(secret("x"));
  ASSERT_TRUE(m.answer(true, std::move(typed)));
  const auto request = last_action<AccountAction, CheckAccount>(m.actions)->request;
  m.applet.with<AppletCredentials>(m.now, [&](auto& f) { f.checked(request, false, "su: Authentication failure"); });
  m.settle();
  EXPECT_EQ(last_event<CredentialsChanged>(m)->outcome, Outcome::failed);
  EXPECT_EQ(last_event<CredentialsChanged>(m)->account, "");
  for (const auto* log : {&m.applet_audit, &m.console_audit})
    for (const auto& e : *log) EXPECT_EQ(e.data_json().find("wrong field"), std::string::npos);
}

TEST(Credentials, AreForgottenWithTheirRight) {
  Machine m;
  ASSERT_TRUE(m.console.with<ConsoleCredentials>(m.now, [](auto& f) { return f.request(""); }));
  m.settle();
  std::vector<base::SecretBytes> typed;
  typed.push_back(secret("root"));
  typed.push_back(secret("x"));
  ASSERT_TRUE(m.answer(true, std::move(typed)));
  const auto request = last_action<AccountAction, CheckAccount>(m.actions)->request;
  m.applet.with<AppletCredentials>(m.now, [&](auto& f) { f.checked(request, true, ""); });
  m.actions.clear();
  m.applet.user_revokes(Permission::windows_credentials, m.now);
  m.settle();
  EXPECT_NE((last_action<AccountAction, ForgetAccount>(m.actions)), nullptr);
  m.applet.with<AppletCredentials>(m.now, [](auto& f) { EXPECT_FALSE(f.account()); });
}

TEST(Credentials, MayBeDeclined) {
  Machine m;
  ASSERT_TRUE(m.console.with<ConsoleCredentials>(m.now, [](auto& f) { return f.request(""); }));
  m.settle();
  ASSERT_TRUE(m.answer(false));
  EXPECT_EQ(last_event<CredentialsChanged>(m)->outcome, Outcome::declined);
  EXPECT_EQ((last_action<AccountAction, CheckAccount>(m.actions)), nullptr);
}

}  // namespace
}  // namespace rescue::session::testing

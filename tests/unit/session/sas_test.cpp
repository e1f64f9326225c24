// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "session_pair.hpp"

namespace rescue::session {
namespace {
using namespace testing;
using enum wire::Permission;
using wire::session::SasOutcome;

/// Digits out of what each end knows of its connection; the same knowledge, the same digits.
std::string digits_of(const std::string& connection) { return connection == "one" ? "042917" : "555555"; }
AppletSasKeys applet_keys(const std::string& connection) {
  AppletSasKeys k;
  k.commit = [] { return base::Bytes(32, 1); };
  k.reveal = [connection](base::ByteView) { return SasRevealed{base::Bytes(32, 2), digits_of(connection)}; };
  return k;
}
ConsoleSasKeys console_keys(const std::string& connection, bool fits = true) {
  ConsoleSasKeys k;
  k.nonce = [] { return base::Bytes(32, 3); };
  k.digits = [connection, fits](base::ByteView, base::ByteView, base::ByteView) {
    return fits ? std::optional(digits_of(connection)) : std::nullopt;
  };
  return k;
}
GrantTerms with_digits() {
  auto t = all_granted(TestClock().now);
  t.require_sas = true;
  return t;
}

struct Ends : SessionPair {
  explicit Ends(const std::string& console_side = "one", bool fits = true) : SessionPair(with_digits()) {
    console.with<ConsoleSas>(now, [&](ConsoleSas& f) { f.connected(console_keys(console_side, fits)); });
    applet.with<AppletSas>(now, [](AppletSas& f) { f.connected(applet_keys("one")); });
    settle();
  }
  [[nodiscard]] const AskUser* question() const { return last_of<AskUser>(actions); }
  void type(std::string_view digits) {
    wait(1s);
    std::vector<base::SecretBytes> values;
    values.emplace_back(base::to_bytes(base::as_bytes(digits)));
    EXPECT_TRUE(applet.question_answered(question()->id, true, std::move(values), now));
    settle();
  }
  [[nodiscard]] std::string read_out() const {
    const auto* shown = last_of<SasChanged>(events);
    return shown != nullptr ? shown->digits : "";
  }
  [[nodiscard]] SasOutcome outcome() const { return last_of<SasChanged>(events)->outcome; }
};

TEST(Sas, TheUserTypesWhatTheTechnicianReadsOut) {
  Ends s;
  ASSERT_NE(s.question(), nullptr);
  EXPECT_EQ(s.question()->question.kind, QuestionKind::sas);
  ASSERT_EQ(s.question()->question.fields.size(), 1u);
  EXPECT_TRUE(s.question()->question.fields[0].digits);
  EXPECT_EQ(s.read_out(), "042917");
  for (const auto& part : {s.question()->question.text, s.question()->question.detail, s.question()->question.heading})
    EXPECT_EQ(part.find("042917"), std::string::npos) << "the applet shows the digits to nobody";
  s.type("042917");
  EXPECT_EQ(s.outcome(), SasOutcome::confirmed);
  s.allow(desktop_view);
  for (const auto* log : {&s.applet_audit, &s.console_audit}) {
    EXPECT_NE(SessionPair::find_audit(*log, audit_type::kSasShown), nullptr);
    EXPECT_NE(SessionPair::find_audit(*log, audit_type::kSasConfirmed), nullptr);
  }
}

TEST(Sas, BeforeThatThereIsChatAndNothingElse) {
  Ends s;
  ASSERT_TRUE(s.console.chat("what do you read?", s.now));
  ASSERT_TRUE(s.console.ask(desktop_view, s.now));
  s.settle();
  EXPECT_NE(last_of<ShowChat>(s.actions), nullptr);
  EXPECT_EQ(count_of<ShowPrompt>(s.actions), 0u) << "no prompt while the digits are being typed";
  EXPECT_FALSE(s.applet.in_force(desktop_view, s.now));
  s.type("042917");
  EXPECT_EQ(s.console.state(desktop_view), ConsentState::granted) << "what was asked meanwhile was put afterwards";
}

TEST(Sas, OneMissMayHappen) {
  Ends s;
  s.type("042918");
  EXPECT_EQ(s.outcome(), SasOutcome::asked) << "it is asked once more";
  EXPECT_EQ(last_of<SasChanged>(s.events)->attempts_left, 1);
  EXPECT_FALSE(s.applet.ended());
  s.type("042917");
  EXPECT_EQ(s.outcome(), SasOutcome::confirmed);
}

TEST(Sas, TwoMissesEndTheSession) {
  Ends s("another");  // somebody stands between the ends: they have different digits
  EXPECT_EQ(s.read_out(), "555555");
  s.type(s.read_out());
  ASSERT_FALSE(s.applet.ended());
  EXPECT_FALSE(s.applet.in_force(desktop_view, s.now));
  s.type(s.read_out());
  EXPECT_TRUE(s.applet.ended());
  EXPECT_TRUE(s.console.ended());
  EXPECT_EQ(SessionPair::find_audit(s.applet_audit, audit_type::kSasConfirmed), nullptr);
  EXPECT_EQ(std::ranges::count(s.audit_types(s.applet_audit), audit_type::kSasMissed), 2);
}

TEST(Sas, WithoutDigitsTheUserEndsIt) {
  Ends s;
  s.wait(1s);
  EXPECT_TRUE(s.applet.question_answered(s.question()->id, false, {}, s.now));
  s.settle();
  EXPECT_TRUE(s.applet.ended());
}

TEST(Sas, AnAnswerThatDoesNotComeIsAskedForAgain) {
  Ends s;
  const auto first = s.question()->id;
  s.wait(61s);
  EXPECT_FALSE(s.applet.ended());
  EXPECT_NE(s.question()->id, first);
  EXPECT_FALSE(s.applet.in_force(desktop_view, s.now));
  s.type("042917");
  EXPECT_EQ(s.outcome(), SasOutcome::confirmed);
}

TEST(Sas, ACommitmentThatFitsNoConnectionIsSaid) {
  Ends s("one", false);
  EXPECT_EQ(s.read_out(), "");
  EXPECT_EQ(s.outcome(), SasOutcome::failed);
  EXPECT_NE(SessionPair::find_audit(s.console_audit, audit_type::kAlert), nullptr);
}

TEST(Sas, ABrokenPathAsksForNothingNew) {
  Ends s;
  s.type("042917");
  s.allow(desktop_view);
  const auto asked = count_of<AskUser>(s.actions);
  s.down();
  s.wait(5s);
  s.up();
  s.settle();
  EXPECT_EQ(count_of<AskUser>(s.actions), asked);
  EXPECT_TRUE(s.applet.in_force(desktop_view, s.now));
}

TEST(Sas, WithoutTheRuleNobodyIsAsked) {
  SessionPair s;
  s.console.with<ConsoleSas>(s.now, [&](ConsoleSas& f) { f.connected(console_keys("one")); });
  s.applet.with<AppletSas>(s.now, [](AppletSas& f) { f.connected(applet_keys("one")); });
  s.settle();
  EXPECT_EQ(count_of<AskUser>(s.actions), 0u);
  s.allow(desktop_view);
}

TEST(Sas, APairThatIsKnownIsNotAskedAgain) {
  SessionPair s(with_digits());
  s.applet.with<AppletSas>(s.now, [](AppletSas& f) {
    f.connected(applet_keys("one"));
    f.known_pair();
  });
  s.settle();
  EXPECT_EQ(count_of<AskUser>(s.actions), 0u);
  s.allow(desktop_view);
}

TEST(Sas, WithoutAConnectionToBindToNothingIsAllowed) {
  SessionPair s(with_digits());
  ASSERT_TRUE(s.console.ask(desktop_view, s.now));
  s.wait(2s);
  EXPECT_EQ(count_of<ShowPrompt>(s.actions), 0u);
  EXPECT_FALSE(s.applet.in_force(desktop_view, s.now));
}

TEST(Sas, ANonceOutOfTurnBreaksTheProtocol) {
  Applet unasked(with_digits());
  EXPECT_FALSE(unasked.give(messages::sas_nonce(base::Bytes(32, 9)))) << "before the applet has committed itself";
  Applet twice(with_digits());
  twice.core.with<AppletSas>(twice.now, [](AppletSas& f) { f.connected(applet_keys("one")); });
  twice.drain();
  ASSERT_TRUE(twice.give(messages::sas_nonce(base::Bytes(32, 9))));
  EXPECT_EQ(twice.sent_of(wire::session::Message::SasReveal), 1u);
  EXPECT_FALSE(twice.give(messages::sas_nonce(base::Bytes(32, 8)))) << "a second nonce would be a second guess";
  EXPECT_EQ(twice.sent_of(wire::session::Message::SasReveal), 1u);
}

}  // namespace
}  // namespace rescue::session

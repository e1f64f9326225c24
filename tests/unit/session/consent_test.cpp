// SPDX-License-Identifier: Apache-2.0
#include "session/consent.hpp"

#include "fakes.hpp"

namespace rescue::session {
namespace {
using testing::all_granted;
using testing::TestClock;
using namespace std::chrono_literals;
using enum wire::Permission;

struct Fixture : ::testing::Test, TestClock {
  std::vector<std::string> signed_answers;  // "yes desktop_view 1"
  bool can_sign = true;
  Witness witness() {
    return [this](ReceiptAnswer a, PromptId prompt, PermissionSet about) -> std::optional<std::uint64_t> {
      if (!can_sign) return std::nullopt;
      signed_answers.push_back(std::string(name(a)) + " " + about.text() + " " + std::to_string(prompt.get()));
      return signed_answers.size();
    };
  }
  ConsentPolicy policy{all_granted(now), witness()};
  base::SteadyTime t() const { return now.steady; }
  void single_prompt() {
    auto terms = all_granted(now);
    terms.single_prompt = true;
    policy = ConsentPolicy(terms, witness());
  }
  bool answer(Answer a) {
    if (!policy.open_prompt()) return false;
    advance(600ms);
    return policy.answer(policy.open_prompt()->id, a, t());
  }
  void allow(Permission p) {
    ASSERT_EQ(policy.ask(p, t()), AskResult::prompted);
    ASSERT_TRUE(answer(Answer::yes));
  }
};
using ConsentTest = Fixture;

TEST_F(ConsentTest, NothingIsInForceBeforeTheUserSaysYes) {
  EXPECT_TRUE(policy.in_force(t()).empty());
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::prompted);
  EXPECT_TRUE(policy.in_force(t()).empty()) << "asking is not consent";
  EXPECT_TRUE(answer(Answer::yes));
  EXPECT_EQ(policy.in_force(t()), PermissionSet({desktop_view}));
}

TEST_F(ConsentTest, AGrantWithoutThePermissionIsNeverPutToTheUser) {
  auto terms = all_granted(now);
  terms.permissions.remove(remote_control);
  policy = ConsentPolicy(terms, witness());
  EXPECT_EQ(policy.ask(remote_control, t()), AskResult::not_in_grant);
  EXPECT_FALSE(policy.open_prompt());
}

TEST_F(ConsentTest, APromptIsDeafAtFirstAndCountsAsNoAtItsDeadline) {
  (void)policy.ask(desktop_view, t());
  const auto prompt = *policy.open_prompt();
  EXPECT_EQ(prompt.deadline - prompt.opened, 60s);
  advance(499ms);
  EXPECT_FALSE(policy.answer(prompt.id, Answer::yes, t())) << "too early: nobody can have read it";
  EXPECT_TRUE(policy.open_prompt());
  advance(59s + 501ms);
  EXPECT_FALSE(policy.answer(prompt.id, Answer::yes, t())) << "at the deadline it is No";
  EXPECT_EQ(policy.consent(desktop_view), Consent::timed_out);
  EXPECT_TRUE(policy.in_force(t()).empty());
}

TEST_F(ConsentTest, PromptsComeOneAtATime) {
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::prompted);
  EXPECT_EQ(policy.ask(send_files, t()), AskResult::queued);
  EXPECT_EQ(policy.ask(send_files, t()), AskResult::already_asked);
  EXPECT_TRUE(policy.open_prompt()->covers.has(desktop_view));
  EXPECT_TRUE(answer(Answer::no));
  ASSERT_TRUE(policy.open_prompt());
  EXPECT_EQ(policy.open_prompt()->covers, PermissionSet({send_files}));
  EXPECT_EQ(policy.open_prompt()->opened, t()) << "its time runs from when it is seen";
}

TEST_F(ConsentTest, AnAnswerToAnotherPromptIsIgnored) {
  (void)policy.ask(desktop_view, t());
  const auto first = policy.open_prompt()->id;
  (void)policy.ask(remote_control, t());
  EXPECT_TRUE(answer(Answer::no));
  advance(1s);
  EXPECT_FALSE(policy.answer(first, Answer::yes, t()));
  EXPECT_TRUE(policy.in_force(t()).empty());
}

TEST_F(ConsentTest, AfterANoTheSameQuestionMustWait) {
  (void)policy.ask(desktop_view, t());
  EXPECT_TRUE(answer(Answer::no));
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::too_soon);
  advance(kReaskDelay);
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::prompted);
}

TEST_F(ConsentTest, RevokingOneLeavesTheOthers) {
  allow(desktop_view);
  allow(send_files);
  policy.revoke(desktop_view, t());
  EXPECT_EQ(policy.in_force(t()), PermissionSet({send_files}));
  EXPECT_EQ(policy.consent(desktop_view), Consent::revoked);
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::too_soon);
}

TEST_F(ConsentTest, RevokingAllAlsoAnswersWhatIsOpen) {
  allow(desktop_view);
  (void)policy.ask(send_files, t());
  (void)policy.ask(remote_control, t());
  policy.revoke_all(t());
  EXPECT_TRUE(policy.in_force(t()).empty());
  EXPECT_FALSE(policy.open_prompt());
  EXPECT_EQ(policy.consent(send_files), Consent::denied);
  EXPECT_EQ(policy.consent(remote_control), Consent::denied);
}

TEST_F(ConsentTest, InputIsHeldWhileAPromptIsOpenAndHalfASecondLonger) {
  EXPECT_FALSE(policy.input_held(t()));
  (void)policy.ask(desktop_view, t());
  EXPECT_TRUE(policy.input_held(t()));
  EXPECT_TRUE(answer(Answer::no));
  EXPECT_TRUE(policy.input_held(t()));
  EXPECT_EQ(policy.next_deadline(), t() + kInputHoldAfterPrompt);
  advance(499ms);
  EXPECT_TRUE(policy.input_held(t()));
  advance(1ms);
  EXPECT_FALSE(policy.input_held(t()));
}

TEST_F(ConsentTest, OneYesToASinglePromptCoversEverythingGranted) {
  single_prompt();
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::prompted);
  ASSERT_TRUE(policy.open_prompt()->single);
  EXPECT_EQ(policy.open_prompt()->covers, PermissionSet::all());
  EXPECT_TRUE(answer(Answer::yes));
  EXPECT_EQ(policy.in_force(t()), PermissionSet::all());
}

TEST_F(ConsentTest, ASinglePromptDeclinedIsAskedOneByOneFromThenOn) {
  single_prompt();
  (void)policy.ask(desktop_view, t());
  EXPECT_TRUE(answer(Answer::one_by_one));
  ASSERT_TRUE(policy.open_prompt());
  EXPECT_FALSE(policy.open_prompt()->single);
  EXPECT_EQ(policy.open_prompt()->covers, PermissionSet({desktop_view}));
  EXPECT_TRUE(answer(Answer::yes));
  EXPECT_EQ(policy.in_force(t()), PermissionSet({desktop_view}));
  EXPECT_EQ(policy.ask(remote_control, t()), AskResult::prompted);
  EXPECT_FALSE(policy.open_prompt()->single) << "never again everything at once";
}

TEST_F(ConsentTest, ANoToASinglePromptDeniesWhatWasAskedForAndNothingElse) {
  single_prompt();
  (void)policy.ask(desktop_view, t());
  EXPECT_TRUE(answer(Answer::no));
  EXPECT_TRUE(policy.in_force(t()).empty());
  EXPECT_EQ(policy.consent(desktop_view), Consent::denied);
  EXPECT_EQ(policy.consent(send_files), Consent::none);
  EXPECT_EQ(policy.ask(send_files, t()), AskResult::prompted);
}

TEST_F(ConsentTest, OneByOneIsNoAnswerToAnOrdinaryPrompt) {
  (void)policy.ask(desktop_view, t());
  EXPECT_FALSE(answer(Answer::one_by_one));
  EXPECT_TRUE(policy.open_prompt());
}

TEST_F(ConsentTest, AShortBreakKeepsConsentALongOneTakesControlBack) {
  allow(desktop_view);
  allow(remote_control);
  allow(clipboard_sync);
  policy.on_link_down(t());
  advance(4min + 59s);
  policy.on_link_up(t());
  EXPECT_TRUE(policy.in_force(remote_control, t()));
  policy.on_link_down(t());
  advance(5min);
  policy.on_link_up(t());
  EXPECT_EQ(policy.in_force(t()), PermissionSet({desktop_view}));
  EXPECT_EQ(policy.ask(remote_control, t()), AskResult::prompted) << "a new yes is possible at once";
}

TEST_F(ConsentTest, ALongBreakKeepsWhatOneSinglePromptGranted) {
  single_prompt();
  (void)policy.ask(desktop_view, t());
  EXPECT_TRUE(answer(Answer::yes));
  policy.on_link_down(t());
  advance(6min);
  policy.on_link_up(t());
  EXPECT_TRUE(policy.in_force(remote_control, t()));
}

TEST_F(ConsentTest, TheLeaseEndsEverythingTheMomentItRunsOut) {
  allow(desktop_view);
  const auto end = policy.terms().lease_until;
  EXPECT_TRUE(policy.in_force(desktop_view, end - 1us));
  EXPECT_FALSE(policy.in_force(desktop_view, end)) << "even before on_deadline was called";
  advance(1s);
  policy.on_deadline(t());
  EXPECT_EQ(policy.next_deadline(), end);
  policy.on_deadline(end);
  EXPECT_EQ(policy.consent(desktop_view), Consent::none);
  EXPECT_EQ(policy.ask(desktop_view, end), AskResult::lease_expired);
  // A renewed grant alone gives nothing back.
  auto terms = all_granted(now);
  terms.lease_until = end + 15min;
  ASSERT_TRUE(policy.on_grant(terms, end));
  EXPECT_TRUE(policy.in_force(end).empty());
  EXPECT_EQ(policy.ask(desktop_view, end), AskResult::prompted);
}

TEST_F(ConsentTest, ARenewalInTimeKeepsConsent) {
  allow(desktop_view);
  advance(10min);
  auto terms = all_granted(now);
  ASSERT_TRUE(policy.on_grant(terms, t()));
  advance(10min);
  policy.on_deadline(t());
  EXPECT_TRUE(policy.in_force(desktop_view, t()));
}

TEST_F(ConsentTest, AnOlderGrantIsRefusedAndChangesNothing) {
  allow(desktop_view);
  auto newer = all_granted(now);
  newer.generation = 9;
  ASSERT_TRUE(policy.on_grant(newer, t()));
  auto older = all_granted(now);
  older.generation = 8;
  older.lease_until = t() + 10h;
  const auto r = policy.on_grant(older, t());
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, base::Errc::conflict);
  EXPECT_EQ(policy.terms().lease_until, newer.lease_until);
  EXPECT_TRUE(policy.in_force(desktop_view, t()));
}

TEST_F(ConsentTest, ANarrowerGrantEndsWhatItNoLongerHas) {
  allow(desktop_view);
  allow(remote_control);
  (void)policy.ask(send_files, t());
  auto narrower = all_granted(now);
  narrower.generation = 6;
  narrower.permissions = {desktop_view};
  ASSERT_TRUE(policy.on_grant(narrower, t()));
  EXPECT_EQ(policy.in_force(t()), PermissionSet({desktop_view}));
  EXPECT_FALSE(policy.open_prompt()) << "the prompt for a lost permission goes";
}

TEST_F(ConsentTest, ASinglePromptGoesWhenTheGrantShrinksUnderIt) {
  single_prompt();
  (void)policy.ask(desktop_view, t());
  const auto id = policy.open_prompt()->id;
  auto narrower = policy.terms();
  narrower.generation = 6;
  narrower.permissions = {desktop_view, send_files};
  ASSERT_TRUE(policy.on_grant(narrower, t()));
  advance(1s);
  EXPECT_FALSE(policy.answer(id, Answer::yes, t())) << "its text no longer says what would be granted";
  ASSERT_TRUE(policy.open_prompt());
  EXPECT_EQ(policy.open_prompt()->covers, PermissionSet({desktop_view}));
}

TEST_F(ConsentTest, AWithdrawnGrantCannotBePlayedAgain) {
  allow(desktop_view);
  const auto copy = policy.terms();
  policy.on_grant_withdrawn(t());
  EXPECT_TRUE(policy.in_force(t()).empty());
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::not_in_grant);
  EXPECT_FALSE(policy.on_grant(copy, t()));
  auto newer = copy;
  newer.generation += 1;
  EXPECT_TRUE(policy.on_grant(newer, t()));
  EXPECT_TRUE(policy.in_force(t()).empty());
}

TEST_F(ConsentTest, TheTimeOutOfThePromptIsKeptWithinReason) {
  auto terms = all_granted(now);
  terms.consent_timeout = 0s;
  policy = ConsentPolicy(terms, witness());
  (void)policy.ask(desktop_view, t());
  EXPECT_EQ(policy.open_prompt()->deadline - t(), kConsentTimeoutMin);
}

// ---- receipts

using Lines = std::vector<std::string>;

TEST_F(ConsentTest, EveryAnswerIsSignedBeforeItCounts) {
  allow(desktop_view);
  EXPECT_EQ(signed_answers, Lines{"yes desktop_view 1"});
  EXPECT_EQ(policy.receipt(desktop_view), 1u);
  (void)policy.ask(remote_control, t());
  ASSERT_TRUE(answer(Answer::no));
  (void)policy.ask(send_files, t());
  advance(61s);
  policy.on_deadline(t());
  EXPECT_EQ(signed_answers, Lines({"yes desktop_view 1", "no remote_control 2", "timed_out send_files 3"}));
  EXPECT_EQ(policy.receipt(remote_control), std::nullopt);
  EXPECT_EQ(policy.receipt(send_files), std::nullopt);
}

TEST_F(ConsentTest, WhatIsTakenBackOrLapsesIsSignedOnceForAll) {
  allow(desktop_view);
  allow(remote_control);
  policy.revoke(remote_control, t());
  EXPECT_EQ(signed_answers.back(), "revoked remote_control 0");
  EXPECT_EQ(policy.receipt(remote_control), std::nullopt);
  allow(send_files);
  policy.revoke_all(t());
  EXPECT_EQ(signed_answers.back(), "revoked desktop_view,send_files 0");
  const auto before = signed_answers.size();
  policy.revoke_all(t());
  EXPECT_EQ(signed_answers.size(), before) << "nothing was allowed any more";
  allow(clipboard_sync);
  advance(16min);
  policy.on_deadline(t());
  EXPECT_EQ(signed_answers.back(), "lapsed clipboard_sync 0");
}

TEST_F(ConsentTest, ASinglePromptHasOneReceiptForAllOfIt) {
  single_prompt();
  (void)policy.ask(desktop_view, t());
  ASSERT_TRUE(answer(Answer::yes));
  EXPECT_EQ(signed_answers, Lines{"yes " + PermissionSet::all().text() + " 1"});
  for (auto p : wire::all_permissions()) EXPECT_EQ(policy.receipt(p), 1u) << wire::name(p);
  std::size_t told = 0;
  for (const auto& c : policy.take_changes()) told += c.now == Consent::granted && c.receipt == 1u ? 1 : 0;
  EXPECT_EQ(told, wire::kPermissionCount);
}

TEST_F(ConsentTest, OneByOneIsAnAnswerAndGivesNothing) {
  single_prompt();
  (void)policy.ask(desktop_view, t());
  ASSERT_TRUE(answer(Answer::one_by_one));
  EXPECT_EQ(signed_answers, Lines{"one_by_one " + PermissionSet::all().text() + " 1"});
  EXPECT_TRUE(policy.in_force(t()).empty());
  ASSERT_TRUE(answer(Answer::yes));
  EXPECT_EQ(policy.in_force(t()), PermissionSet({desktop_view}));
  EXPECT_EQ(policy.receipt(desktop_view), 2u);
}

TEST_F(ConsentTest, AYesThatCannotBeSignedIsNone) {
  can_sign = false;
  (void)policy.ask(desktop_view, t());
  ASSERT_TRUE(answer(Answer::yes));
  EXPECT_TRUE(policy.in_force(t()).empty());
  EXPECT_EQ(policy.consent(desktop_view), Consent::denied);
  const auto changes = policy.take_changes();
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes.back().reason, ConsentChangeReason::not_signed);
}

TEST_F(ConsentTest, WhatIsTakenBackStaysTakenBackWithoutAReceipt) {
  allow(desktop_view);
  can_sign = false;
  policy.revoke_all(t());
  EXPECT_TRUE(policy.in_force(t()).empty());
}

// ---- digits

TEST_F(ConsentTest, BeforeTheDigitsNothingIsAskedOrInForce) {
  auto terms = all_granted(now);
  terms.require_sas = true;
  policy = ConsentPolicy(terms, witness());
  EXPECT_EQ(policy.ask(desktop_view, t()), AskResult::queued);
  EXPECT_FALSE(policy.open_prompt());
  policy.on_sas_confirmed(t());
  EXPECT_TRUE(policy.open_prompt()) << "what was asked meanwhile is put now";
  ASSERT_TRUE(answer(Answer::yes));
  EXPECT_EQ(policy.in_force(t()), PermissionSet({desktop_view}));
}

TEST_F(ConsentTest, AGrantThatWantsDigitsLaterStopsEverythingUntilThen) {
  allow(desktop_view);
  auto terms = all_granted(now);
  terms.generation = 6;
  terms.require_sas = true;
  ASSERT_TRUE(policy.on_grant(terms, t()));
  EXPECT_TRUE(policy.in_force(t()).empty());
  policy.on_sas_confirmed(t());
  EXPECT_EQ(policy.in_force(t()), PermissionSet({desktop_view}));
}

}  // namespace
}  // namespace rescue::session

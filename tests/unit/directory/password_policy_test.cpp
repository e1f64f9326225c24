// SPDX-License-Identifier: Apache-2.0
// Age, history and cost of passwords, invitations, and the time of a failed sign-in.
#include "directory/invitations.hpp"
#include "directory/sign_in_sessions.hpp"
#include "directory/site_policy.hpp"
#include "store/sign_ins.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOther = "seven brown kettles sing quietly";
constexpr const char* kThird = "an owl under the tin roof at noon";

class PasswordPolicyTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    root_ = add_user("root@x", UserRole::administrator);
  }
  void set(std::string name, std::string value) {
    const std::vector<site_policy::Change> changes{{std::move(name), std::move(value)}};
    EXPECT_OK(write([&](Transaction& tx) { return site_policy::change(tx, changes, "root@x", now()); }));
  }
  base::Result<> change_password(const Principal& who, std::string current, std::string next) {
    std::promise<base::Result<>> promise;
    sign_in_->change_password(who, {std::move(current), std::move(next), "192.0.2.1"},
                              [&](base::Result<> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }
  base::Result<invitations::Made> invite(const store::User& user) {
    return write([&](Transaction& tx) {
      return invitations::create(tx, user, root_.id, By("root@x", "192.0.2.7", "api"), random_, now());
    });
  }
  base::Result<store::User> accept(std::string code, std::string password) {
    std::promise<base::Result<store::User>> promise;
    sign_in_->accept_invitation({std::move(code), std::move(password), "192.0.2.1"},
                                [&](base::Result<store::User> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }
  store::User add_person(std::string email) {
    accounts::NewUser u;
    u.id = id();
    u.email = std::move(email);
    u.name = "Ada Lovelace";
    return ok_value(write([&](Transaction& tx) { return accounts::create(tx, u, "root@x", now()); }));
  }
  store::User root_;
};

TEST_F(PasswordPolicyTest, APasswordThatIsTooOldIsGoodForChangingItAlone) {
  add_user("ada@x");
  set("password.max_age", "30d");
  clock_.advance(30 * 24h - 1s);
  EXPECT_FALSE(ok_value(authenticate(ok_value(sign_in("ada@x", std::string(kPassword))).token)).must_change_password);
  clock_.advance(1s);
  const auto in = ok_value(sign_in("ada@x", std::string(kPassword)));
  EXPECT_TRUE(in.user.must_change_password);
  const auto who = ok_value(authenticate(in.token));
  EXPECT_CODE(authorize(who, Verb::session_create), Errc::password_change_required);
  EXPECT_OK(authorize(who, Verb::own_account));
  EXPECT_OK(change_password(who, std::string(kPassword), kOther));
  EXPECT_OK(authorize(ok_value(authenticate(in.token)), Verb::session_create));
  EXPECT_FALSE(ok_value(sign_in("ada@x", kOther)).user.must_change_password);
}

TEST_F(PasswordPolicyTest, WhoComesThroughTheIdentityProviderOwesNoPassword) {
  auto ada = add_user("ada@x");
  ada.must_change_password = true;
  EXPECT_OK(write([&](Transaction& tx) { return store::users::update(tx, ada); }));
  EXPECT_TRUE(ok_value(authenticate(ok_value(sign_in("ada@x", std::string(kPassword))).token)).must_change_password);
  const auto by_sso = ok_value(write([&](Transaction& tx) {
    return sign_ins::issue(tx, ada, {.device = "laptop", .address = "", .proof = sign_ins::Proof::sso}, random_, now());
  }));
  const auto who = ok_value(authenticate(by_sso.token));
  EXPECT_FALSE(who.must_change_password);
  EXPECT_TRUE(who.scopes.empty());
  EXPECT_OK(authorize(who, Verb::session_create));
}

TEST_F(PasswordPolicyTest, EarlierPasswordsCannotComeBack) {
  add_user("ada@x");
  const auto who = ok_value(authenticate(ok_value(sign_in("ada@x", std::string(kPassword))).token));
  EXPECT_OK(change_password(who, std::string(kPassword), kOther));
  clock_.advance(1s);
  const auto refused = change_password(who, kOther, std::string(kPassword));
  ASSERT_FALSE(refused.has_value());
  EXPECT_CODE(refused, Errc::password_too_weak);
  EXPECT_THAT(refused.error().message(), HasSubstr("one of the last 10 passwords"));
  EXPECT_OK(change_password(who, kOther, kThird));
  clock_.advance(1s);
  // One that an administrator set aside counts, too; with a shorter memory the older ones are free again.
  set("password.history", "1");
  EXPECT_CODE(change_password(who, kThird, kOther), Errc::password_too_weak);
  EXPECT_OK(change_password(who, kThird, std::string(kPassword)));
  set("password.history", "0");
  clock_.advance(1s);
  EXPECT_OK(change_password(who, std::string(kPassword), kThird));
}

TEST_F(PasswordPolicyTest, HashesFollowTheSitesFiguresAtTheNextSignIn) {
  const auto ada = add_user("ada@x");
  SignIn site(
      *store_, [](std::move_only_function<void()> slow) { slow(); }, clock_, random_);
  const auto sign_in_at_site = [&](const char* password) {
    std::promise<base::Result<SignedIn>> promise;
    site.sign_in({"ada@x", password, "laptop", "192.0.2.1"},
                 [&](base::Result<SignedIn> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  };
  set("password.argon2_memory", "8MiB");
  set("password.argon2_passes", "1");
  EXPECT_CODE(sign_in_at_site("wrong"), Errc::sign_in_failed);
  EXPECT_EQ(user(ada.id).password_hash, ada.password_hash);
  EXPECT_OK(sign_in_at_site(kPassword.data()));
  EXPECT_THAT(user(ada.id).password_hash, HasSubstr("$m=8192,t=1,"));
  EXPECT_OK(sign_in_at_site(kPassword.data()));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return store::password_history::list(tx, ada.id); })).size(), 0u)
      << "the same password at another cost is no new one";
}

TEST_F(PasswordPolicyTest, AFailedSignInCostsTheSameWhetherTheAccountExistsOrNot) {
  // One hash each of three costs; the work of a check is memory times passes, which is what takes the time.
  const auto with_cost = [&](const char* email, crypto::PasswordCost cost) {
    auto user = add_user(email);
    user.password_hash = crypto::hash_password(kPassword, cost).value();
    EXPECT_OK(write([&](Transaction& tx) { return store::users::update(tx, user); }));
  };
  const auto work = [&](std::string email) {
    const auto before = sign_in_->counters().work.load();
    EXPECT_CODE(sign_in(std::move(email), "wrong"), Errc::sign_in_failed);
    return sign_in_->counters().work.load() - before;
  };
  EXPECT_EQ(work("nobody@x"), work("root@x")) << "one cost for all";
  add_person("invited@x");
  EXPECT_EQ(work("invited@x"), work("root@x")) << "an account without a password";
  with_cost("ada@x", {.memory_bytes = 128 * 1024, .passes = 2});
  with_cost("eve@x", {.memory_bytes = 256 * 1024, .passes = 3});
  const std::set<std::uint64_t> known{work("root@x"), work("ada@x"), work("eve@x")};
  EXPECT_EQ(known.size(), 3u);
  std::set<std::uint64_t> unknown;
  for (int i = 0; i < 60; ++i) {
    const auto email = "nobody" + std::to_string(i) + "@x";
    const auto first = work(email);
    unknown.insert(first);
    EXPECT_EQ(work(email), first) << "the same address, the same cost";
    EXPECT_EQ(work("NoBody" + std::to_string(i) + "@X"), first) << "as accounts are found: in capitals, too";
  }
  EXPECT_TRUE(std::ranges::includes(known, unknown)) << "addresses without account cost what some account costs";
  EXPECT_GT(unknown.size(), 1u) << "and not all the same";
}

TEST_F(PasswordPolicyTest, AnInvitationSetsThePasswordOnceAndNobodyElseHasIt) {
  const auto ada = add_person("ada@x");
  EXPECT_CODE(sign_in("ada@x", ""), Errc::sign_in_failed);
  const auto made = ok_value(invite(ada));
  EXPECT_EQ(made.expires_at, now() + 7 * 24h);
  EXPECT_EQ(last_event().type, EventType::user_invited);
  EXPECT_THAT(last_event().data, Not(HasSubstr(made.code)));
  EXPECT_EQ(invitations::link("https://site.example/", made.code), "https://site.example/invite#" + made.code);
  EXPECT_CODE(accept(made.code, "lovelace"), Errc::password_too_weak);
  EXPECT_EQ(ok_value(accept(made.code, kOther)).email, "ada@x");
  EXPECT_EQ(last_event().type, EventType::user_invitation_accepted);
  EXPECT_FALSE(ok_value(sign_in("ada@x", kOther)).user.must_change_password);
  EXPECT_CODE(accept(made.code, kThird), Errc::invitation_invalid);
  EXPECT_OK(sign_in("ada@x", kOther));
}

TEST_F(PasswordPolicyTest, AnInvitationEndsByTimeByANewerOneAndWithTheAccount) {
  const auto ada = add_person("ada@x");
  set("invitation.lifetime", "1h");
  const auto expired = ok_value(invite(ada));
  clock_.advance(1h);
  EXPECT_CODE(accept(expired.code, kOther), Errc::invitation_invalid);
  const auto older = ok_value(invite(ada));
  const auto newer = ok_value(invite(ada));
  EXPECT_CODE(accept(older.code, kOther), Errc::invitation_invalid);
  EXPECT_OK(write([&](Transaction& tx) { return accounts::disable(tx, ada.id, "root@x", now()); }));
  EXPECT_CODE(accept(newer.code, kOther), Errc::invitation_invalid);
  EXPECT_CODE(invite(user(ada.id)), Errc::account_disabled);
  EXPECT_OK(write([&](Transaction& tx) { return accounts::enable(tx, ada.id, "root@x", now()); }));
  EXPECT_OK(write([&](Transaction& tx) {
    return accounts::reset_password(tx, ada.id, ok_value(HashedPassword::hash("initial", kCheap)), "root@x", now());
  }));
  EXPECT_CODE(accept(newer.code, kOther), Errc::invitation_invalid) << "a reset takes its place";
  for (const std::string bad : {"", "rsi_", "rsc_AAAA", "x"})
    EXPECT_CODE(accept(bad, kOther), Errc::invitation_invalid);
}

TEST_F(PasswordPolicyTest, AnInvitationOfSomebodyWithAPasswordReplacesItAndEndsSignIns) {
  const auto ada = add_user("ada@x");
  const auto token = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  const auto made = ok_value(invite(ada));
  EXPECT_OK(authenticate(token));
  EXPECT_CODE(accept(made.code, std::string(kPassword)), Errc::password_too_weak) << "the present one is no new one";
  EXPECT_OK(accept(made.code, kOther));
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
  EXPECT_CODE(sign_in("ada@x", std::string(kPassword)), Errc::sign_in_failed);
  // A change of the password by its owner ends what invitations there are.
  const auto again = ok_value(invite(user(ada.id)));
  const auto who = ok_value(authenticate(ok_value(sign_in("ada@x", kOther)).token));
  EXPECT_OK(change_password(who, kOther, kThird));
  EXPECT_CODE(accept(again.code, kOther), Errc::invitation_invalid);
}

TEST_F(PasswordPolicyTest, AnInvitationDoesNotUnlock) {
  const auto ada = add_user("ada@x");
  for (int i = 0; i < 5; ++i) EXPECT_CODE(sign_in("ada@x", "wrong"), Errc::sign_in_failed);
  const auto made = ok_value(invite(user(ada.id)));
  EXPECT_OK(accept(made.code, kOther));
  EXPECT_TRUE(user(ada.id).locked_at);
  EXPECT_CODE(sign_in("ada@x", kOther), Errc::sign_in_failed);
}

TEST_F(PasswordPolicyTest, TheVerdictForPeopleAgreesWithTheCheckThatDecides) {
  const auto policy = ok_value(read([](ReadTransaction& tx) { return password_policy(tx); }));
  const std::vector<std::string> personal{"ada@lovelace.example", "Ada Lovelace"};
  for (const std::string password :
       {"", "short7!", "lovelace1815", "Tr0ub4dor&3", "correct horse battery staple", kOther}) {
    const auto verdict = judge_password(policy, password, personal);
    EXPECT_EQ(verdict.enough, check_password(policy, password, personal).has_value()) << password;
    EXPECT_EQ(verdict.needed, 3);
    EXPECT_EQ(verdict.advice.empty(), verdict.score == 4) << password;
  }
}

}  // namespace
}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AccountsTest : public DirectoryTest {
 protected:
  template <typename F>
  base::Result<store::User> act(F f, const base::Guid& user_id) {
    return write([&](Transaction& tx) { return f(tx, user_id, "root@x", now()); });
  }
};

TEST_F(AccountsTest, AnAccountIsMadeFoundAndLogged) {
  const auto u = add_user("Ada@Example.org", UserRole::auditor);
  EXPECT_EQ(u.group, default_group());
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return accounts::find(tx, "ada@example.ORG"); })), u);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return accounts::find(tx, u.id.text()); })), u);
  EXPECT_CODE(read([](ReadTransaction& tx) { return accounts::find(tx, "bob@x"); }), Errc::user_not_found);
  const auto e = last_event();
  EXPECT_EQ(e.type, EventType::user_created);
  EXPECT_EQ(e.actor, "setup");
  EXPECT_EQ(e.data, R"({"user":")" + u.id.text() + R"(","email":"Ada@Example.org","role":"auditor","group":"technicians"})");
}

TEST_F(AccountsTest, BadOrTakenAddressesAreRefusedAndNothingIsLogged) {
  add_user("ada@x");
  const auto before = log_rows().size();
  const std::string bad[] = {
      "", "ada", "@x", "ada@", "a@b@c", "a b@x", "a\n@x", "\xff@x", std::string(250, 'a') + "@xxxx"};
  for (const auto& email : bad) {
    accounts::NewUser u;
    u.id = id();
    u.email = email;
    u.name = "x";
    EXPECT_CODE(write([&](Transaction& tx) { return accounts::create(tx, u, "", now()); }),
                base::Errc::invalid_argument);
  }
  accounts::NewUser twin;
  twin.id = id();
  twin.email = "ADA@X";
  twin.name = "x";
  EXPECT_CODE(write([&](Transaction& tx) { return accounts::create(tx, twin, "", now()); }), Errc::email_taken);
  EXPECT_EQ(log_rows().size(), before);
}

TEST_F(AccountsTest, NothingInvisibleStandsInAnAddressOrTurnsANameAround) {
  add_user("ada@x");
  for (const std::string hidden : {"\u00a0", "\u00ad", "\u0085", "\u061c", "\u200b", "\u200d", "\u202e", "\u2060",
                                   "\u2066", "\u3000", "\ufe0f", "\ufeff", "\U000e0041"}) {
    for (const auto& email : {hidden + "ada@x", "a" + hidden + "da@x", "ada@x" + hidden})
      EXPECT_CODE(check_email(email), base::Errc::invalid_argument) << base::to_hex(base::as_bytes(email));
  }
  EXPECT_OK(check_email("jörg.müller@exämple.test"));
  for (const std::string name : {"Ada\u202ealecaL", "Ada\u009b31m", "Ada\u2028", "Ada\x1b[2J"})
    EXPECT_CODE(check_line(name, "name"), base::Errc::invalid_argument);
  EXPECT_OK(check_line("نیما\u200cپور", "name"));  // joiners are part of some scripts
}

TEST_F(AccountsTest, AChangeIsLoggedWithWhatChanged) {
  const auto u = add_user("ada@x");
  const auto change = [&](accounts::UserChange c) {
    return write([&](Transaction& tx) { return accounts::change(tx, u.id, c, "root@x", now()); });
  };
  EXPECT_OK(change({.email = "augusta@x", .name = std::nullopt, .role = UserRole::auditor}));
  EXPECT_THAT(last_event().data, HasSubstr("augusta@x"));
  EXPECT_EQ(user(u.id).role, UserRole::auditor);
  const auto before = log_rows().size();
  EXPECT_OK(change({.email = "augusta@x", .name = u.name, .role = std::nullopt}));
  EXPECT_EQ(log_rows().size(), before);
  add_user("bob@x");
  EXPECT_CODE(change({.email = "BOB@x", .name = std::nullopt, .role = std::nullopt}), Errc::email_taken);
}

TEST_F(AccountsTest, TheLastAdministratorStays) {
  const auto root = add_user("root@x", UserRole::administrator);
  EXPECT_CODE(act(accounts::disable, root.id), Errc::last_administrator);
  EXPECT_CODE(act(accounts::remove, root.id), Errc::last_administrator);
  const accounts::UserChange demote{.email = std::nullopt, .name = std::nullopt, .role = UserRole::technician};
  EXPECT_CODE(write([&](Transaction& tx) { return accounts::change(tx, root.id, demote, "", now()); }),
              Errc::last_administrator);
  const auto second = add_user("root2@x", UserRole::administrator);
  EXPECT_OK(act(accounts::disable, root.id));
  EXPECT_CODE(act(accounts::disable, second.id), Errc::last_administrator);
  EXPECT_OK(act(accounts::enable, root.id));
  EXPECT_OK(act(accounts::remove, second.id));
}

TEST_F(AccountsTest, DisablingEndsSignInsAndSessionsAtOnce) {
  add_user("root@x", UserRole::administrator);
  const auto ada = add_user("ada@x");
  const auto bob = add_user("bob@x");
  const auto token = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  const auto held = waiting_session(ada);
  ok_value(pickup(held.id, ada));
  const auto made = create(ada).session;
  const auto bobs = waiting_session(bob);
  ok_value(pickup(bobs.id, bob));
  ok_value(pickup(bobs.id, ada, new_key(), true));
  EXPECT_OK(authenticate(token));

  EXPECT_OK(act(accounts::disable, ada.id));
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
  EXPECT_EQ(session(held.id).state, "aborted");
  EXPECT_EQ(session(held.id).ended_by, "administrator");
  EXPECT_EQ(session(made.id).state, "aborted");
  EXPECT_EQ(session(bobs.id).state, "active");
  const auto grants = ok_value(read([&](ReadTransaction& tx) { return desk_->current_grants(tx, bobs.id, now()); }));
  ASSERT_EQ(grants.size(), 1u);
  EXPECT_EQ(grants[0].technician, bob.id);
  EXPECT_EQ(last_event().type, EventType::user_disabled);
  EXPECT_THAT(last_event().data, HasSubstr(R"("sign_ins_ended":1,"sessions_ended":2)"));
  const auto before = log_rows().size();
  EXPECT_OK(act(accounts::disable, ada.id));
  EXPECT_EQ(log_rows().size(), before);
  EXPECT_CODE(sign_in("ada@x", std::string(kPassword)), Errc::account_disabled);
  EXPECT_CODE(sign_in("ada@x", "wrong"), Errc::sign_in_failed);
  EXPECT_OK(act(accounts::enable, ada.id));
  EXPECT_OK(sign_in("ada@x", std::string(kPassword)));
}

TEST_F(AccountsTest, ARemovedAccountIsGoneButItsHistoryKeepsTheName) {
  add_user("root@x", UserRole::administrator);
  const auto ada = add_user("ada@x");
  const auto token = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  EXPECT_OK(act(accounts::remove, ada.id));
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
  EXPECT_CODE(sign_in("ada@x", std::string(kPassword)), Errc::sign_in_failed);
  EXPECT_CODE(act(accounts::enable, ada.id), Errc::user_not_found);
  EXPECT_EQ(user(ada.id).name, "Ada Lovelace");
  EXPECT_EQ(user(ada.id).password_hash, "");
  EXPECT_OK(write([&](Transaction& tx) {
    accounts::NewUser again;
    again.id = id();
    again.email = "ada@x";
    again.name = "Another Ada";
    return accounts::create(tx, again, "root@x", now());
  }));
}

TEST_F(AccountsTest, AResetPasswordHasToBeChangedAndEndsSignIns) {
  const auto ada = add_user("ada@x");
  const auto token = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  const auto initial = make_initial_password(random_);
  const auto hash = ok_value(HashedPassword::hash(initial, kCheap));
  EXPECT_OK(write([&](Transaction& tx) { return accounts::reset_password(tx, ada.id, hash, "root@x", now()); }));
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
  EXPECT_CODE(sign_in("ada@x", std::string(kPassword)), Errc::sign_in_failed);
  const auto in = ok_value(sign_in("ada@x", initial));
  EXPECT_TRUE(in.user.must_change_password);
  EXPECT_CODE(authorize(ok_value(authenticate(in.token)), Verb::session_create), Errc::password_change_required);
}

TEST(Passwords, InitialOnesPassThePolicyAndDiffer) {
  base::SeededRandom random(5);
  const auto one = make_initial_password(random);
  EXPECT_EQ(one.size(), 23u);
  EXPECT_NE(one, make_initial_password(random));
  EXPECT_TRUE(check_password({.min_score = 4, .cost = {}}, one, {}).has_value());
}

TEST(Passwords, WeakOnesAreRefusedWithScoreAndNeed) {
  const PasswordPolicy policy{.min_score = 3, .cost = {}};
  const std::string personal[] = {"ada.lovelace@example.org", "Ada Lovelace"};
  for (const auto* weak : {"", "short", "password1", "ada.lovelace1", "aaaaaaaaaaaa"}) {
    const auto checked = check_password(policy, weak, personal);
    ASSERT_FALSE(checked.has_value()) << weak;
    EXPECT_TRUE(checked.error().code == Errc::password_too_weak) << weak;
  }
  EXPECT_THAT(check_password(policy, "password1", {}).error().message(), HasSubstr("needed 3"));
  EXPECT_FALSE(check_password(policy, std::string(1025, 'x'), {}).has_value());
  EXPECT_TRUE(check_password(policy, kPassword, personal).has_value());
}

TEST_F(AccountsTest, TheMinimumStrengthIsASetting) {
  const auto policy = [&] { return read([](ReadTransaction& tx) { return password_policy(tx); }); };
  const auto set = [&](std::string v) {
    return write([=](Transaction& tx) { return store::settings::set(tx, "password.min_score", v, store::kNow); });
  };
  EXPECT_EQ(ok_value(policy()).min_score, 3);
  EXPECT_OK(set("4"));
  EXPECT_EQ(ok_value(policy()).min_score, 4);
  EXPECT_OK(set("9"));
  EXPECT_CODE(policy(), base::Errc::bad_format);
}

}  // namespace
}  // namespace rescue::directory

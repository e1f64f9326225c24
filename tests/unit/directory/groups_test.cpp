// SPDX-License-Identifier: Apache-2.0
// Groups, what a change of them does to grants that live, channels, API tokens.
#include "directory/groups.hpp"

#include "directory/channels.hpp"
#include "directory/service_accounts.hpp"
#include "store/channels.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {
using groups::Bounds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wire::Permission;
using wire::PermissionSet;

class GroupsTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    root_ = add_user("root@x", UserRole::administrator);
    ada_ = add_user("ada@x");
  }
  base::Result<store::Group> make(std::string name, PermissionSet permissions = {}) {
    groups::Change wanted;
    wanted.name = std::move(name);
    wanted.permissions = permissions;
    return write([&](Transaction& tx) { return groups::create(tx, id(), wanted, by_, now()); });
  }
  base::Result<store::Group> change(const store::Group& g, const groups::Change& wanted, Bounds bounds = Bounds::any) {
    return write([&](Transaction& tx) { return groups::change(tx, g.id, wanted, by_, now(), bounds); });
  }
  base::Result<store::Group> take(const store::Group& g, PermissionSet permissions) {
    return write([&](Transaction& tx) { return groups::grant(tx, g.id, {}, permissions, by_, now()); });
  }
  base::Result<store::User> move(const store::User& u, const store::Group& g) {
    accounts::UserChange wanted;
    wanted.group = g.id;
    return write([&](Transaction& tx) { return accounts::change(tx, u.id, wanted, by_, now()); });
  }
  store::Group default_one() {
    return ok_value(read([](ReadTransaction& tx) { return store::groups::get_default(tx); }));
  }
  std::vector<crypto::Grant> grants(const base::Guid& session_id) {
    return ok_value(read([&](ReadTransaction& tx) { return desk_->current_grants(tx, session_id, now()); }));
  }
  By by_{"root@x", "192.0.2.7", "api"};
  store::User root_, ada_;
};

TEST_F(GroupsTest, AGroupIsMadeFoundChangedAndLoggedWithOldAndNew) {
  const auto g = ok_value(make("billing", {Permission::desktop_view}));
  EXPECT_FALSE(g.is_default);
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return groups::find(tx, "billing"); })), g);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return groups::find(tx, g.id.text()); })), g);
  EXPECT_CODE(read([](ReadTransaction& tx) { return groups::find(tx, "Billing"); }), Errc::group_not_found);
  EXPECT_CODE(read([&](ReadTransaction& tx) { return groups::find(tx, id().text()); }), Errc::group_not_found);
  groups::Change wanted;
  wanted.name = "invoices";
  wanted.force_recording = true;
  wanted.consent_timeout = 30s;
  wanted.allowed_networks = {"10.0.0.0/8", "10.1.0.0/16"};
  const auto changed = ok_value(change(g, wanted));
  EXPECT_THAT(changed.allowed_networks, ElementsAre("10.0.0.0/8"));
  const auto e = last_event();
  EXPECT_EQ(e.type, EventType::group_changed);
  EXPECT_EQ(e.actor, "root@x");
  EXPECT_EQ(e.data, R"({"group":")" + g.id.text() +
                        R"(","name":"billing","changes":{"name":{"old":"billing","new":"invoices"},)"
                        R"("force_recording":{"old":false,"new":true},"consent_timeout":{"old":60,"new":30},)"
                        R"("allowed_networks":{"old":[],"new":["10.0.0.0/8"]}},"address":"192.0.2.7","via":"api"})");
  const auto before = log_rows().size();
  EXPECT_EQ(ok_value(change(changed, wanted)), changed);
  EXPECT_EQ(log_rows().size(), before) << "nothing differs, nothing is logged";
}

TEST_F(GroupsTest, WhatAGroupCannotBeIsRefusedAndNothingIsLogged) {
  const auto g = ok_value(make("billing"));
  const auto before = log_rows().size();
  const std::string bad[] = {"", " x", "x ", "a\nb", std::string(201, 'a'), id().text(), "Ada\u202e"};
  for (const auto& name : bad) EXPECT_CODE(make(name), base::Errc::invalid_argument) << name;
  EXPECT_CODE(make("billing"), Errc::name_taken);
  EXPECT_CODE(make("technicians"), Errc::name_taken);
  const auto refused = [&](auto set) {
    groups::Change wanted;
    set(wanted);
    EXPECT_CODE(change(g, wanted), base::Errc::invalid_argument);
  };
  refused([](groups::Change& c) { c.consent_timeout = 4s; });
  refused([](groups::Change& c) { c.consent_timeout = 601s; });
  refused([](groups::Change& c) { c.inactivity_timeout = std::chrono::seconds(-1); });
  refused([](groups::Change& c) { c.inactivity_timeout = 24h + 1s; });
  refused([](groups::Change& c) { c.allowed_networks = {"10.0.0.1/8"}; });
  refused([](groups::Change& c) { c.description = std::string(1001, 'x'); });
  EXPECT_EQ(log_rows().size(), before);
}

TEST_F(GroupsTest, TheOwnAdministratorTightensAndNeverLoosens) {
  const auto g = ok_value(make("billing", {Permission::desktop_view, Permission::reboot}));
  groups::Change site;
  site.force_recording = site.require_sas = site.require_mfa = true;
  site.inactivity_timeout = 600s;
  site.allowed_networks = {"10.0.0.0/8"};
  const auto strict = ok_value(change(g, site));
  const auto refused = [&](std::string_view field, auto set) {
    groups::Change wanted;
    set(wanted);
    const auto answer = change(strict, wanted, Bounds::tighten);
    EXPECT_CODE(answer, base::Errc::denied);
    EXPECT_THAT(answer ? "" : answer.error().message(), HasSubstr(field));
  };
  refused("remote_control", [](groups::Change& c) { c.permissions = PermissionSet{Permission::remote_control}; });
  refused("name", [](groups::Change& c) { c.name = "mine"; });
  refused("single_prompt", [](groups::Change& c) { c.single_prompt = true; });
  refused("force_recording", [](groups::Change& c) { c.force_recording = false; });
  refused("require_sas", [](groups::Change& c) { c.require_sas = false; });
  refused("require_mfa", [](groups::Change& c) { c.require_mfa = false; });
  refused("require_sso", [](groups::Change& c) { c.require_sso = true; });
  refused("omit_chat_text", [](groups::Change& c) { c.omit_chat_text = true; });
  refused("inactivity_timeout", [](groups::Change& c) { c.inactivity_timeout = 601s; });
  refused("inactivity_timeout", [](groups::Change& c) { c.inactivity_timeout = 0s; });
  refused("allowed_networks", [](groups::Change& c) { c.allowed_networks = {"10.0.0.0/8", "192.0.2.0/24"}; });
  refused("allowed_networks", [](groups::Change& c) { c.allowed_networks = std::vector<std::string>(); });
  groups::Change tighter;
  tighter.description = "invoices";
  tighter.permissions = PermissionSet{Permission::desktop_view};
  tighter.consent_timeout = 90s;
  tighter.inactivity_timeout = 300s;
  tighter.allowed_networks = {"10.1.0.0/16"};
  const auto now_is = ok_value(change(strict, tighter, Bounds::tighten));
  EXPECT_EQ(now_is.permissions, PermissionSet{Permission::desktop_view}.bits());
  EXPECT_TRUE(now_is.force_recording && now_is.require_sas && now_is.require_mfa);
}

TEST_F(GroupsTest, ALiveGrantFollowsItsGroupWithALaterGeneration) {
  const auto s = waiting_session(ada_);
  const auto key = new_key();
  ok_value(pickup(s.id, ada_, key));
  const auto before = grants(s.id).at(0);
  EXPECT_TRUE(PermissionSet::from_bits(before.permissions).has(Permission::remote_control));
  clock_.advance(1s);
  ok_value(take(default_one(), {Permission::remote_control}));
  ASSERT_EQ(grants(s.id).size(), 1u);
  const auto after = grants(s.id).at(0);
  EXPECT_GT(after.generation, before.generation) << "the applet must drop the wider one for good";
  EXPECT_FALSE(PermissionSet::from_bits(after.permissions).has(Permission::remote_control));
  EXPECT_EQ(after.console_fingerprint, before.console_fingerprint);
  EXPECT_EQ(after.lease_until, before.lease_until) << "no lease is longer for it";
  const auto log = log_rows(s.id);
  EXPECT_EQ(log.back().type, EventType::session_permissions_changed);
  EXPECT_EQ(log.back().technician, ada_.id);
  EXPECT_THAT(log.back().data, HasSubstr(R"("technician":"ada@x","permissions":"desktop_view,)"));
  // A flag that the permissions do not show has to reach the applet, too.
  groups::Change flag;
  flag.force_recording = true;
  ok_value(change(default_one(), flag));
  EXPECT_EQ(grants(s.id).at(0).recording, crypto::RecordingRule::forced);
  EXPECT_GT(grants(s.id).at(0).generation, after.generation);
  // What does not concern sessions touches none.
  groups::Change quiet;
  quiet.require_mfa = true;
  const auto last = grants(s.id).at(0).generation;
  ok_value(change(default_one(), quiet));
  EXPECT_EQ(grants(s.id).at(0).generation, last);
}

TEST_F(GroupsTest, WhoChangesTheGroupHasTheTermsOfTheNewOneAtOnce) {
  const auto narrow = ok_value(make("narrow", {Permission::desktop_view, Permission::private_sessions}));
  const auto bob = add_user("bob@x");
  const auto s = waiting_session(bob);
  ok_value(pickup(s.id, bob));
  ok_value(pickup(s.id, ada_, new_key(), true));
  ada_ = ok_value(move(ada_, narrow));
  EXPECT_THAT(last_event().data, HasSubstr(R"("permissions":"desktop_view,private_sessions")"));
  for (const auto& g : grants(s.id)) {
    const bool hers = g.technician == ada_.id;
    EXPECT_EQ(PermissionSet::from_bits(g.permissions).has(Permission::reboot), !hers);
  }
  accounts::UserChange nowhere;
  nowhere.group = id();
  EXPECT_CODE(write([&](Transaction& tx) { return accounts::change(tx, ada_.id, nowhere, by_, now()); }),
              Errc::group_not_found);
}

TEST_F(GroupsTest, WhoGetsARoleWithoutSessionsLeavesThem) {
  const auto s = waiting_session(ada_);
  ok_value(pickup(s.id, ada_));
  accounts::UserChange wanted;
  wanted.role = UserRole::auditor;
  ok_value(write([&](Transaction& tx) { return accounts::change(tx, ada_.id, wanted, by_, now()); }));
  EXPECT_EQ(session(s.id).state, "aborted");
  EXPECT_THAT(grants(s.id), IsEmpty());
}

TEST_F(GroupsTest, AGroupGoesWhenNobodyIsInIt) {
  const auto g = ok_value(make("billing"));
  const auto remove = [&](const store::Group& group) {
    return write([&](Transaction& tx) { return groups::remove(tx, group.id, by_, now()); });
  };
  EXPECT_CODE(remove(default_one()), Errc::group_in_use);
  ok_value(move(ada_, g));
  EXPECT_CODE(remove(g), Errc::group_in_use);
  ok_value(write([&](Transaction& tx) { return accounts::remove(tx, ada_.id, by_, now()); }));
  EXPECT_OK(remove(g)) << "who was in it and is removed does not keep it";
  EXPECT_EQ(last_event().type, EventType::group_removed);
  EXPECT_EQ(user(ada_.id).group, default_group());
  EXPECT_CODE(remove(g), Errc::group_not_found);
}

TEST_F(GroupsTest, AChannelHasGroupsAndLosesThemWithEither) {
  const auto g = ok_value(make("billing"));
  const auto c = ok_value(write([&](Transaction& tx) {
    return channels::create(tx, {id(), "invoices", "paper"}, by_, now());
  }));
  EXPECT_CODE(write([&](Transaction& tx) {
                return channels::create(tx, {id(), "invoices", ""}, by_, now());
              }),
              Errc::name_taken);
  EXPECT_CODE(write([&](Transaction& tx) {
                return channels::create(tx, {id(), "", ""}, by_, now());
              }),
              base::Errc::invalid_argument);
  const auto before = log_rows().size();
  for (int twice = 0; twice < 2; ++twice)
    EXPECT_OK(write([&](Transaction& tx) { return channels::assign(tx, c, g, by_, now()); }));
  EXPECT_EQ(log_rows().size(), before + 1);
  EXPECT_EQ(last_event().type, EventType::channel_assigned);
  EXPECT_THAT(last_event().data, HasSubstr(R"("name":"invoices","group":"billing")"));
  const auto assigned = [&] {
    return ok_value(read([&](ReadTransaction& tx) { return store::channels::groups_of(tx, c.id); }));
  };
  EXPECT_THAT(assigned(), ElementsAre(g.id));
  EXPECT_OK(write([&](Transaction& tx) { return channels::unassign(tx, c, g, by_, now()); }));
  EXPECT_THAT(assigned(), IsEmpty());
  EXPECT_OK(write([&](Transaction& tx) { return channels::assign(tx, c, g, by_, now()); }));
  EXPECT_OK(write([&](Transaction& tx) { return groups::remove(tx, g.id, by_, now()); }));
  EXPECT_THAT(assigned(), IsEmpty());
  EXPECT_OK(write([&](Transaction& tx) { return channels::remove(tx, c.id, by_, now()); }));
  EXPECT_CODE(read([](ReadTransaction& tx) { return channels::find(tx, "invoices"); }), Errc::channel_not_found);
}

class ServiceAccounts : public GroupsTest {
 protected:
  void SetUp() override {
    GroupsTest::SetUp();
    accounts::NewUser wanted;
    wanted.id = id();
    wanted.email = "robot@x";
    wanted.name = "Robot";
    wanted.role = UserRole::service;
    robot_ = ok_value(write([&](Transaction& tx) { return accounts::create(tx, wanted, by_, now()); }));
  }
  base::Result<service_accounts::CreatedToken> token(const store::User& of, std::vector<std::string> scopes,
                                                     std::chrono::seconds lifetime = 1h) {
    const service_accounts::NewToken wanted{id(), "nightly", std::move(scopes), lifetime};
    return write([&](Transaction& tx) { return service_accounts::create_token(tx, of, wanted, by_, random_, now()); });
  }
  store::User robot_;
};

TEST_F(ServiceAccounts, ATokenIsShownOnceExpiresAndSaysItsScopes) {
  const auto made = ok_value(token(robot_, {"log.read", "sessions", "log.read"}));
  EXPECT_THAT(made.token.scopes, ElementsAre("log.read", "sessions"));
  EXPECT_EQ(last_event().type, EventType::token_created);
  EXPECT_THAT(last_event().data, HasSubstr(R"("scopes":["log.read","sessions"])"));
  EXPECT_THAT(last_event().data, ::testing::Not(HasSubstr(made.text)));
  const auto who = ok_value(authenticate(made.text));
  EXPECT_EQ(who.kind, store::TokenKind::api);
  EXPECT_OK(authorize(who, Verb::log_query));
  EXPECT_CODE(authorize(who, Verb::user_list), Errc::scope_missing);
  EXPECT_CODE(authorize(who, Verb::token_manage), base::Errc::denied);
  clock_.advance(1h);
  EXPECT_CODE(authenticate(made.text), Errc::sign_in_needed);
}

TEST_F(ServiceAccounts, ARevokedTokenIsWorthless) {
  const auto made = ok_value(token(robot_, {"log.read"}));
  const auto revoke = [&](const base::Guid& token_id) {
    return write([&](Transaction& tx) { return service_accounts::revoke_token(tx, token_id, by_, now()); });
  };
  ok_value(revoke(made.token.id));
  EXPECT_EQ(last_event().type, EventType::token_revoked);
  EXPECT_CODE(authenticate(made.text), Errc::sign_in_needed);
  const auto before = log_rows().size();
  ok_value(revoke(made.token.id));
  EXPECT_EQ(log_rows().size(), before);
  EXPECT_CODE(revoke(id()), Errc::token_not_found);
  const auto sign_in_token = ok_value(authenticate(ok_value(sign_in("ada@x", std::string(kPassword))).token)).token;
  EXPECT_CODE(revoke(sign_in_token), Errc::token_not_found) << "a person's sign-in is no API token";
  const auto second = ok_value(token(robot_, {"log.read"}));
  ok_value(write([&](Transaction& tx) { return accounts::disable(tx, robot_.id, by_, now()); }));
  EXPECT_CODE(authenticate(second.text), Errc::sign_in_needed);
  EXPECT_CODE(token(user(robot_.id), {"log.read"}), Errc::account_disabled);
}

TEST_F(ServiceAccounts, WhatATokenCannotBeIsRefused) {
  EXPECT_CODE(token(ada_, {"log.read"}), base::Errc::invalid_argument) << "a person signs in";
  EXPECT_CODE(token(robot_, {}), base::Errc::invalid_argument);
  EXPECT_CODE(token(robot_, {"log.read", "everything"}), base::Errc::invalid_argument);
  EXPECT_CODE(token(robot_, {"tokens"}), base::Errc::invalid_argument) << "a token that makes tokens";
  EXPECT_CODE(token(robot_, {"log.read"}, 59s), base::Errc::invalid_argument);
  EXPECT_CODE(token(robot_, {"log.read"}, 24h * 366 + 1s), base::Errc::invalid_argument);
  for (std::size_t i = 0; i < service_accounts::kMaxTokens; ++i) ok_value(token(robot_, {"log.read"}));
  EXPECT_CODE(token(robot_, {"log.read"}), base::Errc::conflict);
}

TEST_F(ServiceAccounts, TheyHaveNoPasswordAndBecomeNoPeople) {
  EXPECT_CODE(sign_in("robot@x", ""), Errc::sign_in_failed);
  const auto password = ok_value(HashedPassword::hash(kPassword, kCheap));
  EXPECT_CODE(write([&](Transaction& tx) { return accounts::reset_password(tx, robot_.id, password, by_, now()); }),
              base::Errc::invalid_argument);
  accounts::NewUser wanted;
  wanted.id = id();
  wanted.email = "second@x";
  wanted.name = "x";
  wanted.role = UserRole::service;
  wanted.password = password;
  EXPECT_CODE(write([&](Transaction& tx) { return accounts::create(tx, wanted, by_, now()); }),
              base::Errc::invalid_argument);
  const auto become = [&](const store::User& u, UserRole role) {
    accounts::UserChange to;
    to.role = role;
    return write([&](Transaction& tx) { return accounts::change(tx, u.id, to, by_, now()); });
  };
  EXPECT_CODE(become(robot_, UserRole::administrator), base::Errc::invalid_argument);
  EXPECT_CODE(become(ada_, UserRole::service), base::Errc::invalid_argument);
}

TEST(AccountAuthorization, WhoMayChangeWhom) {
  base::SeededRandom random(3);
  const auto north = base::Guid::random(random);
  const auto south = base::Guid::random(random);
  constexpr UserRole kAll[] = {UserRole::technician, UserRole::group_administrator, UserRole::administrator,
                               UserRole::auditor, UserRole::service};
  // Rows: who asks. Columns: whose account, in the order of kAll. g: in the own group; a: in any.
  constexpr std::string_view kMay[] = {"nnnnn", "gnnnn", "aaaaa", "nnnnn", "aanan"};
  for (std::size_t i = 0; i < std::size(kAll); ++i) {
    Principal who;
    who.id = base::Guid::random(random);
    who.role = kAll[i];
    who.group = north;
    for (std::size_t k = 0; k < std::size(kAll); ++k) {
      store::User account;
      account.id = base::Guid::random(random);
      account.role = kAll[k];
      for (const auto& group : {north, south}) {
        account.group = group;
        const bool may = kMay[i][k] == 'a' || (kMay[i][k] == 'g' && group == north);
        EXPECT_EQ(authorize_account(who, Verb::user_manage, account).has_value(), may) << i << ' ' << k;
        EXPECT_EQ(authorize_account(who, Verb::sign_in_end, account).has_value(), may) << i << ' ' << k;
      }
    }
    store::User self;
    self.id = who.id;
    self.role = who.role;
    self.group = who.group;
    if (who.role == UserRole::group_administrator) {
      EXPECT_CODE(authorize_account(who, Verb::user_manage, self), base::Errc::denied) << "no role for oneself";
    }
    if (who.role != UserRole::auditor) {
      EXPECT_OK(authorize_account(who, Verb::sign_in_end, self));
    }
  }
}

}  // namespace
}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
#include "directory/single_sign_on.hpp"

#include "crypto/hash.hpp"
#include "directory/groups.hpp"
#include "directory/site_policy.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::HasSubstr;

constexpr std::string_view kVerifier = "what only the beginner knows";
constexpr std::string_view kBrowser = "192.0.2.50";

class SingleSignOnTest : public DirectoryTest {
 protected:
  static base::Bytes challenge(std::string_view verifier = kVerifier) {
    const auto d = crypto::sha256(base::as_bytes(verifier));
    return {d.begin(), d.end()};
  }
  void begin(const std::string& request, const sso::Target& target = {}) {
    EXPECT_OK(write([&](Transaction& tx) { return sso::begin(tx, request, challenge(), target, now()); }));
  }
  sso::Assertion assertion(const std::string& request, std::string email = "ada@example.test") {
    sso::Assertion a;
    a.issuer = "https://idp.example.test";
    a.id = "_a" + std::to_string(++count_);
    a.replay_until = now() + 5min;
    a.in_response_to = request;
    a.name_id = "id of " + email;
    a.email = std::move(email);
    return a;
  }
  sso::Outcome enter(const sso::Assertion& a, const sso::Rules& rules = {}) {
    return ok_value(write([&](Transaction& tx) { return sso::enter(tx, a, rules, kBrowser, random_, now()); }));
  }
  /// A whole sign-in up to the code.
  sso::Outcome arrive(std::string email, const sso::Rules& rules = {}) {
    const auto request = "_r" + std::to_string(++count_);
    begin(request);
    return enter(assertion(request, std::move(email)), rules);
  }
  std::string rule_of(const sso::Outcome& outcome) {
    if (outcome) return "let in";
    const auto e = last_event();
    EXPECT_EQ(e.type, EventType::auth_sso_refused);
    EXPECT_THAT(e.data, HasSubstr(outcome.error().rule));
    EXPECT_THAT(e.data, HasSubstr(kBrowser));
    return outcome.error().rule;
  }
  base::Result<SignedIn> redeem(std::string code, std::string_view verifier = kVerifier) {
    const sso::Redemption r{std::move(code), std::string(verifier), "laptop", "192.0.2.1"};
    return ok_value(write([&](Transaction& tx) { return sso::redeem(tx, r, random_, now()); }));
  }
  store::Group group(std::string name) {
    groups::Change c;
    c.name = std::move(name);
    return ok_value(write([&](Transaction& tx) { return groups::create(tx, id(), c, "setup", now()); }));
  }
  template <typename F>
  void edit(store::User u, F change) {
    u = user(u.id);
    change(u);
    EXPECT_OK(write([&](Transaction& tx) { return store::users::update(tx, u); }));
  }
  int count_ = 0;
};

TEST_F(SingleSignOnTest, ACodeIsExchangedOnceByWhoBegan) {
  const auto ada = add_user("ada@example.test");
  const auto entered = arrive("ADA@example.test");
  ASSERT_TRUE(entered);
  EXPECT_TRUE(entered->target.by_hand());
  EXPECT_THAT(entered->code, ::testing::MatchesRegex("[0-9A-Z]+-[0-9A-Z]+-[0-9A-Z]+"));
  auto typed = entered->code;
  std::ranges::transform(typed, typed.begin(),
                         [](char c) { return c == '-' ? ' ' : static_cast<char>(std::tolower(c)); });
  const auto signed_in = ok_value(redeem(typed));
  EXPECT_EQ(ok_value(authenticate(signed_in.token)).id, ada.id);
  EXPECT_EQ(last_event().type, EventType::auth_login);
  EXPECT_THAT(last_event().data, HasSubstr(R"("via":"sso")"));
  EXPECT_TRUE(has_code(redeem(entered->code), Errc::sign_in_failed));
  EXPECT_EQ(last_event().type, EventType::auth_login_failed);
}

TEST_F(SingleSignOnTest, AWrongVerifierSpendsTheCode) {
  add_user("ada@example.test");
  const auto entered = arrive("ada@example.test");
  EXPECT_TRUE(has_code(redeem(entered->code, "another verifier"), Errc::sign_in_failed));
  EXPECT_TRUE(has_code(redeem(entered->code), Errc::sign_in_failed));
  const auto none = arrive("ada@example.test");
  EXPECT_TRUE(has_code(redeem(none->code, ""), Errc::sign_in_failed));
  for (const auto* nonsense : {"", "0000-0000-0000", "U000-0000-0000", "0000-0000-0000-0000"})
    EXPECT_TRUE(has_code(redeem(nonsense), Errc::sign_in_failed)) << nonsense;
}

TEST_F(SingleSignOnTest, ACodeIsGoodForFiveMinutes) {
  add_user("ada@example.test");
  const auto late = arrive("ada@example.test");
  clock_.advance(5min);
  EXPECT_TRUE(has_code(redeem(late->code), Errc::sign_in_failed));
  const auto in_time = arrive("ada@example.test");
  clock_.advance(5min - 1s);
  EXPECT_OK(redeem(in_time->code));
}

TEST_F(SingleSignOnTest, ASignInLastsNoLongerThanTheProviderSays) {
  add_user("ada@example.test");
  begin("_r");
  auto a = assertion("_r");
  a.session_end = now() + 20min;
  EXPECT_EQ(ok_value(redeem(enter(a)->code)).expires_at, now() + 20min);
  begin("_s");
  auto longer = assertion("_s");
  longer.session_end = now() + 24h * 365;
  EXPECT_EQ(ok_value(redeem(enter(longer)->code)).expires_at, now() + 12h);
}

TEST_F(SingleSignOnTest, AnAssertionIsTakenOnce) {
  add_user("ada@example.test");
  begin("_1");
  begin("_2");
  auto a = assertion("_1");
  EXPECT_TRUE(enter(a));
  a.in_response_to = "_2";
  EXPECT_EQ(rule_of(enter(a)), "replay");
  a.issuer += "/other";  // ids are the provider's own
  EXPECT_TRUE(enter(a));
}

TEST_F(SingleSignOnTest, ARequestIsAnsweredOnceAndWithinTenMinutes) {
  add_user("ada@example.test");
  EXPECT_EQ(rule_of(enter(assertion("_never"))), "unknown_request");
  begin("_1");
  EXPECT_TRUE(enter(assertion("_1")));
  EXPECT_EQ(rule_of(enter(assertion("_1"))), "request_used");
  begin("_2");
  clock_.advance(10min);
  EXPECT_EQ(rule_of(enter(assertion("_2"))), "unknown_request");
  begin("_3");
  clock_.advance(10min - 1s);
  EXPECT_TRUE(enter(assertion("_3")));
}

TEST_F(SingleSignOnTest, WhoBeginsAtTheProviderNeedsTheSitesLeave) {
  add_user("ada@example.test");
  EXPECT_EQ(rule_of(enter(assertion(""))), "idp_initiated");
  sso::Rules rules;
  rules.idp_initiated = true;
  const auto entered = enter(assertion(""), rules);
  ASSERT_TRUE(entered);
  EXPECT_TRUE(entered->by_provider);
  EXPECT_OK(redeem(entered->code, ""));
}

TEST_F(SingleSignOnTest, ABrowserIsSentWhereTheSignInBegan) {
  add_user("ada@example.test");
  const auto target = ok_value(sso::make_target(4711, "0123456789abcdef_-"));
  begin("_1", target);
  const auto entered = enter(assertion("_1"));
  EXPECT_EQ(entered->target.url("code", entered->code),
            "http://127.0.0.1:4711/0123456789abcdef_-?code=" + entered->code);
  begin("_2", target);
  const auto refused = enter(assertion("_2", "nobody@example.test"));
  EXPECT_EQ(rule_of(refused), "unknown_account");
  ASSERT_TRUE(refused.error().target);
  EXPECT_EQ(refused.error().target->port, 4711);
  for (const auto* secret : {"", "short", "0123456789abcdef/../x", "0123456789abcdef?code=1"})
    EXPECT_TRUE(has_code(sso::make_target(4711, secret), base::Errc::invalid_argument)) << secret;
  EXPECT_TRUE(has_code(sso::make_target(0, "0123456789abcdef"), base::Errc::invalid_argument));
}

TEST_F(SingleSignOnTest, AnAccountBelongsToTheIdentityThatOpenedItFirst) {
  const auto ada = add_user("ada@example.test");
  EXPECT_TRUE(arrive("ada@example.test"));
  EXPECT_EQ(user(ada.id).sso_id, "id of ada@example.test");
  // The same person under a new address; another person under the old one.
  begin("_1");
  auto moved = assertion("_1", "ada.lovelace@example.test");
  moved.name_id = "id of ada@example.test";
  EXPECT_EQ(enter(moved)->user.id, ada.id);
  begin("_2");
  auto successor = assertion("_2", "ada@example.test");
  successor.name_id = "id of somebody else";
  EXPECT_EQ(rule_of(enter(successor)), "other_identity");
  EXPECT_OK(write([&](Transaction& tx) { return sso::unlink(tx, ada.id, {"boss", "192.0.2.3", "api"}, now()); }));
  EXPECT_THAT(last_event().data, HasSubstr("sso_id"));
  begin("_3");
  successor.id = "_fresh";
  successor.in_response_to = "_3";
  EXPECT_EQ(enter(successor)->user.id, ada.id);
}

TEST_F(SingleSignOnTest, ATransientNameIsNobodysIdentity) {
  const auto ada = add_user("ada@example.test");
  begin("_1");
  auto a = assertion("_1");
  a.transient = true;
  EXPECT_TRUE(enter(a));
  EXPECT_EQ(user(ada.id).sso_id, "");
}

TEST_F(SingleSignOnTest, WhoIsBarredStaysOut) {
  const auto ada = add_user("ada@example.test");
  const auto robot = add_user("robot@example.test");
  edit(robot, [](store::User& u) { u.role = UserRole::service; });
  EXPECT_EQ(rule_of(arrive("robot@example.test")), "service_account");
  edit(ada, [](store::User& u) { u.disabled = true; });
  EXPECT_EQ(rule_of(arrive("ada@example.test")), "account_disabled");
  edit(ada, [](store::User& u) { u.disabled = false; });
  const auto waiting = arrive("ada@example.test");
  EXPECT_OK(write([&](Transaction& tx) { return sso::set_disabled(tx, ada.id, true, {"boss", "", "api"}, now()); }));
  EXPECT_TRUE(has_code(redeem(waiting->code), base::Errc::denied));
  EXPECT_EQ(rule_of(arrive("ada@example.test")), "sso_disabled");
  EXPECT_EQ(rule_of(arrive("not an address")), "no_address");
}

TEST_F(SingleSignOnTest, NetworksCountHereToo) {
  const auto ada = add_user("ada@example.test");
  edit(ada, [](store::User& u) { u.allowed_networks = {"198.51.100.0/24"}; });
  EXPECT_TRUE(has_code(redeem(arrive("ada@example.test")->code), Errc::network_not_allowed));
  edit(ada, [](store::User& u) { u.allowed_networks = {"192.0.2.0/24"}; });
  EXPECT_OK(redeem(arrive("ada@example.test")->code));
}

TEST_F(SingleSignOnTest, TheSwitchEndsSignInsAndSessions) {
  const auto ada = add_user("ada@example.test");
  const auto signed_in = ok_value(redeem(arrive("ada@example.test")->code));
  const auto session = waiting_session(ada);
  const auto off = [&](bool disabled) {
    EXPECT_OK(write([&](Transaction& tx) {
      return sso::set_disabled(tx, ada.id, disabled, {"boss", "", "api"}, now());
    }));
  };
  off(true);
  EXPECT_TRUE(has_code(authenticate(signed_in.token), Errc::sign_in_needed));
  EXPECT_TRUE(this->session(session.id).ended_at);
  EXPECT_EQ(last_event().type, EventType::user_sso_disabled);
  const auto before = log_rows().size();
  off(true);
  EXPECT_EQ(log_rows().size(), before);
  off(false);
  EXPECT_EQ(last_event().type, EventType::user_sso_enabled);
  EXPECT_TRUE(arrive("ada@example.test"));
}

TEST_F(SingleSignOnTest, AccountsAreMadeWhereTheSiteWantsIt) {
  EXPECT_EQ(rule_of(arrive("eve@example.test")), "unknown_account");
  const auto night = group("Night");
  sso::Rules rules;
  rules.provision = true;
  rules.group_map = {{"gone", "No Such Group"}, {"n", "Night"}};
  begin("_1");
  auto a = assertion("_1", "eve@example.test");
  a.name = "Eve & Co";
  a.groups = {"gone", "n"};
  const auto entered = enter(a, rules);
  ASSERT_TRUE(entered);
  EXPECT_EQ(entered->user.role, UserRole::technician);
  EXPECT_EQ(entered->user.name, "Eve & Co");
  EXPECT_EQ(entered->user.group, night.id);
  EXPECT_EQ(entered->user.password_hash, "");
  begin("_2");
  auto forged = assertion("_2", "mallory@example.test");
  forged.name = "two\nlines";
  EXPECT_EQ(enter(forged, rules)->user.name, "mallory@example.test");
}

TEST_F(SingleSignOnTest, TechniciansAloneFollowTheProvidersGroups) {
  const auto night = group("Night");
  const auto day = group("Day");
  const auto ada = add_user("ada@example.test");
  const auto boss = add_user("boss@example.test", UserRole::group_administrator);
  sso::Rules rules;
  rules.group_map = {{"cn=night,dc=example", "Night"}, {"d", "Day"}};
  const auto come = [&](const std::string& email, std::vector<std::string> groups) {
    const auto request = "_r" + std::to_string(++count_);
    begin(request);
    auto a = assertion(request, email);
    a.groups = std::move(groups);
    return enter(a, rules)->user.group;
  };
  EXPECT_EQ(come("ada@example.test", {"d", "cn=night,dc=example"}), night.id);  // the first rule counts
  EXPECT_EQ(come("ada@example.test", {"x"}), night.id);                         // none fits: nothing moves
  EXPECT_EQ(come("ada@example.test", {"d"}), day.id);
  EXPECT_EQ(user(ada.id).group, day.id);
  EXPECT_EQ(come("boss@example.test", {"d"}), boss.group);
}

TEST_F(SingleSignOnTest, AGroupMapIsLinesOfValueAndGroup) {
  const auto rules = ok_value(sso::parse_group_map("cn=a,dc=b=Group One\n\nx=Two\r\n"));
  EXPECT_EQ(rules, (std::vector<sso::GroupRule>{{"cn=a,dc=b", "Group One"}, {"x", "Two"}}));
  EXPECT_EQ(ok_value(sso::parse_group_map(sso::group_map_text(rules))), rules);
  for (const auto* bad : {"x", "=Group", "x=", "good=One\nbad"})
    EXPECT_TRUE(has_code(sso::parse_group_map(bad), base::Errc::invalid_argument)) << bad;
}

TEST_F(SingleSignOnTest, MembersOfAGroupMayHaveToComeThroughTheProvider) {
  const auto ada = add_user("ada@example.test");
  const auto strict = group("Only SSO");
  edit(ada, [&](store::User& u) { u.group = strict.id; });
  groups::Change c;
  c.require_sso = true;
  EXPECT_OK(write([&](Transaction& tx) { return groups::change(tx, strict.id, c, "setup", now()); }));
  EXPECT_TRUE(has_code(sign_in("ada@example.test", std::string(kPassword)), Errc::sso_required));
  EXPECT_TRUE(has_code(sign_in("ada@example.test", "something wrong"), Errc::sign_in_failed));
  EXPECT_OK(redeem(arrive("ada@example.test")->code));
}

TEST_F(SingleSignOnTest, KeysAndMetadataAreLoggedWithoutThemselves) {
  const By by("boss@example.test", "192.0.2.3", "api");
  EXPECT_OK(write([&](Transaction& tx) { return sso::install_keys(tx, "the sealed keys", by, now()); }));
  EXPECT_EQ(last_event().type, EventType::policy_changed);
  EXPECT_THAT(last_event().data, ::testing::Not(HasSubstr("sealed")));
  const auto install = [&](std::string_view xml) {
    EXPECT_OK(write([&](Transaction& tx) { return sso::install_metadata(tx, xml, "https://idp", by, now()); }));
  };
  install("<xml/>");
  EXPECT_THAT(last_event().data, HasSubstr("https://idp"));
  const auto before = log_rows().size();
  install("<xml/>");
  EXPECT_EQ(log_rows().size(), before);
  install("");
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return store::settings::get(tx, sso::kIdpMetadataSetting); })),
            std::nullopt);
}

}  // namespace
}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
#include "directory/policy_answer.hpp"

#include "directory/channels.hpp"
#include "directory/groups.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {

class PolicyAnswerTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    boss_ = add_user("boss@example.com", UserRole::administrator);
    ana_ = add_user("ana@example.com");
    auditor_ = add_user("audit@example.com", UserRole::auditor);
    groups::Change billing;
    billing.name = "Billing";
    billing.permissions = wire::PermissionSet{wire::Permission::desktop_view, wire::Permission::receive_files};
    billing.force_recording = true;
    const auto made = id();
    const channels::NewChannel channel{id(), "billing"};
    const channels::NewChannel other{id(), "sales"};
    EXPECT_OK(write([&](Transaction& tx) -> base::Result<> {
      RESCUE_TRY(const auto group, groups::create(tx, made, billing, "setup", now()));
      RESCUE_TRY(const auto queue, channels::create(tx, channel, "setup", now()));
      RESCUE_CHECK(channels::create(tx, other, "setup", now()));
      RESCUE_CHECK(channels::assign(tx, queue, group, "setup", now()));
      RESCUE_CHECK(accounts::change(tx, ana_.id, {.email = {}, .name = {}, .role = {}, .group = made}, "setup", now()));
      return {};
    }));
    ana_ = user(ana_.id);
  }
  base::Result<PolicyAnswer> ask(const Principal& asking, std::string as, std::string action,
                                 std::string channel = "") {
    const PolicyQuestion q{std::move(as), std::move(action), std::move(channel)};
    return read([&](ReadTransaction& tx) { return policy_answer(tx, asking, q); });
  }
  /// "allow group.permissions"
  std::string told(std::string as, std::string action, std::string channel = "") {
    const auto answer = ok_value(ask(principal(boss_), std::move(as), std::move(action), std::move(channel)));
    return std::string(answer.allowed ? "allow " : "deny ") + std::string(answer.rule);
  }
  store::User boss_, ana_, auditor_;
};

TEST_F(PolicyAnswerTest, NamesTheRuleThatDecides) {
  EXPECT_EQ(told("ana@example.com", "receive_files"), "allow group.permissions");
  EXPECT_EQ(told("ana@example.com", "receive_files", "billing"), "allow group.permissions");
  EXPECT_EQ(told("ana@example.com", "receive_files", "sales"), "deny channel.groups");
  EXPECT_EQ(told("ana@example.com", "remote_control", "billing"), "deny group.permissions");
  EXPECT_EQ(told("ana@example.com", "session.create"), "deny group.permissions") << "no private_sessions";
  EXPECT_EQ(told("ana@example.com", "session.pickup"), "allow role");
  EXPECT_EQ(told("ana@example.com", "user.manage"), "deny role");
  EXPECT_EQ(told("audit@example.com", "desktop_view"), "deny role");
  EXPECT_EQ(told("audit@example.com", "log.query"), "allow role");
  EXPECT_EQ(told("boss@example.com", "user.manage", "sales"), "allow role");
  EXPECT_EQ(told("boss@example.com", "session.pickup", "sales"), "allow role") << "administrators step in anywhere";
}

TEST_F(PolicyAnswerTest, ADisabledAccountMayNothing) {
  EXPECT_OK(write([&](Transaction& tx) { return accounts::disable(tx, ana_.id, "setup", now()); }));
  EXPECT_EQ(told("ana@example.com", "receive_files"), "deny account.disabled");
  EXPECT_EQ(told("ana@example.com", "account.own"), "deny account.disabled");
}

TEST_F(PolicyAnswerTest, AgreesWithWhatSessionsAreGranted) {
  // What a pickup writes into the grant is what the answers say.
  EXPECT_OK(write([&](Transaction& tx) {
    return groups::grant(tx, ana_.group, {wire::Permission::private_sessions}, {}, "setup", now());
  }));
  const auto picked = ok_value(pickup(waiting_session(ana_).id, ana_));
  const auto granted = wire::PermissionSet::from_bits(picked.grant.permissions);
  for (const auto permission : wire::all_permissions()) {
    const auto answer = ok_value(ask(principal(boss_), "ana@example.com", std::string(wire::name(permission))));
    EXPECT_EQ(answer.allowed, granted.has(permission)) << wire::name(permission);
  }
}

TEST_F(PolicyAnswerTest, TellsWhatElseIsAskedFor) {
  const auto view = ok_value(ask(principal(boss_), "ana@example.com", "desktop_view"));
  EXPECT_THAT(view.conditions, ::testing::ElementsAre(::testing::StartsWith("consent:"),
                                                      ::testing::StartsWith("group.force_recording:")));
  const auto files = ok_value(ask(principal(boss_), "ana@example.com", "receive_files"));
  EXPECT_THAT(files.conditions, ::testing::ElementsAre(::testing::StartsWith("consent:")));
  EXPECT_EQ(files.reason, "group 'Billing' grants receive_files");
}

TEST_F(PolicyAnswerTest, RefusesWhatIsNoQuestion) {
  const auto boss = principal(boss_);
  EXPECT_CODE(ask(boss, "nobody@example.com", "reboot"), Errc::user_not_found);
  EXPECT_CODE(ask(boss, "ana@example.com", "reboot", "nowhere"), Errc::channel_not_found);
  EXPECT_CODE(ask(boss, "ana@example.com", "fly"), base::Errc::invalid_argument);
}

TEST_F(PolicyAnswerTest, AGroupsAdministratorAsksAboutItsMembersAlone) {
  EXPECT_CODE(ask(principal(ana_), "ana@example.com", "reboot"), base::Errc::denied) << "a technician";
  auto lead = principal(ana_);
  lead.role = UserRole::group_administrator;
  EXPECT_OK(ask(lead, "ana@example.com", "desktop_view"));
  EXPECT_CODE(ask(lead, "boss@example.com", "desktop_view"), base::Errc::denied);
  EXPECT_CODE(ask(lead, "nobody@example.com", "desktop_view"), base::Errc::denied) << "not even who there is";
  EXPECT_OK(ask(principal(auditor_), "boss@example.com", "desktop_view"));
}

}  // namespace
}  // namespace rescue::directory

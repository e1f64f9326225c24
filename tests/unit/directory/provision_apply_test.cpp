// SPDX-License-Identifier: Apache-2.0
#include "directory/provision_apply.hpp"

#include "directory/site_policy.hpp"
#include "store/channels.hpp"
#include "support.hpp"

namespace rescue::directory::provision {
namespace {

template <typename Spec>
Row<Spec> row(std::string name, Spec spec) {
  return {std::move(name), std::move(spec)};
}
UserSpec person(std::string email, std::optional<std::string> group = {}) {
  UserSpec spec;
  spec.email = std::move(email);
  spec.name = "Some Body";
  spec.group = std::move(group);
  return spec;
}
GroupSpec group(std::string name) {
  GroupSpec spec;
  spec.name = std::move(name);
  return spec;
}

class ProvisionApply : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    boss_ = add_user("boss@example.com", UserRole::administrator);
  }
  base::Result<Applied> run(const Document& document, const ApplyOptions& options, const Principal& who) {
    return write([&](Transaction& tx) {
      return apply(tx, document, options, who, By(who.email, "192.0.2.1", "api"), random_, now());
    });
  }
  Applied run(const Document& document, const ApplyOptions& options = {}) {
    return ok_value(run(document, options, principal(boss_)));
  }
  Principal robot(std::vector<std::string> scopes) {
    auto who = principal(boss_);
    who.role = UserRole::service;
    who.kind = store::TokenKind::api;
    who.scopes = std::move(scopes);
    return who;
  }
  std::optional<store::User> find(std::string_view email) {
    return ok_value(read([&](ReadTransaction& tx) { return store::users::find_by_email(tx, email); }));
  }
  /// "created user ana@…", one a line.
  static std::string told(const Applied& applied) {
    std::string out;
    for (const auto& step : applied.steps) {
      out += std::string(to_string(step.outcome)) + " " + std::string(to_string(step.kind)) + " " + step.name;
      if (step.error) out += " " + std::string(step.error->code.name());
      out += "\n";
    }
    return out;
  }
  /// A small organisation.
  static Document desk() {
    Document d;
    d.settings = {row<SettingSpec>("password.min_score", {"password.min_score", "4"})};
    auto billing = group("Billing");
    billing.permissions = wire::PermissionSet{wire::Permission::remote_control, wire::Permission::desktop_view};
    billing.allowed_networks = {"192.0.2.0/24"};
    d.groups = {row("Billing", billing)};
    d.channels = {row("billing", ChannelSpec{.name = "billing", .description = "Invoices", .groups = {{"Billing"}}})};
    auto ana = person("ana@example.com", "Billing");
    ana.allowed_networks = {"10.0.0.0/8"};
    auto bo = person("bo@example.com", "Billing");
    bo.role = UserRole::group_administrator;
    bo.disabled = true;
    d.users = {row("ana@example.com", ana), row("bo@example.com", bo)};
    d.service_accounts = {row("robot@example.com", person("robot@example.com"))};
    return d;
  }

  store::User boss_;
};

TEST_F(ProvisionApply, MakesAnOrganisationAndFindsItUnchanged) {
  const auto first = run(desk());
  EXPECT_TRUE(first.stored);
  EXPECT_EQ(told(first),
            "changed setting password.min_score\ncreated group Billing\ncreated channel billing\n"
            "created user ana@example.com\ncreated user bo@example.com\ncreated service_account robot@example.com\n");
  EXPECT_EQ(last_event().type, EventType::provision_applied);
  const auto ana = find("ana@example.com").value();
  EXPECT_EQ(ana.allowed_networks, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(ana.password_hash, "") << "nobody holds a password of theirs";
  const auto bo = find("bo@example.com").value();
  EXPECT_TRUE(bo.disabled);
  EXPECT_EQ(bo.role, UserRole::group_administrator);
  EXPECT_EQ(bo.group, ana.group);
  EXPECT_EQ(find("robot@example.com")->role, UserRole::service);
  const auto channels = ok_value(read([&](ReadTransaction& tx) { return store::channels::list(tx, ana.group); }));
  ASSERT_EQ(channels.size(), 1U);
  EXPECT_EQ(channels[0].description, "Invoices");
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return site_policy::integer(tx, Setting::password_min_score); })),
            4);

  const auto events_before = log_rows().size();
  const auto again = run(desk(), {.prune = true});
  EXPECT_EQ(again.count(Outcome::unchanged), 6U) << told(again);
  EXPECT_EQ(again.steps.size(), 6U);
  EXPECT_EQ(log_rows().size(), events_before) << "nothing is logged where nothing differs";
}

TEST_F(ProvisionApply, EachChangeHasItsOwnEvent) {
  run(desk());
  auto types = events();
  for (const auto type : {EventType::policy_changed, EventType::group_created, EventType::channel_created,
                          EventType::channel_assigned, EventType::user_created, EventType::user_disabled})
    EXPECT_NE(std::ranges::find(types, type), types.end()) << store::to_string(type);
  EXPECT_EQ(last_event().actor, "boss@example.com");
  EXPECT_NE(last_event().data.find("192.0.2.1"), std::string::npos) << last_event().data;
}

TEST_F(ProvisionApply, OneFailureUndoesEverythingAndAllFailuresAreTold) {
  auto d = desk();
  d.users->push_back(row("nowhere@example.com", person("nowhere@example.com", "Nowhere")));
  auto bad = person("x@example.com");
  bad.name = std::string("a\x01");
  d.users->push_back(row("x@example.com", bad));
  const auto applied = run(d);
  EXPECT_FALSE(applied.stored);
  EXPECT_EQ(applied.count(Outcome::failed), 2U) << told(applied);
  EXPECT_EQ(applied.first_error()->code, Errc::group_not_found);
  EXPECT_FALSE(find("ana@example.com"));
  EXPECT_EQ(last_event().type, EventType::admin_refused);
  EXPECT_EQ(log_rows().size(), 2U) << "the account of the test, and the refusal";
}

TEST_F(ProvisionApply, GoesOnPastFailuresWhereItIsToldTo) {
  auto d = desk();
  auto broken = group("Broken");
  broken.consent_timeout = 1s;  // below the least
  d.groups->push_back(row("Broken", broken));
  d.users->push_back(row("eve@example.com", person("eve@example.com", "Broken")));
  const auto applied = run(d, {.continue_on_error = true});
  EXPECT_TRUE(applied.stored);
  EXPECT_EQ(applied.count(Outcome::failed), 2U) << told(applied);
  EXPECT_NE(told(applied).find("failed user eve@example.com GROUP_NOT_FOUND"), std::string::npos) << told(applied);
  EXPECT_TRUE(find("ana@example.com"));
  EXPECT_FALSE(find("eve@example.com"));
  EXPECT_NE(last_event().data.find(R"("failed":2)"), std::string::npos) << last_event().data;
}

TEST_F(ProvisionApply, ADryRunTellsTheSameAndChangesNothing) {
  auto d = desk();
  const auto before = log_rows().size();
  const auto dry = run(d, {.dry_run = true, .invite = true});
  EXPECT_FALSE(dry.stored);
  EXPECT_TRUE(dry.invited.empty());
  EXPECT_FALSE(find("ana@example.com"));
  EXPECT_EQ(log_rows().size(), before);
  EXPECT_EQ(told(dry), told(run(d)));
}

TEST_F(ProvisionApply, PrunesButNotWhoAsksNorTheLastAdministrator) {
  run(desk());
  auto d = desk();
  d.groups.emplace();
  d.channels.emplace();
  d.users.emplace();
  d.service_accounts.reset();
  const auto applied = run(d, {.prune = true});
  EXPECT_EQ(told(applied),
            "unchanged setting password.min_score\ndeleted user ana@example.com\ndeleted user bo@example.com\n"
            "deleted channel billing\ndeleted group Billing\n");
  EXPECT_TRUE(applied.stored);
  EXPECT_TRUE(find("boss@example.com"));
  EXPECT_TRUE(find("robot@example.com"));
  // Asked by another, nothing keeps the administrator but the rule.
  auto who = principal(boss_);
  who.id = id();
  const auto lost = ok_value(run(d, {.prune = true}, who));
  EXPECT_EQ(told(lost), "unchanged setting password.min_score\nfailed user boss@example.com CONFLICT\n");
  EXPECT_FALSE(lost.stored);
}

TEST_F(ProvisionApply, EachStepNeedsTheRightToIt) {
  EXPECT_CODE(run(desk(), {}, principal(add_user("tech@example.com"))), base::Errc::denied);
  EXPECT_CODE(run(desk(), {}, robot({"users.write"})), Errc::scope_missing);
  const auto asks_only = ok_value(run(desk(), {}, robot({"provision"})));
  EXPECT_EQ(asks_only.count(Outcome::failed), 6U) << told(asks_only);
  EXPECT_NE(told(asks_only).find("group Billing SCOPE_MISSING"), std::string::npos) << told(asks_only);

  Document d;
  auto admin = person("eve@example.com");
  admin.role = UserRole::administrator;
  d.users = {row("eve@example.com", admin), row("ana@example.com", person("ana@example.com"))};
  const auto by_robot = ok_value(run(d, {.continue_on_error = true}, robot({"provision", "users.write"})));
  EXPECT_EQ(told(by_robot), "failed user eve@example.com DENIED\ncreated user ana@example.com\n")
      << "who stole the token could not stay";
  add_user("other@example.com", UserRole::administrator);
  Document nobody;
  nobody.users.emplace();
  const auto pruned =
      ok_value(run(nobody, {.prune = true, .continue_on_error = true}, robot({"provision", "users.write"})));
  EXPECT_NE(told(pruned).find("failed user other@example.com DENIED"), std::string::npos) << told(pruned);
}

TEST_F(ProvisionApply, InvitesPeopleWhoSignInByPassword) {
  auto d = desk();
  auto federated = group("Federated");
  federated.require_sso = true;
  d.groups->push_back(row("Federated", federated));
  d.users->push_back(row("sso@example.com", person("sso@example.com", "Federated")));
  const auto applied = run(d, {.invite = true});
  ASSERT_EQ(applied.invited.size(), 1U) << "not the disabled one, not the machine, not who comes by single sign-on";
  EXPECT_EQ(applied.invited[0].user.email, "ana@example.com");
  const auto whose =
      read([&](ReadTransaction& tx) { return invitations::find(tx, applied.invited[0].invitation.code, now()); });
  EXPECT_EQ(ok_value(whose).email, "ana@example.com");
  EXPECT_TRUE(run(d, {.invite = true}).invited.empty()) << "once, when the account is made";
}

TEST_F(ProvisionApply, ChangesWhatTheDocumentSaysAlone) {
  run(desk());
  const auto before = find("ana@example.com").value();
  Document d;
  UserSpec ana;
  ana.email = "ANA@example.com";
  ana.disabled = true;
  d.users = {row("ANA@example.com", ana)};
  auto billing = group("Billing");
  billing.permissions = wire::PermissionSet{wire::Permission::desktop_view};
  d.groups = {row("Billing", billing)};
  d.channels = {row("billing", ChannelSpec{.name = "billing", .groups = {{}}})};
  const auto applied = run(d);
  EXPECT_EQ(told(applied), "changed group Billing\nchanged channel billing\nchanged user ANA@example.com\n");
  auto after = find("ana@example.com").value();
  EXPECT_TRUE(after.disabled);
  after.disabled = false;
  EXPECT_EQ(after, before);
  EXPECT_TRUE(ok_value(read([&](ReadTransaction& tx) { return store::channels::list(tx, before.group); })).empty());
}

}  // namespace
}  // namespace rescue::directory::provision

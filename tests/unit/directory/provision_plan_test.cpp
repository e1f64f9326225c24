// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "directory/errors.hpp"
#include "directory/provision.hpp"

namespace rescue::directory::provision {
namespace {

base::Guid id(std::uint8_t n) {
  base::Bytes bytes(16, n);
  return *base::Guid::from_bytes(bytes);
}

base::Result<std::string> canonical(const SettingSpec& spec) {
  if (spec.value == "bad") return base::fail(base::Errc::invalid_argument, "not like that");
  return spec.value == "sixty" ? "60" : spec.value;
}

/// Two groups, a channel, three people and a machine.
Present site() {
  Present p;
  p.settings = {{"password.min_score", "3", false}, {"sso.key", "old", true}};
  store::Group technicians;
  technicians.id = id(1);
  technicians.name = "Technicians";
  technicians.is_default = true;
  store::Group billing;
  billing.id = id(2);
  billing.name = "Billing";
  billing.permissions = wire::PermissionSet{wire::Permission::reboot}.bits();
  p.groups = {billing, technicians};
  p.channels = {{store::Channel{id(3), "billing", "", {}}, {id(2)}}};
  const auto user = [](std::uint8_t n, std::string email, store::UserRole role, std::uint8_t group) {
    store::User u;
    u.id = id(n);
    u.email = std::move(email);
    u.name = "N";
    u.role = role;
    u.group = id(group);
    return u;
  };
  p.users = {user(4, "Ana@example.com", store::UserRole::technician, 2),
             user(5, "bo@example.com", store::UserRole::technician, 1),
             user(6, "boss@example.com", store::UserRole::administrator, 1),
             user(7, "robot@example.com", store::UserRole::service, 1)};
  return p;
}

UserSpec person(std::string email) {
  UserSpec spec;
  spec.email = std::move(email);
  return spec;
}
GroupSpec group(std::string name) {
  GroupSpec spec;
  spec.name = std::move(name);
  return spec;
}
template <typename Spec>
Row<Spec> row(std::string name, Spec spec) {
  return {std::move(name), std::move(spec)};
}
Row<UserSpec> row(UserSpec spec) { return {spec.email, spec}; }

/// "created user ana@…", one a line, with changes and errors.
std::string told(const Document& d, PlanOptions options = {}, const Present& present = site()) {
  options.canonical = canonical;
  std::string out;
  for (const auto& step : plan(d, present, options)) {
    out += std::string(to_string(step.outcome)) + " " + std::string(to_string(step.kind)) + " " + step.name;
    for (const auto& c : step.changes)
      out += " " + c.field + ":" + boost::json::serialize(c.from) + ">" + boost::json::serialize(c.to);
    if (step.error) out += " " + std::string(step.error->code.name());
    out += "\n";
  }
  return out;
}

TEST(ProvisionPlan, TellsWhatChangesAndWhatDoesNot) {
  Document d;
  d.settings = {row<SettingSpec>("password.min_score", {"password.min_score", "4"})};
  auto billing = group("Billing");
  billing.single_prompt = true;
  billing.permissions = wire::PermissionSet{wire::Permission::reboot};
  d.groups = {row("Billing", billing), row("New", group("New"))};
  d.channels = {row("billing", ChannelSpec{.name = "billing", .groups = {{"New", "Billing"}}})};
  auto ana = person("ana@EXAMPLE.com");
  ana.role = store::UserRole::group_administrator;
  auto bo = person("bo@example.com");
  bo.name = "N";
  bo.group = "New";
  auto eve = person("eve@example.com");
  eve.name = "Eve";
  d.users = {row(ana), row(bo), row(eve)};
  EXPECT_EQ(told(d),
            "changed setting password.min_score value:\"3\">\"4\"\n"
            "changed group Billing single_prompt:false>true\n"
            "created group New\n"
            "changed channel billing groups:[\"Billing\"]>[\"Billing\",\"New\"]\n"
            "changed user ana@EXAMPLE.com role:\"technician\">\"group_administrator\"\n"
            "changed user bo@example.com group:\"Technicians\">\"New\"\n"
            "created user eve@example.com\n");
}

TEST(ProvisionPlan, WhatIsLeftOutStaysAsItIs) {
  Document d;
  d.groups = {row("Billing", group("Billing"))};
  d.users = {row(person("ana@example.com"))};
  d.settings = {row<SettingSpec>("password.min_score", {"password.min_score", "3"})};
  EXPECT_EQ(told(d), "unchanged setting password.min_score\nunchanged group Billing\nunchanged user ana@example.com\n");
  EXPECT_EQ(told({}, {.prune = true}), "") << "sections that are left out are not looked at";
}

TEST(ProvisionPlan, TheExportIsThePresent) {
  // The document of export_document, as the broker reads it back.
  const auto present = site();
  const auto document = export_document(present);
  EXPECT_EQ(boost::json::serialize(document.at("settings")), R"({"password.min_score":"3"})") << "no secrets";
  EXPECT_EQ(boost::json::serialize(document.at("channels")),
            R"([{"name":"billing","description":"","groups":["Billing"]}])");
  EXPECT_EQ(
      boost::json::serialize(document.at("service_accounts")),
      R"([{"email":"robot@example.com","name":"N","group":"Technicians","disabled":false,"allowed_networks":[]}])");
  EXPECT_EQ(boost::json::serialize(document.at("users").as_array()[0]),
            R"({"email":"Ana@example.com","name":"N","role":"technician","group":"Billing","disabled":false,)"
            R"("allowed_networks":[],"sso_disabled":false})");
}

TEST(ProvisionPlan, PrunesWhatANamedSectionLeavesOut) {
  Document d;
  d.users = {row(person("ana@example.com"))};
  EXPECT_EQ(told(d, {.prune = true, .self = id(6)}), "unchanged user ana@example.com\ndeleted user bo@example.com\n")
      << "not the one who asks, and no machine";
  EXPECT_EQ(told(d), "unchanged user ana@example.com\n");
  Document machines;
  machines.service_accounts.emplace();
  EXPECT_EQ(told(machines, {.prune = true}), "deleted service_account robot@example.com\n");
  Document groups;
  groups.groups.emplace();
  groups.channels.emplace();
  EXPECT_EQ(told(groups, {.prune = true}), "deleted channel billing\ndeleted group Billing\n")
      << "the default group stays";
}

TEST(ProvisionPlan, ARowThatIsAtFaultPrunesNobody) {
  Document d;
  d.users.emplace();
  for (const auto* name : {"ANA@example.com", "bo@example.com", "boss@example.com"})
    d.users->push_back({name, base::fail(base::Errc::invalid_argument, "role")});
  EXPECT_EQ(told(d, {.prune = true}),
            "failed user ANA@example.com INVALID_ARGUMENT\nfailed user bo@example.com INVALID_ARGUMENT\n"
            "failed user boss@example.com INVALID_ARGUMENT\n");
}

TEST(ProvisionPlan, FailsRowsThatCannotBe) {
  Document d;
  auto nameless = person("new@example.com");
  auto nowhere = person("bo@example.com");
  nowhere.group = "Nowhere";
  auto machine = person("robot@example.com");
  auto service = person("x@example.com");
  service.role = store::UserRole::service;
  d.users = {row(nameless), row(nowhere), row(person("ana@example.com")), row(person("ANA@example.com")),
             row(machine),  row(service)};
  d.channels = {row("billing", ChannelSpec{.name = "billing", .groups = {{"Nowhere"}}})};
  d.settings = {row<SettingSpec>("nope", {"nope", "1"}),
                row<SettingSpec>("password.min_score", {"password.min_score", "bad"})};
  EXPECT_EQ(told(d),
            "failed setting nope INVALID_ARGUMENT\nfailed setting password.min_score INVALID_ARGUMENT\n"
            "failed channel billing GROUP_NOT_FOUND\n"
            "failed user new@example.com INVALID_ARGUMENT\nfailed user bo@example.com GROUP_NOT_FOUND\n"
            "unchanged user ana@example.com\nfailed user ANA@example.com INVALID_ARGUMENT\n"
            "failed user robot@example.com CONFLICT\nfailed user x@example.com INVALID_ARGUMENT\n");
}

TEST(ProvisionPlan, AGroupThatGoesTakesNobodyIn) {
  Document d;
  d.groups.emplace();
  auto ana = person("ana@example.com");
  ana.group = "Billing";
  d.users = {row(ana)};
  EXPECT_EQ(told(d, {.prune = true, .self = id(5)}),
            "failed user ana@example.com GROUP_NOT_FOUND\ndeleted user boss@example.com\ndeleted group Billing\n");
}

TEST(ProvisionPlan, AdministratorsAreMadeBeforeOthersStopToBeSome) {
  Document d;
  auto boss = person("boss@example.com");
  boss.role = store::UserRole::technician;
  auto bo = person("bo@example.com");
  bo.role = store::UserRole::administrator;
  d.users = {row(boss), row(bo)};
  EXPECT_EQ(told(d),
            "changed user bo@example.com role:\"technician\">\"administrator\"\n"
            "changed user boss@example.com role:\"administrator\">\"technician\"\n");
}

TEST(ProvisionPlan, ComparesNetworksAsTheyAreKept) {
  auto present = site();
  present.users[0].allowed_networks = {"10.0.0.0/8", "192.0.2.7/32"};
  Document d;
  auto ana = person("ana@example.com");
  ana.allowed_networks = {"192.0.2.7", "10.0.0.0/8", "10.0.0.0/8"};
  auto bo = person("bo@example.com");
  bo.allowed_networks = {"10.1.2.3/8"};
  d.users = {row(ana), row(bo)};
  EXPECT_EQ(told(d, {}, present), "unchanged user ana@example.com\nfailed user bo@example.com INVALID_ARGUMENT\n");
}

TEST(ProvisionPlan, MasksSecretsAndComparesCanonicalForms) {
  Document d;
  d.settings = {row<SettingSpec>("sso.key", {"sso.key", "new"})};
  EXPECT_EQ(told(d), "changed setting sso.key value:\"***\">\"***\"\n");
  auto present = site();
  present.settings[0].value = "60";
  d.settings = {row<SettingSpec>("password.min_score", {"password.min_score", "sixty"})};
  EXPECT_EQ(told(d, {}, present), "unchanged setting password.min_score\n");
}

}  // namespace
}  // namespace rescue::directory::provision

// SPDX-License-Identifier: Apache-2.0
// admin group, channel, token.
#include <fstream>

#include <boost/json/parse.hpp>

#include "cmd/rescue/table_groups.hpp"
#include "program_env.hpp"
#include "wire/permission.hpp"

namespace rescue::program {
namespace {
using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using test::Person;

constexpr std::string_view kGroup =
    R"({"group":{"id":"g-1","name":"billing","description":"","default":false,"members":2,"permissions":["desktop_view","reboot"],"single_prompt":false,"force_recording":true,"require_sas":false,"omit_chat_text":false,"require_mfa":false,"require_sso":false,"consent_timeout":60,"inactivity_timeout":0,"allowed_networks":["10.0.0.0/8"],"channels":[{"id":"c-1","name":"invoices"}]}})";
constexpr std::string_view kChannel =
    R"({"channel":{"id":"c-1","name":"invoices","description":"paper","created_at":"2026-01-01T00:00:00.000000Z","groups":[{"id":"g-1","name":"billing"}]}})";
constexpr std::string_view kToken =
    R"({"id":"11111111-1111-4111-8111-111111111111","name":"nightly","user":{"id":"u","email":"ci@x","name":"CI"},"scopes":["log.read","sessions"],"address":"","created_at":"2026-01-01T00:00:00.000000Z","expires_at":"2026-04-01T00:00:00.000000Z","last_used_at":"2026-01-01T00:00:00.000000Z"})";

class Groups : public ::testing::Test {
 protected:
  Groups()
      : broker([](const FakeRequest& r) -> FakeReply {
          const std::string token(kToken);
          if (r.method == "DELETE") return {200, R"({"ok":true})"};
          if (r.path.ends_with("/tokens")) return {201, R"({"secret":"rsc_once","token":)" + token + "}"};
          if (r.path.starts_with("/tokens")) return {200, R"({"next_cursor":null,"tokens":[)" + token + "]}"};
          if (r.path.starts_with("/channels")) return {200, std::string(kChannel)};
          return {200, std::string(kGroup)};
        }) {
    person.variables["RESCUE_SERVER"] = broker.url();
    person.variables["RESCUE_CA_PIN"] = broker.pin();
    person.variables["RESCUE_TOKEN"] = "tok";
  }
  test::RunResult run(std::string_view line) { return person.run(line, ""); }
  std::string asked() {
    const auto last = broker.requests().back();
    return last.method + " " + last.path + " " + last.body;
  }
  FakeBroker broker;
  Person person;
};

TEST_F(Groups, FlagsBecomeFieldsAndNothingElseIsSent) {
  EXPECT_EQ(run("admin group add billing --permission desktop_view --permission reboot --force-recording yes").code, 0);
  EXPECT_EQ(asked(),
            R"(POST /groups {"permissions":["desktop_view","reboot"],"force_recording":true,"name":"billing"})");
  EXPECT_EQ(run("admin group set billing --single-prompt no --consent-timeout 30s --inactivity-timeout 0s "
                "--allow-network 10.0.0.0/8 --allow-network 192.0.2.0/24 --name invoices")
                .code,
            0);
  EXPECT_EQ(asked(), R"(PATCH /groups/billing {"single_prompt":false,"consent_timeout":30,"inactivity_timeout":0,)"
                     R"("allowed_networks":["10.0.0.0/8","192.0.2.0/24"],"name":"invoices"})");
  EXPECT_EQ(run("admin group set billing --allow-network any").code, 0);
  EXPECT_EQ(asked(), R"(PATCH /groups/billing {"allowed_networks":[]})");
  EXPECT_EQ(run("admin group set billing").code, 2) << "nothing to change";
  EXPECT_EQ(run("admin group set billing --single-prompt perhaps").code, 2);
  EXPECT_EQ(run("admin group add billing --permission everything").code, 2);
}

TEST_F(Groups, PermissionsAreGivenAndTakenByName) {
  EXPECT_EQ(run("admin group grant billing reboot send_files").code, 0);
  EXPECT_EQ(asked(), R"(POST /groups/billing/grant {"permissions":["reboot","send_files"]})");
  const auto r = run("admin group revoke billing reboot");
  EXPECT_EQ(asked(), R"(POST /groups/billing/revoke {"permissions":["reboot"]})");
  EXPECT_NE(r.out.find("desktop_view,reboot"), std::string::npos);
  EXPECT_NE(r.out.find("invoices"), std::string::npos);
  EXPECT_EQ(run("admin group revoke billing").code, 2);
  EXPECT_EQ(run("admin group revoke billing fly").code, 2);
}

TEST_F(Groups, AreRemovedWhenSomebodySaysYes) {
  EXPECT_EQ(run("admin group remove billing").code, 2) << "nobody can be asked";
  EXPECT_TRUE(broker.requests().empty());
  EXPECT_EQ(run("admin group remove billing --yes").code, 0);
  EXPECT_EQ(asked(), "DELETE /groups/billing ");
  EXPECT_EQ(run("admin channel remove invoices -y").code, 0);
  EXPECT_EQ(asked(), "DELETE /channels/invoices ");
}

TEST_F(Groups, AreAssignedToChannelsOneByOne) {
  EXPECT_EQ(run("admin channel assign invoices billing north").code, 0);
  ASSERT_EQ(broker.requests().size(), 2u);
  EXPECT_EQ(broker.requests()[0].body, R"({"group":"billing"})");
  EXPECT_EQ(asked(), R"(POST /channels/invoices/assign {"group":"north"})");
  const auto r = run("admin channel unassign invoices billing");
  EXPECT_EQ(asked(), R"(POST /channels/invoices/unassign {"group":"billing"})");
  EXPECT_NE(r.out.find("billing"), std::string::npos);
}

TEST_F(Groups, ATokenIsPrintedOnceAndAloneWhereThatIsAskedFor) {
  auto r = run("admin token add ci@x --name nightly --scope log.read --scope sessions --expires 24h -o name");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out, "rsc_once\n");
  EXPECT_EQ(asked(),
            R"(POST /users/ci%40x/tokens {"name":"nightly","scopes":["log.read","sessions"],"expires_in":86400})");
  r = run("admin token add ci@x --name nightly --scope log.read -o json");
  EXPECT_EQ(r.json().at("secret").as_string(), "rsc_once");
  EXPECT_NE(broker.requests().back().body.find(R"("expires_in":7776000)"), std::string::npos) << "90 days";
  EXPECT_EQ(run("admin token add ci@x --name nightly").code, 2) << "a token without scopes is good for nothing";
  EXPECT_EQ(run("admin token add ci@x --name nightly --scope tokens").code, 2);
  r = run("admin token list ci@x");
  EXPECT_EQ(broker.requests().back().path, "/tokens?user=ci%40x&limit=100");
  EXPECT_EQ(r.out.find("rsc_"), std::string::npos);
  EXPECT_EQ(run("admin token revoke 11111111-1111-4111-8111-111111111111").code, 0);
  EXPECT_EQ(asked(), "DELETE /tokens/11111111-1111-4111-8111-111111111111 ");
  const auto named = run("admin token revoke nightly");
  EXPECT_EQ(named.code, 2);
  EXPECT_NE(named.err.find("TOKEN must be an id ("), std::string::npos) << named.err;
}

TEST_F(Groups, AccountsAreMadeMovedAndListedByGroup) {
  FakeBroker users([](const FakeRequest& r) -> FakeReply {
    if (r.method == "GET") return {200, std::string(R"({"next_cursor":null,"users":[)") + test::kUserJson + "]}"};
    return {200, std::string(R"({"user":)") + test::kUserJson + "}"};
  });
  person.variables["RESCUE_SERVER"] = users.url();
  person.variables["RESCUE_CA_PIN"] = users.pin();
  EXPECT_EQ(person.run({"admin", "user", "add", "ci@x", "--name", "CI", "--role", "service", "--group", "north"}).code,
            0);
  EXPECT_EQ(users.requests().back().body, R"({"email":"ci@x","name":"CI","role":"service","group":"north"})");
  EXPECT_EQ(run("admin user set ci@x --group south").code, 0);
  EXPECT_EQ(users.requests().back().body, R"({"group":"south"})");
  const auto r = run("admin user list --group north --role technician");
  EXPECT_EQ(users.requests().back().path, "/users?group=north&role=technician&limit=100");
  EXPECT_NE(r.out.find("\tsupport\t"), std::string::npos);
}

TEST(GroupsTable, KnowsEveryPermissionAndEveryScope) {
  ASSERT_EQ(std::size(kPermissions), wire::kPermissionCount);
  for (const auto permission : wire::all_permissions())
    EXPECT_EQ(kPermissions[static_cast<std::size_t>(permission)], wire::name(permission));
  std::ifstream in(test::source_dir() / "docs" / "openapi.json");
  const auto document = boost::json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  const auto& scopes = document.at("components").at("schemas").at("Scope").at("enum").as_array();
  ASSERT_EQ(std::size(kScopes), scopes.size());
  for (std::size_t i = 0; i < scopes.size(); ++i) EXPECT_EQ(kScopes[i], std::string_view(scopes[i].as_string()));
}

}  // namespace
}  // namespace rescue::program

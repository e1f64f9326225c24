// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "program_env.hpp"

namespace rescue::program {
namespace {
using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using test::Person;

/// A signed-in person at a broker that gives one answer to everything.
struct Desk {
  explicit Desk(std::string answer, unsigned status = 200)
      : broker([answer, status](const FakeRequest&) -> FakeReply {
          return {status, answer};
        }) {
    person.variables["RESCUE_SERVER"] = broker.url();
    person.variables["RESCUE_CA_PIN"] = broker.pin();
    person.variables["RESCUE_TOKEN"] = "tok";
  }
  void file(const std::string& name, std::string_view text) { std::ofstream(person.home.path() / name) << text; }
  std::string content(const std::string& name) {
    std::ifstream in(person.home.path() / name);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  boost::json::object sent() { return boost::json::parse(broker.requests().back().body).as_object(); }
  FakeBroker broker;
  Person person;
};

std::string applied(std::string_view results, std::string_view invitations = "", bool stored = true) {
  return std::string(R"({"applied":)") + (stored ? "true" : "false") +
         R"(,"counts":{"created":1,"changed":0,"unchanged":1,"deleted":0,"failed":0},"results":[)" +
         std::string(results) + R"(],"invitations":[)" + std::string(invitations) + "]}";
}
constexpr std::string_view kCreated = R"({"kind":"user","name":"ana@b","outcome":"created","index":0})";
constexpr std::string_view kChanged =
    R"({"kind":"group","name":"G","outcome":"changed","index":0,"changes":[{"field":"require_sas","from":false,"to":true}]})";
constexpr std::string_view kFailed =
    R"({"kind":"user","name":"bo@b","outcome":"failed","index":1,"error":"GROUP_NOT_FOUND","code":6,"message":"'X': no such group"})";

TEST(Apply, SendsTheFilesAsOneDocument) {
  Desk d(applied(std::string(kCreated) + "," + std::string(kChanged)));
  d.file("org.toml", "[[groups]]\nname = \"G\"\n");
  d.file("users.csv", "email,name\nana@b,Ana\n");
  auto r = d.person.run("admin apply -f org.toml -f users.csv --prune --continue-on-error");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out, "user\tana@b\tcreated\t\ngroup\tG\tchanged\trequire_sas: false > true\n");
  EXPECT_NE(r.err.find("1 created, 1 unchanged"), std::string::npos) << r.err;
  EXPECT_EQ(d.broker.requests().back().path, "/apply");
  EXPECT_EQ(d.sent(),
            boost::json::parse(R"({"document":{"groups":[{"name":"G"}],"users":[{"email":"ana@b","name":"Ana"}]},
    "prune":true,"continue_on_error":true})"));
  EXPECT_EQ(d.person.run("admin user import users.csv --dry-run").code, 0);
  EXPECT_TRUE(d.sent().at("dry_run").as_bool());
  EXPECT_EQ(d.person.run("admin apply -f - --format csv", "email\nana@b\n").code, 0);
  EXPECT_EQ(d.sent().at("document").at("users").as_array().size(), 1U);
}

TEST(Apply, TellsFailuresWithTheirPlaceAndTheFirstOnesExitCode) {
  Desk d(applied(std::string(kCreated) + "," + std::string(kFailed), "", false));
  d.file("users.csv", "email,group\nana@b,\nbo@b,X\n");
  auto r = d.person.run("admin apply -f users.csv");
  EXPECT_EQ(r.code, 6);
  EXPECT_NE(r.out.find("user\tbo@b\tfailed\tGROUP_NOT_FOUND: 'X': no such group (users.csv:3)\n"), std::string::npos)
      << r.out;
  EXPECT_NE(r.err.find("nothing was changed"), std::string::npos) << r.err;
  r = d.person.run("admin apply -f users.csv --continue-on-error -o json");
  EXPECT_EQ(r.code, 3);
  EXPECT_EQ(r.error().at("error").as_string(), "GROUP_NOT_FOUND");
  EXPECT_EQ(r.error().at("code").as_int64(), 3);
  EXPECT_EQ(r.json().as_array().at(1).at("place").as_string(), "users.csv:3");
}

TEST(Apply, NamesThePlaceOfWhatTheBrokerRefuses) {
  Desk d(R"({"error":"INVALID_ARGUMENT","message":"field 'users[1].x' is odd","retryable":false})", 400);
  d.file("users.csv", "email\nana@b\n\nbo@b\n");
  const auto r = d.person.run("admin apply -f users.csv");
  EXPECT_EQ(r.code, 2);
  EXPECT_NE(r.err.find("users.csv:4: field 'users[1].x'"), std::string::npos) << r.err;
  EXPECT_EQ(d.person.run("admin apply -f none.csv").code, 6);
  d.file("bad.toml", "a = ");
  EXPECT_EQ(d.person.run("admin apply -f bad.toml").code, 1);
}

TEST(Apply, WritesInvitationsToANewFileOfTheOwnersAlone) {
  Desk d(applied(kCreated, R"({"email":"ana@b","link":"https://s/invite#rsi_1","expires_at":"2026-01-01T00:00:00Z"})"));
  d.file("users.csv", "email\nana@b\n");
  const auto r = d.person.run("admin apply -f users.csv --invitations links.csv");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out.find("rsi_1"), std::string::npos) << "not where it is not expected";
  EXPECT_EQ(d.content("links.csv"), "email,link,expires_at\nana@b,https://s/invite#rsi_1,2026-01-01T00:00:00Z\n");
  struct stat st {};
  ASSERT_EQ(::stat((d.person.home.path() / "links.csv").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
  EXPECT_TRUE(d.sent().at("invite").as_bool());
  const auto asked = d.broker.requests().size();
  EXPECT_EQ(d.person.run("admin apply -f users.csv --invitations links.csv").code, 7) << "never over another";
  EXPECT_EQ(d.broker.requests().size(), asked) << "and nobody is made whose link is lost";
  EXPECT_EQ(d.person.run("admin apply -f users.csv --invitations dry.csv --dry-run").code, 0);
  EXPECT_FALSE(std::filesystem::exists(d.person.home.path() / "dry.csv"));
}

TEST(Apply, LeavesNoEmptyFileBehind) {
  Desk d(applied(kChanged));
  d.file("users.csv", "email\nana@b\n");
  EXPECT_EQ(d.person.run("admin apply -f users.csv --invitations links.csv").code, 0);
  EXPECT_FALSE(std::filesystem::exists(d.person.home.path() / "links.csv"));
}

TEST(RequestId, GoesWithWhatChangesSomething) {
  Desk d(applied(kCreated));
  d.file("users.csv", "email\nana@b\n");
  EXPECT_EQ(d.person.run("admin apply -f users.csv --request-id hr-1").code, 0);
  EXPECT_EQ(d.broker.requests().back().key, "hr-1");
  EXPECT_EQ(d.person.run("admin apply -f users.csv").code, 0);
  EXPECT_EQ(d.broker.requests().back().key, "");
  const auto asked = d.broker.requests().size();
  EXPECT_EQ(d.person.run({"admin", "apply", "-f", "users.csv", "--request-id", "a b"}).code, 2);
  EXPECT_EQ(d.broker.requests().size(), asked);
}

TEST(Export, IsWhatApplyReads) {
  Desk d(
      R"({"document":{"settings":{"password.min_score":"3"},"groups":[{"name":"G","permissions":[]}],"channels":[],"users":[{"email":"a@b","name":"A"}],"service_accounts":[]}})");
  const auto r = d.person.run("admin export");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("[[users]]\nemail = \"a@b\"\n"), std::string::npos) << r.out;
  EXPECT_EQ(d.person.run("admin export -o json").json().at("users").as_array().size(), 1U);
  Desk back(applied(""));
  EXPECT_EQ(back.person.run("admin apply -f -", r.out).code, 0);
  EXPECT_EQ(back.sent().at("document").at("settings").at("password.min_score").as_string(), "3");
  EXPECT_EQ(back.sent().at("document").at("channels").as_array().size(), 0U) << "a section without objects is one";
}

constexpr const char* kAnswers =
    R"({"answers":[{"as":"ana@b","action":"reboot","decision":"deny","rule":"group.permissions","reason":"group 'G' does not grant reboot","reach":"own","conditions":["consent: asked"]}]})";

TEST(PolicyWhy, PrintsDecisionAndRule) {
  Desk d(kAnswers);
  auto r = d.person.run("admin policy why --as ana@b --action reboot --channel billing");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("deny"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("group.permissions"), std::string::npos) << r.out;
  EXPECT_EQ(d.sent(), boost::json::parse(R"({"questions":[{"as":"ana@b","action":"reboot","channel":"billing"}]})"));
  EXPECT_EQ(d.person.run("admin policy why --as ana@b --action reboot --exit-code").code, 5);
  EXPECT_EQ(d.person.run("admin policy why --as ana@b --action reboot -o json").json().at("rule").as_string(),
            "group.permissions");
  Desk nobody(
      R"({"answers":[{"as":"x@b","action":"reboot","error":"USER_NOT_FOUND","code":6,"message":"no such user"}]})");
  EXPECT_EQ(nobody.person.run("admin policy why --as x@b --action reboot").code, 6);
}

TEST(PolicyTest, MeetsExpectationsOrSaysWhichNot) {
  Desk d(kAnswers);
  d.file("good.csv", "as,action,channel,expect,rule\nana@b,reboot,,deny,group.permissions\n");
  EXPECT_EQ(d.person.run("admin policy test good.csv").code, 0);
  d.file("bad.csv", "as,action,expect\nana@b,reboot,allow\n");
  auto r = d.person.run("admin policy test bad.csv -o json");
  EXPECT_EQ(r.code, 10);
  EXPECT_EQ(r.json().as_array().at(0).at("result").as_string(), "wrong");
  EXPECT_EQ(r.error().at("error").as_string(), "VERIFICATION_FAILED");
  EXPECT_TRUE(std::string(r.error().at("message").as_string()).starts_with("1 of 1 expectations are not met"));
  d.file("rule.csv", "as,action,expect,rule\nana@b,reboot,deny,role\n");
  EXPECT_EQ(d.person.run("admin policy test rule.csv").code, 10) << "the right answer for another reason";
  for (const char* broken : {"", "as,action\n", "as,action,expect\nana@b,reboot,maybe\n", "as,who\n",
                             "as,action,expect\nana@b,reboot\n", "as,action,expect\n"}) {
    d.file("broken.csv", broken);
    const auto code = d.person.run("admin policy test broken.csv").code;
    EXPECT_TRUE(code == 1 || code == 2) << broken << code;
  }
}

}  // namespace
}  // namespace rescue::program

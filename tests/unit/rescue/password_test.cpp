// SPDX-License-Identifier: Apache-2.0
// passwd with its meter, accept-invitation, admin user invite, admin policy: against a broker that notes what it hears.
#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <mutex>

#include "program_env.hpp"

namespace rescue::program {
namespace {

using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using test::Person;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kStrong = "four uncommon words together";
constexpr std::string_view kCode = "rsi_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Knows one good password, one invitation and two settings.
class Site {
 public:
  std::vector<boost::json::object> bodies(std::string_view path) {
    const std::scoped_lock lock(mutex_);
    std::vector<boost::json::object> out;
    for (const auto& [at, body] : heard_)
      if (at == path) out.push_back(boost::json::parse(body).as_object());
    return out;
  }

 private:
  FakeReply answer(const FakeRequest& r) {
    const std::scoped_lock lock(mutex_);
    heard_.emplace_back(r.method + " " + r.path, r.body.empty() ? "{}" : r.body);
    if (r.path == "/auth/login") return {200, test::login_json()};
    if (r.path == "/auth/whoami") return {200, test::kUserJson};
    if (r.path == "/auth/strength") {
      const bool good = boost::json::parse(r.body).at("password").as_string() == kStrong;
      if (good)
        return {200, R"({"score":4,"name":"strong","needed":3,"needed_name":"good","enough":true,"advice":[]})"};
      return {200, R"({"score":1,"name":"weak","needed":3,"needed_name":"good","enough":false,)"
                   R"("advice":["It holds a part of your name or address."]})"};
    }
    if (r.path == "/auth/password" || r.path == "/auth/invitation") {
      const auto body = boost::json::parse(r.body).as_object();
      const auto& chosen = body.at(r.path == "/auth/password" ? "new" : "password").as_string();
      if (chosen != kStrong) return test::refusal(400, "PASSWORD_TOO_WEAK", "choose a stronger password");
      return {200, R"({"ok":true,"email":"ada@example.org"})"};
    }
    if (r.path == "/users" || r.path == "/users/ada%40example.org/invite")
      return {201, std::string(R"({"user":)") + test::kUserJson +
                       R"(,"invitation":{"link":"https://site.example/invite#)" + std::string(kCode) +
                       R"(","expires_at":"2026-12-01T00:00:00.000000Z"}})"};
    if (r.path == "/policy") return {200, kPolicy};
    return test::refusal(404, "NOT_FOUND", "nothing here");
  }
  static constexpr const char* kPolicy =
      R"({"settings":[{"name":"password.min_score","type":"integer","value":"4","default":"3","help":"Least strength."},)"
      R"({"name":"allowed_networks","type":"list","value":"","default":"","help":"Networks."}]})";
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> heard_;

 public:
  FakeBroker broker{[this](const FakeRequest& r) { return answer(r); }};
};

TEST(Passwd, ShowsHowStrongTheNewPasswordIsAndWhatWouldHelp) {
  Site site;
  Person p;
  ASSERT_EQ(p.login(site.broker).code, 0);
  auto r = p.run("passwd --current-password-stdin --new-password-stdin", "secret\nadaada\n");
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr("Strength: [#---] weak"));
  EXPECT_THAT(r.err, HasSubstr("at least \"good\""));
  EXPECT_THAT(r.err, HasSubstr("part of your name"));
  EXPECT_THAT(r.err, Not(HasSubstr("adaada")));
  EXPECT_EQ(p.run("passwd --current-password-stdin --new-password-stdin -o json", "secret\nadaada\n")
                .error()
                .at("error")
                .as_string(),
            "PASSWORD_TOO_WEAK");
  const auto asked = site.bodies("POST /auth/strength");
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].at("email").as_string(), "ada@example.org") << "the words of this very account count";
  EXPECT_EQ(asked[0].at("name").as_string(), "Ada");
  r = p.run("passwd --current-password-stdin --new-password-stdin", "secret\n" + std::string(kStrong) + "\n");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_THAT(r.err, HasSubstr("Strength: [####] strong"));
  EXPECT_EQ(r.out, "");
  const auto quiet =
      p.run("-q passwd --current-password-stdin --new-password-stdin", "secret\n" + std::string(kStrong) + "\n");
  EXPECT_EQ(quiet.code, 0);
  EXPECT_EQ(quiet.err, "");
}

TEST(AcceptInvitation, TakesTheLinkFromStandardInputAndFindsTheSiteInIt) {
  Site site;
  Person p;
  const auto link = site.broker.url() + "/invite#" + std::string(kCode);
  const auto r =
      p.run({"accept-invitation", "--ca-pin", site.broker.pin(), "--code-stdin", "--new-password-stdin", "-o", "json"},
            link + "\n" + std::string(kStrong) + "\n");
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.json().at("email").as_string(), "ada@example.org");
  EXPECT_EQ(r.json().at("server").as_string(), site.broker.url());
  const auto sent = site.bodies("POST /auth/invitation");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].at("code").as_string(), kCode);
  EXPECT_EQ(site.bodies("POST /auth/strength").at(0).at("invitation").as_string(), kCode);
  EXPECT_EQ(p.run("context list -o name").out, "") << "nobody is signed in by it";
}

TEST(AcceptInvitation, TakesTheBareCodeWithAServer) {
  Site site;
  Person p;
  const auto input = std::string(kCode) + "\n" + std::string(kStrong) + "\n";
  EXPECT_EQ(p.run({"accept-invitation", "--code-stdin", "--new-password-stdin"}, input).code, 2) << "which site?";
  const auto r = p.run({"accept-invitation", "--server", site.broker.url(), "--ca-pin", site.broker.pin(),
                        "--code-stdin", "--new-password-stdin"},
                       input);
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_THAT(r.err, HasSubstr("rescue login --server " + site.broker.url() + " --ca-pin " + site.broker.pin() +
                               " --email ada@example.org"));
}

TEST(AdminInvite, PrintsTheLinkOnceAndNoPassword) {
  Site site;
  Person p;
  ASSERT_EQ(p.login(site.broker).code, 0);
  for (const auto* line :
       {"admin user invite ada@example.org -o json", "admin user add ada@example.org --name Ada --invite -o json"}) {
    const auto r = p.run(line);
    ASSERT_EQ(r.code, 0) << line << r.err;
    EXPECT_EQ(r.json().at("invitation").at("link").as_string(), "https://site.example/invite#" + std::string(kCode));
  }
  EXPECT_TRUE(site.bodies("POST /users").at(0).at("invite").as_bool());
  EXPECT_EQ(p.run("admin user add ada@example.org --name Ada --invite --password-stdin", "x\n").code, 2);
}

TEST(AdminPolicy, ShowsSettingsAndSendsChangesTogether) {
  Site site;
  Person p;
  ASSERT_EQ(p.login(site.broker).code, 0);
  EXPECT_EQ(p.run("admin policy show -o name").out, "password.min_score\nallowed_networks\n");
  EXPECT_EQ(p.run("admin policy show password.min_score").out, "password.min_score\t4\t3\tLeast strength.\n");
  EXPECT_EQ(p.run("admin policy show password.length").code, 6);
  std::ofstream(p.home.path() / "networks") << "10.0.0.0/8\n192.0.2.0/24\n";
  const auto set =
      p.run("admin policy set password.min_score=4 allowed_networks=@networks --reset password.max_age -o name");
  EXPECT_EQ(set.code, 0) << set.err;
  EXPECT_EQ(set.out, "password.min_score\nallowed_networks\n");
  const auto sent = site.bodies("PATCH /policy").at(0);
  EXPECT_EQ(
      boost::json::serialize(sent),
      R"({"settings":{"password.min_score":"4","allowed_networks":"10.0.0.0/8\n192.0.2.0/24","password.max_age":null}})");
  for (const auto* bad : {"admin policy set", "admin policy set password.min_score", "admin policy set =4",
                          "admin policy set a=1 a=2", "admin policy set a=1 --reset a"})
    EXPECT_EQ(p.run(bad).code, 2) << bad;
  EXPECT_EQ(p.run("admin policy set a=@nowhere").code, 6);
  EXPECT_EQ(site.bodies("PATCH /policy").size(), 1U);
}

}  // namespace
}  // namespace rescue::program

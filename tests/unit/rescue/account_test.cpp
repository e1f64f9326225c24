// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <sys/stat.h>

#include "program_env.hpp"

namespace rescue::program {
namespace {

using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using test::Person;

FakeReply site(const FakeRequest& r) {
  if (r.path == "/auth/login") {
    const auto body = boost::json::parse(r.body).as_object();
    if (body.at("password").as_string() != "secret")
      return test::refusal(401, "SIGN_IN_NEEDED", "wrong e-mail or password");
    return {200, test::login_json()};
  }
  if (r.token != "tok-1") return test::refusal(401, "SIGN_IN_NEEDED", "sign in");
  if (r.path == "/auth/whoami") return {200, test::kUserJson};
  if (r.path == "/auth/logout") return {200, R"({"ok":true})"};
  if (r.path == "/auth/password") return {200, R"({"ok":true})"};
  return test::refusal(404, "NOT_FOUND", "nothing here");
}

unsigned mode_of(const std::filesystem::path& p) {
  struct stat info {};
  return ::stat(p.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST(Login, KeepsAPrivateTokenAndItsContext) {
  FakeBroker broker(site);
  Person p;
  const auto r = p.login(broker);
  ASSERT_EQ(r.code, 0) << r.err;
  const auto config = p.home.path() / "config" / "rescue";
  EXPECT_EQ(mode_of(config / "tokens" / "127.0.0.1"), 0600U);
  EXPECT_EQ(mode_of(config / "tokens"), 0700U);
  EXPECT_EQ(mode_of(config / "contexts" / "127.0.0.1.toml"), 0600U);
  const auto me = p.run("whoami -o json");
  EXPECT_EQ(me.code, 0) << me.err;
  EXPECT_EQ(me.json().at("email").as_string(), "ada@example.org");
  EXPECT_EQ(p.run("whoami -o name").out, "11111111-1111-4111-8111-111111111111\n");
  const auto contexts = p.run("context list -o json").json().as_array();
  ASSERT_EQ(contexts.size(), 1U);
  EXPECT_TRUE(contexts[0].at("current").as_bool());
  EXPECT_TRUE(contexts[0].at("signed_in").as_bool());
  EXPECT_EQ(contexts[0].at("server").as_string(), broker.url());
}

TEST(Login, SaysWhatIsWrong) {
  FakeBroker broker(site);
  Person p;
  auto r = p.run(
      {"login", "--server", broker.url(), "--ca-pin", broker.pin(), "--email", "a@b", "--password-stdin", "-o", "json"},
      "wrong\n");
  EXPECT_EQ(r.code, 4);
  EXPECT_EQ(r.error().at("error").as_string(), "SIGN_IN_NEEDED");
  EXPECT_EQ(r.error().at("message").as_string(), "wrong e-mail or password");
  EXPECT_EQ(r.error().at("request_id").as_string(), "abc123");
  EXPECT_EQ(p.run("login --email a@b --password-stdin", "x\n").code, 2) << "no server is known";
  EXPECT_EQ(p.run({"login", "--server", broker.url(), "--ca-pin", broker.pin(), "--email", "a@b"}).code, 2)
      << "nobody to ask";
  EXPECT_EQ(
      p.run({"login", "--server", broker.url(), "--ca-pin", "abc", "--email", "a@b", "--password-stdin"}, "x\n").code,
      2);
  EXPECT_EQ(p.run({"login", "--server", "http://127.0.0.1", "--email", "a@b", "--password-stdin"}, "x\n").code, 2);
  const std::string other(64, '0');
  EXPECT_EQ(
      p.run({"login", "--server", broker.url(), "--ca-pin", other, "--email", "a@b", "--password-stdin"}, "x\n").code,
      10);
}

TEST(Context, WithoutAnySiteEveryCommandButLoginAsksForASignIn) {
  Person p;
  for (const auto* line :
       {"whoami", "logout", "session list", "session create", "log query", "admin user list", "admin gateway list"}) {
    const auto r = p.run(std::string(line) + " -o json");
    EXPECT_EQ(r.code, 4) << line << r.err;
    EXPECT_EQ(r.error().at("error").as_string(), "SIGN_IN_NEEDED") << line;
    EXPECT_EQ(r.error().at("code").as_int64(), 4) << line;
    EXPECT_NE(r.err.find("rescue login --server URL"), std::string::npos) << r.err;
  }
}

TEST(Context, TokenGoesToItsServerOnly) {
  FakeBroker broker(site), other(site);
  Person p;
  ASSERT_EQ(p.login(broker).code, 0);
  const auto r = p.run({"whoami", "--server", other.url(), "--ca-pin", other.pin()});
  EXPECT_EQ(r.code, 4);
  EXPECT_TRUE(other.requests().empty()) << "not even asked without a token";
  p.variables["RESCUE_TOKEN"] = "tok-1";
  EXPECT_EQ(p.run({"whoami", "--server", other.url(), "--ca-pin", other.pin()}).code, 0);
}

TEST(Context, IsChosenByFlagThenEnvironmentThenUse) {
  FakeBroker one(site), two(site);
  Person p;
  ASSERT_EQ(p.run({"login", "--context", "one", "--server", one.url(), "--ca-pin", one.pin(), "--email", "a@b",
                   "--password-stdin"},
                  "secret\n")
                .code,
            0);
  ASSERT_EQ(p.run({"login", "--context", "two", "--server", two.url(), "--ca-pin", two.pin(), "--email", "a@b",
                   "--password-stdin"},
                  "secret\n")
                .code,
            0);
  const auto server = [&](std::string_view line) {
    return std::string(p.run(std::string(line) + " -o json").json().at("server").as_string());
  };
  EXPECT_EQ(server("context show"), two.url());
  EXPECT_EQ(p.run("context use one").code, 0);
  EXPECT_EQ(server("context show"), one.url());
  p.variables["RESCUE_CONTEXT"] = "two";
  EXPECT_EQ(server("context show"), two.url());
  EXPECT_EQ(server("context show --context one"), one.url());
  EXPECT_EQ(p.run("whoami --context three").code, 6);
  EXPECT_EQ(p.run("context remove two").code, 0);
  EXPECT_EQ(p.run("context remove two").code, 6);
  EXPECT_EQ(p.run({"context", "use", "../../etc"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(p.home.path() / "config/rescue/tokens/two"));
}

TEST(Context, RefusesATokenThatOthersCanRead) {
  FakeBroker broker(site);
  Person p;
  ASSERT_EQ(p.login(broker).code, 0);
  std::filesystem::permissions(p.home.path() / "config/rescue/tokens/127.0.0.1", std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_NE(p.run("whoami").code, 0);
}

TEST(Context, NamesTheLineOfABrokenFile) {
  FakeBroker broker(site);
  Person p;
  ASSERT_EQ(p.login(broker).code, 0);
  std::ofstream(p.home.path() / "config/rescue/contexts/127.0.0.1.toml") << "server = \"https://x\"\nsevrer = 1\n";
  const auto r = p.run("whoami");
  EXPECT_NE(r.code, 0);
  EXPECT_NE(r.err.find("sevrer"), std::string::npos) << r.err;
}

TEST(Logout, ForgetsTheToken) {
  FakeBroker broker(site);
  Person p;
  ASSERT_EQ(p.login(broker).code, 0);
  EXPECT_EQ(p.run("logout").code, 0);
  EXPECT_EQ(p.run("whoami -o json").code, 4);
  EXPECT_EQ(p.run("logout").code, 4);
  EXPECT_EQ(broker.requests().back().path, "/auth/logout");
}

TEST(Passwd, ReadsBothPasswordsFromStdin) {
  FakeBroker broker(site);
  Person p;
  ASSERT_EQ(p.login(broker).code, 0);
  const auto r = p.run("passwd --current-password-stdin --new-password-stdin", "old one\nnew one\n");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(broker.requests().back().body, R"({"current":"old one","new":"new one"})");
}

}  // namespace
}  // namespace rescue::program

// SPDX-License-Identifier: Apache-2.0
// The real binary: interruption, and the background process that `session pickup` starts.
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program_env.hpp"

namespace rescue::program {
namespace {

using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using test::Person;

/// Starts the binary with nothing on its stdin.
pid_t start(const Person& p, std::vector<std::string> args) {
  args.insert(args.begin(), "rescue");
  std::vector<std::string> variables;
  for (const auto& [k, v] : p.variables) variables.push_back(k + "=" + v);
  std::vector<char*> argv, envp;
  for (auto& a : args) argv.push_back(a.data());
  for (auto& v : variables) envp.push_back(v.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, p.self.c_str(), &actions, nullptr, argv.data(), envp.data()), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  return pid;
}
int exit_of(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void sign_in(Person& p, const FakeBroker& broker) {
  p.variables["RESCUE_SERVER"] = broker.url();
  p.variables["RESCUE_CA_PIN"] = broker.pin();
  p.variables["RESCUE_TOKEN"] = "tok";
}

FakeReply desk(const FakeRequest& r, const FakeReply& pickup) {
  if (r.path == "/auth/whoami") return {200, test::kUserJson};
  if (r.path.ends_with("/pickup")) return pickup;
  return {200, R"({"session":)" + test::session_json("waiting") + "}"};
}

TEST(Interrupt, IsExitCode130) {
  FakeBroker broker([](const FakeRequest&) { return FakeReply{}; });
  Person p;
  sign_in(p, broker);
  const auto pid = start(p, {"session", "watch"});
  broker.wait_streams(1);
  ::kill(pid, SIGINT);
  EXPECT_EQ(exit_of(pid), 130);
}

TEST(BackgroundProcess, HandsTheBrokersRefusalToTheCommand) {
  FakeBroker broker(
      [](const FakeRequest& r) { return desk(r, test::refusal(409, "ALREADY_PICKED_UP", "ada has it")); });
  Person p;
  sign_in(p, broker);
  const auto r = p.run({"session", "pickup", test::kId, "--detach", "-o", "json"});
  EXPECT_EQ(r.code, 7) << r.err;
  EXPECT_EQ(r.error().at("error").as_string(), "ALREADY_PICKED_UP");
  EXPECT_EQ(r.error().at("message").as_string(), "ada has it");
  const auto socket = p.home.path() / "rescue" / ("session-" + test::kId + ".sock");
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(BackgroundProcess, SaysThatASignInIsNeeded) {
  FakeBroker broker([](const FakeRequest& r) { return desk(r, {}); });
  Person p;
  sign_in(p, broker);
  p.variables.erase("RESCUE_TOKEN");
  const auto r = p.run({"session", "pickup", test::kId, "-o", "json"});
  EXPECT_EQ(r.code, 4) << r.err;
  EXPECT_EQ(r.error().at("error").as_string(), "SIGN_IN_NEEDED");
}

TEST(BackgroundProcess, RefusesAGrantThatIsNone) {
  FakeBroker broker([](const FakeRequest& r) {
    return desk(r, {200, R"({"session":)" + test::session_json("active") +
                             R"(,"grant":"AAAA","ticket":"AAAA","gateways":[],"gateway_ca_pin":")" +
                             std::string(64, '0') + R"(","applet_fingerprint":")" + std::string(64, '0') + "\"}"});
  });
  Person p;
  sign_in(p, broker);
  const auto r = p.run({"session", "pickup", test::kId, "-o", "json"});
  EXPECT_EQ(r.error().at("error").as_string(), "BAD_ANSWER") << r.err;
}

}  // namespace
}  // namespace rescue::program

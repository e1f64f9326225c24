// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "support/cli_env.hpp"
#include "support/temp_dir.hpp"

namespace rescue::cli {
namespace {

constexpr Flag kFlags[] = {
    {.name = "state", .type = ValueType::directory, .value = "DIR", .help = "folder", .env = "DAEMON_STATE"},
    {.name = "config", .type = ValueType::path, .value = "FILE", .help = "settings"},
    {.name = "listen", .type = ValueType::text, .value = "ADDRESS", .help = "where", .env = "DAEMON_LISTEN"},
    {.name = "log-level", .type = ValueType::text, .value = "LEVEL", .help = "how much", .fallback = "info"},
};
constexpr Program kDaemon = {.root = {.name = "daemon", .summary = "a sample", .flags = kFlags, .runs_alone = true},
                             .version = "1"};
constexpr FlagKey kKeys[] = {{"listen", "listen"}, {"log-level", "log_level"}};

Parsed given(const Env& env, const std::vector<std::string>& args) { return parse(kDaemon, args, env).value(); }

TEST(Daemon, HasItsStateWhereItIsToldOrInTheUsersOwn) {
  test::TestEnv t;
  t.env.cwd = "/srv";
  EXPECT_EQ(state_folder(given(t.env, {}), t.env, "broker").error().code, base::Errc::invalid_argument);
  t.env.environment["HOME"] = "/home/ada";
  EXPECT_EQ(state_folder(given(t.env, {}), t.env, "broker").value(), "/home/ada/.local/state/rescue/broker");
  t.env.environment["XDG_STATE_HOME"] = "/state";
  EXPECT_EQ(state_folder(given(t.env, {}), t.env, "gateway").value(), "/state/rescue/gateway");
  EXPECT_EQ(state_folder(given(t.env, {"--state", "here"}), t.env, "gateway").value(), "/srv/here");
  t.env.environment["DAEMON_STATE"] = "/var/lib/x";
  EXPECT_EQ(state_folder(given(t.env, {}), t.env, "gateway").value(), "/var/lib/x");
}

TEST(Daemon, ReadsTheFileThatItIsToldOrTheOneInItsState) {
  test::TestEnv t;
  test::TempDir dir;
  t.env.cwd = dir.path();
  EXPECT_EQ(config_file(given(t.env, {}), t.env, dir / "own.toml"), std::nullopt);
  EXPECT_EQ(config_file(given(t.env, {"--config", "none.toml"}), t.env, dir / "own.toml"), (dir / "none.toml").string())
      << "one that was named has to be there: the loader says so";
  std::ofstream(dir / "own.toml") << "\n";
  EXPECT_EQ(config_file(given(t.env, {}), t.env, dir / "own.toml"), (dir / "own.toml").string());
  EXPECT_EQ(config_file(given(t.env, {"--config", "/etc/x.toml"}), t.env, dir / "own.toml"), "/etc/x.toml");
}

TEST(Daemon, HandsOnFlagsAloneAndLeavesTheEnvironmentToTheLoader) {
  test::TestEnv t;
  t.env.environment["DAEMON_LISTEN"] = "[::1]:1";
  EXPECT_TRUE(given_keys(given(t.env, {}), kKeys).empty()) << "neither defaults nor variables";
  const auto keys = given_keys(given(t.env, {"--log-level", "debug"}), kKeys);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0], (std::pair<std::string, std::string>("log_level", "debug")));
  EXPECT_EQ(environment_of(t.env)("DAEMON_LISTEN"), "[::1]:1");
  EXPECT_EQ(environment_of(t.env)("NONE"), std::nullopt);
}

}  // namespace
}  // namespace rescue::cli

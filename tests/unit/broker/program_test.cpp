// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/program.hpp"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/help.hpp"
#include "daemons/broker/routes.hpp"
#include "daemons/broker/settings_table.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"

namespace rescue::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Ran {
  int code;
  std::string out, err;
};

Ran run(std::vector<std::string> args, std::map<std::string, std::string, std::less<>> environment = {}) {
  std::ostringstream out, err;
  cli::Env env;
  env.out = &out;
  env.err = &err;
  env.in_fd = -1;
  env.out_fd = -1;
  env.environment = std::move(environment);
  env.cwd = "/";
  const int code = x_main(args, env);
  return {code, out.str(), err.str()};
}

std::string page() {
  std::ifstream in(test::source_dir() / "man" / "rescue-broker.8.scd");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(BrokerProgram, HasASoundFlagTable) { EXPECT_THAT(cli::table_defects(kProgram), IsEmpty()); }

TEST(BrokerProgram, AgreesWithItsManualPage) {
  ASSERT_THAT(page(), HasSubstr("begin generated"));
  // RESCUE_REFRESH_MANUAL=1 writes the parts that come from the flag table anew.
  if (std::getenv("RESCUE_REFRESH_MANUAL") != nullptr) {
    const auto fresh = cli::refresh_manual(kProgram, page());
    std::ofstream(test::source_dir() / "man" / "rescue-broker.8.scd") << fresh;
  }
  EXPECT_THAT(cli::manual_differences(kProgram, page()), IsEmpty());
}

TEST(BrokerProgram, DocumentsEveryConfigurationKey) {
  const auto text = page();
  for (const auto& key : key_table().keys()) {
    EXPECT_THAT(text, HasSubstr("*" + std::string(key.name) + "*")) << key.name;
    auto entry = std::string(key.description);
    if (!key.default_text.empty()) entry += " Default: " + std::string(key.default_text) + ".";
    EXPECT_THAT(text, HasSubstr(entry)) << key.name;
  }
}

TEST(BrokerProgram, ChecksAndDumpsItsConfiguration) {
  test::TempDir dir;
  std::ofstream(dir / "broker.toml") << "listen = \"127.0.0.1:9000\"\n[pin]\nlifetime = \"5m\"\n";
  const auto state = dir.path().string();
  EXPECT_EQ(run({"--state", state, "--check-config"}).code, 0);
  const auto dump = run({"--state", state, "--dump-config"}, {{"RESCUE_BROKER_SESSION_LEASE", "20m"}});
  EXPECT_THAT(dump.out, HasSubstr("listen = \"127.0.0.1:9000\""));
  EXPECT_THAT(dump.out, HasSubstr("lifetime = \"5m\""));
  EXPECT_THAT(dump.out, HasSubstr("lease = \"20m\""));

  std::ofstream(dir / "broker.toml") << "[pin]\nlifetme = \"5m\"\n";
  const auto wrong = run({"--state", state, "--check-config"});
  EXPECT_NE(wrong.code, 0);
  EXPECT_THAT(wrong.err, HasSubstr("broker.toml:2:1: unknown key 'pin.lifetme', did you mean 'pin.lifetime'?"));
}

TEST(BrokerProgram, TellsAUsageErrorAsJsonWhereJsonWasAsked) {
  const auto ran = run({"init", "-o", "json"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("\"code\":2"));
}

TEST(BrokerRoutes, NameEachOperationOnce) {
  std::set<std::string_view> seen;
  for (const auto& route : routes()) {
    EXPECT_TRUE(seen.insert(route.operation).second) << route.operation;
    EXPECT_TRUE(route.kind != Kind::plain || route.handler != nullptr) << route.operation;
    EXPECT_THAT(who_may(route), ::testing::Not(IsEmpty())) << route.operation;
  }
}

}  // namespace
}  // namespace rescue::broker

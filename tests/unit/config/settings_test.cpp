// SPDX-License-Identifier: Apache-2.0
#include "config/settings.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace rescue::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kLevels[] = {"debug", "info"};
constexpr Key kKeys[] = {
    {"listen",
     Type::text,
     "127.0.0.1:8443",
     "Where to listen.",
     false,
     {.check = is_host_and_port, .rule = "an address and a port"}},
    {"level", Type::text, "info", "How much to log.", false, {.choices = kLevels}},
    {"workers", Type::integer, "4", "Threads.", false, {.min = 1, .max = 64}},
    {"verbose", Type::boolean, "false", "Say more.", false},
    {"pin.lifetime", Type::duration, "20m", "How long a PIN is good for.", false, {.min = 1000, .max = 86'400'000'000}},
    {"tls.names", Type::text_list, "", "Names in the certificate.", false},
    {"tls.password", Type::text, "", "Opens the key.", true},
};
constexpr KeyTable kTable("RESCUE_TEST", kKeys);

std::string error_of(std::string_view toml, const Sources& sources = {}) {
  auto settings = load_text(kTable, toml, "t.toml", sources);
  return settings ? "no error" : settings.error().context;
}

Sources environment(std::map<std::string, std::string> values) {
  return {.file = {}, .environment = [v = std::move(values)](std::string_view name) -> std::optional<std::string> {
            const auto at = v.find(std::string(name));
            return at == v.end() ? std::nullopt : std::optional(at->second);
          }};
}

TEST(Settings, HaveTheTablesDefaultsWithoutAnySource) {
  auto s = load(kTable, {});
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->text("listen"), "127.0.0.1:8443");
  EXPECT_EQ(s->integer("workers"), 4);
  EXPECT_FALSE(s->boolean("verbose"));
  EXPECT_EQ(s->duration("pin.lifetime"), std::chrono::minutes(20));
  EXPECT_TRUE(s->list("tls.names").empty());
  EXPECT_FALSE(s->is_set("listen"));
  EXPECT_EQ(s->origin("listen"), "default");
}

TEST(Settings, TakeFlagOverEnvironmentOverFile) {
  auto sources = environment({{"RESCUE_TEST_WORKERS", "8"}, {"RESCUE_TEST_LISTEN", "[::1]:0"}});
  sources.flags = {{"workers", "16"}};
  auto s = load_text(kTable, "workers = 2\nlisten = \"0.0.0.0:1\"\nverbose = true\n", "t.toml", sources);
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->integer("workers"), 16);
  EXPECT_EQ(s->origin("workers"), "flag --workers");
  EXPECT_EQ(s->text("listen"), "[::1]:0");
  EXPECT_EQ(s->origin("listen"), "environment RESCUE_TEST_LISTEN");
  EXPECT_TRUE(s->boolean("verbose"));
  EXPECT_EQ(s->origin("verbose"), "t.toml:3:11");
}

TEST(Settings, ReadSectionsAndLists) {
  auto s = load_text(kTable, "[pin]\nlifetime = \"90s\"\n[tls]\nnames = [\"a.example\", \"b.example\"]\n", "t.toml");
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->duration("pin.lifetime"), std::chrono::seconds(90));
  EXPECT_THAT(s->list("tls.names"), ElementsAre("a.example", "b.example"));
  auto e = load(kTable, environment({{"RESCUE_TEST_TLS_NAMES", "x, y ,,z"}}));
  ASSERT_TRUE(e);
  EXPECT_THAT(e->list("tls.names"), ElementsAre("x", "y", "z"));
}

TEST(Settings, NameUnknownKeysWithPlaceAndTheNearestName) {
  EXPECT_EQ(error_of("verbose = true\nlisen = \"x:1\"\n"), "t.toml:2:1: unknown key 'lisen', did you mean 'listen'?");
  EXPECT_THAT(error_of("[tls]\npasword = \"x\"\n"), HasSubstr("t.toml:2:1: unknown key 'tls.pasword', did you mean "
                                                              "'tls.password'?"));
  EXPECT_EQ(error_of("[completely.elsewhere]\nx = 1\n"), "t.toml:1:2: unknown key 'completely'");
}

TEST(Settings, ReportEveryProblemOfAFileAtOnce) {
  const auto text =
      error_of("workers = 65\nlevel = \"loud\"\nlisten = \"nowhere\"\nverbose = 1\n[pin]\nlifetime = 20\n");
  EXPECT_THAT(text, HasSubstr("t.toml:1:11: 'workers' must be 1 to 64, not '65'"));
  EXPECT_THAT(text, HasSubstr("t.toml:2:9: 'level' must be one of: debug, info, not 'loud'"));
  EXPECT_THAT(text, HasSubstr("'listen' must be an address and a port, not 'nowhere'"));
  EXPECT_THAT(text, HasSubstr("'verbose' must be true or false"));
  EXPECT_THAT(text, HasSubstr("'pin.lifetime' must be a duration"));
}

TEST(Settings, SayWhereTomlItselfIsBroken) {
  EXPECT_THAT(error_of("listen = \"x:1\"\nworkers = [1\n"), HasSubstr("t.toml:"));
  EXPECT_THAT(error_of("workers = 1\nworkers = 2\n"), HasSubstr("t.toml:2:"));
}

TEST(Settings, NameTheVariableThatIsWrong) {
  EXPECT_EQ(error_of("", environment({{"RESCUE_TEST_WORKERS", "many"}})),
            "environment RESCUE_TEST_WORKERS: 'workers' must be a whole number, not 'many'");
  EXPECT_THAT(error_of("", environment({{"RESCUE_TEST_WORKERS", "99999999999999999999"}})), HasSubstr("whole number"));
  EXPECT_THAT(error_of("", environment({{"RESCUE_TEST_PIN_LIFETIME", "2d"}})), HasSubstr("1ms to 1d"));
}

TEST(Settings, DumpLoadsBackToTheSameValues) {
  auto sources = environment({{"RESCUE_TEST_TLS_NAMES", "a\"b,c"}, {"RESCUE_TEST_PIN_LIFETIME", "250ms"}});
  auto s = load(kTable, sources);
  ASSERT_TRUE(s);
  auto again = load_text(kTable, s->dump(), "dump.toml");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_THAT(again->list("tls.names"), ElementsAre("a\"b", "c"));
  EXPECT_EQ(again->duration("pin.lifetime"), std::chrono::milliseconds(250));
  EXPECT_EQ(again->text("listen"), s->text("listen"));
}

TEST(Settings, MaskSecretsInDumpAndErrors) {
  auto s = load_text(kTable, "[tls]\npassword = \"open sesame\"\n", "t.toml");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->text("tls.password"), "open sesame");
  EXPECT_THAT(s->dump(), HasSubstr("password = \"********\""));
  EXPECT_THAT(s->dump(), Not(HasSubstr("sesame")));
}

/// A mistyped secret is nearly the secret; neither its type nor its rule is a reason to print it.
TEST(Settings, TellNoSecretWhenTheySayWhatIsWrongWithIt) {
  static constexpr Key kSecrets[] = {
      {"hash", Type::text, "", "A hash.", true, {.check = is_sha256_hex, .rule = "64 hex digits"}},
      {"number", Type::integer, "1", "A number.", true, {.min = 1, .max = 9}},
      {"word", Type::text, "", "A word.", true, {.choices = kLevels}},
  };
  constexpr KeyTable table("RESCUE_TEST", kSecrets);
  for (const auto* name : {"hash", "number", "word"}) {
    const auto in_file = load_text(table, std::string(name) + " = \"hunter2 hunter2\"\n", "t.toml");
    ASSERT_FALSE(in_file) << name;
    EXPECT_THAT(in_file.error().message(), HasSubstr(name));
    EXPECT_THAT(in_file.error().message(), Not(HasSubstr("hunter"))) << name;
    const auto variable = table.environment_name(*table.find(name));
    const auto in_environment = load(table, environment({{variable, "hunter2 hunter2"}}));
    ASSERT_FALSE(in_environment) << name;
    EXPECT_THAT(in_environment.error().message(), HasSubstr(variable));
    EXPECT_THAT(in_environment.error().message(), Not(HasSubstr("hunter"))) << name;
  }
  const auto outside = load_text(table, "number = 4711\n", "t.toml");
  ASSERT_FALSE(outside);
  EXPECT_THAT(outside.error().message(), Not(HasSubstr("4711")));
}

TEST(Settings, RefuseASecretAsAFlag) {
  Sources sources;
  sources.flags = {{"tls.password", "open sesame"}};
  auto s = load(kTable, sources);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().exit(), base::Exit::usage);
  EXPECT_THAT(s.error().context, HasSubstr("RESCUE_TEST_TLS_PASSWORD"));
  EXPECT_THAT(s.error().message(), Not(HasSubstr("sesame")));
}

TEST(Settings, RefuseAMissingOrHugeFile) {
  test::TempDir dir;
  Sources sources;
  sources.file = (dir.path() / "absent.toml").string();
  auto missing = load(kTable, sources);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Errc::not_found);
  EXPECT_THAT(missing.error().message(), HasSubstr("absent.toml"));

  sources.file = (dir.path() / "huge.toml").string();
  std::ofstream(*sources.file) << std::string(kMaxFileBytes + 1, '#');
  auto huge = load(kTable, sources);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, base::Errc::too_large);
}

TEST(KeyTable, DerivesFlagAndEnvironmentNames) {
  EXPECT_EQ(kTable.environment_name(*kTable.find("pin.lifetime")), "RESCUE_TEST_PIN_LIFETIME");
  EXPECT_EQ(KeyTable::flag_name(*kTable.find("pin.lifetime")), "--pin-lifetime");
  EXPECT_EQ(kTable.find("nope"), nullptr);
}

TEST(ConfigChecks, AcceptAddressesAndRefuseTheRest) {
  for (const auto* good : {"127.0.0.1:0", "[::1]:8443", "host.example:443", "*.x:1"})
    EXPECT_EQ(is_host_and_port(good), std::string_view(good) != "*.x:1") << good;
  for (const auto* bad : {"", ":1", "host", "host:", "host:65536", "host:-1", "::1:80", "[::1]", "[zz]:1", "h:1x"})
    EXPECT_FALSE(is_host_and_port(bad)) << bad;
  for (const auto* good : {"https://a", "https://a:1/x", "https://[::1]:8443"}) EXPECT_TRUE(is_https_url(good)) << good;
  for (const auto* bad : {"http://a", "https://", "https://a:b", "ftp://x"}) EXPECT_FALSE(is_https_url(bad)) << bad;
}

}  // namespace
}  // namespace rescue::config

// SPDX-License-Identifier: Apache-2.0
#include "cli/parse.hpp"

#include <gtest/gtest.h>

#include "sample_program.hpp"
#include "support/cli_env.hpp"

namespace rescue::cli {
namespace {

using sample::kDemo;
using test::TestEnv;
using test::words;

Parsed good(const TestEnv& t, std::string_view line) {
  const auto args = words(line);
  auto parsed = parse(kDemo, args, t.env);
  if (!parsed && std::holds_alternative<UsageError>(parsed.error()))
    ADD_FAILURE() << line << ": " << std::get<UsageError>(parsed.error()).message;
  return std::move(parsed).value();
}

UsageError bad(const std::vector<std::string>& args, const TestEnv& t = TestEnv()) {
  auto parsed = parse(kDemo, args, t.env);
  if (parsed || !std::holds_alternative<UsageError>(parsed.error())) return {"accepted", "", ""};
  return std::get<UsageError>(parsed.error());
}

TEST(Parse, TakesFlagThenEnvironmentThenDefault) {
  TestEnv t;
  EXPECT_EQ(good(t, "item list").integer("limit"), 50U);
  EXPECT_EQ(good(t, "item list").source("limit"), Source::fallback);
  t.env.environment["DEMO_LIMIT"] = "7";
  EXPECT_EQ(good(t, "item list").integer("limit"), 7U);
  EXPECT_EQ(good(t, "item list --limit 3").integer("limit"), 3U);
  EXPECT_EQ(good(t, "item list --limit=4 --limit 5").integer("limit"), 5U);
}

TEST(Parse, AcceptsGlobalFlagsBeforeAndAfterTheCommand) {
  TestEnv t;
  for (const char* line :
       {"-o json item list", "item -o json list", "item list -o json", "item list --output=json", "item list -ojson"})
    EXPECT_EQ(good(t, line).text("output"), "json") << line;
  EXPECT_TRUE(good(t, "item list -v").on("verbose"));
  EXPECT_FALSE(good(t, "item list").on("verbose"));
}

TEST(Parse, KeepsRepeatedValuesInOrder) {
  TestEnv t;
  EXPECT_EQ(good(t, "item list -t a --tag b -t c").all("tag"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(good(t, "item list").all("tag").empty());
}

TEST(Parse, DoesNotTakeAPositionalForACommandOfTheSameName) {
  TestEnv t;
  for (const char* id : {"list", "item", "show", "kinds"})
    EXPECT_EQ(good(t, std::string("item show ") + id).positional("ID"), id);
  EXPECT_EQ(good(t, "item show -- --output").positional("ID"), "--output");
  EXPECT_EQ(good(t, "item read a - b").positionals("FILE"), (std::vector<std::string>{"a", "-", "b"}));
  EXPECT_EQ(good(t, "kinds").positional("KIND"), "");
}

TEST(Parse, KeepsEmptyValues) {
  TestEnv t;
  const std::vector<std::string> args{"item", "add", "--name=", "-v"};
  const auto parsed = parse(kDemo, args, t.env).value();
  EXPECT_EQ(parsed.source("name"), Source::flag);
  EXPECT_EQ(parsed.text("name"), "");
  EXPECT_TRUE(parsed.on("verbose"));
}

TEST(Parse, NamesWhatIsWrongAndWhatWasMeant) {
  EXPECT_EQ(bad({"itme", "list"}).message, "unknown command 'itme'");
  EXPECT_EQ(bad({"itme", "list"}).suggestion, "item");
  EXPECT_EQ(bad({"item", "lsit"}).suggestion, "list");
  EXPECT_EQ(bad({"item", "lsit"}).path, "item");
  EXPECT_EQ(bad({"item", "list", "--limt", "3"}).suggestion, "--limit");
  EXPECT_EQ(bad({"item", "list", "--outptu=json"}).suggestion, "--output");
  EXPECT_EQ(bad({"item", "list", "--limit", "many"}).message, "--limit needs a whole number, not 'many'");
  EXPECT_EQ(bad({"item", "list", "--kind", "privat"}).suggestion, "private");
  EXPECT_EQ(bad({"item", "list", "--since", "yesterday"}).message.substr(0, 20), "--since needs a time");
  EXPECT_EQ(bad({"item", "add"}).message, "--name NAME is missing");
  EXPECT_EQ(bad({"item", "show"}).message, "ID is missing: what to show");
  EXPECT_EQ(bad({"item", "show", "a", "b"}).message, "unexpected argument 'b'");
  EXPECT_EQ(bad({"item"}).message, "a command is missing: one of list, show, add, read");
  EXPECT_EQ(bad({"item", "list", "--limit"}).message, "--limit needs a value");
  EXPECT_EQ(bad({"item", "list", "--verbose=5"}).message, "--verbose takes no value");
  EXPECT_EQ(bad({"__hiddne"}).suggestion, "");
  EXPECT_EQ(bad({"zzzzzz"}).suggestion, "");
}

TEST(Parse, ChecksTheEnvironmentToo) {
  TestEnv t;
  t.env.environment["DEMO_LIMIT"] = "x";
  EXPECT_EQ(bad({"item", "list"}, t).message, "variable DEMO_LIMIT needs a whole number, not 'x'");
}

TEST(Parse, GivesNoPlaceToASecretInArguments) {
  EXPECT_EQ(bad({"item", "add", "--name", "x", "--password", "hunter2"}).message, "unknown flag '--password'");
}

TEST(ParseOrExit, PrintsHelpAndVersionOnStdout) {
  TestEnv t;
  const std::vector<std::string> help{"item", "list", "--help"};
  EXPECT_EQ(parse_or_exit(kDemo, help, t.env).error(), 0);
  EXPECT_NE(t.out().find("Usage: demo item list [flags]"), std::string::npos) << t.out();
  EXPECT_NE(t.out().find("--limit N"), std::string::npos);
  EXPECT_EQ(t.out().find("secret-door"), std::string::npos);
  t.clear();
  const std::vector<std::string> version{"--version"};
  EXPECT_EQ(parse_or_exit(kDemo, version, t.env).error(), 0);
  EXPECT_EQ(t.out(), "demo 1.2.3\n");
  EXPECT_EQ(t.err(), "");
}

TEST(ParseOrExit, PrintsUsageErrorsAsJsonWhereJsonWasAskedFor) {
  for (const char* line : {"-o json item lsit", "item lsit -o jsonl", "item lsit --output=json"}) {
    TestEnv t;
    const auto args = words(line);
    EXPECT_EQ(parse_or_exit(kDemo, args, t.env).error(), 2);
    EXPECT_EQ(t.err(),
              "{\"error\":\"USAGE\",\"code\":2,\"message\":\"unknown command "
              "'lsit'\",\"retryable\":false,\"suggestion\":\"list\"}\n");
    EXPECT_EQ(t.out(), "");
  }
  TestEnv t;
  t.env.environment["DEMO_OUTPUT"] = "json";
  const auto args = words("item lsit");
  EXPECT_EQ(parse_or_exit(kDemo, args, t.env).error(), 2);
  EXPECT_EQ(t.err().front(), '{');
  t.clear();
  const auto table = words("item lsit -o table");
  EXPECT_EQ(parse_or_exit(kDemo, table, t.env).error(), 2);
  EXPECT_EQ(t.err(), "demo: unknown command 'lsit' (did you mean 'list'?)\nusage: demo item COMMAND\n");
}

TEST(TableDefects, FindsWhatWouldConfuse) {
  EXPECT_EQ(table_defects(kDemo), std::vector<std::string>{});
  static constexpr Flag kTwice[] = {{.name = "a", .help = "x"}, {.name = "a", .help = "Ends."}};
  static constexpr Positional kMiddle[] = {{.name = "A", .help = "x", .repeated = true}, {.name = "B", .help = "y"}};
  static constexpr Command kBad[] = {{.name = "one", .summary = "s", .flags = kTwice, .positionals = kMiddle},
                                     {.name = "one"}};
  constexpr Program kProgram = {.root = {.name = "p", .summary = "s", .commands = kBad}};
  EXPECT_EQ(table_defects(kProgram).size(), 5U);
}

}  // namespace
}  // namespace rescue::cli

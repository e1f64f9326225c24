// SPDX-License-Identifier: Apache-2.0
#include "cli/secret_input.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "sample_program.hpp"
#include "support/cli_env.hpp"
#include "support/temp_dir.hpp"

namespace rescue::cli {
namespace {

using test::TestEnv;
using test::words;

base::Result<std::string> password(TestEnv& t, std::string_view flags) {
  const auto args = words(std::string("item add --name x") + (flags.empty() ? "" : " ") + std::string(flags));
  RESCUE_TRY(auto secret, read_secret(t.env, parse(sample::kDemo, args, t.env).value(), "password", "Password"));
  return std::string(base::as_text(secret.view()));
}

TEST(ReadSecret, TakesTheFirstLineOfStdinAndLeavesTheRest) {
  TestEnv t("correct horse\r\nsecond line\n");
  EXPECT_EQ(password(t, "--password-stdin").value(), "correct horse");
  EXPECT_EQ(read_line(t.env.in_fd, 100).value(), "second line");
  EXPECT_EQ(read_line(t.env.in_fd, 100).error().code, base::Errc::closed);
}

TEST(ReadSecret, TakesAFileOrAVariable) {
  test::TempDir dir;
  std::ofstream(dir / "p") << "from file\n";
  TestEnv t;
  EXPECT_EQ(password(t, "--password-file " + (dir / "p").string()).value(), "from file");
  EXPECT_EQ(password(t, "--password-file /nowhere/p").error().code, base::Errc::not_found);
  t.env.environment["DEMO_PASSWORD"] = "from variable";
  EXPECT_EQ(password(t, "").value(), "from variable");
}

TEST(ReadSecret, RefusesEmptyHugeAndMissing) {
  TestEnv empty("\n");
  EXPECT_EQ(password(empty, "--password-stdin").error().code, base::Errc::invalid_argument);
  TestEnv nothing("");
  const auto missing = password(nothing, "--password-stdin").error();
  EXPECT_EQ(missing.code, base::Errc::invalid_argument);
  EXPECT_EQ(missing.context, "password is missing: standard input is empty");
  TestEnv huge(std::string(5000, 'x'));
  EXPECT_EQ(password(huge, "--password-stdin").error().code, base::Errc::too_large);
  TestEnv none;
  const auto error = password(none, "").error();
  EXPECT_EQ(error.code, base::Errc::invalid_argument);
  EXPECT_NE(error.message().find("--password-stdin, --password-file FILE or the variable DEMO_PASSWORD"),
            std::string::npos);
}

class NewSecret : public testing::Test {
 protected:
  base::Result<std::string> choose(TestEnv& t, std::string_view flags, const JudgeSecret& judge) {
    const auto args = words(std::string("item add --name x") + (flags.empty() ? "" : " ") + std::string(flags));
    const auto parsed = parse(sample::kDemo, args, t.env).value();
    RESCUE_TRY(auto secret, read_new_secret(t.env, parsed, "password", "New password", judge));
    return std::string(base::as_text(secret.view()));
  }
  /// Takes what is long, and keeps what it saw.
  JudgeSecret long_enough() {
    return [this](base::ByteView secret) {
      seen_.emplace_back(base::as_text(secret));
      return secret.size() >= 8;
    };
  }
  std::vector<std::string> seen_;
};

TEST_F(NewSecret, IsAskedForAnewOnATerminalWhenItWillNotDoAndOnceMoreWhenItWill) {
  TestEnv t("short\nlong enough\nlong enough\n");
  t.env.in_is_tty = true;
  EXPECT_EQ(choose(t, "", long_enough()).value(), "long enough");
  EXPECT_EQ(seen_, (std::vector<std::string>{"short", "long enough"}));
  EXPECT_EQ(t.err(), "New password: \nNew password: \nNew password again: \n");
}

TEST_F(NewSecret, ThatIsTypedInTwoWaysIsRefused) {
  TestEnv t("long enough\nlong enouhg\n");
  t.env.in_is_tty = true;
  EXPECT_EQ(choose(t, "", long_enough()).error().code, base::Errc::invalid_argument);
}

TEST_F(NewSecret, IsTakenAfterThreeTriesSoThatTheSiteSaysWhyItRefusesIt) {
  TestEnv t("a\nb\nc\nc\n");
  t.env.in_is_tty = true;
  EXPECT_EQ(choose(t, "", long_enough()).value(), "c");
  EXPECT_EQ(seen_.size(), 3U);
}

TEST_F(NewSecret, FromElsewhereIsJudgedAndTakenAsItIs) {
  TestEnv t("short\n");
  EXPECT_EQ(choose(t, "--password-stdin", long_enough()).value(), "short");
  EXPECT_EQ(seen_, std::vector<std::string>{"short"});
  TestEnv nobody("");
  EXPECT_EQ(choose(nobody, "", long_enough()).error().code, base::Errc::invalid_argument);
}

TEST(ReadAll, StopsAtItsCap) {
  TestEnv t("12345");
  EXPECT_EQ(read_all(t.env.in_fd, 5).value(), "12345");
  TestEnv more("123456");
  EXPECT_EQ(read_all(more.env.in_fd, 5).error().code, base::Errc::too_large);
}

}  // namespace
}  // namespace rescue::cli

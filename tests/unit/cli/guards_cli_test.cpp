// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/output.hpp"
#include "support/cli_env.hpp"

namespace rescue::cli {
namespace {

TEST(CliGuards, OneObjectReachesATerminalWithoutEscapeSequencesButKeepsItsLines) {
  constexpr Column kColumns[] = {{"NAME"}, {"NOTE"}};
  test::TestEnv t;
  t.env.out_is_tty = true;
  write_object(t.env, Format::table, false, kColumns, {{"\x1b]0;owned\x07", "first\nsecond\xe2\x80\xae"}, "{}", ""});
  EXPECT_EQ(t.out().find('\x1b'), std::string::npos);
  EXPECT_EQ(t.out().find("\xe2\x80\xae"), std::string::npos);
  EXPECT_NE(t.out().find("first\nsecond"), std::string::npos);
}

}  // namespace
}  // namespace rescue::cli

// SPDX-License-Identifier: Apache-2.0
#include "client/script_command.hpp"

#include <gtest/gtest.h>

#include "client/errors.hpp"

namespace rescue::client {
namespace {

base::Error bad(std::string_view line) {
  auto parsed = parse_command(line);
  if (parsed) return {base::Errc::internal, "accepted: " + std::string(line)};
  return parsed.error().error;
}

TEST(ParseCommand, ReadsIdVerbAndFields) {
  const auto c = parse_command(R"({"id":7,"cmd":"chat","text":"hi"})").value();
  EXPECT_EQ(c.id, 7);
  EXPECT_EQ(c.verb, ScriptVerb::chat);
  EXPECT_EQ(c.text("text"), "hi");
  EXPECT_FALSE(parse_command(R"({"cmd":"unview"})").value().id.has_value());
  EXPECT_EQ(parse_command(R"({"cmd":"wait","event":"chat","timeout":5})").value().text("for"), "chat");
  EXPECT_TRUE(parse_command(R"({"cmd":"key","keysym":"Return"})"));
  EXPECT_TRUE(parse_command(R"({"cmd":"key","keysym":65293,"down":true})"));
}

TEST(ParseCommand, RefusesWhatIsNoCommandAndKeepsTheId) {
  for (const char* line : {"", "hello", "[]", "7", "null", "{", "{\"cmd\":", "\"chat\"", "{\"a\":\"\xff\"}"})
    EXPECT_EQ(bad(line).code, base::Errc::bad_format) << line;
  for (const char* line :
       {R"({})", R"({"cmd":7})", R"({"cmd":"dance"})", R"({"cmd":"chat"})", R"({"cmd":"chat","text":1})",
        R"({"cmd":"chat","text":"x","txet":1})", R"({"id":"seven","cmd":"state"})", R"({"cmd":"pointer","x":1})",
        R"({"cmd":"pointer","x":1.5,"y":2})", R"({"cmd":"key","keysym":0})", R"({"cmd":"key","keysym":"NoSuchKey"})",
        R"({"cmd":"wait","for":"chat","timeout":"soon"})"})
    EXPECT_EQ(bad(line).code, base::Errc::invalid_argument) << line;
  EXPECT_EQ(bad(std::string(kScriptLineMax + 1, ' ')).code, base::Errc::too_large);
  EXPECT_EQ(bad(std::string(1000, '[')).code, base::Errc::bad_format);
  EXPECT_EQ(parse_command(R"({"id":9,"cmd":"dance"})").error().id, 9);
}

TEST(Keysyms, AreNumbersNamesOrCharacters) {
  EXPECT_EQ(keysym_of("Return"), 0xff0dU);
  EXPECT_EQ(keysym_of("F1"), 0xffbeU);
  EXPECT_EQ(keysym_of("F35"), 0xffe0U);
  EXPECT_EQ(keysym_of("a"), 0x61U);
  EXPECT_EQ(keysym_of("ä"), 0xe4U);
  EXPECT_EQ(keysym_of("€"), 0x010020acU);
  EXPECT_EQ(keysym_of("0xff09"), 0xff09U);
  for (const char* no : {"", "ab", "F0", "F36", "0x", "0xzz", "\x01"}) EXPECT_FALSE(keysym_of(no)) << no;
}

TEST(Lines, CarryTheIdTheStableNameAndTheExitCode) {
  EXPECT_EQ(result_line(1, {{"path", "/x"}}), R"({"id":1,"event":"result","path":"/x"})");
  EXPECT_EQ(error_line(2, base::Error(base::Errc::denied, "view")),
            R"({"id":2,"event":"error","error":"DENIED","code":5,"message":"view: not allowed","retryable":false})");
  EXPECT_EQ(error_line(std::nullopt, base::Error(Errc::input_taken, "taken")),
            R"({"event":"error","error":"INPUT_TAKEN","code":7,"message":"taken","retryable":true})");
  EXPECT_EQ(event_line("chat", {{"from", "applet"}}), R"({"event":"chat","from":"applet"})");
}

}  // namespace
}  // namespace rescue::client

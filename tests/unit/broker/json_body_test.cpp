// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/json_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemons/broker/requests.hpp"

namespace rescue::broker {
namespace {

using ::testing::HasSubstr;

std::string problem(const auto& result) { return result ? "accepted" : result.error().context; }

TEST(JsonBody, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(problem(read_login(R"({"password":"x"})")), "field 'email' is missing");
  EXPECT_EQ(problem(read_login(R"({"email":7,"password":"x"})")), "field 'email' must be a text");
  EXPECT_EQ(problem(read_login(R"({"email":"a@b","password":""})")), "field 'password' is empty");
  EXPECT_EQ(problem(read_login(R"({"email":"a@b","password":"x","device":null})")), "accepted");
  EXPECT_EQ(problem(read_login(R"({"email":null,"password":"x"})")), "field 'email' must be a text");
  EXPECT_EQ(problem(read_login("{\"email\":\"a@\\u0007b\",\"password\":\"x\"}")),
            "field 'email' has a control character");
  EXPECT_EQ(problem(read_login(R"({"email":"a@b","password":"x","passwort":"y"})")),
            "field 'passwort' is not known here");
}

TEST(JsonBody, RefusesWhatIsNoObject) {
  for (const auto* text : {"", "null", "[]", "7", "{", "{\"a\":}", "{} {}", "\xff"})
    EXPECT_FALSE(read_login(text)) << text;
  EXPECT_TRUE(read_reason(""));
  EXPECT_FALSE(read_reason(" "));
}

TEST(JsonBody, RefusesNestingBeyondItsCap) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"a":)";
  EXPECT_FALSE(read_login(deep));
  std::string data = "1";
  for (int i = 0; i < 30; ++i) data = "[" + data + "]";
  EXPECT_FALSE(read_log_intake(
      R"({"events":[{"seq":1,"time":"2026-01-01T00:00:00Z","type":"chat.message","data":{"x":)" + data + "}}]}"));
}

TEST(JsonBody, NamesTheElementOfAList) {
  const std::string good =
      R"({"seq":1,"time":"2026-01-01T00:00:00Z","type":"chat.message","actor":"a","data":{"text":"hi"}})";
  EXPECT_TRUE(read_log_intake("{\"events\":[" + good + "]}"));
  EXPECT_EQ(
      problem(read_log_intake("{\"events\":[" + good + R"(,{"seq":0,"time":"2026-01-01T00:00:00Z","type":"x"}]})")),
      "field 'events[1].seq' must be 1 to 9007199254740991");
  EXPECT_EQ(problem(read_log_intake("{\"events\":[" + good + ",7]}")), "field 'events[1]' must be an object");
  EXPECT_EQ(problem(read_log_intake(R"({"events":[]})")), "field 'events' must have 1 to 500 elements");
  EXPECT_EQ(problem(read_log_intake(R"({"events":[{"seq":1.5,"time":"2026-01-01T00:00:00Z","type":"x"}]})")),
            "field 'events[0].seq' must be a whole number");
  EXPECT_EQ(problem(read_log_intake(R"({"events":[{"seq":1,"time":"yesterday","type":"x"}]})")),
            "field 'events[0].time' must be a time like 2026-11-24T05:28:46Z");
  EXPECT_EQ(problem(read_log_intake(R"({"events":[{"seq":1,"time":"2026-01-01T00:00:00Z","type":"x","data":[]}]})")),
            "field 'events[0].data' must be an object");
}

TEST(JsonBody, RefusesNumbersThatDoNotFit) {
  EXPECT_THAT(problem(read_pickup(R"({"console_key":"AAAA","generation":18446744073709551615})")),
              HasSubstr("generation"));
  EXPECT_THAT(problem(read_pickup(R"({"console_key":"AAAA","generation":-1})")), HasSubstr("generation"));
  EXPECT_THAT(problem(read_pickup(R"({"console_key":"AAAA","join":"yes"})")), HasSubstr("must be true or false"));
  EXPECT_THAT(problem(read_pickup(R"({"console_key":"AA=="})")), HasSubstr("base64url"));
  EXPECT_THAT(problem(read_pickup(R"({"console_key":"AAAA","profile":"null"})")), HasSubstr("profile"));
}

TEST(JsonBody, LimitsTheSizeOfEveryField) {
  EXPECT_EQ(problem(read_note("{\"note\":\"" + std::string(4001, 'n') + "\"}")),
            "field 'note' is longer than 4000 bytes");
  std::string customer;
  for (int i = 0; i < 17; ++i) customer += (i == 0 ? "" : ",") + std::string("\"k") + std::to_string(i) + "\":\"v\"";
  EXPECT_EQ(problem(read_new_session(R"({"kind":"private","customer":{)" + customer + "}}")),
            "field 'customer' has more than 16 fields");
  EXPECT_EQ(problem(read_new_session(R"({"kind":"private","customer":{"name":7}})")),
            "field 'customer.name' must be a text");
  EXPECT_EQ(problem(read_new_session(R"({"kind":"shared"})")), "field 'kind' must be private or channel");
}

TEST(JsonBody, KeepsWhatWasSent) {
  const auto session =
      read_new_session("{\"kind\":\"private\",\"note\":\"line\\nand \u00fcmlaut\",\"customer\":{\"name\":\"Eve\"}}");
  ASSERT_TRUE(session) << problem(session);
  EXPECT_EQ(session->note, "line\nand \u00fcmlaut");
  EXPECT_EQ(session->customer, R"({"name":"Eve"})");
  const auto hello = read_register(R"({"guid":"0a0b0c0d-0e0f-1011-1213-141516171819","host":{"name":"pc","os":null}})");
  ASSERT_TRUE(hello) << problem(hello);
  EXPECT_EQ(hello->guid.text(), "0a0b0c0d-0e0f-1011-1213-141516171819");
  EXPECT_EQ(hello->host_name, "pc");
  EXPECT_EQ(hello->host_os, "");
  EXPECT_EQ(problem(read_pin(R"({"pin":"12345a"})")), "field 'pin' must be digits");
  EXPECT_EQ(problem(read_user_change("{}")), "nothing to change: give email, name, role, group, allowed_networks or max_sessions");
}

}  // namespace
}  // namespace rescue::broker

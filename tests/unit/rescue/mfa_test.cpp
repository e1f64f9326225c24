// SPDX-License-Identifier: Apache-2.0
// The second factor and sign-ins at the command line, against a broker that answers as the test says.
#include "cmd/rescue/qr.hpp"
#include "program_env.hpp"

namespace rescue::program {
namespace {

using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using test::Person;

constexpr const char* kCodes = R"({"recovery_codes":["aaaa-bbbb-cccc-dddd","eeee-ffff-gggg-hhhh"]})";
constexpr const char* kSignIns =
    R"({"sign_ins":[{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","user":{"id":"1","email":"ada@example.org","name":"Ada"},"kind":"sign_in","device":"laptop","address":"192.0.2.1","created_at":"2026-01-01T00:00:00.000000Z","last_used_at":"2026-01-01T01:00:00.000000Z","idle_ends_at":null,"expires_at":"2026-01-01T12:00:00.000000Z"}],"next_cursor":null})";

std::string field(const std::string& body, const char* name) {
  const auto o = boost::json::parse(body).as_object();
  const auto* v = o.if_contains(name);
  return v == nullptr ? "" : std::string(v->as_string());
}

FakeReply site(const FakeRequest& r) {
  if (r.path == "/auth/login") {
    if (field(r.body, "code").empty())
      return test::refusal(403, "CODE_NEEDED", "a code of the second factor is needed");
    if (field(r.body, "code") != "123456") return test::refusal(401, "CODE_NEEDED", "the code is wrong");
    return {200, test::login_json()};
  }
  if (r.path == "/auth/mfa/enroll")
    return {200, R"({"secret":"GEZDGNBVGY3TQOJQ","uri":"otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ"})"};
  if (r.path == "/auth/mfa/confirm" || r.path == "/auth/mfa/codes") return {200, kCodes};
  if (r.path == "/auth/mfa/remove" || r.path.starts_with("/sign-ins/")) return {200, R"({"ok":true})"};
  if (r.path == "/auth/mfa")
    return {
        200,
        R"({"enrolled":true,"enrolled_at":"2026-01-01T00:00:00.000000Z","recovery_codes_left":7,"required":false})"};
  if (r.path.starts_with("/sign-ins")) return {200, kSignIns};
  if (r.path.ends_with("/sign-out")) return {200, R"({"sign_ins_ended":2})"};
  return test::refusal(404, "NOT_FOUND", "nothing here");
}

std::vector<std::string> login_words(const FakeBroker& broker) {
  return {"login",      "--server", broker.url(),      "--ca-pin",
          broker.pin(), "--email",  "ada@example.org", "--password-stdin"};
}

class Mfa : public ::testing::Test {
 protected:
  void SetUp() override {
    p.variables["RESCUE_CODE"] = "123456";
    ASSERT_EQ(p.login(broker).code, 0);
    p.variables.erase("RESCUE_CODE");
  }
  FakeBroker broker{site};
  Person p;
};

TEST_F(Mfa, LoginTakesTheCodeFromTheEnvironmentOrStdinAndSaysWhenItIsMissing) {
  const auto sent = broker.requests().back();
  EXPECT_EQ(field(sent.body, "code"), "123456");
  EXPECT_EQ(broker.requests().size(), 1U) << "one request when the code is there";
  auto words = login_words(broker);
  words.insert(words.end(), {"-o", "json"});
  const auto missing = p.run(words, "secret\n");
  EXPECT_EQ(missing.code, 4);
  EXPECT_EQ(missing.error().at("error").as_string(), "CODE_NEEDED");
  EXPECT_NE(missing.err.find("--code-stdin"), std::string::npos) << missing.err;
  words.push_back("--code-stdin");
  EXPECT_EQ(p.run(words, "secret\n123456\n").code, 0);
  EXPECT_EQ(p.run(words, "secret\n654321\n").code, 4);
}

TEST_F(Mfa, SecretsGoToStandardOutputAlone) {
  const auto made = p.run("mfa enroll");
  EXPECT_EQ(made.code, 0);
  EXPECT_NE(made.out.find("GEZDGNBVGY3TQOJQ"), std::string::npos);
  EXPECT_EQ(made.err.find("GEZDGNBVGY3TQOJQ"), std::string::npos);
  EXPECT_EQ(p.run("mfa enroll -o name").out, "GEZDGNBVGY3TQOJQ\n");
  const auto codes = p.run("mfa confirm --code-stdin", "123456\n");
  EXPECT_EQ(codes.out, "aaaa-bbbb-cccc-dddd\neeee-ffff-gggg-hhhh\n");
  EXPECT_EQ(codes.err.find("aaaa"), std::string::npos);
  EXPECT_EQ(field(broker.requests().back().body, "code"), "123456");
  EXPECT_EQ(p.run("mfa codes --code-stdin -o json", "1\n").json().at("recovery_codes").as_array().size(), 2U);
}

TEST_F(Mfa, ACodeIsNeverAnArgumentAndNeverGuessed) {
  EXPECT_EQ(p.run("mfa confirm 123456").code, 2);
  EXPECT_EQ(p.run("mfa remove").code, 2) << "nobody to ask";
  EXPECT_EQ(p.run("mfa remove --code-stdin", "123456\n").code, 0);
  EXPECT_EQ(broker.requests().back().path, "/auth/mfa/remove");
}

TEST_F(Mfa, StatusIsShown) {
  EXPECT_EQ(p.run("mfa status -o json").json().at("recovery_codes_left").as_int64(), 7);
  EXPECT_NE(p.run("mfa status").out.find("7"), std::string::npos);
}

TEST_F(Mfa, SignInsAreListedAndEndedOneOrAll) {
  EXPECT_NE(p.run("admin sign-in list").out.find("192.0.2.1"), std::string::npos);
  p.run("admin sign-in list bob@example.org");
  EXPECT_NE(broker.requests().back().path.find("user=bob"), std::string::npos);
  EXPECT_EQ(p.run("admin sign-in end 0f8fad5b-d9cb-469f-a165-70867728950e").code, 0);
  EXPECT_EQ(broker.requests().back().method, "DELETE");
  EXPECT_EQ(p.run("admin sign-in end --user bob@example.org -o json").json().at("sign_ins_ended").as_int64(), 2);
  EXPECT_EQ(p.run("admin sign-in end").code, 2);
  EXPECT_EQ(p.run("admin sign-in end 0f8fad5b-d9cb-469f-a165-70867728950e --user bob@example.org").code, 2);
}

TEST(Qr, IsAsWideAsHighWithAQuietZoneAndRefusesWhatFitsNoTerminal) {
  const auto text = qr_text("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ", true).value();
  std::size_t lines = 0, at = 0;
  while ((at = text.find('\n', at)) != std::string::npos) ++lines, ++at;
  EXPECT_EQ(lines, (29U + 8U + 1U) / 2) << "version 3, four modules around, two modules a line";
  EXPECT_EQ(text.find("GEZDGNBVGY3TQOJQ"), std::string::npos);
  EXPECT_NE(text, qr_text("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ", false).value());
  EXPECT_FALSE(qr_text("", true));
  EXPECT_FALSE(qr_text(std::string(1001, 'a'), true));
}

}  // namespace
}  // namespace rescue::program

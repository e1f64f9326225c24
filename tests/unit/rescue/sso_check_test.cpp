// SPDX-License-Identifier: Apache-2.0
// admin sso check with the real helper and responses that a Python script signs.
#include <fstream>

#include "program_env.hpp"

namespace rescue::program {
namespace {
using test::Person;

class SsoCheck : public testing::Test {
 protected:
  test::RunResult check(const std::string& response, std::vector<std::string> more = {}, std::string_view input = "") {
    std::vector<std::string> args{"admin",
                                  "sso",
                                  "check",
                                  "--idp-metadata",
                                  file("metadata.idp"),
                                  "--sp-entity-id",
                                  "https://rescue.example/saml/metadata",
                                  "--acs",
                                  "https://rescue.example/saml/acs",
                                  "--now",
                                  "2026-11-24T12:00:00Z"};
    args.insert(args.end(), more.begin(), more.end());
    args.push_back(response);
    return person.run(args, input);
  }
  static std::string file(const std::string& name) {
    return (test::binary_dir() / "tests" / "saml_vectors" / name).string();
  }
  static std::string slurp(const std::string& name) {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  static inline const std::vector<std::string> kRequest{"--request-id", "_request-1"};
  Person person;
};

TEST_F(SsoCheck, PrintsWhoItIsAndTheAttributes) {
  const auto r = check(file("good_both_signed.xml"), {"--request-id", "_request-1", "-o", "json"});
  ASSERT_EQ(r.code, 0) << r.err;
  const auto o = r.json().as_object();
  EXPECT_TRUE(o.at("accepted").as_bool());
  EXPECT_EQ(o.at("name_id").as_string(), "ada@example.test");
  EXPECT_EQ(o.at("attributes").at(0).at("name").as_string(), "displayName");
  EXPECT_EQ(o.at("attributes").at(0).at("values").at(0).as_string(), "Ada & <Tech>");
  EXPECT_EQ(o.at("attributes").at(1).at("values").as_array().size(), 2U);

  const auto table = check(file("good_both_signed.xml"), {"--request-id", "_request-1", "-o", "table"});
  EXPECT_EQ(table.code, 0);
  EXPECT_NE(table.out.find("ada@example.test"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("technician, member"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("urn:oid:1.3.6.1.4.1.5923.1.1.1.1 (eduPersonAffiliation)"), std::string::npos) << table.out;
  EXPECT_EQ(table.err, "");
}

TEST_F(SsoCheck, NamesTheRuleAndEndsWith10) {
  const auto r = check(file("audience_wrong.xml"), {"--request-id", "_request-1", "-o", "json"});
  EXPECT_EQ(r.code, 10);
  EXPECT_FALSE(r.json().at("accepted").as_bool());
  EXPECT_EQ(r.json().at("rule").as_string(), "audience");
  EXPECT_EQ(r.error().at("error").as_string(), "SSO_REFUSED");
  EXPECT_EQ(r.error().at("code").as_int64(), 10);

  const auto text = check(file("xsw3_assertion.xml"), kRequest);
  EXPECT_EQ(text.code, 10);
  EXPECT_NE(text.out.find("assertion_count"), std::string::npos) << text.out;
  EXPECT_NE(text.err.find("assertion_count"), std::string::npos) << text.err;
  EXPECT_EQ(text.out.find("admin@example.test"), std::string::npos);
}

TEST_F(SsoCheck, TakesBase64AndStandardInput) {
  EXPECT_EQ(check(file("good_base64_lines.xml"), kRequest).code, 0);
  EXPECT_EQ(check("-", kRequest, slurp("good_base64_one_line.xml")).code, 0);
  EXPECT_EQ(check("-", kRequest, slurp("good_assertion_signed.xml")).code, 0);
  EXPECT_EQ(check("-", kRequest, "").code, 10);
}

TEST_F(SsoCheck, AsksForTheRequestThatWasMade) {
  EXPECT_EQ(check(file("good_both_signed.xml")).code, 10);  // answers a request, and none was named
  EXPECT_NE(check(file("good_both_signed.xml")).err.find("_request-1"), std::string::npos);
  EXPECT_EQ(check(file("good_both_signed.xml"), {"--request-id", "_request-2"}).code, 10);
  EXPECT_EQ(check(file("good_both_signed.xml"), {"--request-id", ""}).code, 2);
  EXPECT_EQ(check(file("good_unsolicited.xml")).code, 0);
  EXPECT_EQ(check(file("good_unsolicited.xml"), kRequest).code, 10);
}

TEST_F(SsoCheck, TakesTheTimeThatIsGiven) {
  auto late = kRequest;
  late.insert(late.end(), {"--now", "2026-11-24T13:00:00Z"});
  const auto r = check(file("good_both_signed.xml"), late);
  EXPECT_TRUE(r.code == 10 || r.code == 2) << r.err;  // given twice, or the later counts
  Person other;
  const auto today = other.run({"admin", "sso", "check", "--idp-metadata", file("metadata.idp"), "--sp-entity-id",
                                "https://rescue.example/saml/metadata", "--acs", "https://rescue.example/saml/acs",
                                "--request-id", "_request-1", file("over_for_years.xml")});
  EXPECT_EQ(today.code, 10);
}

TEST_F(SsoCheck, OpensEncryptedAssertionsWithAKeyThatIsNobodyElses) {
  auto with_key = kRequest;
  const auto key = (person.home / "sp.key").string();
  std::ofstream(key) << slurp("sp.key");
  std::filesystem::permissions(key, std::filesystem::perms(0600));
  with_key.insert(with_key.end(), {"--key", key});
  EXPECT_EQ(check(file("good_encrypted_gcm_inner_signed.xml"), with_key).code, 0);
  const auto without = check(file("good_encrypted_gcm_inner_signed.xml"), kRequest);
  EXPECT_EQ(without.code, 10);
  EXPECT_NE(without.err.find("encryption_key"), std::string::npos) << without.err;
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  const auto exposed = check(file("good_encrypted_gcm_inner_signed.xml"), with_key);
  EXPECT_EQ(exposed.code, 1);
  EXPECT_NE(exposed.err.find("chmod 600"), std::string::npos) << exposed.err;
}

TEST_F(SsoCheck, DoesNotTakeBrokenMetadataForARefusal) {
  Person other;
  std::ofstream(other.home / "broken.idp") << "<x/>";
  const std::vector<std::string> start{"admin", "sso", "check", "--sp-entity-id", "a", "--acs", "b"};
  auto args = start;
  args.insert(args.end(), {"--idp-metadata", "broken.idp", file("good_both_signed.xml")});
  EXPECT_EQ(other.run(args).code, 1);
  args = start;
  args.insert(args.end(), {"--idp-metadata", file("nothing"), file("good_both_signed.xml")});
  EXPECT_EQ(other.run(args).code, 6);
  EXPECT_EQ(other.run(start).code, 2);  // without metadata
  EXPECT_EQ(check(file("nothing.xml")).code, 6);
}

}  // namespace
}  // namespace rescue::program

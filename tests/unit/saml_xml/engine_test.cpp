// SPDX-License-Identifier: Apache-2.0
// What is read out of accepted responses, and of metadata.
#include "vectors.hpp"

namespace rescue::saml_xml {
namespace {
using saml::Rule;

saml::Identity accepted(const std::string& name, const std::string& kind = "request") {
  const auto verdict = Engine().check(vectors::question(name, kind));
  if (!verdict || !*verdict) {
    ADD_FAILURE() << name << ": " << (verdict ? verdict->error().message() : verdict.error().message());
    return {};
  }
  return **verdict;
}

std::string at(std::string_view time) { return std::string("2026-11-24T") + std::string(time); }

TEST(SamlIdentity, IsWhatTheAssertionSays) {
  const auto i = accepted("good_assertion_signed");
  EXPECT_EQ(i.issuer, vectors::kIdp);
  EXPECT_EQ(i.name_id, "ada@example.test");
  EXPECT_EQ(i.name_id_format, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
  EXPECT_EQ(i.assertion_id, "_assertion-1");
  EXPECT_EQ(i.response_id, "_response-1");
  EXPECT_EQ(i.in_response_to, "_request-1");
  EXPECT_EQ(base::to_rfc3339(i.replay_until), at("12:06:00.000000Z"));  // its end and the skew of clocks
  EXPECT_EQ(base::to_rfc3339(i.authn_instant), at("11:59:30.000000Z"));
  EXPECT_EQ(i.session_index, "_session-1");
  EXPECT_EQ(i.authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport");
  EXPECT_FALSE(i.session_not_on_or_after);
  EXPECT_TRUE(i.assertion_signed);
  EXPECT_FALSE(i.response_signed);
  EXPECT_FALSE(i.encrypted);
  EXPECT_EQ(i.values("displayName"), std::vector<std::string>{"Ada & <Tech>"});
  EXPECT_EQ(i.values("eduPersonAffiliation"), (std::vector<std::string>{"technician", "member"}));
  EXPECT_EQ(i.values("urn:oid:1.3.6.1.4.1.5923.1.1.1.1"), (std::vector<std::string>{"technician", "member"}));
  EXPECT_TRUE(i.values("nobody").empty());
}

TEST(SamlIdentity, TellsWhatWasSignedAndEncrypted) {
  EXPECT_TRUE(accepted("good_response_signed").response_signed);
  EXPECT_FALSE(accepted("good_response_signed").assertion_signed);
  EXPECT_TRUE(accepted("good_both_signed").response_signed);
  EXPECT_TRUE(accepted("good_both_signed").assertion_signed);
  EXPECT_TRUE(accepted("good_encrypted_gcm_inner_signed").encrypted);
  EXPECT_TRUE(accepted("good_encrypted_gcm_inner_signed").assertion_signed);
  EXPECT_FALSE(accepted("good_encrypted_cbc_outer_signed").assertion_signed);
}

TEST(SamlIdentity, OfASignInThatTheProviderBeganAnswersNothing) {
  EXPECT_EQ(accepted("good_unsolicited", "nothing").in_response_to, "");
  EXPECT_EQ(accepted("good_unsolicited", "any").in_response_to, "");
  EXPECT_EQ(accepted("good_both_signed", "any").in_response_to, "_request-1");
}

TEST(SamlIdentity, KeepsCharactersAndLeavesOutWhatIsNoText) {
  EXPECT_EQ(accepted("good_name_with_markup").name_id, "ada&co<x>@example.test");
  EXPECT_EQ(accepted("good_character_references").values("note"), std::vector<std::string>{"caf\u00e9\r\nna\u00efve"});
  EXPECT_EQ(accepted("good_targeted_id").values("urn:oid:1.3.6.1.4.1.5923.1.1.1.10"),
            std::vector<std::string>{"plain"});
  EXPECT_TRUE(accepted("good_nil_value").values("empty").empty());
  EXPECT_EQ(accepted("good_many_values").values("groups").size(), 1500u);
}

TEST(SamlIdentity, EndsWithTheSessionAtTheProvider) {
  EXPECT_EQ(base::to_rfc3339(accepted("good_session_ends_later").session_not_on_or_after.value()),
            at("13:00:00.000000Z"));
}

// A FriendlyName is not unique: somebody who may choose one must not add values to the attribute of that Name.
TEST(SamlIdentity, PrefersTheNameOfAnAttribute) {
  saml::Identity i;
  i.attributes = {{"other", "groups", {"administrators"}}, {"groups", "", {"staff"}}};
  EXPECT_EQ(i.values("groups"), std::vector<std::string>{"staff"});
}

TEST(SamlResponse, CountsOnlyTheKeysOfTheMetadata) {
  auto q = vectors::question("good_second_key");
  q.idp.signing_certificates.resize(1);
  const auto verdict = Engine().check(q).value();
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().rule, Rule::signature_invalid);
  q.idp.signing_certificates = {"no certificate"};
  EXPECT_EQ(Engine().check(q).value().error().rule, Rule::signature_invalid);
}

TEST(SamlResponse, OpensWithTheOlderOfTwoKeys) {
  auto q = vectors::question("good_encrypted_gcm_inner_signed");
  q.decryption_keys.insert(q.decryption_keys.begin(), vectors::secret("other_sp.key"));
  EXPECT_TRUE(Engine().check(q).value());
}

TEST(SamlResponse, DoesNotMatchAnEmptyRequest) {
  auto q = vectors::question("answers_empty");
  q.request_id = "";
  EXPECT_FALSE(Engine().check(q).value());
}

// Whatever is cut off or flipped: refused, and never with another name.
TEST(SamlResponse, IsRefusedWhenAnyByteChanges) {
  const auto good = vectors::question("good_both_signed");
  for (std::size_t at = 0; at < good.response.size(); at += 17) {
    auto q = vectors::question("good_both_signed");
    q.idp = good.idp;
    q.response[at] = static_cast<char>(q.response[at] ^ 0x02);
    const auto verdict = Engine().check(q).value();
    EXPECT_FALSE(verdict && verdict->name_id != "ada@example.test") << at;
  }
}

TEST(SamlResponse, QuotesHostileTextWithoutItsControlCharacters) {
  auto q = vectors::question("audience_wrong");
  q.sp.entity_id = "x";
  q.response = "<r" + std::string(300, 'a') + "/>";
  const auto refusal = Engine().check(q).value().error();
  EXPECT_EQ(refusal.rule, Rule::root);
  EXPECT_LT(refusal.detail.size(), 200u);
}

TEST(SamlMetadata, GivesWhatIsNeeded) {
  const auto idp = vectors::idp();
  EXPECT_EQ(idp.entity_id, vectors::kIdp);
  EXPECT_EQ(idp.sso_redirect_url, "https://idp.example/sso?realm=a&b=1");
  EXPECT_EQ(idp.signing_certificates.size(), 3u);
  EXPECT_TRUE(idp.wants_signed_requests);
  EXPECT_FALSE(idp.valid_until);
}

std::string changed(std::string_view from, std::string_view to) {
  auto text = vectors::read_file(vectors::folder() / "metadata.idp");
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}
std::string refusal_of(const std::string& xml) {
  const auto read = Engine::metadata(xml);
  return read ? "accepted" : std::string(saml::rule_name(read.error().rule));
}

TEST(SamlMetadata, IsRefusedWhereItIsNotOneIdentityProvider) {
  EXPECT_EQ(refusal_of(""), "encoding");
  EXPECT_EQ(refusal_of("<x/>"), "root");
  EXPECT_EQ(refusal_of(changed("md:IDPSSODescriptor", "md:SPSSODescriptor")), "root");
  EXPECT_EQ(refusal_of(changed("<md:EntityDescriptor", "<!DOCTYPE x []><md:EntityDescriptor")), "dtd");
  EXPECT_EQ(refusal_of(changed("SAML:2.0:protocol", "SAML:1.1:protocol")), "version");
  EXPECT_EQ(refusal_of(changed(" entityID=\"https://idp.example/metadata\"", "")), "issuer");
  EXPECT_EQ(refusal_of(changed("use=\"signing\"", "use=\"encryption\"")), "structure");
  EXPECT_EQ(refusal_of(changed("<ds:X509Certificate>", "<ds:X509Certificate>!")), "structure");
  EXPECT_EQ(
      refusal_of(changed("</ds:X509Certificate>", "</ds:X509Certificate><ds:X509Certificate></ds:X509Certificate>")),
      "structure");
  EXPECT_EQ(refusal_of(changed("https://idp.example/sso?realm", "javascript:alert(1)//")), "structure");
  EXPECT_EQ(refusal_of(changed("https://idp.example/sso?", "https://idp.example/sso&#13;&#10;X: ")), "structure");
  EXPECT_EQ(refusal_of(std::string(saml::kMaxMetadataBytes + 1, ' ')), "size");
}

TEST(SamlMetadata, RefusesWeakKeys) {
  EXPECT_EQ(refusal_of(vectors::read_file(vectors::folder() / "weak.idp")), "structure");
}

TEST(SamlMetadata, ExpiresAtTheEarliestOfItsEnds) {
  const auto dated = changed("<md:IDPSSODescriptor", "<md:IDPSSODescriptor validUntil=\"2026-11-24T10:00:00Z\"");
  EXPECT_EQ(base::to_rfc3339(Engine::metadata(dated).value().valid_until.value()), at("10:00:00.000000Z"));
  EXPECT_EQ(refusal_of(changed("<md:IDPSSODescriptor", "<md:IDPSSODescriptor validUntil=\"soon\"")), "structure");
}

TEST(SamlMetadata, TakesTheOneProviderOfAnAggregate) {
  const auto one = vectors::read_file(vectors::folder() / "metadata.idp");
  const auto body = one.substr(one.find("<md:EntityDescriptor"));
  const std::string open = R"(<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">)";
  EXPECT_EQ(refusal_of(open + body + "</md:EntitiesDescriptor>"), "accepted");
  EXPECT_EQ(refusal_of(open + body + body + "</md:EntitiesDescriptor>"), "root");
}

}  // namespace
}  // namespace rescue::saml_xml

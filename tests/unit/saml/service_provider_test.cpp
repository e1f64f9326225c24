// SPDX-License-Identifier: Apache-2.0
// Requests and metadata of ours, read back with other means: zlib, OpenSSL and string search.
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <set>

#include "saml/service_provider.hpp"
#include "saml/verifier.hpp"
#include "support/temp_dir.hpp"

namespace rescue::saml {
namespace {

const ServiceProvider kSp{"https://rescue.example/saml/metadata", "https://rescue.example/saml/acs?a=1&b='2'"};
const base::WallTime kNow = base::parse_rfc3339("2026-11-24T12:00:00.123456Z").value();

const ProviderKey& key() {
  static const auto made = make_provider_key("rescue.example", kNow).value();
  return made;
}
IdpMetadata idp(std::string url = "https://idp.example/sso") {
  return {"https://idp.example/metadata", std::move(url), {key().certificate_pem}, true, {}};
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return out;
}
std::string parameter(std::string_view url, std::string_view name) {
  const auto start = url.find(std::string(name) + "=");
  if (start == url.npos) return "";
  const auto from = start + name.size() + 1;
  return percent_decoded(url.substr(from, url.find('&', from) - from));
}
base::Bytes base64_decoded(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return base::from_base64url(text).value();
}
std::string inflated(const base::Bytes& packed) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, -MAX_WBITS), Z_OK);
  std::string out(10'000, '\0');
  auto copy = packed;
  z.next_in = copy.data();
  z.avail_in = static_cast<uInt>(copy.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  inflateEnd(&z);
  return out;
}
AuthnRequest request(const IdpMetadata& to, const AuthnRequestOptions& options = {}) {
  auto made = make_authn_request(kSp, to, key().key_pem, kNow, base::system_random(), options);
  EXPECT_TRUE(made) << made.error().message();
  return made.value_or(AuthnRequest{});
}

TEST(AuthnRequest, SaysWhoAsksAndWhereToAnswer) {
  const auto r = request(idp());
  EXPECT_EQ(r.id.size(), 33u);
  EXPECT_EQ(r.id.front(), '_');
  ASSERT_TRUE(r.redirect_url.starts_with("https://idp.example/sso?SAMLRequest=")) << r.redirect_url;
  const auto xml = inflated(base64_decoded(parameter(r.redirect_url, "SAMLRequest")));
  EXPECT_EQ(xml, R"(<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" )"
                 R"(xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID=")" +
                     r.id +
                     R"(" Version="2.0" IssueInstant="2026-11-24T12:00:00Z" Destination="https://idp.example/sso" )"
                     R"(ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" )"
                     R"(AssertionConsumerServiceURL="https://rescue.example/saml/acs?a=1&amp;b=&#39;2&#39;">)"
                     R"(<saml:Issuer>https://rescue.example/saml/metadata</saml:Issuer></samlp:AuthnRequest>)");
}

TEST(AuthnRequest, IsSignedOverItsQuery) {
  const auto r = request(idp(), {.relay_state = "a b&c", .force_authn = true});
  const auto query = r.redirect_url.substr(r.redirect_url.find('?') + 1);
  const auto signed_part = query.substr(0, query.find("&Signature="));
  EXPECT_EQ(parameter(query, "SigAlg"), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
  EXPECT_EQ(parameter(query, "RelayState"), "a b&c");
  const auto certificate = crypto::Certificate::from_pem(key().certificate_pem).value();
  const auto signature = base64_decoded(parameter(query, "Signature"));
  EXPECT_TRUE(certificate.public_key().value().verify(base::as_bytes(signed_part), signature));
  EXPECT_FALSE(certificate.public_key().value().verify(base::as_bytes(signed_part + "x"), signature));
  EXPECT_NE(inflated(base64_decoded(parameter(query, "SAMLRequest"))).find(" ForceAuthn=\"true\""), std::string::npos);
}

TEST(AuthnRequest, FollowsAQueryThatTheProviderHasAlready) {
  EXPECT_TRUE(request(idp("https://idp.example/sso?realm=a"))
                  .redirect_url.starts_with("https://idp.example/sso?realm=a&SAMLRequest="));
}

TEST(AuthnRequest, NeverRepeatsItsId) { EXPECT_NE(request(idp()).id, request(idp()).id); }

TEST(AuthnRequest, IsRefusedWhereItCannotBeMade) {
  const auto made = [](const ServiceProvider& sp, const IdpMetadata& to, const base::SecretBytes& with,
                       const AuthnRequestOptions& options = {}) {
    const auto r = make_authn_request(sp, to, with, kNow, base::system_random(), options);
    return r ? std::string("made") : std::string(r.error().code.name());
  };
  EXPECT_EQ(made(kSp, idp(""), key().key_pem), "UNSUPPORTED");
  EXPECT_EQ(made({"", kSp.acs_url}, idp(), key().key_pem), "INVALID_ARGUMENT");
  EXPECT_EQ(made({kSp.entity_id, "https://x/\r\nSet-Cookie: a"}, idp(), key().key_pem), "INVALID_ARGUMENT");
  EXPECT_EQ(made(kSp, idp("https://idp.example/\r\nX: y"), key().key_pem), "INVALID_ARGUMENT");
  EXPECT_EQ(made(kSp, idp(), key().key_pem, {.relay_state = std::string(81, 'x')}), "TOO_LARGE");
  EXPECT_EQ(made(kSp, idp(), base::SecretBytes(base::to_bytes(base::as_bytes("x")))), "KEY_MALFORMED");
}

TEST(SpMetadata, NamesKeysAndService) {
  const auto xml = metadata_xml(kSp, {key().certificate_pem}).value();
  const auto has = [&](std::string_view part) { return xml.find(part) != std::string::npos; };
  EXPECT_TRUE(has(R"(entityID="https://rescue.example/saml/metadata")"));
  EXPECT_TRUE(has(R"(AuthnRequestsSigned="true" WantAssertionsSigned="true")"));
  EXPECT_TRUE(has(R"(<md:KeyDescriptor use="signing">)"));
  EXPECT_TRUE(has(R"(<md:KeyDescriptor use="encryption">)"));
  EXPECT_TRUE(has(R"(Location="https://rescue.example/saml/acs?a=1&amp;b=&#39;2&#39;" index="0")"));
  EXPECT_FALSE(has("PRIVATE"));
  EXPECT_FALSE(metadata_xml({"", "x"}, {}));
  EXPECT_FALSE(metadata_xml(kSp, {"no certificate"}));
}

TEST(Rules, HaveNamesThatAreFoundAgain) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const auto rule = static_cast<Rule>(i);
    EXPECT_TRUE(names.insert(rule_name(rule)).second) << rule_name(rule);
    EXPECT_EQ(find_rule(rule_name(rule)), rule);
    EXPECT_FALSE(rule_meaning(rule).empty());
  }
  EXPECT_FALSE(find_rule("nothing"));
}

TEST(FindHelper, LooksBesideTheProgramAndNowhereElse) {
  const test::TempDir dir;
  EXPECT_FALSE(find_helper(dir / "rescue"));
  EXPECT_FALSE(find_helper("rescue"));
  std::ofstream(dir / "rescue-saml") << "#!/bin/sh\n";
  std::filesystem::permissions(dir / "rescue-saml", std::filesystem::perms::owner_all);
  EXPECT_EQ(find_helper(dir / "rescue").value(), dir / "rescue-saml");
}

}  // namespace
}  // namespace rescue::saml

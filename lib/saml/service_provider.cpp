// SPDX-License-Identifier: Apache-2.0
#include "saml/service_provider.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "base/base64.hpp"
#include "base/markup.hpp"
#include "base/percent.hpp"
#include "crypto/errors.hpp"
#include "crypto/keys.hpp"

namespace rescue::saml {
namespace {
constexpr std::string_view kProtocol = "urn:oasis:names:tc:SAML:2.0:protocol";
constexpr std::string_view kPostBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
constexpr std::string_view kRsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
constexpr std::chrono::days kCertificateDays{3650};
constexpr std::size_t kIdBytes = 16;

base::Result<> check_uri(std::string_view what, std::string_view value) {
  const bool ok = !value.empty() && value.size() <= kMaxEntityIdBytes &&
                  std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; });
  if (ok) return {};
  return base::fail(base::Errc::invalid_argument,
                    fmt::format("{}: 1 to {} printable characters of ASCII without blanks", what, kMaxEntityIdBytes));
}

/// RFC 1951 without any head, as saml-bindings-2.0 section 3.4.4.1 wants it.
base::Result<base::Bytes> deflate_raw(std::string_view text) {
  z_stream z{};
  if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
    return base::fail(base::Errc::internal, "zlib: set up compression");
  base::Bytes out(deflateBound(&z, text.size()));
  std::string copy(text);  // zlib's interface takes no const
  z.next_in = reinterpret_cast<Bytef*>(copy.data());
  z.avail_in = static_cast<uInt>(copy.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  const int rc = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (rc != Z_STREAM_END) return base::fail(base::Errc::internal, "zlib: compress the request");
  return out;
}

std::string request_xml(const ServiceProvider& sp, const IdpMetadata& idp, const std::string& id, base::WallTime now,
                        bool force_authn) {
  const auto instant = base::to_rfc3339(now).substr(0, 19) + "Z";  // without a fraction: some providers read none
  return fmt::format(
      R"(<samlp:AuthnRequest xmlns:samlp="{}" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{}" Version="2.0" )"
      R"(IssueInstant="{}" Destination="{}"{} ProtocolBinding="{}" AssertionConsumerServiceURL="{}">)"
      R"(<saml:Issuer>{}</saml:Issuer></samlp:AuthnRequest>)",
      kProtocol, id, instant, base::escape_markup(idp.sso_redirect_url), force_authn ? R"( ForceAuthn="true")" : "",
      kPostBinding, base::escape_markup(sp.acs_url), base::escape_markup(sp.entity_id));
}

base::Result<std::string> key_descriptor(std::string_view use, const std::string& certificate_pem) {
  RESCUE_TRY(const auto certificate, crypto::Certificate::from_pem(certificate_pem));
  // Only what the check of responses takes (man rescue-saml(8)); AES-GCM first.
  constexpr std::string_view kMethods =
      R"(<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>)"
      R"(<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>)"
      R"(<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>)";
  return fmt::format(
      R"(<md:KeyDescriptor use="{}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>)"
      R"(<ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{}</md:KeyDescriptor>)",
      use, base::to_base64(certificate.der()), use == "encryption" ? kMethods : "");
}
}  // namespace

base::Result<ProviderKey> make_provider_key(std::string_view common_name, base::WallTime now) {
  RESCUE_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyKind::rsa2048));
  RESCUE_TRY(const auto identity, crypto::make_identity(key, common_name, now, kCertificateDays));
  return ProviderKey{key.pem(), identity.certificate.pem()};
}

base::Result<std::string> metadata_xml(const ServiceProvider& sp, const std::vector<std::string>& certificates_pem) {
  RESCUE_CHECK(check_uri("entity ID", sp.entity_id));
  RESCUE_CHECK(check_uri("assertion consumer service", sp.acs_url));
  std::string keys;
  for (const std::string_view use : {"signing", "encryption"}) {
    for (const auto& pem : certificates_pem) {
      RESCUE_TRY(const auto descriptor, key_descriptor(use, pem));
      keys += descriptor;
    }
  }
  return fmt::format(
      R"(<?xml version="1.0" encoding="UTF-8"?>)"
      "\n"
      R"(<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{}">)"
      R"(<md:SPSSODescriptor AuthnRequestsSigned="{}" WantAssertionsSigned="true" protocolSupportEnumeration="{}">{})"
      R"(<md:AssertionConsumerService Binding="{}" Location="{}" index="0" isDefault="true"/>)"
      "</md:SPSSODescriptor></md:EntityDescriptor>\n",
      base::escape_markup(sp.entity_id), certificates_pem.empty() ? "false" : "true", kProtocol, keys, kPostBinding,
      base::escape_markup(sp.acs_url));
}

base::Result<AuthnRequest> make_authn_request(const ServiceProvider& sp, const IdpMetadata& idp,
                                              const base::SecretBytes& key_pem, base::WallTime now,
                                              base::RandomSource& random, const AuthnRequestOptions& options) {
  if (idp.sso_redirect_url.empty())
    return base::fail(base::Errc::unsupported, "the identity provider's metadata has no HTTP-Redirect sign-in");
  RESCUE_CHECK(check_uri("entity ID", sp.entity_id));
  RESCUE_CHECK(check_uri("assertion consumer service", sp.acs_url));
  RESCUE_CHECK(check_uri("sign-in address of the identity provider", idp.sso_redirect_url));
  if (options.relay_state.size() > kMaxRelayState)
    return base::fail(base::Errc::too_large, fmt::format("relay state over {} bytes", kMaxRelayState));
  RESCUE_TRY(const auto key, crypto::PrivateKey::from_pem(base::as_text(key_pem.view())));
  if (key.kind() != crypto::KeyKind::rsa2048)
    return base::fail(crypto::Errc::key_unsupported, "requests are signed by RSA keys only");
  base::Bytes id(kIdBytes);
  random.fill(id);
  AuthnRequest out{"_" + base::to_hex(id), {}};
  RESCUE_TRY(const auto packed, deflate_raw(request_xml(sp, idp, out.id, now, options.force_authn)));
  auto query = "SAMLRequest=" + base::percent_encode(base::to_base64(packed));
  if (!options.relay_state.empty()) query += "&RelayState=" + base::percent_encode(options.relay_state);
  query += "&SigAlg=" + base::percent_encode(kRsaSha256);
  RESCUE_TRY(const auto signature, key.sign(base::as_bytes(query)));
  query += "&Signature=" + base::percent_encode(base::to_base64(signature));
  const bool has_query = idp.sso_redirect_url.find('?') != std::string::npos;
  out.redirect_url = idp.sso_redirect_url + (has_query ? '&' : '?') + query;
  return out;
}

}  // namespace rescue::saml

// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/engine.hpp"

#include <libxml/parser.h>
#include <libxml/xmlIO.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/xmlsec.h>

#include "saml_xml/impl/decrypt.hpp"
#include "saml_xml/impl/meaning.hpp"
#include "saml_xml/impl/metadata.hpp"
#include "saml_xml/impl/signature.hpp"
#include "saml_xml/impl/text_scan.hpp"

namespace rescue::saml_xml {
namespace {
using saml::Identity;
using saml::ResponseCheck;

xmlParserInputPtr load_nothing(const char*, const char*, xmlParserCtxtPtr) { return nullptr; }
void say_nothing(void*, const char*, ...) {}
void say_nothing_structured(void*, xmlErrorPtr) {}
void say_nothing_of_xmlsec(const char*, int, const char*, const char*, const char*, int, const char*) {}

bool start_once() {
  xmlInitParser();
  xmlSetExternalEntityLoader(load_nothing);
  xmlCleanupInputCallbacks();  // no file, no compressed file, no FTP, no HTTP
  xmlSetGenericErrorFunc(nullptr, say_nothing);
  xmlSetStructuredErrorFunc(nullptr, say_nothing_structured);
  if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1) return false;
  xmlSecErrorsSetCallback(say_nothing_of_xmlsec);
  return xmlSecCryptoAppInit(nullptr) == 0 && xmlSecCryptoInit() == 0;
}

/// What one response is made of once its signatures hold. The documents own the elements.
struct Verified {
  std::optional<Document> response;   // from digested bytes; nothing when the Response is not signed
  std::optional<Document> assertion;  // from digested or decrypted bytes; nothing when it stands in `response`
  bool assertion_signed = false;
  bool encrypted = false;
};

Checked<> open_encrypted(const ResponseCheck& q, const Document& original, Verified& out) {
  const auto& source = out.response ? *out.response : original;
  RESCUE_SAML_TRY(const auto parts, read_response(source));
  if (parts.encrypted == nullptr) return refuse(Rule::digested_bytes);
  RESCUE_SAML_TRY(const auto text, decrypt_assertion(parts.encrypted, q.decryption_keys, out.response.has_value()));
  RESCUE_SAML_CHECK(scan_text(text, saml::kMaxResponseBytes, Strictness::response));
  RESCUE_SAML_TRY(auto document, Document::parse(text));
  RESCUE_SAML_TRY(const auto assertion, read_assertion_document(document));
  if (assertion.signature != nullptr) {
    RESCUE_SAML_TRY(auto digested,
                    verify_signature(document, assertion.assertion, assertion.signature, q.idp.signing_certificates));
    out.assertion = std::move(digested);
    out.assertion_signed = true;
  } else {
    if (!out.response) return refuse(Rule::signature_missing, "of the encrypted assertion");
    out.assertion = std::move(document);
  }
  out.encrypted = true;
  return {};
}

Checked<Verified> verify(const Document& original, const ResponseParts& parts, const ResponseCheck& q) {
  Verified out;
  const auto& keys = q.idp.signing_certificates;
  if (parts.signature != nullptr) {
    RESCUE_SAML_TRY(out.response, verify_signature(original, parts.response, parts.signature, keys));
  }
  if (parts.encrypted != nullptr) {
    RESCUE_SAML_CHECK(open_encrypted(q, original, out));
    return out;
  }
  RESCUE_SAML_TRY(const auto assertion, read_assertion(parts.assertion));
  if (assertion.signature != nullptr) {
    RESCUE_SAML_TRY(out.assertion, verify_signature(original, assertion.assertion, assertion.signature, keys));
    out.assertion_signed = true;
  }
  if (!out.response && !out.assertion) return refuse(Rule::signature_missing);
  return out;
}

Checked<AssertionParts> trusted_assertion(const Verified& verified, const ResponseParts& trusted_response) {
  if (verified.assertion) return read_assertion_document(*verified.assertion);
  if (trusted_response.assertion == nullptr) return refuse(Rule::digested_bytes);
  return read_assertion(trusted_response.assertion);
}

Checked<Identity> check_response_text(const ResponseCheck& q) {
  RESCUE_SAML_TRY(const auto xml, decode_posted(q.response, saml::kMaxResponseBytes));
  RESCUE_SAML_CHECK(scan_text(xml, saml::kMaxResponseBytes, Strictness::response));
  RESCUE_SAML_TRY(const auto original, Document::parse(xml));
  RESCUE_SAML_TRY(const auto parts, read_response(original));
  RESCUE_SAML_TRY(const auto verified, verify(original, parts, q));
  // From here on `original` is looked at only for what stands around a signed assertion in an unsigned Response. What
  // it says there can get a response refused, never accepted: the assertion says all of it again.
  auto trusted = parts;
  if (verified.response) {
    RESCUE_SAML_TRY(trusted, read_response(*verified.response));
  }
  RESCUE_SAML_CHECK(check_response(trusted, verified.response.has_value(), q));
  RESCUE_SAML_TRY(const auto assertion, trusted_assertion(verified, trusted));
  RESCUE_SAML_TRY(auto out, check_assertion(assertion, q));
  if (attribute(trusted.response, "InResponseTo").value_or("") != out.in_response_to)
    return refuse(Rule::in_response_to, "Response and confirmation answer different requests");
  out.response_id = attribute(trusted.response, "ID").value_or("");
  out.response_signed = verified.response.has_value();
  out.assertion_signed = verified.assertion_signed;
  out.encrypted = verified.encrypted;
  return out;
}
}  // namespace

base::Result<> start_libraries() {
  static const bool started = start_once();
  if (started) return {};
  return base::fail(base::Errc::internal, "start xmlsec1");
}

base::Result<saml::IdpMetadata> Engine::read_metadata(const std::string& xml) {
  RESCUE_CHECK(start_libraries());
  auto out = metadata(xml);
  if (!out) return base::fail(saml::Errc::refused, out.error().message());
  return std::move(*out);
}

std::expected<saml::IdpMetadata, saml::Refusal> Engine::metadata(const std::string& xml) { return parse_metadata(xml); }

base::Result<saml::Verdict> Engine::check(const ResponseCheck& question) {
  RESCUE_CHECK(start_libraries());
  return check_response_text(question);
}

}  // namespace rescue::saml_xml

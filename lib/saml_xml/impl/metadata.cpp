// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/impl/metadata.hpp"

#include <algorithm>

#include "crypto/certificate.hpp"
#include "saml_xml/impl/document.hpp"
#include "saml_xml/impl/text_scan.hpp"

namespace rescue::saml_xml {
namespace {
constexpr std::string_view kRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
constexpr std::size_t kMaxUrl = 2048;

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Metadata may have comments, so that its text may come in pieces.
std::string all_text(Element e) {
  std::string out;
  for (const auto* child = e->children; child != nullptr; child = child->next)
    if (child->type == XML_TEXT_NODE) out += reinterpret_cast<const char*>(child->content);
  return out;
}

Checked<std::string> certificate_pem(Element x509_data) {
  const auto certificates = children(x509_data, kSignatureNs, "X509Certificate");
  // Of a chain only one key signs, and a certification authority's must not count: whoever it certifies could sign in.
  if (certificates.size() != 1)
    return refuse(Rule::structure, "an X509Data must have one X509Certificate, the one that signs");
  auto text = all_text(certificates.front());
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  const auto der = base::from_base64url(text);
  if (!der) return refuse(Rule::structure, "X509Certificate is not base64");
  const auto certificate = crypto::Certificate::from_der(*der);
  if (!certificate) return refuse(Rule::structure, "X509Certificate is no certificate");
  const auto key = certificate->public_key();
  if (!key || key->kind() == crypto::KeyKind::ed25519)
    return refuse(Rule::structure, "certificate " + quote_text(certificate->common_name()) +
                                       ": only RSA of 2048 to 4096 bits and P-256 can sign");
  return certificate->pem();
}

Checked<std::vector<std::string>> signing_certificates(Element idp) {
  std::vector<std::string> out;
  for (auto* descriptor : children(idp, kMetadataNs, "KeyDescriptor")) {
    if (attribute(descriptor, "use").value_or("signing") != "signing") continue;
    auto* info = only_child(descriptor, kSignatureNs, "KeyInfo");
    if (info == nullptr) return refuse(Rule::structure, "a KeyDescriptor must have one KeyInfo");
    for (auto* data : children(info, kSignatureNs, "X509Data")) {
      RESCUE_SAML_TRY(auto pem, certificate_pem(data));
      if (std::ranges::find(out, pem) == out.end()) out.push_back(std::move(pem));
    }
  }
  if (out.empty()) return refuse(Rule::structure, "no certificate for signing");
  if (out.size() > saml::kMaxSigningKeys)
    return refuse(Rule::limits, fmt::format("{} certificates for signing", out.size()));
  return out;
}

bool speaks_saml2(Element idp) {
  const auto protocols = " " + attribute(idp, "protocolSupportEnumeration").value_or("") + " ";
  return protocols.find(fmt::format(" {} ", kProtocolNs)) != std::string::npos;
}

Checked<std::string> redirect_url(Element idp) {
  for (auto* service : children(idp, kMetadataNs, "SingleSignOnService")) {
    if (attribute(service, "Binding") != kRedirect) continue;
    auto url = trimmed(attribute(service, "Location").value_or(""));
    // It goes into a Location header, and browsers are sent there.
    const bool web = url.starts_with("https://") || url.starts_with("http://");
    const bool plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
    if (!web || !plain || url.size() > kMaxUrl || url.find('#') != url.npos)
      return refuse(Rule::structure, "SingleSignOnService " + quote_text(url));
    return url;
  }
  return std::string();
}

/// All of these ends count: the one that comes first is it.
Checked<std::optional<base::WallTime>> earliest_end(std::initializer_list<Element> elements) {
  std::optional<base::WallTime> out;
  for (auto* e : elements) {
    const auto text = e == nullptr ? std::nullopt : attribute(e, "validUntil");
    if (!text) continue;
    const auto t = instant_of(*text);
    if (!t) return refuse(Rule::structure, "validUntil " + quote_text(*text));
    if (!out || *t < *out) out = *t;
  }
  return out;
}

std::vector<Element> identity_providers(Element root) {
  std::vector<Element> out;
  walk(root, [&](Element e) {
    if (is(e, kMetadataNs, "IDPSSODescriptor") && is(e->parent, kMetadataNs, "EntityDescriptor")) out.push_back(e);
    return true;
  });
  return out;
}
}  // namespace

Checked<saml::IdpMetadata> parse_metadata(std::string_view text) {
  if (text.size() > saml::kMaxMetadataBytes) return refuse(Rule::size);
  RESCUE_SAML_TRY(const auto xml, decode_posted(text, saml::kMaxMetadataBytes));
  RESCUE_SAML_CHECK(scan_text(xml, saml::kMaxMetadataBytes, Strictness::metadata));
  RESCUE_SAML_TRY(const auto document, Document::parse(xml, kMaxElementsMetadata));
  auto* root = document.root();
  if (!is(root, kMetadataNs, "EntityDescriptor") && !is(root, kMetadataNs, "EntitiesDescriptor"))
    return refuse(Rule::root, "not SAML metadata: element " + quote_text(name_of(root)));
  const auto providers = identity_providers(root);
  if (providers.size() != 1)
    return refuse(Rule::root, fmt::format("{} identity providers in the metadata, not one", providers.size()));
  auto* idp = providers.front();
  if (!speaks_saml2(idp)) return refuse(Rule::version, "the identity provider does not speak SAML 2.0");
  saml::IdpMetadata out;
  out.entity_id = attribute(idp->parent, "entityID").value_or("");
  if (out.entity_id.empty() || out.entity_id.size() > saml::kMaxEntityIdBytes)
    return refuse(Rule::issuer, "no entityID, or a long one");
  RESCUE_SAML_TRY(out.sso_redirect_url, redirect_url(idp));
  RESCUE_SAML_TRY(out.signing_certificates, signing_certificates(idp));
  RESCUE_SAML_TRY(out.valid_until, earliest_end({root, idp->parent, idp}));
  const auto wants = attribute(idp, "WantAuthnRequestsSigned").value_or("");
  out.wants_signed_requests = wants == "true" || wants == "1";
  return out;
}

}  // namespace rescue::saml_xml

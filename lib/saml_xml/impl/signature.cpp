// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/impl/signature.hpp"

#include <libxml/valid.h>
#include <openssl/evp.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include <algorithm>
#include <array>

#include "crypto/certificate.hpp"
#include "saml/model.hpp"
#include "saml_xml/impl/text_scan.hpp"

namespace rescue::saml_xml {
namespace {
constexpr std::string_view kExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
// No SHA-1; no HMAC, whose key would be a public one.
constexpr std::array<std::string_view, 6> kSignatureMethods{
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",   "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",   "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"};
constexpr std::array<std::string_view, 3> kDigestMethods{"http://www.w3.org/2001/04/xmlenc#sha256",
                                                         "http://www.w3.org/2001/04/xmldsig-more#sha384",
                                                         "http://www.w3.org/2001/04/xmlenc#sha512"};
constexpr std::size_t kMaxPrefixList = 512;

struct FreeContext {
  void operator()(xmlSecDSigCtxPtr c) const { xmlSecDSigCtxDestroy(c); }
};
using ContextPtr = std::unique_ptr<xmlSecDSigCtx, FreeContext>;

bool names(Element e, std::string_view algorithm) { return attribute(e, "Algorithm") == algorithm; }
template <std::size_t N>
bool names_one_of(Element e, const std::array<std::string_view, N>& algorithms) {
  const auto a = attribute(e, "Algorithm");
  return a && std::ranges::find(algorithms, *a) != algorithms.end();
}

/// Nothing inside, or (canonicalisation only) the list of prefixes that stay.
bool is_exclusive(Element e) {
  if (!names(e, kExclusive) || !has_only_attributes(e, {"Algorithm"}) || !has_only_elements(e)) return false;
  const auto inside = children(e);
  if (inside.empty()) return true;
  return inside.size() == 1 && is(inside.front(), kExclusive, "InclusiveNamespaces") &&
         has_only_attributes(inside.front(), {"PrefixList"}) && inside.front()->children == nullptr &&
         attribute(inside.front(), "PrefixList").value_or("").size() <= kMaxPrefixList;
}
bool is_bare(Element e) { return has_only_attributes(e, {"Algorithm"}) && e->children == nullptr; }

bool follow(const std::vector<Element>& elements, std::initializer_list<std::string_view> wanted) {
  return std::ranges::equal(elements, wanted,
                            [](Element e, std::string_view name) { return is(e, kSignatureNs, name); });
}

Checked<> check_reference(Element reference, std::string_view owner_id) {
  if (!has_only_attributes(reference, {"URI", "Id"}) || !has_only_elements(reference))
    return refuse(Rule::signature_structure, "Reference");
  const auto uri = attribute(reference, "URI");
  if (!uri || *uri != fmt::format("#{}", owner_id))
    return refuse(Rule::reference_uri, uri ? quote_text(*uri) : std::string("no URI"));
  const auto parts = children(reference);
  if (!follow(parts, {"Transforms", "DigestMethod", "DigestValue"})) {
    if (only_child(reference, kSignatureNs, "Transforms") == nullptr) return refuse(Rule::transforms, "none");
    return refuse(Rule::signature_structure, "Reference");
  }
  const auto transforms = children(parts[0]);
  if (!follow(transforms, {"Transform", "Transform"}) || !has_only_elements(parts[0]) ||
      parts[0]->properties != nullptr || !names(transforms[0], kEnveloped) || !is_bare(transforms[0]) ||
      !is_exclusive(transforms[1]))
    return refuse(Rule::transforms);
  if (!names_one_of(parts[1], kDigestMethods) || !is_bare(parts[1])) return refuse(Rule::digest_algorithm);
  const auto digest = bytes_of(parts[2]);
  if (!digest || digest->empty()) return refuse(Rule::signature_structure, "DigestValue");
  return {};
}

/// The whole form is checked before xmlsec1 gets to see it, which knows many more.
Checked<> check_form(Element signature, std::string_view owner_id) {
  const auto parts = children(signature);
  const bool known =
      follow(parts, {"SignedInfo", "SignatureValue"}) || follow(parts, {"SignedInfo", "SignatureValue", "KeyInfo"});
  if (!known || !has_only_elements(signature) || !has_only_attributes(signature, {"Id"}))
    return refuse(Rule::signature_structure, "Signature");
  const auto value = bytes_of(parts[1]);
  if (!value || value->empty() || !has_only_attributes(parts[1], {"Id"}))
    return refuse(Rule::signature_structure, "SignatureValue");
  const auto info = children(parts[0]);
  const auto references =
      static_cast<std::size_t>(std::ranges::count_if(info, [](Element e) { return is(e, kSignatureNs, "Reference"); }));
  if (references != 1) return refuse(Rule::reference_count, fmt::format("{}", references));
  if (!follow(info, {"CanonicalizationMethod", "SignatureMethod", "Reference"}) || !has_only_elements(parts[0]) ||
      !has_only_attributes(parts[0], {"Id"}))
    return refuse(Rule::signature_structure, "SignedInfo");
  if (!is_exclusive(info[0])) return refuse(Rule::canonicalization);
  if (!names_one_of(info[1], kSignatureMethods)) return refuse(Rule::signature_algorithm);
  if (!is_bare(info[1])) return refuse(Rule::signature_structure, "SignatureMethod");
  return check_reference(info[2], owner_id);
}

xmlSecKeyPtr key_of(const std::string& certificate_pem) {
  const auto certificate = crypto::Certificate::from_pem(certificate_pem);
  if (!certificate) return nullptr;
  const auto key = certificate->public_key();
  if (!key) return nullptr;
  EVP_PKEY_up_ref(key->native());
  auto* data = xmlSecOpenSSLEvpKeyAdopt(key->native());
  if (data == nullptr) {
    EVP_PKEY_free(key->native());
    return nullptr;
  }
  auto* out = xmlSecKeyCreate();
  if (out == nullptr || xmlSecKeySetValue(out, data) < 0) {
    xmlSecKeyDataDestroy(data);
    if (out != nullptr) xmlSecKeyDestroy(out);
    return nullptr;
  }
  return out;
}

/// Allows what check_form allows, once more.
ContextPtr make_context(const std::string& certificate_pem) {
  ContextPtr context(xmlSecDSigCtxCreate(nullptr));  // without a key manager nothing can be looked up by KeyInfo
  if (!context) return nullptr;
  context->signKey = key_of(certificate_pem);
  if (context->signKey == nullptr) return nullptr;
  context->flags = XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES | XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS |
                   XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK;  // '#ID' by the table of IDs, without XPointer
  context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
  bool ok = true;
  for (const auto id : {xmlSecTransformExclC14NId, xmlSecOpenSSLTransformRsaSha256Id, xmlSecOpenSSLTransformRsaSha384Id,
                        xmlSecOpenSSLTransformRsaSha512Id, xmlSecOpenSSLTransformEcdsaSha256Id,
                        xmlSecOpenSSLTransformEcdsaSha384Id, xmlSecOpenSSLTransformEcdsaSha512Id})
    ok = xmlSecDSigCtxEnableSignatureTransform(context.get(), id) == 0 && ok;
  for (const auto id : {xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId, xmlSecOpenSSLTransformSha256Id,
                        xmlSecOpenSSLTransformSha384Id, xmlSecOpenSSLTransformSha512Id})
    ok = xmlSecDSigCtxEnableReferenceTransform(context.get(), id) == 0 && ok;
  return ok ? std::move(context) : nullptr;
}

/// Registers one ID, the owner's, while a signature is looked at: no other can be referred to.
class RegisteredId {
 public:
  RegisteredId(const Document& document, Element owner) : document_(document) {
    attribute_ = xmlHasNsProp(owner, reinterpret_cast<const xmlChar*>("ID"), nullptr);
    if (attribute_ == nullptr || attribute_->children == nullptr) return;
    id_ = xmlAddID(nullptr, document.native(), attribute_->children->content, attribute_);
  }
  RegisteredId(const RegisteredId&) = delete;
  RegisteredId& operator=(const RegisteredId&) = delete;
  ~RegisteredId() {
    if (id_ != nullptr) xmlRemoveID(document_.native(), attribute_);
  }
  [[nodiscard]] bool ok() const { return id_ != nullptr; }

 private:
  const Document& document_;
  xmlAttrPtr attribute_ = nullptr;
  xmlIDPtr id_ = nullptr;
};

/// Nothing when this key did not sign it.
std::optional<std::string> digested_bytes(xmlSecDSigCtxPtr context, Element signature) {
  if (xmlSecDSigCtxVerify(context, signature) < 0 || context->status != xmlSecDSigStatusSucceeded) return std::nullopt;
  auto* references = &context->signedInfoReferences;
  if (xmlSecPtrListGetSize(references) != 1) return std::nullopt;
  auto* reference = static_cast<xmlSecDSigReferenceCtxPtr>(xmlSecPtrListGetItem(references, 0));
  if (reference == nullptr || reference->status != xmlSecDSigStatusSucceeded) return std::nullopt;
  auto* buffer = xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
  if (buffer == nullptr || xmlSecBufferGetData(buffer) == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(xmlSecBufferGetData(buffer)), xmlSecBufferGetSize(buffer));
}

Checked<Document> parse_digested(std::string_view bytes, Element owner) {
  // An empty text is what a failed canonicalisation has been taken for.
  if (bytes.empty()) return refuse(Rule::digested_bytes, "nothing");
  RESCUE_SAML_CHECK(scan_text(bytes, saml::kMaxResponseBytes * 2, Strictness::response));
  RESCUE_SAML_TRY(auto out, Document::parse(bytes));
  if (!is(out.root(), namespace_of(owner), name_of(owner)) || attribute(out.root(), "ID") != attribute(owner, "ID") ||
      !children(out.root(), kSignatureNs, "Signature").empty())
    return refuse(Rule::digested_bytes);
  return out;
}
}  // namespace

Checked<Document> verify_signature(const Document& document, Element owner, Element signature,
                                   std::span<const std::string> certificates_pem) {
  const auto id = attribute(owner, "ID");
  if (!id || id->empty()) return refuse(Rule::id);
  RESCUE_SAML_CHECK(check_form(signature, *id));
  const RegisteredId registered(document, owner);
  if (!registered.ok()) return refuse(Rule::duplicate_id, quote_text(*id));
  for (const auto& certificate : certificates_pem) {
    const auto context = make_context(certificate);
    if (!context) continue;
    if (const auto bytes = digested_bytes(context.get(), signature)) return parse_digested(*bytes, owner);
  }
  return refuse(Rule::signature_invalid);
}

}  // namespace rescue::saml_xml

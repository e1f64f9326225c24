// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/impl/structure.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace rescue::saml_xml {
namespace {
constexpr std::size_t kMaxIdBytes = 256;

/// An NCName of ASCII: no identity provider makes others, and an ID goes into a Reference.
bool is_id(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= kMaxIdBytes && letter(text.front()) && std::ranges::all_of(text, inner);
}

/// Whatever any of the vocabularies calls an ID, so that no two readers can disagree on which element one names.
Checked<> check_ids(Element root) {
  std::set<std::string, std::less<>> seen;
  Checked<> out;
  walk(root, [&](Element e) {
    for (const std::string_view name : {"ID", "Id", "id", "iD", "AssertionID", "ResponseID", "RequestID"}) {
      auto value = attribute(e, name);
      if (!value) continue;
      if (!is_id(*value)) {
        out = refuse(Rule::id, quote_text(*value));
      } else if (!seen.insert(*value).second) {
        out = refuse(Rule::duplicate_id, quote_text(*value));
      }
      if (!out) return false;
    }
    return true;
  });
  return out;
}

bool is_assertion(Element e) { return is(e, kAssertionNs, "Assertion") || is(e, kAssertionNs, "EncryptedAssertion"); }

/// However deep, and in whatever it may be wrapped.
std::size_t count_assertions(Element root) {
  std::size_t count = 0;
  walk(root, [&](Element e) {
    if (is_assertion(e)) ++count;
    return true;
  });
  return count;
}

Checked<> check_signature_places(Element root, Element assertion) {
  bool misplaced = false;
  std::size_t of_root = 0, of_assertion = 0;
  walk(root, [&](Element e) {
    if (!is(e, kSignatureNs, "Signature")) return true;
    if (e->parent == root)
      ++of_root;
    else if (assertion != nullptr && e->parent == assertion)
      ++of_assertion;
    else
      misplaced = true;
    return true;
  });
  if (misplaced) return refuse(Rule::signature_place, "a signature elsewhere than in Response or Assertion");
  if (of_root > 1 || of_assertion > 1) return refuse(Rule::signature_place, "two signatures in one element");
  return {};
}

Checked<> check_identified(Element e) {
  if (attribute(e, "Version") != "2.0") return refuse(Rule::version);
  if (!attribute(e, "ID")) return refuse(Rule::id, fmt::format("{} has no ID", name_of(e)));
  return {};
}

/// Takes elements from the front, as a schema's sequence does.
class Sequence {
 public:
  explicit Sequence(Element parent) : elements_(children(parent)) {}
  Element take(std::string_view ns, std::string_view name) {
    return at_ < elements_.size() && is(elements_[at_], ns, name) ? elements_[at_++] : nullptr;
  }
  [[nodiscard]] Checked<> finish() const {
    if (at_ == elements_.size()) return {};
    return refuse(Rule::structure, "element " + quote_text(name_of(elements_[at_])));
  }

 private:
  std::vector<Element> elements_;
  std::size_t at_ = 0;
};

Checked<> check_text_between(Element e) {
  if (has_only_elements(e)) return {};
  return refuse(Rule::structure, fmt::format("text between the elements of {}", name_of(e)));
}
}  // namespace

std::string status_code(Element response) {
  auto* status = only_child(response, kProtocolNs, "Status");
  auto* code = status == nullptr ? nullptr : only_child(status, kProtocolNs, "StatusCode");
  return code == nullptr ? "" : attribute(code, "Value").value_or("");
}

Checked<ResponseParts> read_response(const Document& document) {
  ResponseParts out;
  auto* root = out.response = document.root();
  if (!is(root, kProtocolNs, "Response")) return refuse(Rule::root, "element " + quote_text(name_of(root)));
  RESCUE_SAML_CHECK(check_identified(root));
  RESCUE_SAML_CHECK(check_ids(root));
  const auto count = count_assertions(root);
  if (const auto status = status_code(root); count == 0 && !status.empty() && status != kStatusSuccess)
    return refuse(Rule::status, quote_text(status));
  out.assertion = only_child(root, kAssertionNs, "Assertion");
  out.encrypted = only_child(root, kAssertionNs, "EncryptedAssertion");
  if (count != 1 || (out.assertion == nullptr) == (out.encrypted == nullptr))
    return refuse(Rule::assertion_count, fmt::format("{} in the document", count));
  RESCUE_SAML_CHECK(check_signature_places(root, out.assertion));
  RESCUE_SAML_CHECK(check_text_between(root));
  Sequence sequence(root);
  out.issuer = sequence.take(kAssertionNs, "Issuer");
  out.signature = sequence.take(kSignatureNs, "Signature");
  out.status = sequence.take(kProtocolNs, "Status");
  sequence.take(kAssertionNs, "Assertion");
  sequence.take(kAssertionNs, "EncryptedAssertion");
  RESCUE_SAML_CHECK(sequence.finish());
  if (out.status == nullptr) return refuse(Rule::structure, "no Status");
  return out;
}

Checked<AssertionParts> read_assertion_document(const Document& document) {
  auto* root = document.root();
  if (!is(root, kAssertionNs, "Assertion")) return refuse(Rule::root, "element " + quote_text(name_of(root)));
  RESCUE_SAML_CHECK(check_ids(root));
  if (const auto count = count_assertions(root); count != 1)
    return refuse(Rule::assertion_count, fmt::format("{} in the document", count));
  RESCUE_SAML_CHECK(check_signature_places(root, nullptr));
  return read_assertion(root);
}

Checked<AssertionParts> read_assertion(Element assertion) {
  AssertionParts out;
  out.assertion = assertion;
  RESCUE_SAML_CHECK(check_identified(assertion));
  RESCUE_SAML_CHECK(check_text_between(assertion));
  Sequence sequence(assertion);
  out.issuer = sequence.take(kAssertionNs, "Issuer");
  out.signature = sequence.take(kSignatureNs, "Signature");
  out.subject = sequence.take(kAssertionNs, "Subject");
  out.conditions = sequence.take(kAssertionNs, "Conditions");
  for (;;) {  // statements in any order; Advice has no use here and may hold other assertions
    if (auto* authn = sequence.take(kAssertionNs, "AuthnStatement"))
      out.authn_statements.push_back(authn);
    else if (auto* attributes = sequence.take(kAssertionNs, "AttributeStatement"))
      out.attribute_statements.push_back(attributes);
    else
      break;
  }
  RESCUE_SAML_CHECK(sequence.finish());
  return out;
}

}  // namespace rescue::saml_xml

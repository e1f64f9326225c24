// SPDX-License-Identifier: Apache-2.0
// Which elements a response may have and where. Stricter than the schema: what is not needed for signing in is refused,
// because each place that may hold anything is a place to hide a second assertion in.
#pragma once

#include "saml_xml/impl/document.hpp"

namespace rescue::saml_xml {

/// Borrowed from the document. Null where there is none.
struct ResponseParts {
  Element response = nullptr;
  Element issuer = nullptr;
  Element signature = nullptr;
  Element status = nullptr;
  Element assertion = nullptr;  // exactly one of these two
  Element encrypted = nullptr;
};
struct AssertionParts {
  Element assertion = nullptr;
  Element issuer = nullptr;
  Element signature = nullptr;
  Element subject = nullptr;
  Element conditions = nullptr;
  std::vector<Element> authn_statements;
  std::vector<Element> attribute_statements;
};

/// Rules: root, version, id, duplicate_id, status (a failure without an assertion), assertion_count, signature_place,
/// structure.
[[nodiscard]] Checked<ResponseParts> read_response(const Document& document);
/// The root of a document of its own: a decrypted assertion, or the digested bytes of one. The same rules.
[[nodiscard]] Checked<AssertionParts> read_assertion_document(const Document& document);
/// An assertion inside a Response that was read. Rules: version, id, structure.
[[nodiscard]] Checked<AssertionParts> read_assertion(Element assertion);

/// The top status code; "" when there is none.
[[nodiscard]] std::string status_code(Element response);
inline constexpr std::string_view kStatusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success";

}  // namespace rescue::saml_xml

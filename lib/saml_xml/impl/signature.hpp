// SPDX-License-Identifier: Apache-2.0
// XML signatures (W3C xmldsig-core) in the one form that SAML needs. The result of a verification is not "yes" but the
// bytes that were signed: whoever reads anything else has verified nothing.
#pragma once

#include <span>

#include "saml_xml/impl/document.hpp"

namespace rescue::saml_xml {

/// Verifies `signature`, a child of `owner` in `document`, and parses what was digested as a document of its own.
/// `certificates_pem` are the only keys that count; a KeyInfo in the signature is not looked at. Rules:
/// signature_structure to digested_bytes.
[[nodiscard]] Checked<Document> verify_signature(const Document& document, Element owner, Element signature,
                                                 std::span<const std::string> certificates_pem);

}  // namespace rescue::saml_xml

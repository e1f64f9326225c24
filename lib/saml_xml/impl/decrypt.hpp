// SPDX-License-Identifier: Apache-2.0
// EncryptedAssertion (saml-core-2.0 section 2.3.4; W3C xmlenc-core1), taken apart by hand: xmlsec1 would follow
// references to keys and data, of which none is needed.
#pragma once

#include <span>

#include "base/bytes.hpp"
#include "saml_xml/impl/document.hpp"

namespace rescue::saml_xml {

/// The text of the assertion. `in_signed_response`: the element comes from digested bytes. Only there is AES-CBC
/// opened: whoever can change the ciphertext of it learns the plaintext from what is answered (Jager and Somorovsky
/// 2011). Rules: encryption_structure, encryption_algorithm, encryption_key, decryption_failed.
[[nodiscard]] Checked<std::string> decrypt_assertion(Element encrypted_assertion,
                                                     std::span<const base::SecretBytes> keys_pem,
                                                     bool in_signed_response);

}  // namespace rescue::saml_xml

// SPDX-License-Identifier: Apache-2.0
// AES-256-GCM (NIST SP 800-38D). A nonce must never repeat under one key; the caller counts.
#pragma once

#include "base/bytes.hpp"

namespace rescue::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;

/// Ciphertext followed by the 16-byte tag. invalid_argument when key or nonce have the wrong length.
[[nodiscard]] base::Result<base::Bytes> aead_seal(base::ByteView key, base::ByteView nonce, base::ByteView associated,
                                                  base::ByteView plaintext);
/// The plaintext; verification_failed (and no byte of plaintext) when anything was changed.
[[nodiscard]] base::Result<base::Bytes> aead_open(base::ByteView key, base::ByteView nonce, base::ByteView associated,
                                                  base::ByteView sealed);

}  // namespace rescue::crypto

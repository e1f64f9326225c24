// SPDX-License-Identifier: Apache-2.0
// Hybrid public key encryption (RFC 9180), base mode, one message: DHKEM(X25519, HKDF-SHA256) with HKDF-SHA256 and
// AES-256-GCM (suite 0x0020, 0x0001, 0x0002). Who seals needs the recipient's public key only and cannot open again;
// nothing tells who sealed.
#pragma once

#include "crypto/aead.hpp"
#include "crypto/x25519.hpp"

namespace rescue::crypto {

/// Bytes of the encapsulated key ("enc"), which stands in front of what hpke_seal returns.
inline constexpr std::size_t kHpkeEncBytes = kX25519Bytes;
inline constexpr std::size_t kHpkeOverheadBytes = kHpkeEncBytes + kAeadTagBytes;

/// enc || ciphertext || tag. `random` makes the ephemeral key. `info` binds the message to its place: open needs the
/// same. key_malformed when `to` is of small order.
[[nodiscard]] base::Result<base::Bytes> hpke_seal(const X25519Public& to, base::ByteView info,
                                                  base::ByteView associated, base::ByteView plaintext,
                                                  base::RandomSource& random);
/// The plaintext. verification_failed when it was sealed for another key, for another place, or was changed.
[[nodiscard]] base::Result<base::SecretBytes> hpke_open(const X25519Private& key, base::ByteView info,
                                                        base::ByteView associated, base::ByteView sealed);

}  // namespace rescue::crypto

// SPDX-License-Identifier: Apache-2.0
// The signed envelope of tickets, grants and invites (man rescue-protocol(7), SIGNED ENVELOPE):
//   offset  size  field
//   0       4     "RSG1"
//   4       8     key id: first 8 bytes of SHA-256(raw Ed25519 public key)
//   12      64    Ed25519 signature over domain || 0x00 || payload
//   76      n     payload
// Text form: base64url without padding.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/errors.hpp"
#include "crypto/keys.hpp"
#include "wire/limits.hpp"

namespace rescue::crypto {

inline constexpr std::size_t kMaxEnvelopeBytes = wire::kMaxSignedEnvelope;
inline constexpr std::size_t kEnvelopeHeaderBytes = 4 + 8 + 64;

inline constexpr std::string_view kTicketDomain = "rescue-ticket/1";
inline constexpr std::string_view kGrantDomain = "rescue-grant/1";
inline constexpr std::string_view kInviteDomain = "rescue-invite/1";

using KeyId = std::array<std::uint8_t, 8>;
/// key_unsupported unless `key` is Ed25519.
[[nodiscard]] base::Result<KeyId> key_id(const PublicKey& key);

/// too_large when the result would pass kMaxEnvelopeBytes; key_unsupported unless `key` is Ed25519.
[[nodiscard]] base::Result<base::Bytes> sign_envelope(std::string_view domain, base::ByteView payload,
                                                      const PrivateKey& key);
/// The payload. `keys` are all that may have signed (rotation: old and new).
/// token_malformed, token_key_unknown, signature_invalid.
[[nodiscard]] base::Result<base::Bytes> open_envelope(std::string_view domain, base::ByteView envelope,
                                                      std::span<const PublicKey> keys);

}  // namespace rescue::crypto

// SPDX-License-Identifier: Apache-2.0
// Caps on everything a peer can send outside the session link. No parser allocates more than these say.
#pragma once

#include <cstddef>

#include "base/ip.hpp"

namespace rescue::wire {

/// One hand-off frame, length field not counted. A Hello with ticket and proof takes about 700 bytes, and as much as the
/// ticket's networks.
inline constexpr std::size_t kMaxHandoffMessage = 8192;
/// One message between gateway and broker.
inline constexpr std::size_t kMaxGatewayMessage = 16 * 1024;
/// A signed envelope (ticket, grant, invite).
inline constexpr std::size_t kMaxSignedEnvelope = 6144;
/// The networks of a ticket: three full lists.
inline constexpr std::size_t kMaxPackedNetworks = 3 * base::kMaxNetworks * base::kPackedNetwork;
/// DER SubjectPublicKeyInfo: RSA-2048 takes 294 bytes, P-256 91.
inline constexpr std::size_t kMaxSpki = 600;
/// ECDSA P-256 takes at most 72 bytes, RSA-2048 256.
inline constexpr std::size_t kMaxSignature = 512;
inline constexpr std::size_t kGuidSize = 16;
inline constexpr std::size_t kFingerprintSize = 32;
inline constexpr std::size_t kEd25519KeySize = 32;
/// Names, addresses, reasons: text fields of tokens and gateway messages.
inline constexpr std::size_t kMaxText = 512;
inline constexpr std::size_t kMaxTokenKeys = 8;
inline constexpr std::size_t kMaxGatewayAddresses = 8;
/// Nesting and table count allowed to the FlatBuffers verifier.
inline constexpr unsigned kMaxVerifierDepth = 16;
inline constexpr unsigned kMaxVerifierTables = 256;

}  // namespace rescue::wire

// SPDX-License-Identifier: Apache-2.0
// Proof at a gateway that the client holds the private key its ticket names (man rescue-protocol(7), POSSESSION). Bound
// to the TLS connection by its exporter (RFC 8446 section 7.5, RFC 9266), so that a proof is worth nothing on another
// connection.
#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "crypto/keys.hpp"

namespace rescue::crypto {

inline constexpr std::string_view kPossessionDomain = "rescue-possession/1";
inline constexpr std::string_view kPossessionExporterLabel = "EXPORTER-rescue-possession";
inline constexpr std::size_t kPossessionExporterBytes = 32;

/// Signature by `holder` over "rescue-possession/1" || 0x00 || exporter || SHA-256(ticket envelope).
/// `exporter`: crypto::export_keying(ssl, kPossessionExporterLabel, kPossessionExporterBytes) of the outer TLS.
[[nodiscard]] base::Result<base::Bytes> prove_possession(const PrivateKey& holder, base::ByteView exporter,
                                                         base::ByteView ticket_envelope);
/// wrong_holder when it was not made by the key of `holder_spki` for this connection and ticket.
[[nodiscard]] base::Result<> check_possession(base::ByteView holder_spki, base::ByteView exporter,
                                              base::ByteView ticket_envelope, base::ByteView proof);

}  // namespace rescue::crypto

// SPDX-License-Identifier: Apache-2.0
// The short authentication string: six digits that two ends have alike only when nobody stands between them (man
// rescue-protocol(7), SHORT AUTHENTICATION STRING). The applet commits to its nonce before it knows the console's, so
// that whoever stands between them gets one guess in a million.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

namespace rescue::crypto {

inline constexpr std::string_view kSasExporterLabel = "EXPORTER-rescue-sas";
inline constexpr std::size_t kSasExporterBytes = 32;
inline constexpr std::size_t kSasNonceBytes = 32;
inline constexpr std::size_t kSasDigits = 6;

using SasNonce = std::array<std::uint8_t, kSasNonceBytes>;

/// What both ends know of their connection.
struct SasBinding {
  Fingerprint applet{}, console{};
  std::array<std::uint8_t, kSasExporterBytes> exporter{};  // of one inner TLS between them
  bool operator==(const SasBinding&) const = default;
};

[[nodiscard]] Digest256 sas_commitment(const SasBinding& binding, const SasNonce& applet);
/// "042917".
[[nodiscard]] std::string sas_digits(const SasBinding& binding, const SasNonce& applet, const SasNonce& console);

}  // namespace rescue::crypto

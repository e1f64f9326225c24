// SPDX-License-Identifier: Apache-2.0
// Time-based one-time codes (RFC 6238 over HMAC-SHA-1, RFC 4226): what every authenticator application can show. Six
// digits, a step of 30 seconds. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace rescue::crypto {

inline constexpr std::size_t kTotpSecretBytes = 20;  // the length of the digest (RFC 4226 section 4, R6)
inline constexpr unsigned kTotpDigits = 6;
inline constexpr std::chrono::seconds kTotpStep{30};
/// Codes of this many steps before and after the present one are taken: clocks differ and people type slowly
/// (RFC 6238 section 5.2).
inline constexpr std::uint64_t kTotpSlack = 1;

[[nodiscard]] base::SecretBytes make_totp_secret(base::RandomSource& random);
/// 0 for times before 1970.
[[nodiscard]] std::uint64_t totp_step_of(base::WallTime now);
/// `digits`: 6 to 8.
[[nodiscard]] std::string totp_code(base::ByteView secret, std::uint64_t step, unsigned digits = kTotpDigits);
/// The step that `code` is the code of: one of those around `now` that is later than `last_step`, so that no code is
/// good twice. All candidates are compared, in time that does not depend on the code. nullopt for any other text.
[[nodiscard]] std::optional<std::uint64_t> check_totp(base::ByteView secret, std::string_view code, base::WallTime now,
                                                      std::uint64_t last_step);

/// RFC 4648 section 6 in upper case without padding: how secrets are typed by hand.
[[nodiscard]] std::string to_base32(base::ByteView bytes);
/// "otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER&algorithm=SHA1&digits=6&period=30", percent-encoded: what
/// authenticator applications read from a QR code. Holds the secret.
[[nodiscard]] std::string totp_uri(base::ByteView secret, std::string_view issuer, std::string_view account);

}  // namespace rescue::crypto

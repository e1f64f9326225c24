// SPDX-License-Identifier: Apache-2.0
#include "crypto/totp.hpp"

#include <array>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "crypto/hash.hpp"

namespace rescue::crypto {
namespace {

/// Everything outside RFC 3986's unreserved characters.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

base::SecretBytes make_totp_secret(base::RandomSource& random) {
  base::SecretBytes secret(kTotpSecretBytes);
  random.fill(secret.data());
  return secret;
}

std::uint64_t totp_step_of(base::WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds) / static_cast<std::uint64_t>(kTotpStep.count());
}

std::string totp_code(base::ByteView secret, std::uint64_t step, unsigned digits) {
  RESCUE_ASSERT(digits >= 6 && digits <= 8);
  base::ByteWriter counter;
  counter.u64(step);
  auto mac = hmac_sha1(secret, counter.view());
  // RFC 4226 section 5.3: dynamic truncation.
  const std::size_t at = mac.back() & 0x0f;
  const std::uint32_t number = (std::uint32_t{mac[at] & 0x7fU} << 24) | (std::uint32_t{mac[at + 1]} << 16) |
                               (std::uint32_t{mac[at + 2]} << 8) | std::uint32_t{mac[at + 3]};
  base::wipe(mac);
  constexpr std::array<std::uint32_t, 9> kPowers{1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
  return fmt::format("{:0{}}", number % kPowers[digits], digits);
}

std::optional<std::uint64_t> check_totp(base::ByteView secret, std::string_view code, base::WallTime now,
                                        std::uint64_t last_step) {
  const std::uint64_t present = totp_step_of(now);
  std::optional<std::uint64_t> found;
  for (std::uint64_t step = present < kTotpSlack ? 0 : present - kTotpSlack; step <= present + kTotpSlack; ++step) {
    auto right = totp_code(secret, step);
    const bool same = base::equal_constant_time(base::as_bytes(right), base::as_bytes(code));
    if (same && step > last_step) found = step;
    base::wipe({reinterpret_cast<std::uint8_t*>(right.data()), right.size()});
  }
  return found;
}

std::string to_base32(base::ByteView bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const auto b : bytes) {
    held = (held << 8) | b;
    for (bits += 8; bits >= 5; bits -= 5) out += kLetters[(held >> (bits - 5)) & 31];
  }
  if (bits > 0) out += kLetters[(held << (5 - bits)) & 31];
  return out;
}

std::string totp_uri(base::ByteView secret, std::string_view issuer, std::string_view account) {
  const auto site = percent_encoded(issuer);
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={}&period={}", site,
                     percent_encoded(account), to_base32(secret), site, kTotpDigits, kTotpStep.count());
}

}  // namespace rescue::crypto

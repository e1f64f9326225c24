// SPDX-License-Identifier: Apache-2.0
#include "crypto/password.hpp"

#include <charconv>
#include <cstring>

#include <fmt/format.h>
#include <sodium.h>

#include "base/assert.hpp"

namespace rescue::crypto {
namespace {
constexpr std::string_view kArgon2id = "$argon2id$";

void start_sodium() {
  static const bool ok = sodium_init() >= 0;
  RESCUE_ASSERT(ok);
}
// crypto_pwhash_str_verify takes the whole fixed buffer, so an encoded string from a database is copied into one.
bool to_buffer(std::string_view encoded, char (&buffer)[crypto_pwhash_STRBYTES]) {
  if (encoded.size() >= sizeof buffer || !encoded.starts_with(kArgon2id)) return false;
  std::memset(buffer, 0, sizeof buffer);
  std::memcpy(buffer, encoded.data(), encoded.size());
  return true;
}
}  // namespace

base::Result<std::string> hash_password(std::string_view password, PasswordCost cost) {
  start_sodium();
  if (password.size() > kMaxPasswordBytes)
    return base::fail(base::Errc::invalid_argument, fmt::format("a password has at most {} bytes", kMaxPasswordBytes));
  char out[crypto_pwhash_STRBYTES] = {};
  if (crypto_pwhash_str_alg(out, password.data(), password.size(), cost.passes, cost.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return base::fail(base::Errc::internal, "Argon2id: out of memory or cost out of range");
  return std::string(out);
}

bool verify_password(std::string_view encoded, std::string_view password) {
  start_sodium();
  char buffer[crypto_pwhash_STRBYTES];
  if (password.size() > kMaxPasswordBytes || !to_buffer(encoded, buffer)) return false;
  return crypto_pwhash_str_verify(buffer, password.data(), password.size()) == 0;
}

bool needs_rehash(std::string_view encoded, PasswordCost cost) {
  start_sodium();
  char buffer[crypto_pwhash_STRBYTES];
  return !to_buffer(encoded, buffer) || crypto_pwhash_str_needs_rehash(buffer, cost.passes, cost.memory_bytes) != 0;
}

std::optional<PasswordCost> cost_of(std::string_view encoded) {
  // "$argon2id$v=19$m=19456,t=2,p=1$salt$hash", memory in KiB.
  constexpr std::string_view kVersion = "v=19$m=";
  constexpr std::string_view kPasses = ",t=";
  if (!encoded.starts_with(kArgon2id)) return std::nullopt;
  encoded.remove_prefix(kArgon2id.size());
  if (!encoded.starts_with(kVersion)) return std::nullopt;
  const char* const last = encoded.data() + encoded.size();
  std::size_t kib = 0;
  PasswordCost cost;
  const auto memory = std::from_chars(encoded.data() + kVersion.size(), last, kib);
  const std::string_view rest(memory.ptr, static_cast<std::size_t>(last - memory.ptr));
  if (memory.ec != std::errc{} || !rest.starts_with(kPasses) || kib > SIZE_MAX / 1024) return std::nullopt;
  const auto passes = std::from_chars(rest.data() + kPasses.size(), last, cost.passes);
  if (passes.ec != std::errc{} || passes.ptr == last || *passes.ptr != ',') return std::nullopt;
  cost.memory_bytes = kib * 1024;
  return cost;
}

void verify_no_account(std::string_view password, PasswordCost cost) {
  // Making a hash and checking one are the same work but for sixteen random bytes. What fails here (no memory) fails
  // there, too.
  if (password.size() <= kMaxPasswordBytes) (void)hash_password(password, cost);
}

}  // namespace rescue::crypto

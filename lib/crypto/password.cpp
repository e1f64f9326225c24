// SPDX-License-Identifier: Apache-2.0
#include "crypto/password.hpp"

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

void verify_no_account(std::string_view password) {
  static const std::string nobody = [] {
    auto hash = hash_password("no account has this password");
    RESCUE_ASSERT(hash);
    return *std::move(hash);
  }();
  (void)verify_password(nobody, password);
}

}  // namespace rescue::crypto

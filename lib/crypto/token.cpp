// SPDX-License-Identifier: Apache-2.0
#include "crypto/token.hpp"

namespace rescue::crypto {
namespace {
constexpr std::size_t kRandomBytes = 32;
}

BearerToken make_bearer_token(base::RandomSource& random, std::string_view prefix) {
  base::SecretBytes secret(kRandomBytes);
  random.fill(secret.data());
  BearerToken out;
  out.text = std::string(prefix) + base::to_base64url(secret.view());
  out.hash = sha256(base::as_bytes(out.text));
  return out;
}

base::Result<Digest256> hash_bearer_token(std::string_view text, std::string_view prefix) {
  const auto malformed = [] { return base::fail(base::Errc::bad_format, "not a Rescue token"); };
  if (!text.starts_with(prefix) || text.size() > 64) return malformed();
  const auto random = base::from_base64url(text.substr(prefix.size()));
  if (!random || random->size() != kRandomBytes) return malformed();
  return sha256(base::as_bytes(text));
}

}  // namespace rescue::crypto

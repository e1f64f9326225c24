// SPDX-License-Identifier: Apache-2.0
// Random bearer tokens: "rsc_" + base64url of 32 random bytes. Servers store the SHA-256 of the text alone: 256 bits of
// entropy need no slow hash, and a stolen database opens no account.
#pragma once

#include <string>

#include "base/random.hpp"
#include "crypto/hash.hpp"

namespace rescue::crypto {

inline constexpr std::string_view kBearerPrefix = "rsc_";

struct BearerToken {
  std::string text;  // shown once, a secret
  Digest256 hash{};  // stored
};
[[nodiscard]] BearerToken make_bearer_token(base::RandomSource& random);
/// What to look up for a presented token; bad_format when it does not have the form of one.
[[nodiscard]] base::Result<Digest256> hash_bearer_token(std::string_view text);

}  // namespace rescue::crypto

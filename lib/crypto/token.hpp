// SPDX-License-Identifier: Apache-2.0
// Random bearer tokens: "rsc_" (invitations: "rsi_") + base64url of 32 random bytes. Servers store the SHA-256 of the
// text alone: 256 bits of entropy need no slow hash, and a stolen database opens no account.
#pragma once

#include <string>

#include "base/random.hpp"
#include "crypto/hash.hpp"

namespace rescue::crypto {

inline constexpr std::string_view kBearerPrefix = "rsc_";
inline constexpr std::string_view kInvitationPrefix = "rsi_";

struct BearerToken {
  std::string text;  // shown once, a secret
  Digest256 hash{};  // stored
};
[[nodiscard]] BearerToken make_bearer_token(base::RandomSource& random, std::string_view prefix = kBearerPrefix);
/// What to look up for a presented token; bad_format when it does not have the form of one.
[[nodiscard]] base::Result<Digest256> hash_bearer_token(std::string_view text, std::string_view prefix = kBearerPrefix);

}  // namespace rescue::crypto

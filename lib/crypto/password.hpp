// SPDX-License-Identifier: Apache-2.0
// Password hashing: Argon2id (RFC 9106), 1 lane, as an encoded string. With the default cost each call takes about 20
// to 80 ms of CPU and 19 MiB: run it in a bounded pool, after rate limits, never on a network thread. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::crypto {

/// Longer passwords are refused (invalid_argument) before any work is done.
inline constexpr std::size_t kMaxPasswordBytes = 1024;

struct PasswordCost {
  std::size_t memory_bytes = 19 * 1024 * 1024;
  unsigned passes = 2;
  bool operator==(const PasswordCost&) const = default;
};

/// "$argon2id$v=19$m=19456,t=2,p=1$…"
[[nodiscard]] base::Result<std::string> hash_password(std::string_view password, PasswordCost cost = {});
/// False for a wrong password and for a string that is no Argon2id hash.
[[nodiscard]] bool verify_password(std::string_view encoded, std::string_view password);
/// The hash was made with other cost figures; store a new one at the next successful sign-in.
[[nodiscard]] bool needs_rehash(std::string_view encoded, PasswordCost cost = {});
/// The figures a hash was made with; nothing for a string that is no Argon2id hash.
[[nodiscard]] std::optional<PasswordCost> cost_of(std::string_view encoded);
/// For accounts that do not exist: takes as long as verify_password against a hash of this cost, so that timing names
/// no account.
void verify_no_account(std::string_view password, PasswordCost cost = {});

}  // namespace rescue::crypto

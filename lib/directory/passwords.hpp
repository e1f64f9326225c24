// SPDX-License-Identifier: Apache-2.0
// Passwords: what the site accepts, hashing, and initial passwords. Slow parts (hashing) are plain functions to be run
// outside transactions, in a bounded pool.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/password.hpp"
#include "store/transaction.hpp"

namespace rescue::directory {

inline constexpr std::size_t kMinPasswordBytes = 8;
/// Earlier passwords of an account that are kept at most.
inline constexpr std::size_t kMaxPasswordHistory = 24;

/// What the site wants of passwords (site_policy.hpp, "password.*").
struct PasswordPolicy {
  int min_score = 3;                // 0 to 4, zxcvbn
  crypto::PasswordCost cost{};      // of new hashes
  std::size_t history = 10;         // earlier passwords that cannot be used again
  std::chrono::seconds max_age{0};  // 0: as old as they like
};
[[nodiscard]] base::Result<PasswordPolicy> password_policy(store::ReadTransaction& tx);
/// password_too_weak, with score and need in the context. `personal`: e-mail address and name of the account;
/// their parts count, too.
[[nodiscard]] base::Result<> check_password(const PasswordPolicy& policy, std::string_view password,
                                            std::span<const std::string> personal);

/// How strong a password is here, for the person who chooses it.
struct PasswordVerdict {
  int score = 0;
  int needed = 0;
  bool enough = false;                     // check_password takes it
  std::vector<std::string_view> advice{};  // sentences, most important first
};
[[nodiscard]] PasswordVerdict judge_password(const PasswordPolicy& policy, std::string_view password,
                                             std::span<const std::string> personal);

/// An Argon2id hash that went through hash(); so that no clear text is stored by mistake.
class HashedPassword {
 public:
  [[nodiscard]] static base::Result<HashedPassword> hash(std::string_view password,
                                                         const crypto::PasswordCost& cost = {});
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit HashedPassword(std::string t) : text_(std::move(t)) {}
  std::string text_;
};

/// Four groups of five from 31 letters and digits that are not mixed up when read aloud: 99 random bits.
[[nodiscard]] std::string make_initial_password(base::RandomSource& random);

}  // namespace rescue::directory

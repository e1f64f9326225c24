// SPDX-License-Identifier: Apache-2.0
// Passwords: what the site accepts, hashing, and initial passwords. Slow parts (hashing) are plain functions to be run
// outside transactions, in a bounded pool.
#pragma once

#include <span>
#include <string>

#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/password.hpp"
#include "store/transaction.hpp"

namespace rescue::directory {

inline constexpr std::size_t kMinPasswordBytes = 8;

struct PasswordPolicy {
  int min_score = 3;  // 0 to 4, zxcvbn; setting "password.min_score"
  crypto::PasswordCost cost{};
};
/// The site's setting, or the default. The cost is not a setting.
[[nodiscard]] base::Result<PasswordPolicy> password_policy(store::ReadTransaction& tx);
/// password_too_weak, with score and need in the context. `personal`: e-mail address and name of the account;
/// their parts count, too.
[[nodiscard]] base::Result<> check_password(const PasswordPolicy& policy, std::string_view password,
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

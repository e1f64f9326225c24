// SPDX-License-Identifier: Apache-2.0
// Password strength by zxcvbn (Wheeler, USENIX Security 2016).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rescue::crypto {

struct PasswordStrength {
  int score = 0;             // 0 (guessed at once) to 4 (beyond offline guessing)
  double guesses_log10 = 0;  // estimated guesses, as power of ten
  /// What makes it weak and what would help, most important first, as short sentences for people. They repeat no part
  /// of the password. Empty for a strong one.
  std::vector<std::string_view> advice{};
};
/// `personal`: words an attacker would try first (name, e-mail, organisation). Only the first 100 bytes of the password
/// count, because the estimate takes quadratic time.
[[nodiscard]] PasswordStrength password_strength(std::string_view password, std::span<const std::string> personal = {});
/// "very weak", "weak", "fair", "good", "strong".
[[nodiscard]] std::string_view strength_name(int score);

}  // namespace rescue::crypto

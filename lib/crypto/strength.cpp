// SPDX-License-Identifier: Apache-2.0
#include "crypto/strength.hpp"

#include <cmath>

#include <zxcvbn.h>

namespace rescue::crypto {
namespace {
constexpr std::size_t kMaxConsidered = 100;
// Guesses that each score begins at: 10^3, 10^6, 10^8, 10^10 (zxcvbn's own thresholds).
constexpr double kScoreFrom[] = {3, 6, 8, 10};
}  // namespace

PasswordStrength password_strength(std::string_view password, std::span<const std::string> personal) {
  const std::string cut(password.substr(0, kMaxConsidered));
  std::vector<const char*> words;
  for (const auto& word : personal) {
    if (!word.empty()) words.push_back(word.c_str());
  }
  words.push_back(nullptr);
  const double bits = cut.empty() ? 0 : ZxcvbnMatch(cut.c_str(), words.data(), nullptr);
  PasswordStrength out;
  out.guesses_log10 = bits * std::log10(2.0);
  for (const double from : kScoreFrom) out.score += out.guesses_log10 >= from ? 1 : 0;
  return out;
}

std::string_view strength_name(int score) {
  constexpr std::string_view kNames[] = {"very weak", "weak", "fair", "good", "strong"};
  return kNames[std::clamp(score, 0, 4)];
}

}  // namespace rescue::crypto

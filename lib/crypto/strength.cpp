// SPDX-License-Identifier: Apache-2.0
#include "crypto/strength.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <zxcvbn.h>

namespace rescue::crypto {
namespace {
constexpr std::size_t kMaxConsidered = 100;
// Guesses that each score begins at: 10^3, 10^6, 10^8, 10^10 (zxcvbn's own thresholds).
constexpr double kScoreFrom[] = {3, 6, 8, 10};
constexpr std::size_t kMaxAdvice = 3;
// Bytes of a part worth telling of; shorter ones are in any password.
constexpr int kTellingPart = 4;
constexpr int kTellingPersonalPart = 3;

struct FreeMatches {
  void operator()(ZxcMatch_t* first) const { ZxcvbnFreeInfo(first); }
};
using Matches = std::unique_ptr<ZxcMatch_t, FreeMatches>;

std::string_view fault_of(int type) {
  switch (type & ~MULTIPLE_MATCH) {
    case USER_MATCH:
    case USER_LEET_MATCH:
      return "It holds a part of your name or address.";
    case DICTIONARY_MATCH:
      return "It holds a common word, name or password.";
    case DICT_LEET_MATCH:
      return "Figures and signs in the place of letters are guessed as soon as the word itself.";
    case REPEATS_MATCH:
      return "Repeating a letter or a part adds little.";
    case SEQUENCE_MATCH:
      return "Runs such as abc or 4321 are guessed soon.";
    case SPATIAL_MATCH:
      return "Rows of keys are guessed soon.";
    case DATE_MATCH:
    case YEAR_MATCH:
      return "Dates and years are guessed soon.";
    default:
      return {};
  }
}

/// The widest parts that zxcvbn knew, without saying which they are.
std::vector<std::string_view> advice_for(const PasswordStrength& found, const ZxcMatch_t* matches, std::size_t size) {
  constexpr std::size_t kShort = 12;
  std::vector<std::string_view> out;
  if (found.score >= 4) return out;
  std::vector<const ZxcMatch_t*> parts;
  for (; matches != nullptr; matches = matches->Next) {
    const int type = matches->Type & ~MULTIPLE_MATCH;
    const bool personal = type == USER_MATCH || type == USER_LEET_MATCH;
    if (matches->Length >= (personal ? kTellingPersonalPart : kTellingPart)) parts.push_back(matches);
  }
  std::ranges::stable_sort(parts, std::ranges::greater(), &ZxcMatch_t::Length);
  for (const auto* part : parts) {
    const auto fault = fault_of(part->Type);
    if (!fault.empty() && std::ranges::find(out, fault) == out.end() && out.size() + 1 < kMaxAdvice)
      out.push_back(fault);
  }
  out.emplace_back(size < kShort ? "Longer is better: four uncommon words that do not belong together are strong."
                                 : "One more uncommon word makes it stronger.");
  return out;
}
}  // namespace

PasswordStrength password_strength(std::string_view password, std::span<const std::string> personal) {
  const std::string cut(password.substr(0, kMaxConsidered));
  std::vector<const char*> words;
  for (const auto& word : personal) {
    if (!word.empty()) words.push_back(word.c_str());
  }
  words.push_back(nullptr);
  ZxcMatch_t* first = nullptr;
  const double bits = cut.empty() ? 0 : ZxcvbnMatch(cut.c_str(), words.data(), &first);
  const Matches matches(first);
  PasswordStrength out;
  out.guesses_log10 = bits * std::log10(2.0);
  for (const double from : kScoreFrom) out.score += out.guesses_log10 >= from ? 1 : 0;
  out.advice = advice_for(out, matches.get(), cut.size());
  return out;
}

std::string_view strength_name(int score) {
  constexpr std::string_view kNames[] = {"very weak", "weak", "fair", "good", "strong"};
  return kNames[std::clamp(score, 0, 4)];
}

}  // namespace rescue::crypto

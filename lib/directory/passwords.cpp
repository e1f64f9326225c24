// SPDX-License-Identifier: Apache-2.0
#include "directory/passwords.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/strength.hpp"
#include "directory/errors.hpp"
#include "directory/site_policy.hpp"

namespace rescue::directory {
namespace {
constexpr std::size_t kMinPersonalWord = 3;

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// "ada.lovelace@example.org" also gives "ada.lovelace", "ada", "lovelace", "example", "org".
std::vector<std::string> guesses_from(std::span<const std::string> personal) {
  std::vector<std::string> out;
  const auto add = [&out](std::string_view word) {
    if (word.size() >= kMinPersonalWord) out.emplace_back(word);
  };
  for (const std::string_view text : personal) {
    add(text);
    if (const auto at = text.find('@'); at != std::string_view::npos) add(text.substr(0, at));
    for (auto from = text.begin(); from != text.end();) {
      const auto start = std::find_if(from, text.end(), is_word);
      from = std::find_if_not(start, text.end(), is_word);
      add(std::string_view(start, from));
    }
  }
  return out;
}
}  // namespace

base::Result<PasswordPolicy> password_policy(store::ReadTransaction& tx) {
  PasswordPolicy policy;
  RESCUE_TRY(const auto score, site_policy::integer(tx, Setting::password_min_score));
  RESCUE_TRY(const auto memory, site_policy::integer(tx, Setting::password_argon2_memory));
  RESCUE_TRY(const auto passes, site_policy::integer(tx, Setting::password_argon2_passes));
  RESCUE_TRY(const auto history, site_policy::integer(tx, Setting::password_history));
  RESCUE_TRY(policy.max_age, site_policy::duration(tx, Setting::password_max_age));
  policy.min_score = static_cast<int>(score);
  policy.cost = {.memory_bytes = static_cast<std::size_t>(memory), .passes = static_cast<unsigned>(passes)};
  policy.history = static_cast<std::size_t>(history);
  return policy;
}

base::Result<> check_password(const PasswordPolicy& policy, std::string_view password,
                              std::span<const std::string> personal) {
  if (password.size() < kMinPasswordBytes) {
    return base::fail(Errc::password_too_weak, fmt::format("shorter than {} bytes", kMinPasswordBytes));
  }
  if (password.size() > crypto::kMaxPasswordBytes) {
    return base::fail(Errc::password_too_weak, fmt::format("longer than {} bytes", crypto::kMaxPasswordBytes));
  }
  const auto strength = crypto::password_strength(password, guesses_from(personal));
  if (strength.score < policy.min_score) {
    return base::fail(Errc::password_too_weak, fmt::format("strength {} ({}), needed {} ({})", strength.score,
                                                           crypto::strength_name(strength.score), policy.min_score,
                                                           crypto::strength_name(policy.min_score)));
  }
  return {};
}

PasswordVerdict judge_password(const PasswordPolicy& policy, std::string_view password,
                               std::span<const std::string> personal) {
  const auto strength = crypto::password_strength(password, guesses_from(personal));
  PasswordVerdict out;
  out.score = strength.score;
  out.needed = policy.min_score;
  out.enough = check_password(policy, password, personal).has_value();
  out.advice = strength.advice;
  return out;
}

base::Result<HashedPassword> HashedPassword::hash(std::string_view password, const crypto::PasswordCost& cost) {
  RESCUE_TRY(auto text, crypto::hash_password(password, cost));
  return HashedPassword(std::move(text));
}

std::string make_initial_password(base::RandomSource& random) {
  constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";  // no i, l, o, 0, 1
  std::string out;
  for (int i = 0; i < 20; ++i) {
    if (i > 0 && i % 5 == 0) out += '-';
    out += kLetters[random.below(kLetters.size())];
  }
  return out;
}

}  // namespace rescue::directory

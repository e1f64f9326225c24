// SPDX-License-Identifier: Apache-2.0
#include "config/key_table.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/impl/parse_value.hpp"

namespace rescue::config {
namespace {

std::string range_text(const Key& key) {
  using Limits = std::numeric_limits<std::int64_t>;
  const auto number = [&key](std::int64_t v) {
    return key.type == Type::duration ? duration_text(base::Duration(v)) : std::to_string(v);
  };
  const auto& c = key.constraint;
  const bool low = c.min != Limits::min();
  const bool high = c.max != Limits::max();
  if (low && high) return fmt::format("{} to {}", number(c.min), number(c.max));
  if (low) return fmt::format("at least {}", number(c.min));
  if (high) return fmt::format("at most {}", number(c.max));
  return {};
}

/// Levenshtein distance; names are short, so the quadratic form is enough.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view type_name(Type type) {
  switch (type) {
    case Type::text:
      return "a text";
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "a whole number";
    case Type::duration:
      return "a duration such as \"15m\"";
    case Type::text_list:
      return "a list of texts";
  }
  return "?";
}

const Key* KeyTable::find(std::string_view name) const {
  const auto at = std::ranges::find(keys_, name, &Key::name);
  return at == keys_.end() ? nullptr : &*at;
}

std::string KeyTable::environment_name(const Key& key) const {
  std::string out(prefix_);
  out += '_';
  for (const char c : key.name) {
    if (c == '.' || c == '-')
      out += '_';
    else
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

std::string KeyTable::flag_name(const Key& key) {
  std::string out = "--";
  for (const char c : key.name) out += c == '.' || c == '_' ? '-' : c;
  return out;
}

std::string KeyTable::constraint_text(const Key& key) {
  const auto& c = key.constraint;
  if (!c.choices.empty()) return fmt::format("one of: {}", fmt::join(c.choices, ", "));
  if (!c.rule.empty()) return std::string(c.rule);
  return range_text(key);
}

std::string_view KeyTable::nearest(std::string_view name) const {
  // Longer than any real name: not a slip of the finger, and the distance would cost time.
  constexpr std::size_t kLongestTypo = 64;
  if (name.size() > kLongestTypo) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto& key : keys_) {
    const auto d = edit_distance(name, key.name);
    if (d < best_distance) {
      best_distance = d;
      best = key.name;
    }
  }
  return best;
}

}  // namespace rescue::config

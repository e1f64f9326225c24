// SPDX-License-Identifier: Apache-2.0
#include "config/impl/parse_value.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::config {
namespace {

std::string shown(const Key& key, std::string_view value) {
  constexpr std::size_t kMostShown = 80;
  if (key.secret) return "the given value";
  return fmt::format("'{}'", base::to_display_text(value.substr(0, kMostShown)));
}

std::string demand(const Key& key, std::string_view got) {
  const auto rule = KeyTable::constraint_text(key);
  return fmt::format("must be {}, not {}", rule.empty() ? std::string(type_name(key.type)) : rule, shown(key, got));
}

std::optional<std::string> broken_text(const Key& key, std::string_view text) {
  const auto& c = key.constraint;
  if (text.size() > c.max_length) return fmt::format("is longer than {} bytes", c.max_length);
  if (!base::is_valid_utf8(text)) return "is not UTF-8";
  if (text.empty() && key.type == Type::text) return std::nullopt;  // unset
  if (!c.choices.empty() && std::ranges::find(c.choices, text) == c.choices.end()) return demand(key, text);
  if (c.check != nullptr && !c.check(text)) return demand(key, text);
  return std::nullopt;
}

std::optional<std::string> broken_number(const Key& key, std::int64_t number, std::string_view text) {
  if (number < key.constraint.min || number > key.constraint.max) return demand(key, text);
  return std::nullopt;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) out.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return out;
}

std::expected<Value, std::string> typed(const Key& key, std::string_view text) {
  switch (key.type) {
    case Type::text:
      return std::string(text);
    case Type::text_list:
      return split_list(text);
    case Type::boolean:
      if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
      if (text == "false" || text == "0" || text == "no" || text == "off") return false;
      break;
    case Type::integer: {
      std::int64_t n = 0;
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
      if (ec == std::errc{} && end == text.data() + text.size()) return n;
      break;
    }
    case Type::duration:
      if (auto d = base::parse_duration(text)) return *d;
      break;
  }
  return std::unexpected(fmt::format("must be {}, not {}", type_name(key.type), shown(key, text)));
}

}  // namespace

std::string duration_text(base::Duration d) {
  constexpr std::pair<std::int64_t, std::string_view> kUnits[] = {
      {86'400'000'000, "d"}, {3'600'000'000, "h"}, {60'000'000, "m"}, {1'000'000, "s"}};
  const auto us = d.count();
  for (const auto& [unit, name] : kUnits)
    if (us != 0 && us % unit == 0) return fmt::format("{}{}", us / unit, name);
  return fmt::format("{}ms", us / 1000);
}

std::optional<std::string> broken_constraint(const Key& key, const Value& value) {
  switch (key.type) {
    case Type::boolean:
      return std::nullopt;
    case Type::text:
      return broken_text(key, std::get<std::string>(value));
    case Type::integer: {
      const auto n = std::get<std::int64_t>(value);
      return broken_number(key, n, std::to_string(n));
    }
    case Type::duration: {
      const auto d = std::get<base::Duration>(value);
      return broken_number(key, d.count(), duration_text(d));
    }
    case Type::text_list:
      for (const auto& element : std::get<std::vector<std::string>>(value))
        if (auto broken = broken_text(key, element)) return broken;
      return std::nullopt;
  }
  return std::nullopt;
}

std::expected<Value, std::string> parse_text(const Key& key, std::string_view text) {
  auto value = typed(key, text);
  if (!value) return value;
  if (auto broken = broken_constraint(key, *value)) return std::unexpected(std::move(*broken));
  return value;
}

}  // namespace rescue::config

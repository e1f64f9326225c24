// SPDX-License-Identifier: Apache-2.0
#include "directory/site_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/ip.hpp"
#include "base/utf8.hpp"
#include "directory/single_sign_on.hpp"
#include "store/users.hpp"

namespace rescue::directory {
namespace {
using base::Errc;
using enum Setting;
using Type = SettingType;

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::string_view kOff = "off";

bool is_entity_id(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}
bool is_network(std::string_view text) { return base::IpPrefix::parse_exact(text).has_value(); }
bool is_group_map(std::string_view text) { return sso::parse_group_map(text).has_value(); }

// clang-format off
constexpr std::array<SettingRule, kSettings> kRules{{
    {.setting = password_min_score, .name = "password.min_score", .type = Type::integer, .fallback = "3", .min = 0,
     .max = 4, .help = "Least strength of a new password, from 0 (any) to 4 (strong), as zxcvbn estimates it."},
    {.setting = password_max_age, .name = "password.max_age", .type = Type::duration, .fallback = kOff, .min = kDay,
     .max = 3650 * kDay, .may_be_off = true,
     .help = "A password older than this has to be changed at the next sign-in."},
    {.setting = password_history, .name = "password.history", .type = Type::integer, .fallback = "10", .min = 0,
     .max = 24, .help = "How many earlier passwords of an account cannot be used again."},
    {.setting = password_lock_after, .name = "password.lock_after", .type = Type::integer, .fallback = "5", .min = 1,
     .max = 100, .help = "Wrong passwords in a row that lock an account."},
    // The least figures are those OWASP's Password Storage Cheat Sheet gives for Argon2id with 5 passes.
    {.setting = password_argon2_memory, .name = "password.argon2_memory", .type = Type::bytes, .fallback = "19MiB",
     .min = 7 * kMiB, .max = 1024 * kMiB,
     .help = "Memory of one password hash (Argon2id); a stored one follows at its owner's next sign-in."},
    {.setting = password_argon2_passes, .name = "password.argon2_passes", .type = Type::integer, .fallback = "2",
     .min = 1, .max = 16, .help = "Passes of one password hash (Argon2id) over its memory."},
    {.setting = sign_in_idle, .name = "sign_in.idle", .type = Type::duration, .fallback = kOff, .min = kMinute,
     .max = 365 * kDay, .may_be_off = true, .help = "A sign-in that nobody uses ends after this."},
    {.setting = sign_in_lifetime, .name = "sign_in.lifetime", .type = Type::duration, .fallback = "12h",
     .min = kMinute, .max = 365 * kDay, .help = "A sign-in ends after this, however much it is used."},
    {.setting = allowed_networks, .name = "allowed_networks", .type = Type::list, .fallback = "", .min = 0,
     .max = base::kMaxNetworks, .help = "Networks from which people may sign in and work; anywhere when empty.",
     .check = is_network, .rule = "a network such as 10.0.0.0/8 or 2001:db8::/32, without bits behind its prefix"},
    {.setting = invitation_lifetime, .name = "invitation.lifetime", .type = Type::duration, .fallback = "7d",
     .min = kMinute, .max = 90 * kDay, .help = "How long an invitation can be accepted."},
    {.setting = sso_enabled, .name = "sso.enabled", .type = Type::boolean, .fallback = "false",
     .help = "People may sign in through the identity provider."},
    {.setting = sso_entity_id, .name = "sso.entity_id", .type = Type::text, .fallback = "", .min = 0, .max = 1024,
     .help = "What the identity provider calls this site; the address of its metadata when empty.",
     .check = is_entity_id, .rule = "printable ASCII without blanks"},
    {.setting = sso_idp_initiated, .name = "sso.idp_initiated", .type = Type::boolean, .fallback = "false",
     .help = "People may begin at the identity provider; what they are shown there signs in whoever types it first."},
    {.setting = sso_provision, .name = "sso.provision", .type = Type::boolean, .fallback = "false",
     .help = "A technician's account is made for who signs in through the identity provider and has none."},
    {.setting = sso_email_attribute, .name = "sso.email_attribute", .type = Type::text, .fallback = "", .min = 0,
     .max = 256, .help = "Attribute that holds the e-mail address; the NameID when empty."},
    {.setting = sso_name_attribute, .name = "sso.name_attribute", .type = Type::text, .fallback = "", .min = 0,
     .max = 256, .help = "Attribute that holds the name of a new account; the address when empty."},
    {.setting = sso_group_attribute, .name = "sso.group_attribute", .type = Type::text, .fallback = "", .min = 0,
     .max = 256, .help = "Attribute that holds a technician's groups; groups stay as they are when empty."},
    {.setting = sso_group_map, .name = "sso.group_map", .type = Type::text, .fallback = "", .min = 0,
     .max = 16 * 1024, .help = "Which group a value of the group attribute leads to; the first that fits counts.",
     .check = is_group_map, .rule = "lines of VALUE=GROUP"},
    {.setting = session_hold_limit, .name = "session.hold_limit", .type = Type::duration, .fallback = "4h", .min = 1,
     .max = 7 * kDay, .help = "A session that was put aside ends after this."},
    {.setting = session_transfer_limit, .name = "session.transfer_limit", .type = Type::duration, .fallback = "10m",
     .min = 1, .max = kDay, .help = "A transfer that nobody takes comes back after this, on hold."},
}};
// clang-format on
static_assert(
    [] {
      for (std::size_t i = 0; i < kRules.size(); ++i)
        if (static_cast<std::size_t>(kRules[i].setting) != i) return false;
      return true;
    }(),
    "one row per setting, in order");

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

struct Unit {
  std::int64_t size;
  std::string_view name;
};
constexpr Unit kByteUnits[] = {{1024 * kMiB, "GiB"}, {kMiB, "MiB"}, {1024, "KiB"}};
constexpr Unit kTimeUnits[] = {{kDay, "d"}, {kHour, "h"}, {kMinute, "m"}, {1, "s"}};

/// In the largest unit that is exact; a bare number when there is none.
std::string with_unit(std::int64_t n, std::span<const Unit> units) {
  for (const auto& unit : units)
    if (n != 0 && n % unit.size == 0) return fmt::format("{}{}", n / unit.size, unit.name);
  return std::to_string(n);
}

std::optional<std::int64_t> byte_count(std::string_view text) {
  for (const auto& unit : kByteUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto n = whole_number(text.substr(0, text.size() - unit.name.size()));
    constexpr std::int64_t kMost = std::int64_t{1} << 30;  // times a GiB is still a number
    if (!n || *n < 0 || *n > kMost) return std::nullopt;
    return *n * unit.size;
  }
  return whole_number(text);
}

std::optional<std::int64_t> second_count(std::string_view text) {
  const auto d = base::parse_duration(text);
  if (!d || d->count() % 1'000'000 != 0) return std::nullopt;
  return d->count() / 1'000'000;
}

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto from = s.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return s.substr(from, s.find_last_not_of(kBlank) - from + 1);
}

std::vector<std::string> items_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find_first_of(",\n");
    const auto item = trimmed(text.substr(0, end));
    if (!item.empty()) out.emplace_back(item);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string number_text(Type type, std::int64_t n) {
  if (type == Type::duration) return with_unit(n, kTimeUnits);
  if (type == Type::bytes) return with_unit(n, kByteUnits);
  return std::to_string(n);
}

/// nullopt when the text is no value of the type, or out of bounds.
std::optional<std::int64_t> number_of(const SettingRule& rule, std::string_view text) {
  if (rule.type == Type::duration && rule.may_be_off && text == kOff) return 0;
  const auto n = rule.type == Type::duration ? second_count(text)
                 : rule.type == Type::bytes  ? byte_count(text)
                                             : whole_number(text);
  if (!n || *n < rule.min || *n > rule.max) return std::nullopt;
  return n;
}

std::optional<std::string> canonical_text(const SettingRule& rule, std::string_view text) {
  const auto bytes = static_cast<std::int64_t>(text.size());
  if (bytes < rule.min || bytes > rule.max || !base::is_valid_utf8(text) || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  if (rule.check != nullptr && !text.empty() && !rule.check(text)) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> canonical_list(const SettingRule& rule, std::string_view text) {
  const auto items = items_of(text);
  const auto n = static_cast<std::int64_t>(items.size());
  if (n < rule.min || n > rule.max) return std::nullopt;
  for (const auto& item : items) {
    if (!base::is_valid_utf8(item) || base::to_display_text(item) != item) return std::nullopt;
    if (rule.check != nullptr && !rule.check(item)) return std::nullopt;
  }
  return fmt::format("{}", fmt::join(items, ","));
}

std::optional<std::string> canonical(const SettingRule& rule, std::string_view text) {
  switch (rule.type) {
    case Type::boolean:
      if (text == "true" || text == "false") return std::string(text);
      return std::nullopt;
    case Type::text:
      return canonical_text(rule, text);
    case Type::list:
      return canonical_list(rule, text);
    case Type::integer:
    case Type::duration:
    case Type::bytes:
      break;
  }
  const auto n = number_of(rule, trimmed(text));
  if (!n) return std::nullopt;
  return *n == 0 && rule.may_be_off ? std::string(kOff) : number_text(rule.type, *n);
}

base::Result<std::string> stored(store::ReadTransaction& tx, const SettingRule& rule) {
  RESCUE_TRY(auto value, store::settings::get(tx, rule.name));
  if (!value) return std::string(rule.fallback);
  if (!canonical(rule, *value)) return base::fail(Errc::bad_format, fmt::format("setting {}", rule.name));
  return std::move(*value);
}

base::Result<std::int64_t> number(store::ReadTransaction& tx, Setting setting) {
  const auto& rule = rule_of(setting);
  RESCUE_TRY(const auto value, stored(tx, rule));
  return number_of(rule, value).value_or(0);
}
}  // namespace

std::string_view to_string(SettingType type) {
  constexpr std::string_view kNames[] = {"integer", "boolean", "duration", "bytes", "text", "list"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const SettingRule> setting_rules() { return kRules; }

const SettingRule& rule_of(Setting setting) { return kRules[static_cast<std::size_t>(setting)]; }

const SettingRule* find_setting(std::string_view name) {
  const auto at = std::ranges::find(kRules, name, &SettingRule::name);
  return at == kRules.end() ? nullptr : &*at;
}

std::string setting_bounds(const SettingRule& rule) {
  const auto range = [&](std::string_view kind) {
    return fmt::format("{}, {} to {}{}", kind, number_text(rule.type, rule.min), number_text(rule.type, rule.max),
                       rule.may_be_off ? ", or off" : "");
  };
  switch (rule.type) {
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return range("a whole number");
    case Type::duration:
      return range("a duration");
    case Type::bytes:
      return range("a size");
    case Type::text:
      return rule.rule.empty() ? fmt::format("text of at most {} bytes", rule.max) : std::string(rule.rule);
    case Type::list:
      break;
  }
  return fmt::format("at most {} items with commas between them{}{}", rule.max, rule.rule.empty() ? "" : ", each ",
                     rule.rule);
}

base::Result<std::string> canonical_setting(const SettingRule& rule, std::string_view text) {
  if (auto good = canonical(rule, text)) return std::move(*good);
  return base::fail(base::Errc::invalid_argument, fmt::format("{}: must be {}", rule.name, setting_bounds(rule)));
}

namespace site_policy {

base::Result<std::int64_t> integer(store::ReadTransaction& tx, Setting setting) { return number(tx, setting); }

base::Result<std::chrono::seconds> duration(store::ReadTransaction& tx, Setting setting) {
  RESCUE_TRY(const auto n, number(tx, setting));
  return std::chrono::seconds(n);
}

base::Result<bool> boolean(store::ReadTransaction& tx, Setting setting) {
  RESCUE_TRY(const auto value, stored(tx, rule_of(setting)));
  return value == "true";
}

base::Result<std::string> text(store::ReadTransaction& tx, Setting setting) { return stored(tx, rule_of(setting)); }

base::Result<std::vector<std::string>> list(store::ReadTransaction& tx, Setting setting) {
  RESCUE_TRY(const auto value, stored(tx, rule_of(setting)));
  return items_of(value);
}

base::Result<std::vector<Value>> all(store::ReadTransaction& tx) {
  std::vector<Value> out;
  out.reserve(kRules.size());
  for (const auto& rule : kRules) {
    RESCUE_TRY(auto value, stored(tx, rule));
    const bool is_default = value == rule.fallback;
    out.push_back({&rule, std::move(value), is_default});
  }
  return out;
}

}  // namespace site_policy
}  // namespace rescue::directory

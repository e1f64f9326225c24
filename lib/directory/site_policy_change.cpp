// SPDX-License-Identifier: Apache-2.0
// Changing settings (site_policy.hpp): all of a request or none, with one log event that says old and new.
#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "directory/impl/changes.hpp"
#include "directory/impl/event.hpp"
#include "directory/site_policy.hpp"
#include "store/users.hpp"

namespace rescue::directory::site_policy {
namespace {
constexpr std::size_t kMaxNamedBytes = 64;

std::string shown(const SettingRule& rule, const std::string& value) {
  return rule.secret && !value.empty() ? "***" : value;
}

/// Stores one change; whether it became another, which then is in `changes`.
base::Result<bool> apply(store::Transaction& tx, const SettingRule& rule, const Change& wanted, impl::Changes& changes,
                         base::WallTime now) {
  std::string next(rule.fallback);
  if (wanted.value) {
    RESCUE_TRY(next, canonical_setting(rule, *wanted.value));
  }
  // What is stored may be damaged; that must not keep anybody from setting it right.
  RESCUE_TRY(const auto stored, store::settings::get(tx, rule.name));
  const auto before = stored.value_or(std::string(rule.fallback));
  if (next == rule.fallback) {
    RESCUE_CHECK(store::settings::unset(tx, rule.name));
  } else {
    RESCUE_CHECK(store::settings::set(tx, rule.name, next, now));
  }
  if (next == before) return false;
  changes.add(rule.name, shown(rule, before), shown(rule, next));
  return true;
}
}  // namespace

base::Result<std::size_t> change(store::Transaction& tx, std::span<const Change> wanted, const By& by,
                                 base::WallTime now) {
  impl::Changes changes;
  std::vector<std::string_view> seen;
  std::size_t changed = 0;
  for (const auto& one : wanted) {
    const auto* rule = find_setting(one.name);
    if (rule == nullptr) {
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("no setting '{}'", base::to_display_text(one.name.substr(0, kMaxNamedBytes))));
    }
    if (std::ranges::find(seen, rule->name) != seen.end())
      return base::fail(base::Errc::invalid_argument, fmt::format("{}: given twice", rule->name));
    seen.push_back(rule->name);
    RESCUE_TRY(const bool became_another, apply(tx, *rule, one, changes, now));
    changed += became_another ? 1 : 0;
  }
  if (changes.empty()) return 0;
  impl::Json data;
  data.add_json("changes", changes.text()).add(by);
  RESCUE_CHECK(
      impl::record(tx, {.type = store::EventType::policy_changed, .actor = by.actor, .data = std::move(data)}, now));
  return changed;
}

}  // namespace rescue::directory::site_policy

// SPDX-License-Identifier: Apache-2.0
// The site's settings: one typed table of names, defaults, bounds and help. `rescue admin policy` and the API show and
// change them by name; the program reads them by Setting. They live in the database, so that all brokers of a site
// follow the same ones from the next transaction on; nothing is cached here.
//
// A new setting is an enumerator and, at the same place, a row in site_policy.cpp. Whoever reads it gets the default
// until an administrator has set it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/by.hpp"
#include "store/transaction.hpp"

namespace rescue::directory {

enum class Setting : std::uint8_t {
  password_min_score,      // integer
  password_max_age,        // duration, may be off
  password_history,        // integer
  password_lock_after,     // integer
  password_argon2_memory,  // bytes
  password_argon2_passes,  // integer
  sign_in_idle,            // duration, may be off
  sign_in_lifetime,        // duration
  allowed_networks,        // list
  invitation_lifetime,     // duration
  sso_enabled,             // boolean
  sso_entity_id,           // text
  sso_idp_initiated,       // boolean
  sso_provision,           // boolean
  sso_email_attribute,     // text
  sso_name_attribute,      // text
  sso_group_attribute,     // text
  sso_group_map,           // text, a rule a line
  session_hold_limit,      // duration
  session_transfer_limit,  // duration
};
inline constexpr std::size_t kSettings = static_cast<std::size_t>(Setting::session_transfer_limit) + 1;

enum class SettingType : std::uint8_t {
  integer,   // "3"
  boolean,   // "true", "false"
  duration,  // "90d"; whole seconds
  bytes,     // "19MiB"; also "512KiB", "1GiB" or a bare number of bytes
  text,      // UTF-8, may have several lines
  list,      // items with commas between them; in a file also one a line
};
[[nodiscard]] std::string_view to_string(SettingType type);  // "integer", …

struct SettingRule {
  Setting setting{};
  std::string_view name{};  // "password.min_score"
  SettingType type = SettingType::text;
  std::string_view fallback{};  // in canonical form
  std::int64_t min = 0;         // integer, bytes: the number; duration: seconds; text: bytes; list: items
  std::int64_t max = 0;
  bool may_be_off = false;                    // duration: "off" is a value too, read as 0 s
  bool secret = false;                        // shown as "***" by lists and in the log, and never exported
  std::string_view help{};                    // one sentence
  bool (*check)(std::string_view) = nullptr;  // of a text, and of each item of a list; nullptr: any
  std::string_view rule{};                    // what `check` wants, after "must be"
};

/// All rows, in the order of Setting.
[[nodiscard]] std::span<const SettingRule> setting_rules();
[[nodiscard]] const SettingRule& rule_of(Setting setting);
/// nullptr for a name that is no setting.
[[nodiscard]] const SettingRule* find_setting(std::string_view name);

/// The canonical form of what a person or a file says, as it is stored and shown ("90m" stays, "60m" becomes "1h", list
/// items are trimmed). invalid_argument names the setting and its bounds.
[[nodiscard]] base::Result<std::string> canonical_setting(const SettingRule& rule, std::string_view text);
/// "a duration, 1d to 3650d, or off": for help and errors.
[[nodiscard]] std::string setting_bounds(const SettingRule& rule);

namespace site_policy {

// What counts now: the stored value, else the default. A stored value that its row refuses (a database from another
// version, or changed by hand) is base::Errc::bad_format, so that nobody runs on a guess.
[[nodiscard]] base::Result<std::int64_t> integer(store::ReadTransaction& tx, Setting setting);  // also bytes
[[nodiscard]] base::Result<bool> boolean(store::ReadTransaction& tx, Setting setting);
[[nodiscard]] base::Result<std::chrono::seconds> duration(store::ReadTransaction& tx, Setting setting);  // off: 0
[[nodiscard]] base::Result<std::string> text(store::ReadTransaction& tx, Setting setting);  // any type, canonical
[[nodiscard]] base::Result<std::vector<std::string>> list(store::ReadTransaction& tx, Setting setting);

struct Value {
  const SettingRule* rule = nullptr;
  std::string value;  // canonical, secret ones too: views mask them
  bool is_default = true;
};
/// All settings, in the order of the table.
[[nodiscard]] base::Result<std::vector<Value>> all(store::ReadTransaction& tx);

struct Change {
  std::string name;
  std::optional<std::string> value;  // nullopt: back to the default
};
/// Sets several at once, or none. Those that become another are logged as policy.changed with their old and new values;
/// gives back how many did. invalid_argument for an unknown name, a name given twice and a value out of bounds.
[[nodiscard]] base::Result<std::size_t> change(store::Transaction& tx, std::span<const Change> changes, const By& by,
                                               base::WallTime now);

}  // namespace site_policy
}  // namespace rescue::directory

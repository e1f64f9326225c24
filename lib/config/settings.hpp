// SPDX-License-Identifier: Apache-2.0
// Loads a program's settings: flag over environment over file over default. Unknown keys, wrong types and broken
// constraints are errors that name the place ("broker.toml:3:1: unknown key 'lisen', did you mean 'listen'?").
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "config/key_table.hpp"

namespace rescue::config {

/// A configuration file larger than this is refused before it is read.
inline constexpr std::size_t kMaxFileBytes = 1024 * 1024;

/// Where values come from. All parts may be absent.
struct Sources {
  std::optional<std::string> file;                                            // path; it must exist when given
  std::function<std::optional<std::string>(std::string_view)> environment{};  // by full name
  std::vector<std::pair<std::string, std::string>> flags{};                   // key name -> text, the last one wins
};

using Value = std::variant<std::string, bool, std::int64_t, base::Duration, std::vector<std::string>>;

/// The settled values of one table; immutable after loading. Asking for a key that the table does not have, or for
/// another type than it has, is a bug and aborts.
class Settings {
 public:
  [[nodiscard]] const std::string& text(std::string_view key) const;
  [[nodiscard]] bool boolean(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] base::Duration duration(std::string_view key) const;
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;
  /// Whether something other than the default decided it.
  [[nodiscard]] bool is_set(std::string_view key) const;
  /// "default", "environment RESCUE_BROKER_LISTEN", "flag --listen" or "broker.toml:3:1".
  [[nodiscard]] const std::string& origin(std::string_view key) const;

  /// All keys as a TOML file that loads to the same values, each with its description and origin as comments.
  /// Secrets that are set appear as "********".
  [[nodiscard]] std::string dump() const;

 private:
  friend class Loader;
  struct Slot {
    const Key* key;
    Value value;
    std::string origin;
    bool set;
  };
  [[nodiscard]] const Slot& slot(std::string_view key) const;
  std::map<std::string, Slot, std::less<>> slots_;
};

/// Errors: bad_format (TOML syntax, types, constraints, unknown keys: every one found, one a line), not_found or io
/// (the file), too_large (the file), invalid_argument (a secret given as a flag).
[[nodiscard]] base::Result<Settings> load(const KeyTable& table, const Sources& sources);

/// The same with the file's content given; `file_name` is for messages.
[[nodiscard]] base::Result<Settings> load_text(const KeyTable& table, std::string_view toml, std::string_view file_name,
                                               const Sources& sources = {});

// Checks for Constraint::check.
/// "127.0.0.1:8443", "[::1]:0", "host.example:443": a host, a colon, and a port of 0 to 65535.
[[nodiscard]] bool is_host_and_port(std::string_view value);
/// "https://host[:port]" with an optional path.
[[nodiscard]] bool is_https_url(std::string_view value);
/// 64 hex digits.
[[nodiscard]] bool is_sha256_hex(std::string_view value);

}  // namespace rescue::config

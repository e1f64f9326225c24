// SPDX-License-Identifier: Apache-2.0
// A program's configuration keys as one table: help, man page, environment names, checks and defaults come from it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::config {

/// How a value is written. In a file: a TOML string, boolean, integer or array of strings; a duration is a string such
/// as "15m" (base::parse_duration). In the environment and in flags: the same as text; a list is separated by commas.
enum class Type : std::uint8_t { text, boolean, integer, duration, text_list };
[[nodiscard]] std::string_view type_name(Type type);

/// What a value must satisfy beyond its type. Bounds are inclusive; those of a duration are in microseconds.
struct Constraint {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::span<const std::string_view> choices{};      // text and each element of a list; empty: any
  std::size_t max_length = 4096;                    // bytes of a text, or of one element of a list
  bool (*check)(std::string_view value) = nullptr;  // text and each element of a list
  std::string_view rule{};                          // what `check` demands, for the message: "an address and a port"
};

/// One row. `name` is the dotted path in the file: "tls.certificate" is `certificate` under `[tls]`.
struct Key {
  std::string_view name;
  Type type = Type::text;
  std::string_view default_text;  // as in the environment; "" means unset for text and empty for a list
  std::string_view description;   // one sentence, for help, man page and --dump-config
  bool secret = false;            // masked in --dump-config, and refused as a flag: argv is readable by everybody
  Constraint constraint{};
};

/// A program's rows and the prefix of its environment names ("RESCUE_BROKER"). Rows outlive the table.
class KeyTable {
 public:
  constexpr KeyTable(std::string_view environment_prefix, std::span<const Key> keys)
      : prefix_(environment_prefix), keys_(keys) {}
  [[nodiscard]] constexpr std::span<const Key> keys() const { return keys_; }
  /// nullptr when there is none.
  [[nodiscard]] const Key* find(std::string_view name) const;
  /// "tls.certificate" -> "RESCUE_BROKER_TLS_CERTIFICATE".
  [[nodiscard]] std::string environment_name(const Key& key) const;
  /// "tls.certificate" -> "--tls-certificate".
  [[nodiscard]] static std::string flag_name(const Key& key);
  /// "1 to 65535", "one of: a, b", "an address and a port", or "".
  [[nodiscard]] static std::string constraint_text(const Key& key);
  /// The known name nearest to a mistyped one, or "" when none is near.
  [[nodiscard]] std::string_view nearest(std::string_view name) const;

 private:
  std::string_view prefix_;
  std::span<const Key> keys_;
};

}  // namespace rescue::config

// SPDX-License-Identifier: Apache-2.0
// JSON-lines logging to stderr (or a given stream): one object a line {"time","level","room","msg",...fields}.
// Secrets never go in: log ids and fingerprints, not keys, PINs, GUIDs or tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace rescue::base {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

struct LogField {
  std::string_view key;
  std::variant<std::string, std::int64_t, double, bool> value;
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) LogField(std::string_view k, T v)
      : key(k), value(static_cast<std::int64_t>(v)) {}
};

/// Where finished lines go (without newline). Called under a lock, from any thread.
using LogSink = std::function<void(std::string_view line)>;

/// Process-wide; set once at start by x_main. Default: info and above to stderr.
void set_log_level(LogLevel level);
void set_log_sink(LogSink sink);
[[nodiscard]] bool log_enabled(LogLevel level);

/// Thread-safe. `room` is the room or program that speaks, `msg` a fixed text; what varies goes into fields.
void log(LogLevel level, std::string_view room, std::string_view msg, std::initializer_list<LogField> fields = {});

/// A string as a JSON string literal with quotes; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_quote(std::string_view s);

}  // namespace rescue::base

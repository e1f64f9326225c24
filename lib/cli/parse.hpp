// SPDX-License-Identifier: Apache-2.0
// Arguments against a flag table. Precedence: flag, then environment, then default (a program puts its configuration
// file between the last two with `source`).
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cli/env.hpp"
#include "cli/flags.hpp"

namespace rescue::cli {

enum class Source : std::uint8_t { none, fallback, environment, flag };

/// What was typed, checked against the types of the table. Asking for a name that the command does not declare is a bug
/// and aborts. Values of integer, duration, time, choice, guid, address, url and site are known to be well formed.
class Parsed {
 public:
  /// "session list"; empty for the root itself.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Command& command() const { return *command_; }
  [[nodiscard]] Source source(std::string_view flag) const;
  /// Given by flag or environment.
  [[nodiscard]] bool given(std::string_view flag) const { return source(flag) >= Source::environment; }
  /// A switch. From the environment, "1", "true" and "yes" set it.
  [[nodiscard]] bool on(std::string_view flag) const;
  /// The value or the default or "".
  [[nodiscard]] std::string text(std::string_view flag) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view flag) const;
  [[nodiscard]] std::uint64_t integer(std::string_view flag) const;
  [[nodiscard]] base::Duration duration(std::string_view flag) const;
  [[nodiscard]] std::optional<base::WallTime> time(std::string_view flag) const;
  /// Nothing when neither given nor defaulted.
  [[nodiscard]] std::optional<std::string> maybe(std::string_view flag) const;
  /// "" when an optional one was left out.
  [[nodiscard]] std::string positional(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> positionals(std::string_view name) const;

 private:
  friend class Parser;
  struct Value {
    std::vector<std::string> texts;
    Source source = Source::none;
  };
  [[nodiscard]] const Value& value(std::string_view flag) const;
  const Command* command_ = nullptr;
  std::string path_;
  std::map<std::string, Value, std::less<>> flags_;
  std::map<std::string, std::vector<std::string>, std::less<>> positionals_;
  base::WallTime now_{};
};

/// A usage error: exit code 2.
struct UsageError {
  std::string message;     // "unknown flag '--pathx'"
  std::string suggestion;  // "--path", or empty
  std::string path;        // the command it happened in
};
/// The person asked for help or the version; no error.
struct HelpWanted {
  std::string path;
  bool version = false;
};

[[nodiscard]] std::expected<Parsed, std::variant<UsageError, HelpWanted>> parse(const Program& program, Args args,
                                                                                const Env& env);

/// parse, and if there is nothing to run: prints help or version on stdout, or the usage error on stderr (as JSON when
/// JSON output was asked for), and gives the exit code.
[[nodiscard]] std::expected<Parsed, int> parse_or_exit(const Program& program, Args args, Env& env);

/// JSON errors wanted: `-o json`, `-o jsonl` or RESCUE_OUTPUT, found also where parsing fails.
[[nodiscard]] bool wants_json_errors(const Program& program, Args args, const Env& env);

/// The candidate nearest to `typed` by edit distance, if near enough to be what was meant.
[[nodiscard]] std::string nearest(std::string_view typed, const std::vector<std::string>& candidates);

}  // namespace rescue::cli

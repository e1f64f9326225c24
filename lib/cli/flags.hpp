// SPDX-License-Identifier: Apache-2.0
// One flag table per program: constexpr data from which parsing, --help, completions and manual pages come.
//
//   constexpr Flag kListFlags[] = {{.name = "limit", .type = ValueType::integer, .value = "N", .help = "…", .fallback =
//   "50"}}; constexpr Command kUserCommands[] = {{.name = "list", .summary = "list users", .flags = kListFlags}};
//   constexpr Program kProgram = {.root = {.name = "rescue", .summary = "…", .flags = kGlobal, .commands =
//   kUserCommands}};
//
// Flags of the root are accepted everywhere. --help (-h) exists everywhere, --version at the root; both are built in.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rescue::cli {

enum class ValueType : std::uint8_t {
  none,       // a switch
  text,       // anything
  integer,    // decimal, 0 or more
  duration,   // "90s", "15m" (base::parse_duration)
  time,       // RFC 3339 or a duration back from now (base::parse_time_or_ago)
  path,       // a file
  directory,  // a folder
  choice,     // one of `choices`
  guid,       // a session id
  address,    // "host:port"
  url,        // "https://host[:port]"
  site,       // the same, or "unix:/path"
  secret,     // never in argv: becomes --NAME-stdin and --NAME-file FILE; `env` may carry it too
};

struct Flag {
  std::string_view name = {};  // long name without dashes
  char letter = '\0';
  ValueType type = ValueType::none;
  std::string_view value = {};     // word for the value in help: "FILE"
  std::string_view help = {};      // one sentence without full stop
  std::string_view fallback = {};  // default, shown in help
  std::string_view env = {};       // variable that may carry the value
  std::span<const std::string_view> choices = {};
  bool repeated = false;  // may be given more than once
  bool required = false;
  bool hidden = false;  // accepted, not shown
};

struct Positional {
  std::string_view name = {};  // "ID"
  std::string_view help = {};
  ValueType type = ValueType::text;
  std::span<const std::string_view> choices = {};
  bool optional = false;
  bool repeated = false;  // one or more (zero or more when optional); the last positional only
};

struct Example {
  std::string_view command = {};
  std::string_view meaning = {};
};

struct Command {
  std::string_view name = {};
  std::string_view summary = {};      // one line, lower case, no full stop
  std::string_view description = {};  // paragraphs for help and the manual
  std::span<const Flag> flags = {};
  std::span<const Positional> positionals = {};
  std::span<const Example> examples = {};
  std::span<const Command> commands = {};
  bool hidden = false;
  bool runs_alone = false;  // with `commands`: may also be run without one
};

struct Program {
  Command root = {};  // name = the binary's name
  std::string_view version = {};
  std::string_view output_flag = "output";  // the flag whose values json and jsonl make errors JSON; may be absent
};

/// One option as typed: a Flag, or one of the two that a secret becomes.
struct Option {
  const Flag* flag;
  std::string name;  // long name without dashes
  ValueType type;
  std::string value;  // word for the value, empty for a switch
  std::string help;
};
/// All options of `command` in table order, hidden ones too.
[[nodiscard]] std::vector<Option> options_of(const Command& command);
/// The command that `path` ("session list") names, or null. The empty path is the root.
[[nodiscard]] const Command* find_command(const Program& program, std::string_view path);
/// Calls `visit(path, command)` for the root and all below, hidden ones too, in table order.
void for_each_command(const Program& program,
                      const std::function<void(const std::string& path, const Command&)>& visit);
/// What is wrong with the table itself (duplicate names, missing help, misplaced repeated positional); empty when
/// sound. Every program's test asserts that it is empty.
[[nodiscard]] std::vector<std::string> table_defects(const Program& program);

}  // namespace rescue::cli

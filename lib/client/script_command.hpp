// SPDX-License-Identifier: Apache-2.0
// Lines between a session's background process and its views: one JSON object each (man rescue-script(7)).
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::client {

/// Longest line either way, without its end.
inline constexpr std::size_t kScriptLineMax = 128 * 1024;

enum class ScriptVerb : std::uint8_t {
  hello,  // {cwd, name}: first line of a view
  chat,   // {text}
  ask,    // {permission}
  view,   // {display, fps}
  unview,
  control,
  uncontrol,
  key,             // {keysym, down}; without `down` a press and a release
  type,            // {text}
  pointer,         // {x, y, buttons, display, wheel_x, wheel_y}
  screenshot,      // {path}
  send,            // {path}
  receive,         // {directory}
  cancel,          // {}: stops this view's running transfers
  sysinfo,         // {sections}
  url,             // {url}: the user may open it
  clipboard_sync,  // {to_applet, to_console}: shared these ways from now on
  clipboard_set,   // {text or path}
  clipboard_get,   // {path}
  fs_list,         // {path, cursor}; without a path the volumes
  fs_stat,         // {path}
  fs_make,         // {path, parents}
  fs_rename,       // {path, to, overwrite}
  fs_remove,       // {path, recursive}
  fs_get,          // {path, directory}
  fs_put,          // {path, to, overwrite}
  record,          // {directory}
  unrecord,
  wait,       // {for, timeout, …}: the next event of that name
  subscribe,  // {frames}
  state,
  close,  // {reason}
  run,    // {path or text, name, interpreter, arguments, timeout_s, elevated}: a script there
  kill,   // {script}
  reboot,
  credentials,  // {reason}: lets the user type an account
};
[[nodiscard]] std::string_view verb_name(ScriptVerb v);

struct ScriptCommand {
  std::optional<std::int64_t> id;  // comes back in the reply
  ScriptVerb verb{};
  boost::json::object fields;  // checked: types as documented, required ones there, no unknown ones but for `wait`

  [[nodiscard]] std::string text(std::string_view key, std::string_view fallback = "") const;
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback = 0) const;
  [[nodiscard]] bool boolean(std::string_view key, bool fallback) const;
  [[nodiscard]] bool has(std::string_view key) const;
};

/// A line that is no command, with the id if it could be read.
struct BadCommand {
  std::optional<std::int64_t> id;
  base::Error error;
};
[[nodiscard]] std::expected<ScriptCommand, BadCommand> parse_command(std::string_view line);

/// {"id":…,"event":"result",…}
[[nodiscard]] std::string result_line(std::optional<std::int64_t> id, boost::json::object fields);
/// {"id":…,"event":"error","error":"DENIED","code":5,"message":…,"retryable":…}
[[nodiscard]] std::string error_line(std::optional<std::int64_t> id, const base::Error& error);
/// {"event":name,…}
[[nodiscard]] std::string event_line(std::string_view name, boost::json::object fields);

/// X11 keysym of a number, a name ("Return", "F5", "Control_L") or a single character.
[[nodiscard]] std::optional<std::uint32_t> keysym_of(std::string_view text);

}  // namespace rescue::client

// SPDX-License-Identifier: Apache-2.0
#include "client/script_command.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "client/broker_api.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;

enum class Kind : std::uint8_t { text, integer, boolean, list, key, duration };
struct Field {
  std::string_view name;
  Kind kind;
  bool required = false;
};
struct Row {
  ScriptVerb verb;
  std::string_view name;
  std::span<const Field> fields;
};

constexpr Field kHello[] = {{"cwd", Kind::text}, {"name", Kind::text}};
constexpr Field kText[] = {{"text", Kind::text, true}};
constexpr Field kAsk[] = {{"permission", Kind::text, true}};
constexpr Field kView[] = {{"display", Kind::integer}, {"fps", Kind::integer}, {"fidelity", Kind::text}};
constexpr Field kKey[] = {{"keysym", Kind::key, true}, {"down", Kind::boolean}, {"keycode", Kind::integer}};
constexpr Field kPointer[] = {{"x", Kind::integer, true}, {"y", Kind::integer, true}, {"buttons", Kind::integer},
                              {"display", Kind::integer}, {"wheel_x", Kind::integer}, {"wheel_y", Kind::integer}};
constexpr Field kPath[] = {{"path", Kind::text, true}};
constexpr Field kScreenshot[] = {{"path", Kind::text, true}, {"timeout", Kind::duration}};
constexpr Field kDirectory[] = {{"directory", Kind::text}};
constexpr Field kSysinfo[] = {{"sections", Kind::list}};
constexpr Field kFsList[] = {{"path", Kind::text}, {"cursor", Kind::text}};
constexpr Field kFsMake[] = {{"path", Kind::text, true}, {"parents", Kind::boolean}};
constexpr Field kFsRename[] = {{"path", Kind::text, true}, {"to", Kind::text, true}, {"overwrite", Kind::boolean}};
constexpr Field kFsRemove[] = {{"path", Kind::text, true}, {"recursive", Kind::boolean}};
constexpr Field kFsGet[] = {{"path", Kind::text, true}, {"directory", Kind::text}};
constexpr Field kUrl[] = {{"url", Kind::text, true}};
constexpr Field kClipboardSync[] = {{"to_applet", Kind::boolean}, {"to_console", Kind::boolean}};
constexpr Field kClipboardSet[] = {{"text", Kind::text}, {"path", Kind::text}};
constexpr Field kClipboardGet[] = {{"path", Kind::text}};
constexpr Field kWait[] = {{"for", Kind::text, true}, {"timeout", Kind::duration}, {"where", Kind::list}};
constexpr Field kSubscribe[] = {{"frames", Kind::boolean, true}};
constexpr Field kClose[] = {{"reason", Kind::text}};

constexpr Field kRun[] = {{"path", Kind::text},        {"text", Kind::text},      {"name", Kind::text},
                          {"interpreter", Kind::text}, {"arguments", Kind::list}, {"timeout_s", Kind::integer},
                          {"elevated", Kind::boolean}};
constexpr Field kKill[] = {{"script", Kind::integer, true}};

constexpr Row kRows[] = {
    {ScriptVerb::hello, "hello", kHello},
    {ScriptVerb::chat, "chat", kText},
    {ScriptVerb::ask, "ask", kAsk},
    {ScriptVerb::view, "view", kView},
    {ScriptVerb::unview, "unview", {}},
    {ScriptVerb::control, "control", {}},
    {ScriptVerb::uncontrol, "uncontrol", {}},
    {ScriptVerb::key, "key", kKey},
    {ScriptVerb::type, "type", kText},
    {ScriptVerb::pointer, "pointer", kPointer},
    {ScriptVerb::screenshot, "screenshot", kScreenshot},
    {ScriptVerb::send, "send", kPath},
    {ScriptVerb::receive, "receive", kDirectory},
    {ScriptVerb::cancel, "cancel", {}},
    {ScriptVerb::sysinfo, "sysinfo", kSysinfo},
    {ScriptVerb::url, "url", kUrl},
    {ScriptVerb::clipboard_sync, "clipboard_sync", kClipboardSync},
    {ScriptVerb::clipboard_set, "clipboard_set", kClipboardSet},
    {ScriptVerb::clipboard_get, "clipboard_get", kClipboardGet},
    {ScriptVerb::fs_list, "fs_list", kFsList},
    {ScriptVerb::fs_stat, "fs_stat", kPath},
    {ScriptVerb::fs_make, "fs_make", kFsMake},
    {ScriptVerb::fs_rename, "fs_rename", kFsRename},
    {ScriptVerb::fs_remove, "fs_remove", kFsRemove},
    {ScriptVerb::fs_get, "fs_get", kFsGet},
    {ScriptVerb::fs_put, "fs_put", kFsRename},
    {ScriptVerb::record, "record", kDirectory},
    {ScriptVerb::unrecord, "unrecord", {}},
    {ScriptVerb::wait, "wait", kWait},
    {ScriptVerb::subscribe, "subscribe", kSubscribe},
    {ScriptVerb::state, "state", {}},
    {ScriptVerb::close, "close", kClose},
    {ScriptVerb::run, "run", kRun},
    {ScriptVerb::kill, "kill", kKill},
    {ScriptVerb::reboot, "reboot", {}},
    {ScriptVerb::credentials, "credentials", kClose},
};

struct NamedKey {
  std::string_view name;
  std::uint32_t keysym;
};
/// Names of X11's keysymdef.h that a person is likely to type.
constexpr NamedKey kKeys[] = {
    {"BackSpace", 0xff08}, {"Tab", 0xff09},     {"Return", 0xff0d},    {"Enter", 0xff0d},     {"Escape", 0xff1b},
    {"Delete", 0xffff},    {"Home", 0xff50},    {"Left", 0xff51},      {"Up", 0xff52},        {"Right", 0xff53},
    {"Down", 0xff54},      {"Page_Up", 0xff55}, {"Page_Down", 0xff56}, {"End", 0xff57},       {"Insert", 0xff63},
    {"Menu", 0xff67},      {"Shift_L", 0xffe1}, {"Shift_R", 0xffe2},   {"Control_L", 0xffe3}, {"Control_R", 0xffe4},
    {"Caps_Lock", 0xffe5}, {"Alt_L", 0xffe9},   {"Alt_R", 0xffea},     {"Super_L", 0xffeb},   {"Super_R", 0xffec},
    {"space", 0x0020},
};

json::string_view sv(std::string_view s) { return {s.data(), s.size()}; }

bool fits(Kind kind, const json::value& v) {
  switch (kind) {
    case Kind::text:
      return v.is_string();
    case Kind::integer:
      return v.is_int64();
    case Kind::boolean:
      return v.is_bool();
    case Kind::list:
      return v.is_array() || v.is_object();
    case Kind::key:
      return v.is_int64() ? v.as_int64() > 0 && v.as_int64() <= 0xffffffff
                          : v.is_string() && keysym_of(std::string_view(v.as_string())).has_value();
    case Kind::duration:
      return v.is_number() || (v.is_string() && base::parse_duration(std::string_view(v.as_string())).has_value());
  }
  return false;
}

std::string_view expected(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "text";
    case Kind::integer:
      return "a whole number";
    case Kind::boolean:
      return "true or false";
    case Kind::list:
      return "a list";
    case Kind::key:
      return "a keysym: a number, a name such as \"Return\", or a character";
    case Kind::duration:
      return "seconds, or a duration such as \"30s\"";
  }
  return "";
}

base::Result<> check_fields(const Row& row, const json::object& o) {
  for (const auto& f : row.fields) {
    const auto* v = o.if_contains(sv(f.name));
    if (v == nullptr && f.required)
      return base::fail(base::Errc::invalid_argument, fmt::format("{}: '{}' is missing", row.name, f.name));
    if (v != nullptr && !fits(f.kind, *v))
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("{}: '{}' needs {}", row.name, f.name, expected(f.kind)));
  }
  for (const auto& [key, value] : o) {
    const std::string_view name(key.data(), key.size());
    if (name == "id" || name == "cmd" || name == "async") continue;
    if (row.verb == ScriptVerb::wait && name == "event") continue;
    if (std::ranges::find(row.fields, name, &Field::name) == row.fields.end())
      return base::fail(base::Errc::invalid_argument, fmt::format("{}: '{}' is not known", row.name, name));
  }
  return {};
}

}  // namespace

std::string_view verb_name(ScriptVerb v) {
  for (const auto& row : kRows)
    if (row.verb == v) return row.name;
  return "";
}

std::optional<std::uint32_t> keysym_of(std::string_view text) {
  for (const auto& k : kKeys)
    if (k.name == text) return k.keysym;
  if (text.size() >= 2 && text.front() == 'F') {
    unsigned n = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), n);
    if (error == std::errc() && end == text.data() + text.size() && n >= 1 && n <= 35) return 0xffbe + n - 1;
  }
  if (text.starts_with("0x")) {
    std::uint32_t n = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), n, 16);
    if (error == std::errc() && end == text.data() + text.size() && n > 0) return n;
    return std::nullopt;
  }
  if (text.empty() || !base::is_valid_utf8(text)) return std::nullopt;
  std::size_t at = 0;
  const auto c = base::next_code_point(text, at);
  if (at != text.size() || c < 0x20) return std::nullopt;
  // keysymdef.h: Latin-1 keysyms are their code points, all others code point | 0x01000000.
  return c < 0x100 ? static_cast<std::uint32_t>(c) : static_cast<std::uint32_t>(c) | 0x01000000;
}

std::expected<ScriptCommand, BadCommand> parse_command(std::string_view line) {
  ScriptCommand out;
  const auto bad = [&](base::Error e) { return std::unexpected(BadCommand{out.id, std::move(e)}); };
  if (line.size() > kScriptLineMax)
    return bad({base::Errc::too_large, fmt::format("a line of more than {} bytes", kScriptLineMax)});
  auto parsed = parse_json(line);
  if (!parsed || !parsed->is_object()) return bad({base::Errc::bad_format, "a line must be one JSON object"});
  out.fields = std::move(parsed->as_object());
  if (const auto* id = out.fields.if_contains("id")) {
    if (!id->is_int64()) return bad({base::Errc::invalid_argument, "'id' needs a whole number"});
    out.id = id->as_int64();
  }
  const auto name = text_field(out.fields, "cmd");
  if (!name) return bad({base::Errc::invalid_argument, "'cmd' is missing"});
  const auto row = std::ranges::find(kRows, *name, &Row::name);
  if (row == std::end(kRows)) return bad({base::Errc::invalid_argument, fmt::format("no command '{}'", *name)});
  out.verb = row->verb;
  // {"cmd":"wait","event":"chat"} is the short form of "for".
  if (out.verb == ScriptVerb::wait && !out.has("for") && out.has("event")) out.fields["for"] = out.fields["event"];
  if (auto ok = check_fields(*row, out.fields); !ok) return bad(ok.error());
  return out;
}

std::string ScriptCommand::text(std::string_view key, std::string_view fallback) const {
  const auto* v = fields.if_contains(sv(key));
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string(fallback);
}
std::int64_t ScriptCommand::integer(std::string_view key, std::int64_t fallback) const {
  const auto* v = fields.if_contains(sv(key));
  return v != nullptr && v->is_int64() ? v->as_int64() : fallback;
}
bool ScriptCommand::boolean(std::string_view key, bool fallback) const {
  const auto* v = fields.if_contains(sv(key));
  return v != nullptr && v->is_bool() ? v->as_bool() : fallback;
}
bool ScriptCommand::has(std::string_view key) const { return fields.if_contains(sv(key)) != nullptr; }

std::string result_line(std::optional<std::int64_t> id, json::object fields) {
  json::object o;
  if (id) o["id"] = *id;
  o["event"] = "result";
  for (auto& [k, v] : fields) o[k] = std::move(v);
  return json::serialize(o);
}

std::string error_line(std::optional<std::int64_t> id, const base::Error& error) {
  json::object o;
  if (id) o["id"] = *id;
  o["event"] = "error";
  o["error"] = sv(error.code.name());
  o["code"] = static_cast<int>(error.exit());
  o["message"] = base::to_valid_utf8(message_of(error));
  o["retryable"] = error.retryable();
  return json::serialize(o);
}

std::string event_line(std::string_view name, json::object fields) {
  json::object o{{"event", sv(name)}};
  for (auto& [k, v] : fields) o[k] = std::move(v);
  return json::serialize(o);
}

}  // namespace rescue::client

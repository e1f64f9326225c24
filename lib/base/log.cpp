// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <atomic>
#include <cstdio>
#include <mutex>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/utf8.hpp"

namespace rescue::base {
namespace {
std::atomic<LogLevel> g_level{LogLevel::info};
std::mutex g_mutex;
LogSink& sink() {
  static LogSink s = [](std::string_view line) {
    std::string out(line);
    out += '\n';
    std::fwrite(out.data(), 1, out.size(), stderr);
  };
  return s;
}
constexpr std::string_view kNames[] = {"debug", "info", "warn", "error", "off"};
}  // namespace

void set_log_level(LogLevel level) { g_level = level; }
void set_log_sink(LogSink s) {
  std::lock_guard lock(g_mutex);
  sink() = std::move(s);
}
bool log_enabled(LogLevel level) { return level >= g_level.load(); }

std::string json_quote(std::string_view s) {
  std::string out = "\"";
  for (std::size_t at = 0; at < s.size();) {
    const auto c = next_code_point(s, at);
    switch (c) {
      case U'"':
        out += "\\\"";
        break;
      case U'\\':
        out += "\\\\";
        break;
      case U'\n':
        out += "\\n";
        break;
      case U'\r':
        out += "\\r";
        break;
      case U'\t':
        out += "\\t";
        break;
      default:
        // Also those that JSON would take as they are: logs and errors are looked at on terminals.
        if (is_control(c))
          out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
        else
          append_utf8(out, c);
    }
  }
  return out + '"';
}

void log(LogLevel level, std::string_view room, std::string_view msg, std::initializer_list<LogField> fields) {
  if (!log_enabled(level)) return;
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","room":{},"msg":{})", to_rfc3339(system_clock().wall()),
                                 kNames[static_cast<int>(level)], json_quote(room), json_quote(msg));
  for (const auto& f : fields) {
    line += "," + json_quote(f.key) + ":";
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
            line += json_quote(v);
          else
            line += fmt::format("{}", v);
        },
        f.value);
  }
  line += "}";
  std::lock_guard lock(g_mutex);
  sink()(line);
}

}  // namespace rescue::base

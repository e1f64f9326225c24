// SPDX-License-Identifier: Apache-2.0
// What the system tells through its service manager: services, logins, its own log.
#include <algorithm>
#include <cstring>
#include <fstream>

#include <fmt/format.h>
#include <utmpx.h>

#include "applet/core/command_output.hpp"
#include "applet/core/system_information_parts.hpp"

namespace rescue::applet {
namespace {
using Path = std::filesystem::path;
constexpr std::chrono::seconds kPatience{3};
constexpr std::size_t kOutputMax = 512 * 1024;
constexpr std::size_t kEventsShown = 100;

/// The next word of the line, taken off it.
std::string_view word(std::string_view& line) {
  line = trimmed(line);
  const auto end = std::min(line.find(' '), line.size());
  const auto out = line.substr(0, end);
  line = trimmed(line.substr(end));
  return out;
}

/// The last lines of a text log, whole.
std::vector<std::string> tail_of(const Path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return {};
  in.seekg(0, std::ios::end);
  const auto size = static_cast<std::int64_t>(in.tellg());
  const auto from = std::max<std::int64_t>(0, size - std::int64_t{64 * 1024});
  in.seekg(from);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  const std::string_view all = text;
  const auto begin = from == 0 ? 0 : std::min(all.find('\n') + 1, all.size());
  auto lines = lines_of(all.substr(begin));
  if (lines.size() > kEventsShown) lines.erase(lines.begin(), lines.end() - kEventsShown);
  return {lines.begin(), lines.end()};
}

std::string login_text(const std::map<std::string, std::string, std::less<>>& fields) {
  const auto of = [&](std::string_view key) {
    const auto found = fields.find(key);
    return found == fields.end() ? std::string() : found->second;
  };
  auto out = fmt::format("{}, {}", of("USER"), of("TYPE"));
  for (const auto& [label, key] :
       {std::pair{"on", "TTY"}, {"display", "DISPLAY"}, {"from", "REMOTE_HOST"}, {"", "STATE"}})
    if (const auto text = of(key); !text.empty())
      out += fmt::format(", {}{}{}", label, *label == '\0' ? "" : " ", text);
  return out;
}
}  // namespace

session::SysinfoSection services_section() {
  InfoItems out("services");
  const auto listed = command_output(
      {"systemctl", "list-units", "--type=service", "--all", "--plain", "--no-legend", "--no-pager", "--full"},
      kPatience, kOutputMax);
  if (!listed) {
    out.add("not_available", listed.error().message());
    return out.take();
  }
  struct Service {
    std::string_view name, active, sub, description;
  };
  std::vector<Service> all;
  for (auto line : lines_of(std::string_view(*listed))) {
    Service s;
    s.name = word(line);
    const auto load = word(line);
    s.active = word(line);
    s.sub = word(line);
    s.description = line;
    if (load != "not-found" && !s.sub.empty()) all.push_back(s);
  }
  // What has failed is what people look for.
  std::ranges::stable_partition(all, [](const Service& s) { return s.active == "failed"; });
  for (const auto& s : all) out.add(s.name, fmt::format("{}, {}: {}", s.active, s.sub, s.description));
  return out.take();
}

session::SysinfoSection sessions_section(const Path& root) {
  InfoItems out("sessions");
  std::error_code error;
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root / "run/systemd/sessions", error))
    if (!entry.path().filename().string().ends_with(".ref")) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const auto& file : files)
    if (const auto fields = fields_of(read_info_file(file), '='); fields.contains("USER"))
      out.add("session " + file.filename().string(), login_text(fields));
  if (!files.empty() || root != "/") return out.take();
  // Without a login manager: who is in the list of logins.
  setutxent();
  while (const utmpx* entry = getutxent()) {
    if (entry->ut_type != USER_PROCESS) continue;
    const auto field = [](const char* f, std::size_t n) { return std::string(f, strnlen(f, n)); };
    const auto host = field(entry->ut_host, sizeof entry->ut_host);
    out.add(field(entry->ut_line, sizeof entry->ut_line),
            field(entry->ut_user, sizeof entry->ut_user) + (host.empty() ? "" : ", from " + host));
  }
  endutxent();
  return out.take();
}

session::SysinfoSection events_section(const Path& root) {
  InfoItems out("events");
  const auto journal = command_output({"journalctl", "--boot", "--priority=warning", "--output=short-iso", "--no-pager",
                                       "--quiet", fmt::format("--lines={}", kEventsShown)},
                                      kPatience, kOutputMax);
  if (journal) {
    for (auto line : lines_of(std::string_view(*journal))) {
      if (line.starts_with("--") || line.empty()) continue;
      const auto time = word(line);
      std::ignore = word(line);  // this machine's name
      out.add(time, line);
    }
  }
  if (auto section = out.take(); !section.items.empty()) return section;
  InfoItems plain("events");
  for (const char* name : {"var/log/syslog", "var/log/messages"}) {
    const auto lines = tail_of(root / name);
    for (const auto& line : lines) plain.add(name, line);
    if (!lines.empty()) return plain.take();
  }
  plain.add("not_available", journal ? "the log is empty, or this user may not read it" : journal.error().message());
  return plain.take();
}

}  // namespace rescue::applet

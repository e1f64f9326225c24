// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <map>
#include <set>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <mntent.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utmpx.h>

#include <fmt/format.h>

#include "applet/core/system_information.hpp"
#include "base/utf8.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
using session::SysinfoItem;
using session::SysinfoSection;
using Path = std::filesystem::path;
constexpr std::size_t kFileMax = 256 * 1024;  // of one file below /proc or /etc
constexpr std::string_view kSections[] = {"system", "hardware", "memory", "disks", "network", "session", "processes"};

std::string read_file(const Path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kFileMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

std::vector<std::string_view> lines_of(std::string&& text) = delete;  // the views would outlive it
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    auto end = text.find('\n');
    out.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string_view trim(std::string&& s) = delete;  // the view would outlive it
std::string_view trim(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\"");
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(" \t\"\n") - first + 1);
}

std::string read_line(const Path& path) {
  const auto text = read_file(path);
  return std::string(trim(std::string_view(text)));
}

// "key<separator>value" lines; the first value of a key counts.
std::map<std::string, std::string, std::less<>> fields_of(std::string_view text, char separator) {
  std::map<std::string, std::string, std::less<>> out;
  for (auto line : lines_of(text))
    if (auto at = line.find(separator); at != std::string_view::npos)
      out.emplace(trim(line.substr(0, at)), trim(line.substr(at + 1)));
  return out;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  text = trim(text);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class Items {
 public:
  explicit Items(std::string_view name) { section_.name = name; }
  void add(std::string_view key, std::string_view value) {
    if (value.empty() || section_.items.size() == wire::kSysinfoItemsMax / std::size(kSections)) return;
    section_.items.push_back({clean(key, wire::kSysinfoKeyMax), clean(value, wire::kSysinfoValueMax)});
  }
  SysinfoSection take() { return std::move(section_); }

 private:
  static std::string clean(std::string_view s, std::size_t most) {
    std::string out = base::to_valid_utf8(s);
    while (out.size() > most || (!out.empty() && !base::is_valid_utf8(out))) out.pop_back();
    return out;
  }
  SysinfoSection section_;
};

std::string duration_text(std::uint64_t seconds) {
  return fmt::format("{} d {:02}:{:02}:{:02}", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

SysinfoSection system_section(const Path& root) {
  Items out("system");
  auto release = fields_of(read_file(root / "etc/os-release"), '=');
  out.add("name", release["PRETTY_NAME"]);
  utsname kernel{};
  if (uname(&kernel) == 0) {
    out.add("kernel", fmt::format("{} {}", kernel.sysname, kernel.release));
    out.add("architecture", kernel.machine);
    out.add("host", kernel.nodename);
  }
  const auto uptime = number_of(read_line(root / "proc/uptime"));
  if (uptime > 0) out.add("uptime", duration_text(uptime));
  const auto load = read_line(root / "proc/loadavg");
  out.add("load", load.substr(0, load.rfind(' ')));
  const auto now = std::time(nullptr);
  std::tm local{};
  char zone[64] = "";
  if (localtime_r(&now, &local) != nullptr && std::strftime(zone, sizeof zone, "%Y-%m-%d %H:%M:%S %z", &local) > 0)
    out.add("local_time", zone);
  return out.take();
}

SysinfoSection hardware_section(const Path& root) {
  Items out("hardware");
  auto dmi = [&](const char* name) { return read_line(root / "sys/class/dmi/id" / name); };
  out.add("vendor", dmi("sys_vendor"));
  out.add("model", dmi("product_name"));
  out.add("firmware", dmi("bios_version"));
  auto cpu_text = read_file(root / "proc/cpuinfo");
  auto cpu = fields_of(cpu_text, ':');
  out.add("processor", cpu["model name"]);
  auto lines = lines_of(std::string_view(cpu_text));
  auto count = std::ranges::count_if(lines, [](auto line) { return line.starts_with("processor"); });
  if (count > 0) out.add("logical_processors", std::to_string(count));
  out.add("battery_percent", read_line(root / "sys/class/power_supply/BAT0/capacity"));
  return out.take();
}

SysinfoSection memory_section(const Path& root) {
  Items out("memory");
  auto memory = fields_of(read_file(root / "proc/meminfo"), ':');
  constexpr std::pair<const char*, const char*> kRows[] = {{"total_bytes", "MemTotal"},
                                                           {"available_bytes", "MemAvailable"},
                                                           {"swap_total_bytes", "SwapTotal"},
                                                           {"swap_free_bytes", "SwapFree"}};
  for (auto [key, field] : kRows)
    if (auto row = memory.find(field); row != memory.end()) out.add(key, std::to_string(number_of(row->second) * 1024));
  return out.take();
}

// Disks that hold files of people: what is mounted from a block device or over the network.
SysinfoSection disks_section(const Path& root) {
  Items out("disks");
  std::FILE* table = setmntent((root / "proc/self/mounts").c_str(), "r");
  if (table == nullptr) return out.take();
  std::set<std::string> seen;
  mntent entry{};
  char buffer[4096];
  while (getmntent_r(table, &entry, buffer, sizeof buffer) != nullptr) {
    const std::string_view device = entry.mnt_fsname, type = entry.mnt_type;
    const bool network = type.starts_with("nfs") || type == "cifs";
    const bool disk = device.starts_with("/dev/") || type == "overlay" || type == "zfs" || type == "btrfs";
    if ((!disk && !network) || device.starts_with("/dev/loop") || !seen.insert(entry.mnt_fsname).second) continue;
    std::string value = fmt::format("{} on {}", type, device);
    struct statvfs space {};
    // A network share whose server is gone would hold statvfs(3): it is named, not measured.
    if (!network && statvfs(entry.mnt_dir, &space) == 0)
      value += fmt::format(", {} bytes, {} free", std::uint64_t{space.f_blocks} * space.f_frsize,
                           std::uint64_t{space.f_bavail} * space.f_frsize);
    out.add(entry.mnt_dir, value);
  }
  endmntent(table);
  return out.take();
}

SysinfoSection network_section(const Path& root) {
  Items out("network");
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) == 0) {
    for (const ifaddrs* i = all; i != nullptr; i = i->ifa_next) {
      if (i->ifa_addr == nullptr) continue;
      char text[INET6_ADDRSTRLEN] = "";
      if (i->ifa_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr, text, sizeof text);
      else if (i->ifa_addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr, text, sizeof text);
      out.add(i->ifa_name, text);
    }
    freeifaddrs(all);
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root / "sys/class/net", error)) {
    const auto address = read_line(entry.path() / "address");
    if (address != "00:00:00:00:00:00") out.add(entry.path().filename().string() + ".mac", address);
  }
  const auto resolver = read_file(root / "etc/resolv.conf");
  for (auto line : lines_of(std::string_view(resolver)))
    if (line.starts_with("nameserver ")) out.add("name_server", trim(line.substr(11)));
  return out.take();
}

std::string user_name() {
  passwd entry{}, *found = nullptr;
  char buffer[4096];
  if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(geteuid());
}

SysinfoSection session_section() {
  Items out("session");
  out.add("user", user_name());
  out.add("administrator", geteuid() == 0 ? "yes" : "no");
  for (const char* name : {"XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "LANG", "DISPLAY"})
    if (const char* value = std::getenv(name)) out.add(name, value);
  setutxent();
  while (const utmpx* entry = getutxent()) {
    if (entry->ut_type != USER_PROCESS) continue;
    auto field = [](const char* f, std::size_t n) { return std::string(f, strnlen(f, n)); };
    out.add("logged_in", fmt::format("{} on {}", field(entry->ut_user, sizeof entry->ut_user),
                                     field(entry->ut_line, sizeof entry->ut_line)));
  }
  endutxent();
  return out.take();
}

SysinfoSection processes_section(const Path& root) {
  struct Process {
    std::uint64_t resident_kb;
    std::string pid, name, user;
  };
  std::vector<Process> all;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root / "proc", error)) {
    auto pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    auto status = fields_of(read_file(entry.path() / "status"), ':');
    if (status.contains("VmRSS")) all.push_back({number_of(status["VmRSS"]), pid, status["Name"], status["Uid"]});
  }
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return std::tie(b.resident_kb, a.pid) < std::tie(a.resident_kb, b.pid);
  });
  Items out("processes");
  out.add("count", std::to_string(all.size()));
  if (all.size() > kProcessesShown) all.resize(kProcessesShown);
  for (const auto& p : all)
    out.add(p.pid,
            fmt::format("{}, {} bytes, uid {}", p.name, p.resident_kb * 1024, p.user.substr(0, p.user.find('\t'))));
  return out.take();
}
}  // namespace

std::span<const std::string_view> system_information_sections() { return kSections; }

std::vector<SysinfoSection> collect_system_information(const std::vector<std::string>& sections, const Path& root) {
  std::vector<SysinfoSection> out;
  for (auto name : kSections) {
    if (!sections.empty() && std::ranges::find(sections, name) == sections.end()) continue;
    if (name == "system")
      out.push_back(system_section(root));
    else if (name == "hardware")
      out.push_back(hardware_section(root));
    else if (name == "memory")
      out.push_back(memory_section(root));
    else if (name == "disks")
      out.push_back(disks_section(root));
    else if (name == "network")
      out.push_back(network_section(root));
    else if (name == "session")
      out.push_back(session_section());
    else
      out.push_back(processes_section(root));
  }
  return out;
}

HostNames host_names() {
  HostNames out;
  utsname kernel{};
  if (uname(&kernel) == 0) out.name = base::to_valid_utf8(kernel.nodename);
  out.os = fields_of(read_file("/etc/os-release"), '=')["PRETTY_NAME"];
  if (out.os.empty()) out.os = kernel.sysname;
  out.user = user_name();
  return out;
}

}  // namespace rescue::applet

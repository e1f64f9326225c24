// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>
#include <set>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <mntent.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "applet/core/system_information_parts.hpp"
#include "base/utf8.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
using session::SysinfoItem;
using session::SysinfoSection;
using Path = std::filesystem::path;
constexpr std::string_view kSections[] = {"system",  "hardware", "memory",    "disks",    "network",
                                          "session", "sessions", "processes", "services", "events"};

std::string duration_text(std::uint64_t seconds) {
  return fmt::format("{} d {:02}:{:02}:{:02}", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

SysinfoSection system_section(const Path& root) {
  InfoItems out("system");
  auto release = fields_of(read_info_file(root / "etc/os-release"), '=');
  out.add("name", release["PRETTY_NAME"]);
  utsname kernel{};
  if (uname(&kernel) == 0) {
    out.add("kernel", fmt::format("{} {}", kernel.sysname, kernel.release));
    out.add("architecture", kernel.machine);
    out.add("host", kernel.nodename);
  }
  const auto uptime = number_of(read_info_line(root / "proc/uptime"));
  if (uptime > 0) out.add("uptime", duration_text(uptime));
  const auto load = read_info_line(root / "proc/loadavg");
  out.add("load", load.substr(0, load.rfind(' ')));
  const auto now = std::time(nullptr);
  std::tm local{};
  char zone[64] = "";
  if (localtime_r(&now, &local) != nullptr && std::strftime(zone, sizeof zone, "%Y-%m-%d %H:%M:%S %z", &local) > 0)
    out.add("local_time", zone);
  return out.take();
}

std::vector<Path> entries_of(const Path& folder) {
  std::error_code error;
  std::vector<Path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

/// Display controllers (PCI class 3) by vendor and device number, and what is plugged into them.
void add_graphics(InfoItems& out, const Path& root) {
  for (const auto& device : entries_of(root / "sys/bus/pci/devices")) {
    if (!read_info_line(device / "class").starts_with("0x03")) continue;
    std::error_code error;
    const auto driver = std::filesystem::read_symlink(device / "driver", error).filename().string();
    out.add("graphics", fmt::format("{} device {}, driver {}", read_info_line(device / "vendor"),
                                    read_info_line(device / "device"), driver.empty() ? "none" : driver));
  }
  for (const auto& plug : entries_of(root / "sys/class/drm"))
    if (read_info_line(plug / "status") == "connected") out.add("screen", plug.filename().string());
}

SysinfoSection hardware_section(const Path& root) {
  InfoItems out("hardware");
  auto dmi = [&](const char* name) { return read_info_line(root / "sys/class/dmi/id" / name); };
  out.add("vendor", dmi("sys_vendor"));
  out.add("model", dmi("product_name"));
  out.add("firmware", dmi("bios_version"));
  auto cpu_text = read_info_file(root / "proc/cpuinfo");
  auto cpu = fields_of(cpu_text, ':');
  out.add("processor", cpu["model name"]);
  auto lines = lines_of(std::string_view(cpu_text));
  auto count = std::ranges::count_if(lines, [](auto line) { return line.starts_with("processor"); });
  if (count > 0) out.add("logical_processors", std::to_string(count));
  add_graphics(out, root);
  out.add("battery_percent", read_info_line(root / "sys/class/power_supply/BAT0/capacity"));
  return out.take();
}

SysinfoSection memory_section(const Path& root) {
  InfoItems out("memory");
  auto memory = fields_of(read_info_file(root / "proc/meminfo"), ':');
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
  InfoItems out("disks");
  for (const auto& disk : entries_of(root / "sys/block")) {
    const auto name = disk.filename().string();
    const auto bytes = number_of(read_info_line(disk / "size")) * 512;
    if (bytes == 0 || name.starts_with("loop") || name.starts_with("ram") || name.starts_with("zram")) continue;
    const auto model = read_info_line(disk / "device/model");
    out.add("device " + name,
            fmt::format("{}{} bytes, {}", model.empty() ? "" : model + ", ", bytes,
                        read_info_line(disk / "queue/rotational") == "0" ? "solid state" : "rotating"));
  }
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

/// Of a line of /proc/net/route (proc(5)): "eth0 00000000 0101A8C0 0003 …", numbers in the machine's byte order.
std::string default_gateway(std::string_view line) {
  char device[32] = "";
  unsigned destination = 1, gateway = 0;
  if (std::sscanf(std::string(line).c_str(), "%31s %x %x", device, &destination, &gateway) != 3) return {};
  if (destination != 0 || gateway == 0) return {};
  char text[INET_ADDRSTRLEN] = "";
  const in_addr address{gateway};
  inet_ntop(AF_INET, &address, text, sizeof text);
  return fmt::format("{} on {}", text, device);
}

SysinfoSection network_section(const Path& root) {
  InfoItems out("network");
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
    const auto address = read_info_line(entry.path() / "address");
    if (address != "00:00:00:00:00:00") out.add(entry.path().filename().string() + ".mac", address);
  }
  const auto routes = read_info_file(root / "proc/net/route");
  for (auto line : lines_of(std::string_view(routes)))
    if (const auto gateway = default_gateway(line); !gateway.empty()) out.add("gateway", gateway);
  const auto resolver = read_info_file(root / "etc/resolv.conf");
  for (auto line : lines_of(std::string_view(resolver)))
    if (line.starts_with("nameserver ")) out.add("name_server", trimmed(line.substr(11)));
  return out.take();
}

std::string user_name() {
  passwd entry{}, *found = nullptr;
  char buffer[4096];
  if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(geteuid());
}

SysinfoSection session_section() {
  InfoItems out("session");
  out.add("user", user_name());
  out.add("administrator", geteuid() == 0 ? "yes" : "no");
  for (const char* name : {"XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "LANG", "DISPLAY"})
    if (const char* value = std::getenv(name)) out.add(name, value);
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
    auto status = fields_of(read_info_file(entry.path() / "status"), ':');
    if (status.contains("VmRSS")) all.push_back({number_of(status["VmRSS"]), pid, status["Name"], status["Uid"]});
  }
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return std::tie(b.resident_kb, a.pid) < std::tie(a.resident_kb, b.pid);
  });
  InfoItems out("processes");
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
    else if (name == "sessions")
      out.push_back(sessions_section(root));
    else if (name == "services")
      out.push_back(services_section());
    else if (name == "events")
      out.push_back(events_section(root));
    else
      out.push_back(processes_section(root));
  }
  return out;
}

HostNames host_names() {
  HostNames out;
  utsname kernel{};
  if (uname(&kernel) == 0) out.name = base::to_valid_utf8(kernel.nodename);
  out.os = fields_of(read_info_file("/etc/os-release"), '=')["PRETTY_NAME"];
  if (out.os.empty()) out.os = kernel.sysname;
  out.user = user_name();
  return out;
}

}  // namespace rescue::applet

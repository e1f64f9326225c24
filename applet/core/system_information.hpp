// SPDX-License-Identifier: Apache-2.0
// What a technician wants to know of the machine, readable without root. Collecting takes a few milliseconds of file
// reading, and for services and events up to some seconds of systemctl(1) and journalctl(1); call it from a worker
// thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "session/applet_session.hpp"

namespace rescue::applet {

/// Processes shown, those with the most memory.
inline constexpr std::size_t kProcessesShown = 40;

/// The sections there are, in order: "system", "hardware", "memory", "disks", "network", "session", "sessions",
/// "processes", "services", "events".
[[nodiscard]] std::span<const std::string_view> system_information_sections();

/// The named sections, all when none is named; unknown names give nothing. Values are valid UTF-8 within the caps of
/// wire/session_limits.hpp. `root` is "/" but in tests. Command lines and environments of processes are left out: they
/// carry secrets.
[[nodiscard]] std::vector<session::SysinfoSection> collect_system_information(const std::vector<std::string>& sections,
                                                                              const std::filesystem::path& root = "/");

/// For the registration: this machine's name, system, user.
struct HostNames {
  std::string name, os, user;
};
[[nodiscard]] HostNames host_names();

}  // namespace rescue::applet

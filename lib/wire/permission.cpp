// SPDX-License-Identifier: Apache-2.0
#include "wire/permission.hpp"

#include <fmt/format.h>

namespace rescue::wire {
namespace {
struct Row {
  Permission permission;
  std::string_view name;
  std::string_view allows;
};
constexpr std::array<Row, kPermissionCount> kRows = {{
    {Permission::remote_control, "remote_control", "use your mouse and keyboard"},
    {Permission::desktop_view, "desktop_view", "see your screen"},
    {Permission::send_files, "send_files", "send you a file"},
    {Permission::receive_files, "receive_files", "receive a file that you choose"},
    {Permission::file_manager, "file_manager", "browse and change your files"},
    {Permission::send_urls, "send_urls", "open a web page on your computer"},
    {Permission::system_information, "system_information", "read information about your system"},
    {Permission::reboot, "reboot", "restart your computer"},
    {Permission::record_session, "record_session", "record the session"},
    {Permission::private_sessions, "private_sessions", "open private sessions"},
    {Permission::windows_credentials, "windows_credentials", "ask you for a Windows password"},
    {Permission::clipboard_sync, "clipboard_sync", "share the clipboard"},
    {Permission::deploy_scripts, "deploy_scripts", "run scripts on your computer"},
}};
static_assert(
    [] {
      for (std::size_t i = 0; i < kRows.size(); ++i)
        if (static_cast<std::size_t>(kRows[i].permission) != i) return false;
      return true;
    }(),
    "one row per permission, in wire order");

const Row& row(Permission p) { return kRows[static_cast<std::size_t>(p)]; }
}  // namespace

std::string_view name(Permission p) { return row(p).name; }
std::string_view what_it_allows(Permission p) { return row(p).allows; }

std::optional<Permission> parse_permission(std::string_view name) {
  for (const auto& r : kRows)
    if (r.name == name) return r.permission;
  return std::nullopt;
}

std::optional<Permission> permission_from_wire(std::uint32_t number) {
  if (number >= kPermissionCount) return std::nullopt;
  return static_cast<Permission>(number);
}

const std::array<Permission, kPermissionCount>& all_permissions() {
  static constexpr auto kAll = [] {
    std::array<Permission, kPermissionCount> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Permission>(i);
    return all;
  }();
  return kAll;
}

std::string PermissionSet::text() const {
  std::string out;
  for (const auto& r : kRows) {
    if (!has(r.permission)) continue;
    if (!out.empty()) out += ',';
    out += r.name;
  }
  return out.empty() ? "none" : out;
}

base::Result<PermissionSet> PermissionSet::parse(std::string_view text) {
  if (text == "none") return PermissionSet();
  if (text == "all") return all();
  PermissionSet set;
  while (true) {
    const auto comma = text.find(',');
    const auto word = text.substr(0, comma);
    const auto p = parse_permission(word);
    if (!p) return base::fail(base::Errc::bad_format, fmt::format("no permission is called '{}'", word));
    if (set.has(*p)) return base::fail(base::Errc::bad_format, fmt::format("permission '{}' stands twice", word));
    set.add(*p);
    if (comma == std::string_view::npos) return set;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace rescue::wire

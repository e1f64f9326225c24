// SPDX-License-Identifier: Apache-2.0
#include "applet/core/volumes.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <pwd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

namespace rescue::applet {
namespace {
constexpr std::size_t kMountsMax = 100;

// The kernel writes space, tab, newline and backslash as three octal digits.
std::string unescaped(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto digits = s.substr(i, 4);
    const bool octal = digits.size() == 4 && digits[0] == '\\' &&
                       std::ranges::all_of(digits.substr(1), [](char c) { return c >= '0' && c <= '7'; });
    if (!octal) {
      out += s[i];
      continue;
    }
    out += static_cast<char>((digits[1] - '0') * 64 + (digits[2] - '0') * 8 + (digits[3] - '0'));
    i += 3;
  }
  return out;
}

bool holds_files(std::string_view type, std::string_view source, std::string_view path) {
  if (path == "/" || type.starts_with("nfs") || type == "cifs" || type == "smb3" || type == "9p") return true;
  if (type.starts_with("fuse.") && type != "fuse.portal") return true;
  return source.starts_with("/dev/") && !path.starts_with("/boot") && !path.starts_with("/snap");
}

session::FileEntry volume(std::string path, std::string_view type) {
  session::FileEntry out;
  out.kind = session::FsKind::volume;
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) == 0) {
    out.size = std::uint64_t{disk.f_blocks} * disk.f_frsize;
    out.detail =
        fmt::format("{}{}{} bytes free", type, type.empty() ? "" : ", ", std::uint64_t{disk.f_bavail} * disk.f_frsize);
  }
  out.name = std::move(path);
  return out;
}

std::string home() {
  const auto* user = getpwuid(geteuid());
  return user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "";
}
}  // namespace

std::vector<Mount> read_mounts(std::string_view mountinfo) {
  // "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
  std::vector<Mount> out;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line) && out.size() < kMountsMax;) {
    std::istringstream words(line);
    std::vector<std::string> parts;
    for (std::string word; words >> word;) parts.push_back(word);
    const auto dash = std::ranges::find(parts, "-");
    if (parts.size() < 5 || parts.end() - dash < 3) continue;
    Mount mount{unescaped(parts[4]), *(dash + 1)};
    const bool known = std::ranges::any_of(out, [&](const Mount& m) { return m.path == mount.path; });
    if (!known && holds_files(mount.type, *(dash + 2), mount.path)) out.push_back(std::move(mount));
  }
  return out;
}

std::vector<session::FileEntry> volumes(const std::vector<std::filesystem::path>& roots) {
  std::vector<session::FileEntry> out;
  if (!roots.empty()) {
    for (const auto& root : roots) out.push_back(volume(root.string(), ""));
    return out;
  }
  if (auto at = home(); !at.empty()) {
    session::FileEntry entry;
    entry.name = std::move(at);
    entry.kind = session::FsKind::folder;
    entry.detail = "home";
    out.push_back(std::move(entry));
  }
  std::ifstream in("/proc/self/mountinfo");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  for (auto& mount : read_mounts(text)) out.push_back(volume(std::move(mount.path), mount.type));
  return out;
}

}  // namespace rescue::applet

// SPDX-License-Identifier: Apache-2.0
// Where a file manager begins: the user's home, and what is mounted with files of people on it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "session/file_manager.hpp"

namespace rescue::applet {

struct Mount {
  std::string path;
  std::string type;  // "ext4"
  friend bool operator==(const Mount&, const Mount&) = default;
};
/// Of proc(5)'s mountinfo: disks, network and FUSE file systems; what the kernel makes up is left out. At most 100.
[[nodiscard]] std::vector<Mount> read_mounts(std::string_view mountinfo);

/// The home folder (kind folder) and the volumes with their sizes (kind volume). With `roots` only those.
[[nodiscard]] std::vector<session::FileEntry> volumes(const std::vector<std::filesystem::path>& roots);

}  // namespace rescue::applet

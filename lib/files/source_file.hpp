// SPDX-License-Identifier: Apache-2.0
// A file on its way out.
#pragma once

#include "base/bytes.hpp"
#include "files/folder.hpp"

namespace rescue::files {

/// Open for reading; size and time are those of the moment it was opened. Move only.
struct SourceFile {
  Fd fd;
  std::string name;
  std::uint64_t size = 0;
  base::WallTime modified;

  /// The caller's own path. invalid_argument: not a regular file. not_found, not_permitted.
  [[nodiscard]] static base::Result<SourceFile> open(const std::filesystem::path& path);
  /// Of a folder, never through a link (outside).
  [[nodiscard]] static base::Result<SourceFile> open(const Folder& folder, const std::string& name);
  /// Fills `out` from `offset`; false when the file is shorter or cannot be read.
  [[nodiscard]] bool read(std::uint64_t offset, base::MutableByteView out) const;
};

/// pread(2) until `out` is full.
[[nodiscard]] bool read_fully(int fd, std::uint64_t offset, base::MutableByteView out);

}  // namespace rescue::files

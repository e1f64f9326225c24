// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <dirent.h>

#include "files/folder.hpp"

namespace rescue::files {

/// readdir(3) on a handle of its own; "." and ".." are left out.
class DirectoryStream {
 public:
  [[nodiscard]] static base::Result<DirectoryStream> open(const Folder& folder);
  /// The next name, or nothing at the end or when the folder cannot be read on.
  [[nodiscard]] std::optional<std::string> next();

 private:
  struct Close {
    void operator()(DIR* d) const { closedir(d); }
  };
  explicit DirectoryStream(DIR* d) : dir_(d) {}
  std::unique_ptr<DIR, Close> dir_;
};

}  // namespace rescue::files

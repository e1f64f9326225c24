// SPDX-License-Identifier: Apache-2.0
#include "media/impl/part_file.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

namespace rescue::media {

PartFile::PartFile(const std::string& out) : path_(out + ".part") { ::unlink(path_.c_str()); }
PartFile::~PartFile() {
  if (!renamed_) ::unlink(path_.c_str());
}

base::Result<> PartFile::rename_to(const std::string& out, bool overwrite) {
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, out.c_str(), overwrite ? 0 : RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return base::fail(base::Errc::conflict, "'" + out + "' exists");
    return base::fail(base::errno_error("rename to '" + out + "'"));
  }
  renamed_ = true;
  return {};
}

}  // namespace rescue::media

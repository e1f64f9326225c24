// SPDX-License-Identifier: Apache-2.0
#include "files/impl/directory_stream.hpp"

#include <fcntl.h>

#include <fmt/format.h>

namespace rescue::files {

base::Result<DirectoryStream> DirectoryStream::open(const Folder& folder) {
  // Not dup(2), which would share the position with whoever reads this folder beside.
  Fd fd(openat(folder.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* dir = fd ? fdopendir(fd.get()) : nullptr;
  if (dir == nullptr) return base::fail(errno_error(fmt::format("folder '{}'", folder.path().string())));
  static_cast<void>(fd.release());
  return DirectoryStream(dir);
}

std::optional<std::string> DirectoryStream::next() {
  while (const dirent* e = readdir(dir_.get())) {
    const std::string_view name(e->d_name);
    if (name != "." && name != "..") return std::string(name);
  }
  return std::nullopt;
}

}  // namespace rescue::files

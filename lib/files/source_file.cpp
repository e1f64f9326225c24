// SPDX-License-Identifier: Apache-2.0
#include "files/source_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

namespace rescue::files {
namespace {
using base::fail;
using base::Result;

// Without O_NONBLOCK a named pipe would hold the thread.
constexpr int kRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

Result<SourceFile> taken(Fd fd, std::string name, const std::filesystem::path& shown) {
  if (!fd) return fail(errno_error(fmt::format("open '{}'", shown.string())));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return fail(errno_error(fmt::format("read '{}'", shown.string())));
  if (!S_ISREG(info.st_mode))
    return fail(base::Errc::invalid_argument, fmt::format("'{}' is no ordinary file", shown.string()));
  const auto entry = entry_of(name, info);
  SourceFile out;
  out.fd = std::move(fd);
  out.name = std::move(name);
  out.size = entry.size;
  out.modified = entry.modified;
  return out;
}
}  // namespace

bool read_fully(int fd, std::uint64_t offset, base::MutableByteView out) {
  while (!out.empty()) {
    const auto n = pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

Result<SourceFile> SourceFile::open(const std::filesystem::path& path) {
  return taken(Fd(::open(path.c_str(), kRead)), path.filename().string(), path);
}

Result<SourceFile> SourceFile::open(const Folder& folder, const std::string& name) {
  return taken(Fd(openat(folder.fd(), name.c_str(), kRead | O_NOFOLLOW)), name, folder.path() / name);
}

bool SourceFile::read(std::uint64_t offset, base::MutableByteView out) const {
  return read_fully(fd.get(), offset, out);
}

}  // namespace rescue::files

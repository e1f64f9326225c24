// SPDX-License-Identifier: Apache-2.0
#include "applet/core/received_file.hpp"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

namespace rescue::applet {
namespace {
bool is_bare_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

// "report.txt", 2 -> "report (2).txt"; ".profile" and "archive" have no suffix to keep.
std::string numbered(const std::string& name, int number) {
  auto dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return fmt::format("{} ({})", name, number);
  return fmt::format("{} ({}){}", name.substr(0, dot), number, name.substr(dot));
}
}  // namespace

base::Result<ReceivedFile> ReceivedFile::create(const std::filesystem::path& dir, const std::string& name,
                                                std::uint64_t size, base::RandomSource& random) {
  if (!is_bare_name(name)) return base::fail(base::Errc::invalid_argument, fmt::format("file name '{}'", name));
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  int folder = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return base::fail(base::errno_error(fmt::format("open folder '{}'", dir.string())));
  struct statvfs disk {};
  if (fstatvfs(folder, &disk) == 0 && std::uint64_t{disk.f_bavail} * disk.f_frsize < size + kDiskReserveBytes) {
    close(folder);
    return base::fail(base::Errc::no_space, fmt::format("'{}' has no room for {} bytes", dir.string(), size));
  }
  std::uint8_t salt[4];
  random.fill(salt);
  std::string partial = fmt::format("{}.part-{}", name, base::to_hex(salt));
  int file = openat(folder, partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) {
    auto failed = base::errno_error(fmt::format("create '{}'", (dir / partial).string()));
    close(folder);
    return base::fail(std::move(failed));
  }
  return ReceivedFile(folder, file, dir, name, std::move(partial));
}

ReceivedFile::ReceivedFile(ReceivedFile&& o) noexcept
    : dir_(std::exchange(o.dir_, -1)),
      file_(std::exchange(o.file_, -1)),
      folder_(std::move(o.folder_)),
      name_(std::move(o.name_)),
      partial_(std::exchange(o.partial_, {})) {}

ReceivedFile::~ReceivedFile() {
  if (dir_ >= 0 && !partial_.empty()) unlinkat(dir_, partial_.c_str(), 0);
  if (file_ >= 0) close(file_);
  if (dir_ >= 0) close(dir_);
}

base::Result<> ReceivedFile::write(std::uint64_t offset, base::ByteView bytes) {
  while (!bytes.empty()) {
    auto n = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return base::fail(base::errno_error(fmt::format("write '{}'", (folder_ / partial_).string())));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

// False: the name is taken.
base::Result<bool> ReceivedFile::take_name(const std::string& name) {
  if (renameat2(dir_, partial_.c_str(), dir_, name.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) {  // a file system without it; link(2) does not replace either
    if (linkat(dir_, partial_.c_str(), dir_, name.c_str(), 0) == 0) {
      unlinkat(dir_, partial_.c_str(), 0);
      return true;
    }
  }
  if (errno == EEXIST) return false;
  return base::fail(base::errno_error(fmt::format("name '{}'", (folder_ / name).string())));
}

base::Result<std::filesystem::path> ReceivedFile::commit() {
  if (fsync(file_) != 0) return base::fail(base::errno_error(fmt::format("write '{}'", (folder_ / partial_).string())));
  for (int number = 1; number <= kNameTriesMax; ++number) {
    const std::string name = number == 1 ? name_ : numbered(name_, number);
    RESCUE_TRY(bool taken, take_name(name));
    if (!taken) continue;
    partial_.clear();
    fsync(dir_);  // the name too survives a power failure; some file systems refuse, which loses nothing
    return folder_ / name;
  }
  return base::fail(base::Errc::conflict, fmt::format("'{}' and {} numbered names exist", name_, kNameTriesMax - 1));
}

}  // namespace rescue::applet

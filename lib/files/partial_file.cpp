// SPDX-License-Identifier: Apache-2.0
#include "files/partial_file.hpp"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fmt/format.h>

#include "crypto/hash.hpp"
#include "files/source_file.hpp"

namespace rescue::files {
namespace {
using base::fail;
using base::Result;
constexpr std::size_t kNameMax = 240;  // ".part-" and eight digits fit into 255
constexpr int kSaltTries = 8;

// "report.txt", 2 -> "report (2).txt"; ".profile" and "archive" have no suffix to keep.
std::string numbered(const std::string& name, int number) {
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return fmt::format("{} ({})", name, number);
  return fmt::format("{} ({}){}", name.substr(0, dot), number, name.substr(dot));
}

std::string partial_name(const std::string& name, const std::string& salt) {
  return fmt::format("{}.part-{}", name, salt);
}

// The same for another try of the same file, another for any other.
std::string salt_of(const IncomingFile& file) {
  const auto text =
      fmt::format("{}\n{}\n{}\n{}", file.scope, file.name, file.size, file.modified.time_since_epoch().count());
  const auto digest = crypto::sha256(base::as_bytes(text));
  return base::to_hex(base::ByteView(digest).first(4));
}
}  // namespace

Result<PartialFile> PartialFile::open(Folder folder, IncomingFile file, base::RandomSource& random) {
  RESCUE_CHECK(check_name(file.name));
  if (file.name.size() > kNameMax) return fail(Errc::bad_name, fmt::format("a name of {} bytes", file.name.size()));
  PartialFile out(std::move(folder), std::move(file));
  out.resumable_ = !out.file_.scope.empty() && out.file_.modified != base::WallTime();
  if (out.resumable_ && (out.already_there() || out.go_on())) return out;
  struct statvfs disk {};
  if (fstatvfs(out.folder_.fd(), &disk) == 0 &&
      std::uint64_t{disk.f_bavail} * disk.f_frsize < out.file_.size + kDiskReserveBytes)
    return fail(base::Errc::no_space,
                fmt::format("'{}' has no room for {} bytes", out.folder_.path().string(), out.file_.size));
  RESCUE_CHECK(out.create(random));
  return out;
}

PartialFile::~PartialFile() {
  if (fd_ && !partial_.empty()) unlinkat(folder_.fd(), partial_.c_str(), 0);
}

bool PartialFile::already_there() {
  if (!file_.may_be_there) return false;
  auto there = SourceFile::open(folder_, file_.name);
  if (!there || there->size != file_.size || there->modified != file_.modified) return false;
  fd_ = std::move(there->fd);
  have_ = file_.size;
  return true;
}

bool PartialFile::go_on() {
  auto name = partial_name(file_.name, salt_of(file_));
  Fd fd(openat(folder_.fd(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  // Locked: another transfer is writing it. Another owner or name: not what an earlier try has left.
  if (!fd || flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_nlink != 1 || info.st_uid != geteuid())
    return false;
  have_ = static_cast<std::uint64_t>(info.st_size);
  if (have_ > file_.size) return false;
  fd_ = std::move(fd);
  partial_ = std::move(name);
  return true;
}

Result<void> PartialFile::create(base::RandomSource& random) {
  have_ = 0;
  salt_ = salt_of(file_);
  for (int n = 0; n < kSaltTries; ++n) {
    if (!resumable_) {
      std::uint8_t salt[4];
      random.fill(salt);
      salt_ = base::to_hex(salt);
    }
    const auto name = partial_name(file_.name, salt_);
    fd_ = Fd(openat(folder_.fd(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd_) {
      flock(fd_.get(), LOCK_EX | LOCK_NB);
      partial_ = name;
      return {};
    }
    if (errno != EEXIST) break;
    resumable_ = false;  // another transfer of the same file is at it
  }
  return fail(errno_error(fmt::format("create '{}'", (folder_.path() / partial_name(file_.name, salt_)).string())));
}

bool PartialFile::read(std::uint64_t offset, base::MutableByteView out) const {
  return read_fully(fd_.get(), offset, out);
}

Result<void> PartialFile::restart(base::RandomSource& random) {
  if (partial_.empty()) {  // a file that was there, and is another one
    resumable_ = true;
    if (go_on()) {
      have_ = 0;
    } else {
      RESCUE_CHECK(create(random));
    }
  }
  have_ = 0;
  if (ftruncate(fd_.get(), 0) != 0)
    return fail(errno_error(fmt::format("empty '{}'", (folder_.path() / partial_).string())));
  return {};
}

Result<void> PartialFile::write(std::uint64_t offset, base::ByteView bytes) {
  while (!bytes.empty()) {
    const auto n = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(errno_error(fmt::format("write '{}'", (folder_.path() / partial_).string())));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

// False: the name is taken.
Result<bool> PartialFile::take_name(const std::string& name) {
  const int dir = folder_.fd();
  if (renameat2(dir, partial_.c_str(), dir, name.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) {  // a file system without it; link(2) does not replace either
    if (linkat(dir, partial_.c_str(), dir, name.c_str(), 0) == 0) {
      unlinkat(dir, partial_.c_str(), 0);
      return true;
    }
  }
  if (errno == EEXIST) return false;
  return fail(errno_error(fmt::format("name '{}'", (folder_.path() / name).string())));
}

// Of a regular file only: rename(2) would put the file in the place of a link, which is somebody's way to elsewhere.
Result<void> PartialFile::take_place() {
  auto there = folder_.entry(file_.name);
  if (there && there->kind != Kind::file)
    return fail(Errc::exists, fmt::format("'{}' is no ordinary file", (folder_.path() / file_.name).string()));
  if (renameat(folder_.fd(), partial_.c_str(), folder_.fd(), file_.name.c_str()) != 0)
    return fail(errno_error(fmt::format("name '{}'", (folder_.path() / file_.name).string())));
  return {};
}

Result<std::filesystem::path> PartialFile::commit() {
  if (partial_.empty()) return folder_.path() / file_.name;  // it was there
  if (file_.modified != base::WallTime()) {
    const auto us = file_.modified.time_since_epoch().count();
    const timespec times[2] = {{0, UTIME_OMIT}, {us / 1'000'000, us % 1'000'000 * 1000}};
    if (us > 0) futimens(fd_.get(), times);  // a courtesy
  }
  if (file_.durable && fsync(fd_.get()) != 0)
    return fail(errno_error(fmt::format("write '{}'", (folder_.path() / partial_).string())));
  if (file_.replace) {
    RESCUE_CHECK(take_place());
    partial_.clear();
    if (file_.durable) fsync(folder_.fd());
    return folder_.path() / file_.name;
  }
  for (int number = 1; number <= kNameTriesMax; ++number) {
    const std::string name = number == 1 ? file_.name : numbered(file_.name, number);
    RESCUE_TRY(bool taken, take_name(name));
    if (!taken) continue;
    partial_.clear();
    if (file_.durable)
      fsync(folder_.fd());  // the name too survives a power failure; some file systems refuse, which loses nothing
    return folder_.path() / name;
  }
  return fail(Errc::exists, fmt::format("'{}' and {} numbered names", file_.name, kNameTriesMax - 1));
}

std::filesystem::path PartialFile::keep() {
  struct stat info {};
  if (partial_.empty() || !resumable_ || fstat(fd_.get(), &info) != 0 || info.st_size == 0) return {};
  return folder_.path() / std::exchange(partial_, {});
}

}  // namespace rescue::files

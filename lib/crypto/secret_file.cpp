// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret_file.hpp"

#include <fcntl.h>
#include <stdio.h>  // renameat2
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/errors.hpp"

namespace rescue::crypto {
namespace {
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

base::Result<> write_all(int fd, base::ByteView content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error(fmt::format("write '{}'", path.string())));
    content = content.subspan(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0) return base::fail(base::errno_error(fmt::format("sync '{}'", path.string())));
  return {};
}

// A new name survives a crash only when its folder was synced too.
base::Result<> sync_folder_of(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0)
    return base::fail(base::errno_error(fmt::format("sync folder '{}'", folder.string())));
  return {};
}

base::Result<> create(const std::filesystem::path& path, base::ByteView content) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd.get() < 0) return base::fail(base::errno_error(fmt::format("create '{}'", path.string())));
  return write_all(fd.get(), content, path);
}

// 0, or -1 and errno; EEXIST when `to` is there. Not every file system has RENAME_NOREPLACE.
int rename_to_new(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL) return -1;
  return ::link(from, to) == 0 ? ::unlink(from) : -1;
}

/// What has the name is whole and on the disk; whoever is killed before that leaves at most a neighbour behind.
template <typename Rename>
base::Result<> write_and_name(const std::filesystem::path& path, base::ByteView content, Rename rename) {
  auto temporary = path;
  temporary += fmt::format(".new{}", ::getpid());
  ::unlink(temporary.c_str());
  auto done = create(temporary, content);
  if (done && rename(temporary.c_str(), path.c_str()) != 0) {
    if (errno == EEXIST)
      done = base::fail(base::Errc::conflict, fmt::format("'{}' exists already", path.string()));
    else
      done = base::fail(base::errno_error(fmt::format("rename to '{}'", path.string())));
  }
  if (done) return sync_folder_of(path);
  ::unlink(temporary.c_str());
  return done;
}
}  // namespace

base::Result<> write_new_secret_file(const std::filesystem::path& path, base::ByteView content) {
  return write_and_name(path, content, rename_to_new);
}

base::Result<> replace_secret_file(const std::filesystem::path& path, base::ByteView content) {
  return write_and_name(path, content, [](const char* from, const char* to) { return ::rename(from, to); });
}

base::Result<base::SecretBytes> read_secret_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0)
    return base::fail(base::errno_error(fmt::format("open '{}'", path.string())));
  if ((status.st_mode & 077) != 0) return base::fail(Errc::file_exposed, fmt::format("'{}'", path.string()));
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > max_bytes)
    return base::fail(base::Errc::too_large,
                      fmt::format("'{}' has {} bytes, at most {}", path.string(), status.st_size, max_bytes));
  base::SecretBytes out(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < out.view().size()) {
    const ssize_t n = ::read(fd.get(), out.data().data() + done, out.view().size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error(fmt::format("read '{}'", path.string())));
    if (n == 0) return base::fail(base::Errc::io, fmt::format("'{}' became shorter while it was read", path.string()));
    done += static_cast<std::size_t>(n);
  }
  return out;
}

}  // namespace rescue::crypto

// SPDX-License-Identifier: Apache-2.0
#include "files/folder.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::files {
namespace {
using base::fail;
using base::Result;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr std::size_t kNameMax = 255;
constexpr int kChangesMax = 64;  // of the tree while it is looked up (openat2: EAGAIN)

std::string joined(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, "/")); }

bool is_root(int fd) {
  struct stat here {
  }, root{};
  return fstat(fd, &here) == 0 && ::stat("/", &root) == 0 && here.st_dev == root.st_dev && here.st_ino == root.st_ino;
}
}  // namespace

Result<void> check_name(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return fail(Errc::bad_name, fmt::format("'{}'", name));
  if (name.size() > kNameMax) return fail(Errc::bad_name, fmt::format("a name of {} bytes", name.size()));
  if (!base::is_valid_utf8(name)) return fail(Errc::bad_name, "a name that is not UTF-8");
  if (name.find('/') != std::string_view::npos || base::to_display_text(name) != name)
    return fail(Errc::bad_name, "a name with '/' or control characters");
  return {};
}

Result<std::vector<std::string>> parts_of(std::string_view relative) {
  std::vector<std::string> out;
  while (!relative.empty()) {
    const auto slash = relative.find('/');
    const auto part = relative.substr(0, slash);
    relative = slash == std::string_view::npos ? std::string_view() : relative.substr(slash + 1);
    if (part.empty() && relative.empty()) break;  // "a/b/"
    RESCUE_CHECK(check_name(part));
    if (out.size() == kDepthMax) return fail(Errc::bad_name, fmt::format("more than {} folders deep", kDepthMax));
    out.emplace_back(part);
  }
  return out;
}

Result<Folder> Folder::open(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), kFolder));
  if (!fd) return fail(errno_error(fmt::format("folder '{}'", path.string())));
  return Folder(std::move(fd), path);
}

Result<Folder> Folder::make(const std::filesystem::path& path) {
  std::error_code ignored;  // open() says it
  std::filesystem::create_directories(path, ignored);
  return open(path);
}

Result<Folder> Folder::below(std::string_view relative, Links links) const {
  RESCUE_TRY(const auto parts, parts_of(relative));
  const auto shown = path_ / joined(parts);
  open_how how{};
  how.flags = kFolder;
  // Below the root of the file system an absolute link is inside; below any other folder it is not.
  if (links == Links::refused)
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  else
    how.resolve = (is_root(fd()) ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) | RESOLVE_NO_MAGICLINKS;
  const std::string path = parts.empty() ? "." : joined(parts);
  for (int n = 0; n < kChangesMax; ++n) {
    Fd fd(static_cast<int>(syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof(how))));
    if (fd) return Folder(std::move(fd), shown);
    if (errno == ENOSYS) {  // before Linux 5.6: no links at all
      RESCUE_TRY(fd, step_by_step(parts, false));
      return Folder(std::move(fd), shown);
    }
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return fail(errno_error(fmt::format("folder '{}'", shown.string())));
}

Result<Folder> Folder::make_below(std::string_view relative) const {
  RESCUE_TRY(const auto parts, parts_of(relative));
  RESCUE_TRY(auto fd, step_by_step(parts, true));
  return Folder(std::move(fd), path_ / joined(parts));
}

void Folder::sync() const { syncfs(fd_.get()); }

Result<Fd> Folder::step_by_step(const std::vector<std::string>& parts, bool make) const {
  Fd here(openat(fd_.get(), ".", kFolder));
  if (!here) return fail(errno_error(fmt::format("folder '{}'", path_.string())));
  for (const auto& part : parts) {
    if (make && mkdirat(here.get(), part.c_str(), 0777) != 0 && errno != EEXIST)
      return fail(errno_error(fmt::format("make folder '{}' in '{}'", part, path_.string())));
    Fd next(openat(here.get(), part.c_str(), kFolder | O_NOFOLLOW));
    if (!next) {
      const int why = errno;
      struct stat info {};
      // With O_DIRECTORY a link is told as ENOTDIR.
      const bool link = fstatat(here.get(), part.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
      return fail(errno_error(fmt::format("folder '{}' in '{}'", part, path_.string()), link ? ELOOP : why));
    }
    here = std::move(next);
  }
  return here;
}

Entry entry_of(std::string name, const struct stat& info) {
  Entry out;
  out.name = std::move(name);
  if (S_ISREG(info.st_mode)) out.kind = Kind::file;
  if (S_ISDIR(info.st_mode)) out.kind = Kind::folder;
  if (S_ISLNK(info.st_mode)) out.kind = Kind::link;
  if (out.kind == Kind::file) out.size = static_cast<std::uint64_t>(info.st_size);
  out.modified = base::WallTime(std::chrono::seconds(info.st_mtim.tv_sec) +
                                std::chrono::microseconds(info.st_mtim.tv_nsec / 1000));
  out.mode = info.st_mode & 07777;
  return out;
}

Result<Entry> Folder::entry(const std::string& name) const {
  struct stat info {};
  if (fstatat(fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(errno_error(fmt::format("'{}'", (path_ / name).string())));
  auto out = entry_of(name, info);
  if (out.kind == Kind::link) {
    std::string target(4096, '\0');
    const auto n = readlinkat(fd(), name.c_str(), target.data(), target.size());
    target.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    out.detail = base::to_display_text(base::to_valid_utf8(target));
  }
  return out;
}

}  // namespace rescue::files

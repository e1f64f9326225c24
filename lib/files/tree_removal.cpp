// SPDX-License-Identifier: Apache-2.0
#include "files/tree_removal.hpp"

#include <optional>

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "files/impl/directory_stream.hpp"

namespace rescue::files {
using base::fail;
using base::Result;

struct TreeRemoval::Level {
  Folder folder;
  DirectoryStream stream;
  std::string name;   // in the level above
  bool kept = false;  // something in it was left
};

TreeRemoval::TreeRemoval() = default;
TreeRemoval::TreeRemoval(TreeRemoval&&) noexcept = default;
TreeRemoval& TreeRemoval::operator=(TreeRemoval&&) noexcept = default;
TreeRemoval::~TreeRemoval() = default;

Result<TreeRemoval> TreeRemoval::start(Folder parent, const std::string& name, bool recursive) {
  RESCUE_CHECK(check_name(name));
  RESCUE_TRY(const auto entry, parent.entry(name));
  TreeRemoval out;
  struct stat info {};
  if (fstat(parent.fd(), &info) == 0) out.device_ = info.st_dev;
  out.parent_ = std::make_unique<Folder>(std::move(parent));
  out.name_ = name;
  out.is_folder_ = entry.kind == Kind::folder;
  out.recursive_ = recursive;
  return out;
}

void TreeRemoval::fail_on(base::Error error) {
  ++left_;
  if (!trouble_) trouble_ = std::move(error);
  if (!levels_.empty()) levels_.back()->kept = true;
}

void TreeRemoval::remove(const Folder& folder, const std::string& name, bool is_folder) {
  if (unlinkat(folder.fd(), name.c_str(), is_folder ? AT_REMOVEDIR : 0) == 0)
    ++removed_;
  else
    fail_on(errno_error(fmt::format("remove '{}'", (folder.path() / name).string())));
}

void TreeRemoval::enter(const Folder& folder, const std::string& name) {
  const auto shown = (folder.path() / name).string();
  if (levels_.size() == kDepthMax) return fail_on(base::Error(Errc::busy, fmt::format("'{}' is too deep", shown)));
  // Not Folder::below, which refuses names that no peer may use; these are there.
  Fd fd(openat(folder.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0) return fail_on(errno_error(fmt::format("folder '{}'", shown)));
  if (info.st_dev != device_)
    return fail_on(base::Error(Errc::busy, fmt::format("'{}' is another file system", shown)));
  auto inner = Folder::adopt(std::move(fd), folder.path() / name);
  auto stream = DirectoryStream::open(inner);
  if (!stream) return fail_on(stream.error());
  levels_.push_back(std::make_unique<Level>(std::move(inner), std::move(*stream), name));
}

bool TreeRemoval::step(std::size_t count) {
  if (!std::exchange(started_, true)) {
    if (!is_folder_ || !recursive_) {
      remove(*parent_, name_, is_folder_);
      return true;
    }
    enter(*parent_, name_);
  }
  for (; count > 0 && !levels_.empty(); --count) {
    auto& level = *levels_.back();
    if (const auto name = level.stream.next()) {
      struct stat info {};
      const bool is_folder =
          fstatat(level.folder.fd(), name->c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
      if (is_folder)
        enter(level.folder, *name);
      else
        remove(level.folder, *name, false);
      continue;
    }
    const auto done = std::move(levels_.back());
    levels_.pop_back();
    if (!done->kept)
      remove(levels_.empty() ? *parent_ : levels_.back()->folder, done->name, true);
    else if (!levels_.empty())
      levels_.back()->kept = true;  // what was left has been counted
  }
  return levels_.empty();
}

}  // namespace rescue::files

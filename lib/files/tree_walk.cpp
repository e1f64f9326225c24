// SPDX-License-Identifier: Apache-2.0
#include "files/tree_walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "files/impl/directory_stream.hpp"

namespace rescue::files {
namespace {
using base::fail;
using base::Result;
using What = TreeItem::What;

TreeItem skipped(std::string folder, std::string name, std::string why) {
  TreeItem out;
  out.folder = std::move(folder);
  out.source.name = std::move(name);
  out.why = std::move(why);
  return out;
}
}  // namespace

struct TreeWalk::Level {
  Folder folder;
  DirectoryStream stream;
  std::string relative;  // from the tree's own name on
};

TreeWalk::TreeWalk() = default;
TreeWalk::TreeWalk(TreeWalk&&) noexcept = default;
TreeWalk& TreeWalk::operator=(TreeWalk&&) noexcept = default;
TreeWalk::~TreeWalk() = default;

Result<TreeWalk> TreeWalk::start(const Folder& parent, const std::string& name) {
  RESCUE_CHECK(check_name(name));
  RESCUE_TRY(const auto entry, parent.entry(name));
  if (entry.kind == Kind::link)
    return fail(Errc::outside, fmt::format("'{}' is a symbolic link", (parent.path() / name).string()));
  TreeWalk out;
  TreeItem item;
  if (entry.kind == Kind::folder) {
    RESCUE_TRY(auto folder, parent.below(name, Links::refused));
    RESCUE_TRY(auto stream, DirectoryStream::open(folder));
    struct stat info {};
    if (fstat(folder.fd(), &info) == 0) out.device_ = info.st_dev;
    out.levels_.push_back(std::make_unique<Level>(std::move(folder), std::move(stream), name));
    item.what = What::folder;
    item.source.name = name;
  } else {
    RESCUE_TRY(item.source, SourceFile::open(parent, name));
    item.what = What::file;
  }
  out.first_ = std::move(item);
  return out;
}

std::optional<TreeItem> TreeWalk::next() {
  if (first_) return std::exchange(first_, std::nullopt);
  while (!levels_.empty()) {
    auto& level = *levels_.back();
    auto name = level.stream.next();
    if (!name) {
      levels_.pop_back();
      continue;
    }
    if (auto usable = check_name(*name); !usable)
      return skipped(level.relative, base::to_display_text(base::to_valid_utf8(*name)), usable.error().message());
    auto entry = level.folder.entry(*name);
    if (!entry) return skipped(level.relative, std::move(*name), entry.error().message());
    TreeItem item;
    item.folder = level.relative;
    if (entry->kind == Kind::file) {
      auto source = SourceFile::open(level.folder, *name);
      if (!source) return skipped(level.relative, std::move(*name), source.error().message());
      item.what = What::file;
      item.source = std::move(*source);
      return item;
    }
    if (entry->kind != Kind::folder)
      return skipped(level.relative, std::move(*name),
                     entry->kind == Kind::link ? "a symbolic link" : "no ordinary file");
    if (levels_.size() == kDepthMax) return skipped(level.relative, std::move(*name), "too deep");
    auto folder = level.folder.below(*name, Links::refused);
    if (!folder) return skipped(level.relative, std::move(*name), folder.error().message());
    struct stat info {};
    if (fstat(folder->fd(), &info) != 0 || info.st_dev != device_)
      return skipped(level.relative, std::move(*name), "another file system");
    auto stream = DirectoryStream::open(*folder);
    if (!stream) return skipped(level.relative, std::move(*name), stream.error().message());
    item.what = What::folder;
    item.source.name = *name;
    levels_.push_back(
        std::make_unique<Level>(std::move(*folder), std::move(*stream), fmt::format("{}/{}", item.folder, *name)));
    return item;
  }
  return std::nullopt;
}

}  // namespace rescue::files

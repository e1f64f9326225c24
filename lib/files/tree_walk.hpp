// SPDX-License-Identifier: Apache-2.0
// All files of a tree, one after the other, for sending them. Symbolic links are never followed, other file systems
// that are mounted inside are not entered, pipes and devices are not opened: each is told as skipped.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "files/source_file.hpp"

namespace rescue::files {

struct TreeItem {
  enum class What : std::uint8_t {
    file,
    folder,   // before what is in it
    skipped,  // `why` says for what reason
  };
  What what = What::skipped;
  std::string folder;  // the folder it is in, from the tree's own name on: "photos/2024"; empty for the start itself
  SourceFile source;   // name always; the rest of a file
  std::string why;
};

/// One thread. Holds one descriptor for each level it is deep.
class TreeWalk {
 public:
  /// Of one file or folder; its name is the first part of every item's folder. outside: a link. not_found,
  /// not_permitted, invalid_argument (a pipe or device).
  [[nodiscard]] static base::Result<TreeWalk> start(const Folder& parent, const std::string& name);
  TreeWalk(TreeWalk&&) noexcept;
  TreeWalk& operator=(TreeWalk&&) noexcept;
  ~TreeWalk();
  /// The next item, or nothing at the end. What is in the way of one item is told by it; the walk goes on.
  [[nodiscard]] std::optional<TreeItem> next();

 private:
  struct Level;
  TreeWalk();
  std::optional<TreeItem> first_;
  std::vector<std::unique_ptr<Level>> levels_;
  std::uint64_t device_ = 0;
};

}  // namespace rescue::files

// SPDX-License-Identifier: Apache-2.0
// Removes a file, or a folder with all that is in it, in slices. Links are removed, never followed; another file system
// that is mounted inside stays.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "files/folder.hpp"

namespace rescue::files {

/// One thread. Holds one descriptor for each level it is deep.
class TreeRemoval {
 public:
  /// `recursive` false: a folder must be empty. Nothing is removed yet.
  [[nodiscard]] static base::Result<TreeRemoval> start(Folder parent, const std::string& name, bool recursive);
  TreeRemoval(TreeRemoval&&) noexcept;
  TreeRemoval& operator=(TreeRemoval&&) noexcept;
  ~TreeRemoval();
  /// Removes up to `count` entries; true when it is through. What cannot be removed is counted and left.
  [[nodiscard]] bool step(std::size_t count);

  [[nodiscard]] std::uint64_t removed() const { return removed_; }  // files, folders and links
  [[nodiscard]] std::uint64_t left() const { return left_; }
  /// Why the first of those was left.
  [[nodiscard]] const std::optional<base::Error>& trouble() const { return trouble_; }

 private:
  struct Level;
  TreeRemoval();
  void remove(const Folder& folder, const std::string& name, bool is_folder);
  void fail_on(base::Error error);
  void enter(const Folder& folder, const std::string& name);
  std::unique_ptr<Folder> parent_;
  std::string name_;
  bool started_ = false;
  bool is_folder_ = false;
  bool recursive_ = false;
  std::uint64_t device_ = 0;
  std::vector<std::unique_ptr<Level>> levels_;
  std::uint64_t removed_ = 0;
  std::uint64_t left_ = 0;
  std::optional<base::Error> trouble_;
};

}  // namespace rescue::files

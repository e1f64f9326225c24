// SPDX-License-Identifier: Apache-2.0
// What is in a folder, in order of names, page by page.
#pragma once

#include <string>
#include <vector>

#include "files/folder.hpp"

namespace rescue::files {

/// Names of one folder that are read; of more, only the first in order are listed and the page says so.
inline constexpr std::size_t kListedMax = 500'000;

struct ListPage {
  std::vector<Entry> entries;
  std::string cursor;  // not empty: more follow
  bool cut = false;    // the folder has more than kListedMax
  std::size_t total = 0;
};

/// The names of one folder, read once and paged through. One thread.
class Listing {
 public:
  [[nodiscard]] static base::Result<Listing> read(Folder folder);
  /// Up to `count` entries whose names follow `cursor` (empty: from the start), of at most about `bytes` bytes of text.
  /// What has gone since then is left out. Names that are no names for check_name are shown readable, with a detail.
  [[nodiscard]] ListPage page(const std::string& cursor, std::size_t count, std::size_t bytes) const;
  [[nodiscard]] const Folder& folder() const { return folder_; }

 private:
  explicit Listing(Folder folder) : folder_(std::move(folder)) {}
  Folder folder_;
  std::vector<std::string> names_;  // sorted
  bool cut_ = false;
};

}  // namespace rescue::files

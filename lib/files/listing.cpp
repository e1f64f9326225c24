// SPDX-License-Identifier: Apache-2.0
#include "files/listing.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "files/impl/directory_stream.hpp"

namespace rescue::files {

base::Result<Listing> Listing::read(Folder folder) {
  RESCUE_TRY(auto stream, DirectoryStream::open(folder));
  Listing out(std::move(folder));
  while (auto name = stream.next()) {
    if (out.names_.size() == kListedMax) {
      out.cut_ = true;
      break;
    }
    out.names_.push_back(std::move(*name));
  }
  std::ranges::sort(out.names_);
  return out;
}

ListPage Listing::page(const std::string& cursor, std::size_t count, std::size_t bytes) const {
  ListPage out;
  out.cut = cut_;
  out.total = names_.size();
  auto at = cursor.empty() ? names_.begin() : std::ranges::upper_bound(names_, cursor);
  std::size_t used = 0;
  for (; at != names_.end() && out.entries.size() < count && used < bytes; ++at) {
    auto entry = folder_.entry(*at);
    if (!entry) continue;
    if (auto usable = check_name(*at); !usable) {
      entry->name = base::to_display_text(base::to_valid_utf8(*at));
      entry->kind = Kind::other;
      entry->detail = "its name cannot be used from afar";
    }
    used += entry->name.size() + entry->detail.size() + 48;
    out.entries.push_back(std::move(*entry));
  }
  if (at != names_.end()) out.cursor = *std::prev(at);
  return out;
}

}  // namespace rescue::files

// SPDX-License-Identifier: Apache-2.0
// What several repositories need: page sizes, cursors, lists in a text column.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "store/impl/sqlite.hpp"
#include "store/model.hpp"

namespace rescue::store::impl {

[[nodiscard]] inline std::size_t page_size(std::size_t limit) {
  return limit == 0 ? kDefaultPage : std::min(limit, kMaxPage);
}

/// Cursors are base64url of the last row's key: callers neither read nor make them.
[[nodiscard]] inline std::string make_cursor(base::ByteView key) { return base::to_base64url(key); }
[[nodiscard]] inline base::Result<base::Bytes> read_cursor(std::string_view cursor) {
  auto key = base::from_base64url(cursor);
  if (!key) return base::fail(base::Errc::invalid_argument, "cursor");
  return *key;
}

/// Reads one row too many to learn whether there is a next page, and makes its cursor from the last row kept.
template <typename T, typename Key>
Page<T> to_page(std::vector<T> rows, std::size_t size, Key key_of) {
  Page<T> page;
  if (rows.size() > size) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(size), rows.end());
    page.next_cursor = make_cursor(key_of(rows.back()));
  }
  page.items = std::move(rows);
  return page;
}

[[nodiscard]] std::string join_lines(const std::vector<std::string>& lines);
[[nodiscard]] std::vector<std::string> split_lines(std::string_view text);

}  // namespace rescue::store::impl

// SPDX-License-Identifier: Apache-2.0
// From words that people type to an FTS5 expression (sqlite.org/fts5.html section 3). Every word becomes a quoted
// string, in which nothing is syntax.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/guid.hpp"

namespace rescue::store::impl {

/// Words beyond this are ignored: each costs a lookup, and nobody searches for more.
inline constexpr std::size_t kMaxSearchWords = 16;

/// All words, and the given tags. Empty when `text` holds nothing that is indexed.
[[nodiscard]] std::string fts_query(std::string_view text, const std::optional<base::Guid>& session,
                                    const std::optional<base::Guid>& technician);

/// What the tags column holds for an event.
[[nodiscard]] std::string fts_tags(const std::optional<base::Guid>& session,
                                   const std::optional<base::Guid>& technician);

}  // namespace rescue::store::impl

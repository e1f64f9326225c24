// SPDX-License-Identifier: Apache-2.0
// Items inside VIDEO, CKPT, CURSOR, CHAT and EVENT chunks: varint time since the item before (the first: since t0, in
// us), varint length, bytes. What an item of a chunk type holds has its reader and writer here.
#pragma once

#include <boost/json/object.hpp>
#include <variant>

#include "rcrec/format.hpp"

namespace rescue::rcrec {

inline constexpr std::size_t kMaxItemHeadBytes = 20;  // two varints

void append_item(base::Bytes& payload, Time since_previous, base::ByteView bytes);

struct Item {
  Time t{};
  base::ByteView bytes;
};
/// Walks the items of a payload that outlives it.
class ItemWalker {
 public:
  ItemWalker(base::ByteView payload, Time t0) : in_(payload), t_(t0) {}
  /// nullopt at the end; bad_format when the payload does not follow the layout.
  [[nodiscard]] base::Result<std::optional<Item>> next();

 private:
  base::ByteReader in_;
  Time t_;
};
[[nodiscard]] inline bool has_items(std::uint8_t type) {
  return (type >= static_cast<std::uint8_t>(ChunkType::video) && type <= static_cast<std::uint8_t>(ChunkType::event)) ||
         type == static_cast<std::uint8_t>(ChunkType::repair);
}

[[nodiscard]] base::Bytes encode_cursor(const CursorShape& shape);
[[nodiscard]] base::Bytes encode_cursor(const CursorMove& move);
/// monostate for a kind of a later version; nullopt for a malformed one.
[[nodiscard]] std::optional<std::variant<std::monostate, CursorShape, CursorMove>> decode_cursor(base::ByteView item);

/// One JSON object within kMaxJsonBytes and kMaxJsonDepth; nullopt for anything else.
[[nodiscard]] std::optional<boost::json::object> decode_object(base::ByteView text);
/// The string member `key`, or "".
[[nodiscard]] std::string string_member(const boost::json::object& o, std::string_view key);

/// CLOCK: i64, UTC at t0 in us since 1970.
[[nodiscard]] base::Bytes encode_clock(base::WallTime utc);
[[nodiscard]] std::optional<base::WallTime> decode_clock(base::ByteView payload);

}  // namespace rescue::rcrec

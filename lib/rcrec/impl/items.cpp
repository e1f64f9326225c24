// SPDX-License-Identifier: Apache-2.0
#include "rcrec/impl/items.hpp"

#include <boost/json/parse.hpp>

#include "base/varint.hpp"

namespace rescue::rcrec {
namespace {
// Kinds of a CURSOR item, its first byte.
constexpr std::uint8_t kShape =
    1;  // id u32 | width u16 | height u16 | hotspot x u16 | hotspot y u16 | width*height x ARGB u32
constexpr std::uint8_t kMove = 2;  // x i32 | y i32 | shape u32 | visible u8

std::optional<CursorShape> decode_shape(base::ByteReader& in) {
  CursorShape s;
  const auto id = in.u32();
  const auto width = in.u16();
  const auto height = in.u16();
  const auto x = in.u16();
  const auto y = in.u16();
  if (!id || !width || !height || !x || !y || *width > kMaxCursorSide || *height > kMaxCursorSide) return std::nullopt;
  const std::size_t pixels = std::size_t{*width} * *height;
  if (in.left() < pixels * 4) return std::nullopt;
  s.id = *id;
  s.width = *width;
  s.height = *height;
  s.hotspot_x = *x;
  s.hotspot_y = *y;
  s.argb.reserve(pixels);
  for (std::size_t i = 0; i < pixels; ++i) s.argb.push_back(*in.u32());
  return s;
}

std::optional<CursorMove> decode_move(base::ByteReader& in) {
  const auto x = in.u32();
  const auto y = in.u32();
  const auto shape = in.u32();
  const auto visible = in.u8();
  if (!x || !y || !shape || !visible) return std::nullopt;
  return CursorMove{static_cast<std::int32_t>(*x), static_cast<std::int32_t>(*y), *shape, *visible != 0};
}
}  // namespace

void append_item(base::Bytes& payload, Time since_previous, base::ByteView bytes) {
  base::append_varint(payload, static_cast<std::uint64_t>(since_previous.count()));
  base::append_varint(payload, bytes.size());
  base::append(payload, bytes);
}

base::Result<std::optional<Item>> ItemWalker::next() {
  if (in_.empty()) return std::nullopt;
  const auto dt = base::read_varint(in_);
  const auto length = base::read_varint(in_);
  if (!dt || !length) return base::fail(base::Errc::bad_format, "item head");
  if (*dt > static_cast<std::uint64_t>((kMaxTime - t_).count())) return base::fail(base::Errc::bad_format, "item time");
  if (*length > in_.left()) return base::fail(base::Errc::bad_format, "item longer than its chunk");
  t_ += Time(static_cast<std::int64_t>(*dt));
  return Item{t_, *in_.take(static_cast<std::size_t>(*length))};
}

base::Bytes encode_cursor(const CursorShape& shape) {
  base::ByteWriter w;
  w.u8(kShape);
  w.u32(shape.id);
  w.u16(shape.width);
  w.u16(shape.height);
  w.u16(shape.hotspot_x);
  w.u16(shape.hotspot_y);
  for (const std::uint32_t p : shape.argb) w.u32(p);
  return std::move(w).take();
}

base::Bytes encode_cursor(const CursorMove& move) {
  base::ByteWriter w;
  w.u8(kMove);
  w.u32(static_cast<std::uint32_t>(move.x));
  w.u32(static_cast<std::uint32_t>(move.y));
  w.u32(move.shape);
  w.u8(move.visible ? 1 : 0);
  return std::move(w).take();
}

std::optional<std::variant<std::monostate, CursorShape, CursorMove>> decode_cursor(base::ByteView item) {
  using Any = std::variant<std::monostate, CursorShape, CursorMove>;
  base::ByteReader in(item);
  const auto kind = in.u8();
  if (!kind) return std::nullopt;
  if (*kind == kShape) {
    auto s = decode_shape(in);
    return s ? std::optional<Any>(std::move(*s)) : std::nullopt;
  }
  if (*kind == kMove) {
    auto m = decode_move(in);
    return m ? std::optional<Any>(*m) : std::nullopt;
  }
  return Any{};
}

std::optional<boost::json::object> decode_object(base::ByteView text) {
  if (text.size() > kMaxJsonBytes) return std::nullopt;
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::json::error_code ec;
  boost::json::value v = boost::json::parse(base::as_text(text), ec, {}, options);
  if (ec || !v.is_object()) return std::nullopt;
  return std::move(v.as_object());
}

std::string string_member(const boost::json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
}

base::Bytes encode_clock(base::WallTime utc) {
  base::ByteWriter w;
  w.u64(static_cast<std::uint64_t>(utc.time_since_epoch().count()));
  return std::move(w).take();
}

std::optional<base::WallTime> decode_clock(base::ByteView payload) {
  base::ByteReader in(payload);
  const auto us = in.u64();
  if (!us) return std::nullopt;
  return wall_time(*us);
}

}  // namespace rescue::rcrec

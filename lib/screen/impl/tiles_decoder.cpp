// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/tiles_decoder.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/varint.hpp"
#include "screen/impl/tiles_format.hpp"
#include "screen/impl/tiles_pixels.hpp"

namespace rescue::screen {
namespace {
std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("screen packet: {}", what));
}
}  // namespace

base::Result<> TilesDecoder::reset(Size size) {
  RESCUE_CHECK(canvas_.reset(size));
  ring_.reset();
  table_.reset();
  zstd_.reset();
  return {};
}

base::Result<> TilesDecoder::parse_vectors(base::ByteReader& in) {
  vectors_.clear();
  const auto count = base::read_varint(in);
  if (!count || *count > kMaxVectors) return malformed("vectors");
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto dx = base::read_varint(in);
    const auto dy = base::read_varint(in);
    constexpr std::uint64_t kFarthest = std::uint64_t{kMaxSide} * 2;  // zigzag
    if (!dx || !dy || *dx > kFarthest || *dy > kFarthest) return malformed("vector");
    vectors_.push_back(
        {static_cast<std::int32_t>(base::unzigzag(*dx)), static_cast<std::int32_t>(base::unzigzag(*dy))});
  }
  return {};
}

base::Result<> TilesDecoder::parse_slots(base::ByteReader& in, Group& g, std::uint16_t& slot_before) {
  for (std::size_t i = 0; i < g.run; ++i) {
    if (!canvas_.grid().is_full(g.first + i)) return malformed("cached tile at the edge");
    const auto step = base::read_varint(in);
    if (!step || *step > 0x20000) return malformed("cache slot");
    const std::int64_t slot = base::unzigzag(*step) + static_cast<std::uint16_t>(slot_before + 1);
    if (slot < 0 || slot >= std::int64_t{TileRing::kSlots} || !ring_.tile(static_cast<std::size_t>(slot)))
      return malformed("cache slot");
    g.slots.push_back(static_cast<std::size_t>(slot));
    slot_before = static_cast<std::uint16_t>(slot);
  }
  return {};
}

base::Result<> TilesDecoder::parse_groups(base::ByteReader& in) {
  const TileGrid& grid = canvas_.grid();
  groups_.clear();
  const auto count = base::read_varint(in);
  if (!count || *count > grid.count()) return malformed("groups");
  std::size_t tile = 0;
  std::uint16_t slot_before = 0xffff;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto skip = base::read_varint(in);
    const auto run = base::read_varint(in);
    const auto mode = in.u8();
    if (!skip || !run || !mode || *skip > grid.count() - tile) return malformed("group");
    Group g{tile + static_cast<std::size_t>(*skip), 0, *mode, 0, {}};
    if (*run == 0 || *run > grid.count() - g.first) return malformed("group");
    g.run = static_cast<std::size_t>(*run);
    tile = g.first + g.run;
    if (g.mode == kModeSolid) {
      const auto bgr = in.take(3);
      if (!bgr) return malformed("solid group");
      g.colour = Pixel{(*bgr)[0]} | Pixel{(*bgr)[1]} << 8 | Pixel{(*bgr)[2]} << 16;
    } else if (g.mode == kModeCache) {
      RESCUE_CHECK(parse_slots(in, g, slot_before));
    } else if (g.mode == kModeTable || g.mode == kModePhoto) {
      if (static_cast<std::size_t>(grid.column(g.first)) + g.run > static_cast<std::size_t>(grid.columns))
        return malformed("run over a row's end");
    } else if (g.mode < kModeMove || g.mode - kModeMove >= static_cast<int>(vectors_.size())) {
      return malformed("mode");
    }
    groups_.push_back(std::move(g));
  }
  return {};
}

base::Result<> TilesDecoder::gather_moves() {
  moved_.clear();
  const Size size = canvas_.frame().size();
  for (const Group& g : groups_) {
    if (g.mode < kModeMove) continue;
    const Vector v = vectors_[g.mode - kModeMove];
    for (std::size_t t = g.first; t < g.first + g.run; ++t) {
      const Rect r = canvas_.grid().rect(t);
      const std::int32_t x = r.x + v.dx;
      const std::int32_t y = r.y + v.dy;
      if (x < 0 || y < 0 || x + r.width > size.width || y + r.height > size.height)
        return malformed("move from outside");
      for (std::int32_t row = y; row < y + r.height; ++row)
        moved_.insert(moved_.end(), canvas_.frame().row(row) + x, canvas_.frame().row(row) + x + r.width);
    }
  }
  return {};
}

void TilesDecoder::paint_tiles(const Group& g, const Pixel*& move_source) {
  for (std::size_t i = 0; i < g.run; ++i) {
    const Rect r = canvas_.grid().rect(g.first + i);
    if (g.mode == kModeSolid) canvas_.frame().fill(r, g.colour);
    const auto cached = g.mode == kModeCache ? ring_.tile(g.slots[i]) : std::nullopt;
    for (std::int32_t y = 0; y < r.height; ++y) {
      Pixel* to = canvas_.frame().row(r.y + y) + r.x;
      if (cached) std::memcpy(to, cached->row(y), static_cast<std::size_t>(r.width) * sizeof(Pixel));
      if (g.mode >= kModeMove) {
        std::memcpy(to, move_source, static_cast<std::size_t>(r.width) * sizeof(Pixel));
        move_source += r.width;
      }
    }
    canvas_.repainted(g.first + i);
  }
}

base::Result<> TilesDecoder::paint(base::ByteReader& in) {
  const Pixel* move_source = moved_.data();
  for (const Group& g : groups_) {
    const Rect r = canvas_.grid().run_rect(g.first, g.run);
    if (g.mode == kModeTable && !read_table_run(in, r, table_, canvas_.frame())) return malformed("pixels cut off");
    if (g.mode == kModePhoto && !read_photo_run(in, r, canvas_.frame())) return malformed("pixels cut off");
    paint_tiles(g, move_source);
  }
  if (!in.empty()) return malformed("bytes left over");
  for (const Group& g : groups_) {
    if (g.mode != kModeTable && g.mode != kModePhoto) continue;
    for (std::size_t t = g.first; t < g.first + g.run; ++t) {
      if (canvas_.grid().is_full(t)) ring_.add(canvas_.frame(), canvas_.grid().rect(t));
    }
  }
  return {};
}

base::Result<Damage> TilesDecoder::apply(const PacketHeader& h, base::ByteView packed) {
  if (h.info.keyframe) RESCUE_CHECK(reset(h.info.size));
  RESCUE_CHECK(zstd_.read(packed, h.body_bytes, body_));
  base::ByteReader in(body_);
  RESCUE_CHECK(parse_vectors(in));
  RESCUE_CHECK(parse_groups(in));
  RESCUE_CHECK(gather_moves());
  RESCUE_CHECK(paint(in));
  Damage changed;
  for (const Group& g : groups_) add_run(changed, canvas_.grid(), g.first, g.run);
  return changed;
}

}  // namespace rescue::screen

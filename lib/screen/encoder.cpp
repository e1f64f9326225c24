// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <unordered_map>

#include "base/varint.hpp"
#include "screen/impl/canvas.hpp"
#include "screen/impl/motion.hpp"
#include "screen/impl/packet.hpp"
#include "screen/impl/pixel_coder.hpp"
#include "screen/impl/zstd_stream.hpp"

namespace rescue::screen {
namespace {
/// Below this a motion search costs more than the few tiles do: a line of typed text, a clock.
constexpr std::size_t kMinTilesForMotion = 12;

struct Group {
  std::size_t first = 0;
  std::size_t run = 0;
  std::uint8_t mode = 0;
  Pixel colour = 0;  // kModeSolid
};

std::uint64_t tile_key(const FrameView& frame, Rect r) {
  std::uint64_t h = 1;
  for (std::int32_t y = 0; y < r.height; ++y) {
    const Pixel* row = frame.row(r.y + y) + r.x;
    for (std::int32_t x = 0; x < r.width; ++x) {
      h = (h ^ (row[x] & kPixelMask)) * 0x9e3779b97f4a7c15u;
      h ^= h >> 29;
    }
  }
  return h;
}
}  // namespace

struct Encoder::State {
  explicit State(EncoderOptions o) : options(o), zstd(o.effort, kWindowLog) {}

  EncoderOptions options;
  Canvas canvas;
  TileRing ring;
  std::unordered_map<std::uint64_t, std::size_t> slot_by_key;
  std::vector<std::uint64_t> key_by_slot;
  ColourTable table;
  ZstdWriter zstd;
  MotionFinder motion;
  PacketSequence sequence;
  bool must_reset = true;

  // Of the frame in hand.
  std::vector<std::uint8_t> dirty;
  std::vector<Vector> vectors;
  std::vector<Group> groups;
  std::vector<std::size_t> cache_slots;
  base::Bytes body;

  base::Result<> reset(Size size);
  std::size_t find_dirty(const FrameView& frame, const Damage* damage);
  void classify(const FrameView& frame);
  std::uint8_t choose_mode(const FrameView& frame, std::size_t tile, Pixel& colour);
  std::optional<std::uint8_t> moved_by(const FrameView& frame, Rect r) const;
  std::optional<std::size_t> cached(const FrameView& frame, Rect r) const;
  void write_body(const FrameView& frame);
  void accept(const FrameView& frame);
  void cache(std::size_t tile);
};

base::Result<> Encoder::State::reset(Size size) {
  must_reset = true;
  RESCUE_CHECK(canvas.reset(size));
  ring.reset();
  slot_by_key.clear();
  key_by_slot.assign(TileRing::kSlots, 0);
  table.reset();
  zstd.reset();
  must_reset = false;
  return {};
}

/// Marks what differs from the canvas and returns how many tiles do.
std::size_t Encoder::State::find_dirty(const FrameView& frame, const Damage* damage) {
  const TileGrid& grid = canvas.grid();
  std::vector<std::uint8_t> look;
  if (damage != nullptr) {
    look.assign(grid.count(), 0);
    for (const Rect& d : damage->rects()) {
      const Rect r = d.intersected(whole(frame.size));
      if (r.empty()) continue;
      for (std::int64_t row = r.y / kTileSide; row <= (r.bottom() - 1) / kTileSide; ++row) {
        for (std::int64_t column = r.x / kTileSide; column <= (r.right() - 1) / kTileSide; ++column)
          look[static_cast<std::size_t>(row * grid.columns + column)] = 1;
      }
    }
  }
  dirty.assign(grid.count(), 0);
  std::size_t count = 0;
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (damage != nullptr && look[t] == 0) continue;
    const Rect r = grid.rect(t);
    if (same_pixels(frame, r, canvas.frame(), {r.x, r.y})) continue;
    dirty[t] = 1;
    ++count;
  }
  return count;
}

std::optional<std::uint8_t> Encoder::State::moved_by(const FrameView& frame, Rect r) const {
  for (std::size_t k = 0; k < vectors.size(); ++k) {
    const std::int64_t x = std::int64_t{r.x} + vectors[k].dx;
    const std::int64_t y = std::int64_t{r.y} + vectors[k].dy;
    if (x < 0 || y < 0 || x + r.width > frame.size.width || y + r.height > frame.size.height) continue;
    const Point from{static_cast<std::int32_t>(x), static_cast<std::int32_t>(y)};
    if (same_pixels(frame, r, canvas.frame(), from)) return static_cast<std::uint8_t>(kModeMove + k);
  }
  return std::nullopt;
}

std::optional<std::size_t> Encoder::State::cached(const FrameView& frame, Rect r) const {
  const auto found = slot_by_key.find(tile_key(frame, r));
  if (found == slot_by_key.end()) return std::nullopt;
  const auto tile = ring.tile(found->second);
  if (!tile || !same_pixels(frame, r, *tile, {0, 0})) return std::nullopt;
  return found->second;
}

std::uint8_t Encoder::State::choose_mode(const FrameView& frame, std::size_t tile, Pixel& colour) {
  const Rect r = canvas.grid().rect(tile);
  if (const auto move = moved_by(frame, r)) return *move;
  if (const auto solid = solid_colour(frame, r)) {
    colour = *solid;
    return kModeSolid;
  }
  if (canvas.grid().is_full(tile)) {
    if (const auto slot = cached(frame, r)) {
      cache_slots.push_back(*slot);
      return kModeCache;
    }
  }
  return looks_like_photo(frame, r) ? kModePhoto : kModeTable;
}

void Encoder::State::classify(const FrameView& frame) {
  const TileGrid& grid = canvas.grid();
  groups.clear();
  cache_slots.clear();
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (dirty[t] == 0) continue;
    Pixel colour = 0;
    const std::uint8_t mode = choose_mode(frame, t, colour);
    const bool row_bound = mode == kModeTable || mode == kModePhoto;
    if (!groups.empty()) {
      Group& g = groups.back();
      const bool joins = g.first + g.run == t && g.mode == mode && g.colour == colour;
      if (joins && !(row_bound && grid.column(t) == 0)) {
        ++g.run;
        continue;
      }
    }
    groups.push_back({t, 1, mode, colour});
  }
}

void Encoder::State::write_body(const FrameView& frame) {
  body.clear();
  base::append_varint(body, vectors.size());
  for (const Vector& v : vectors) {
    base::append_varint(body, base::zigzag(v.dx));
    base::append_varint(body, base::zigzag(v.dy));
  }
  base::append_varint(body, groups.size());
  std::size_t tile = 0;
  std::size_t next_cached = 0;
  std::uint16_t slot_before = 0xffff;
  for (const Group& g : groups) {
    base::append_varint(body, g.first - tile);
    base::append_varint(body, g.run);
    body.push_back(g.mode);
    tile = g.first + g.run;
    if (g.mode == kModeSolid) {
      for (int shift = 0; shift < 24; shift += 8) body.push_back(static_cast<std::uint8_t>(g.colour >> shift));
    }
    for (std::size_t i = 0; g.mode == kModeCache && i < g.run; ++i, ++next_cached) {
      const auto slot = static_cast<std::uint16_t>(cache_slots[next_cached]);
      base::append_varint(body, base::zigzag(std::int64_t{slot} - (static_cast<std::uint16_t>(slot_before + 1))));
      slot_before = slot;
    }
  }
  for (const Group& g : groups) {
    const Rect r = canvas.grid().run_rect(g.first, g.run);
    if (g.mode == kModeTable) write_table_run(frame, r, table, body);
    if (g.mode == kModePhoto) write_photo_run(frame, r, body);
  }
}

void Encoder::State::cache(std::size_t tile) {
  const std::size_t slot = ring.add(canvas.frame(), canvas.grid().rect(tile));
  if (const auto old = slot_by_key.find(key_by_slot[slot]); old != slot_by_key.end() && old->second == slot)
    slot_by_key.erase(old);
  key_by_slot[slot] = tile_key(canvas.frame(), canvas.grid().rect(tile));
  slot_by_key[key_by_slot[slot]] = slot;
}

/// Takes the frame over as the new canvas.
void Encoder::State::accept(const FrameView& frame) {
  const TileGrid& grid = canvas.grid();
  for (const Group& g : groups) {
    for (std::size_t t = g.first; t < g.first + g.run; ++t) {
      const Rect r = grid.rect(t);
      for (std::int32_t y = r.y; y < r.bottom(); ++y) {
        const Pixel* from = frame.row(y) + r.x;
        Pixel* to = canvas.frame().row(y) + r.x;
        for (std::int32_t x = 0; x < r.width; ++x) to[x] = from[x] & kPixelMask;
      }
      canvas.repainted(t);
    }
  }
  for (const Group& g : groups) {
    if (g.mode != kModeTable && g.mode != kModePhoto) continue;
    for (std::size_t t = g.first; t < g.first + g.run; ++t) {
      if (grid.is_full(t)) cache(t);
    }
  }
}

Encoder::Encoder(EncoderOptions options) : state_(std::make_unique<State>(options)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

base::Result<std::optional<Packet>> Encoder::encode(const FrameView& frame, const Damage* damage, bool keyframe) {
  State& s = *state_;
  if (frame.size.width <= 0 || frame.size.height <= 0 || frame.pixels == nullptr || frame.stride < frame.size.width)
    return base::fail(base::Errc::invalid_argument, "encode an empty picture");
  if (!frame.size.valid())
    return base::fail(base::Errc::too_large,
                      fmt::format("encode a picture of {}x{} pixels", frame.size.width, frame.size.height));
  const bool reset = keyframe || s.must_reset || s.canvas.frame().size() != frame.size;
  if (reset) RESCUE_CHECK(s.reset(frame.size));
  const std::size_t dirty_tiles = s.find_dirty(frame, reset ? nullptr : damage);
  if (dirty_tiles == 0 && !reset) return std::nullopt;

  s.vectors.clear();
  if (!reset && dirty_tiles >= kMinTilesForMotion)
    s.vectors = s.motion.find(s.canvas.frame(), frame, s.canvas.grid(), s.dirty, kMaxVectors);
  s.must_reset = true;  // until all went well: a half-made packet leaves the state ahead of the other side
  s.classify(frame);
  s.write_body(frame);
  s.accept(frame);

  Packet packet;
  packet.info = {CodecId::tiles, kTilesVersion, reset, s.sequence, frame.size};
  append_header(packet.bytes, {packet.info, s.canvas.check(), static_cast<std::uint32_t>(s.body.size())});
  RESCUE_CHECK(s.zstd.write(s.body, packet.bytes, kMaxPacketBytes));
  if (reset) {
    packet.changed.add(whole(frame.size));
  } else {
    for (const Group& g : s.groups) add_run(packet.changed, s.canvas.grid(), g.first, g.run);
  }
  s.sequence += 1;
  s.must_reset = false;
  return packet;
}

}  // namespace rescue::screen

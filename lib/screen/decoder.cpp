// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstring>

#include "base/varint.hpp"
#include "screen/impl/canvas.hpp"
#include "screen/impl/motion.hpp"
#include "screen/impl/packet.hpp"
#include "screen/impl/pixel_coder.hpp"
#include "screen/impl/zstd_stream.hpp"

namespace rescue::screen {
namespace {
struct Group {
  std::size_t first = 0;
  std::size_t run = 0;
  std::uint8_t mode = 0;
  Pixel colour = 0;                // kModeSolid
  std::vector<std::size_t> slots;  // kModeCache
};

std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("screen packet: {}", what));
}
}  // namespace

struct Decoder::State {
  explicit State(DecoderLimits l) : limits(l), zstd(kWindowLog) {}

  DecoderLimits limits;
  Canvas canvas;
  TileRing ring;
  ColourTable table;
  ZstdReader zstd;
  PacketSequence next;
  bool needs_keyframe = true;

  // Of the packet in hand.
  base::Bytes body;
  std::vector<Vector> vectors;
  std::vector<Group> groups;
  std::vector<Pixel> moved;  // sources of all moves, read before anything is painted

  base::Result<> begin(const PacketHeader& h);
  base::Result<> parse_vectors(base::ByteReader& in);
  base::Result<> parse_groups(base::ByteReader& in);
  base::Result<> parse_slots(base::ByteReader& in, Group& g, std::uint16_t& slot_before);
  base::Result<> gather_moves();
  base::Result<> paint(base::ByteReader& in);
  void paint_tiles(const Group& g, const Pixel*& move_source);
  base::Result<Damage> apply(const PacketHeader& h, base::ByteView packed);
};

/// Resets at a keyframe, checks the order otherwise.
base::Result<> Decoder::State::begin(const PacketHeader& h) {
  if (h.info.size.pixels() > limits.max_pixels)
    return base::fail(base::Errc::too_large,
                      fmt::format("picture of {}x{} pixels", h.info.size.width, h.info.size.height));
  if (h.info.keyframe) {
    RESCUE_CHECK(canvas.reset(h.info.size));
    ring.reset();
    table.reset();
    zstd.reset();
    return {};
  }
  if (needs_keyframe) return base::fail(base::Errc::conflict, "screen packet without the keyframe before it");
  if (h.info.sequence != next)
    return base::fail(base::Errc::conflict,
                      fmt::format("screen packet {} where {} was due", h.info.sequence.get(), next.get()));
  if (h.info.size != canvas.frame().size()) return malformed("another size without a keyframe");
  return {};
}

base::Result<> Decoder::State::parse_vectors(base::ByteReader& in) {
  vectors.clear();
  const auto count = base::read_varint(in);
  if (!count || *count > kMaxVectors) return malformed("vectors");
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto dx = base::read_varint(in);
    const auto dy = base::read_varint(in);
    constexpr std::uint64_t kFarthest = std::uint64_t{kMaxSide} * 2;  // zigzag
    if (!dx || !dy || *dx > kFarthest || *dy > kFarthest) return malformed("vector");
    vectors.push_back({static_cast<std::int32_t>(base::unzigzag(*dx)), static_cast<std::int32_t>(base::unzigzag(*dy))});
  }
  return {};
}

base::Result<> Decoder::State::parse_slots(base::ByteReader& in, Group& g, std::uint16_t& slot_before) {
  for (std::size_t i = 0; i < g.run; ++i) {
    if (!canvas.grid().is_full(g.first + i)) return malformed("cached tile at the edge");
    const auto step = base::read_varint(in);
    if (!step || *step > 0x20000) return malformed("cache slot");
    const std::int64_t slot = base::unzigzag(*step) + static_cast<std::uint16_t>(slot_before + 1);
    if (slot < 0 || slot >= std::int64_t{TileRing::kSlots} || !ring.tile(static_cast<std::size_t>(slot)))
      return malformed("cache slot");
    g.slots.push_back(static_cast<std::size_t>(slot));
    slot_before = static_cast<std::uint16_t>(slot);
  }
  return {};
}

base::Result<> Decoder::State::parse_groups(base::ByteReader& in) {
  const TileGrid& grid = canvas.grid();
  groups.clear();
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
    } else if (g.mode < kModeMove || g.mode - kModeMove >= static_cast<int>(vectors.size())) {
      return malformed("mode");
    }
    groups.push_back(std::move(g));
  }
  return {};
}

base::Result<> Decoder::State::gather_moves() {
  moved.clear();
  const Size size = canvas.frame().size();
  for (const Group& g : groups) {
    if (g.mode < kModeMove) continue;
    const Vector v = vectors[g.mode - kModeMove];
    for (std::size_t t = g.first; t < g.first + g.run; ++t) {
      const Rect r = canvas.grid().rect(t);
      const std::int32_t x = r.x + v.dx;
      const std::int32_t y = r.y + v.dy;
      if (x < 0 || y < 0 || x + r.width > size.width || y + r.height > size.height)
        return malformed("move from outside");
      for (std::int32_t row = y; row < y + r.height; ++row)
        moved.insert(moved.end(), canvas.frame().row(row) + x, canvas.frame().row(row) + x + r.width);
    }
  }
  return {};
}

void Decoder::State::paint_tiles(const Group& g, const Pixel*& move_source) {
  for (std::size_t i = 0; i < g.run; ++i) {
    const Rect r = canvas.grid().rect(g.first + i);
    if (g.mode == kModeSolid) canvas.frame().fill(r, g.colour);
    const auto cached = g.mode == kModeCache ? ring.tile(g.slots[i]) : std::nullopt;
    for (std::int32_t y = 0; y < r.height; ++y) {
      Pixel* to = canvas.frame().row(r.y + y) + r.x;
      if (cached) std::memcpy(to, cached->row(y), static_cast<std::size_t>(r.width) * sizeof(Pixel));
      if (g.mode >= kModeMove) {
        std::memcpy(to, move_source, static_cast<std::size_t>(r.width) * sizeof(Pixel));
        move_source += r.width;
      }
    }
    canvas.repainted(g.first + i);
  }
}

base::Result<> Decoder::State::paint(base::ByteReader& in) {
  const Pixel* move_source = moved.data();
  for (const Group& g : groups) {
    const Rect r = canvas.grid().run_rect(g.first, g.run);
    if (g.mode == kModeTable && !read_table_run(in, r, table, canvas.frame())) return malformed("pixels cut off");
    if (g.mode == kModePhoto && !read_photo_run(in, r, canvas.frame())) return malformed("pixels cut off");
    paint_tiles(g, move_source);
  }
  if (!in.empty()) return malformed("bytes left over");
  for (const Group& g : groups) {
    if (g.mode != kModeTable && g.mode != kModePhoto) continue;
    for (std::size_t t = g.first; t < g.first + g.run; ++t) {
      if (canvas.grid().is_full(t)) ring.add(canvas.frame(), canvas.grid().rect(t));
    }
  }
  return {};
}

base::Result<Damage> Decoder::State::apply(const PacketHeader& h, base::ByteView packed) {
  RESCUE_CHECK(begin(h));
  needs_keyframe = true;  // until all went well
  RESCUE_CHECK(zstd.read(packed, h.body_bytes, body));
  base::ByteReader in(body);
  RESCUE_CHECK(parse_vectors(in));
  RESCUE_CHECK(parse_groups(in));
  RESCUE_CHECK(gather_moves());
  RESCUE_CHECK(paint(in));
  if (canvas.check() != h.canvas_check)
    return base::fail(base::Errc::verification_failed,
                      fmt::format("picture after screen packet {}", h.info.sequence.get()));
  needs_keyframe = false;
  next = h.info.sequence + 1;
  if (h.info.keyframe) return Damage(whole(h.info.size));
  Damage changed;
  for (const Group& g : groups) add_run(changed, canvas.grid(), g.first, g.run);
  return changed;
}

Decoder::Decoder(DecoderLimits limits) : state_(std::make_unique<State>(limits)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

base::Result<Damage> Decoder::decode(base::ByteView packet) {
  auto header = parse_header(packet);
  auto changed =
      header ? state_->apply(*header, packet.subspan(kPacketHeaderBytes)) : base::fail(std::move(header).error());
  if (!changed) state_->needs_keyframe = true;
  return changed;
}

const Frame& Decoder::canvas() const { return state_->canvas.frame(); }
bool Decoder::needs_keyframe() const { return state_->needs_keyframe; }

}  // namespace rescue::screen

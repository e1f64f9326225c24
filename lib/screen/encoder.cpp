// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "screen/impl/motion.hpp"
#include "screen/impl/packet.hpp"
#include "screen/impl/packet_body.hpp"
#include "screen/impl/tile_chooser.hpp"

namespace rescue::screen {
namespace {
/// Below this a motion search costs more than the few tiles do: a line of typed text, a clock.
constexpr std::size_t kMinTilesForMotion = 4;

base::Result<> check_frame(const FrameView& frame) {
  if (frame.size.width <= 0 || frame.size.height <= 0 || frame.pixels == nullptr || frame.stride < frame.size.width)
    return base::fail(base::Errc::invalid_argument, "encode an empty picture");
  if (!frame.size.valid())
    return base::fail(base::Errc::too_large,
                      fmt::format("encode a picture of {}x{} pixels", frame.size.width, frame.size.height));
  return {};
}
}  // namespace

struct Encoder::State {
  SharedState shared;
  TileFinder finder;
  MotionFinder motion;
  PacketSequence sequence;
  bool must_reset = true;
  bool begun = false;              // a picture is in work: it ends when the next one begins
  std::vector<std::uint8_t> left;  // tiles that the last packet left out
  bool pending = false;

  // Of the frame in hand.
  std::vector<std::uint8_t> dirty;
  std::vector<std::uint64_t> keys;

  base::Result<> reset(Size size);
  std::size_t find_dirty(const FrameView& frame, const Damage* damage);
  void begin_picture(const FrameView& frame, std::size_t dirty_tiles, bool keyframe);
  void remember_cached();
  [[nodiscard]] Damage painted() const;
};

base::Result<> Encoder::State::reset(Size size) {
  must_reset = true;
  RESCUE_CHECK(shared.reset(size));
  finder.reset();
  left.assign(shared.canvas.grid().count(), 0);
  pending = false;
  begun = false;
  must_reset = false;
  return {};
}

/// Marks what differs from the canvas and returns how many tiles do.
std::size_t Encoder::State::find_dirty(const FrameView& frame, const Damage* damage) {
  const TileGrid& grid = shared.canvas.grid();
  const auto columns = static_cast<std::size_t>(grid.columns);
  dirty.assign(grid.count(), damage == nullptr ? 1 : 0);
  if (damage != nullptr) {
    dirty = left;
    for (const Rect& d : damage->rects()) {
      const Rect r = d.intersected(whole(frame.size));
      if (r.empty()) continue;
      for (std::int64_t row = r.y / kTileSide; row <= (r.bottom() - 1) / kTileSide; ++row)
        std::fill_n(dirty.begin() + row * grid.columns + r.x / kTileSide,
                    (r.right() - 1) / kTileSide - r.x / kTileSide + 1, std::uint8_t{1});
    }
  }
  std::size_t count = 0;
  for (std::size_t t = 0; t < grid.count(); t += columns)
    count += keep_different(*shared.kernels, frame, shared.canvas.frame(), grid, t, dirty);
  return count;
}

void Encoder::State::begin_picture(const FrameView& frame, std::size_t dirty_tiles, bool keyframe) {
  if (begun) shared.end_picture();
  begun = true;
  shared.plan.vectors.assign(1, {});
  if (keyframe || dirty_tiles < kMinTilesForMotion) return;
  const auto found =
      motion.find(*shared.kernels, shared.canvas.frame(), frame, shared.canvas.grid(), dirty, kMostVectors - 1);
  shared.plan.vectors.insert(shared.plan.vectors.end(), found.begin(), found.end());
}

/// The finder learns what the cache is about to take, in the same order.
void Encoder::State::remember_cached() {
  std::size_t slot = shared.cache.next();
  for (std::size_t t = 0; t < keys.size(); ++t) {
    if (!shared.plan.tiles[t].enters_cache() || !shared.canvas.grid().is_full(t)) continue;
    finder.add(slot, keys[t]);
    slot = (slot + 1) % TileCache::kSlots;
  }
}

Damage Encoder::State::painted() const {
  Damage out;
  add_painted(out, shared);
  return out;
}

Encoder::Encoder() : state_(std::make_unique<State>()) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;
bool Encoder::pending() const { return state_->pending; }

base::Result<std::optional<Packet>> Encoder::encode(const FrameView& frame, const EncodeRequest& request) {
  State& s = *state_;
  RESCUE_CHECK(check_frame(frame));
  const bool reset = request.keyframe || s.must_reset || s.shared.canvas.frame().size() != frame.size;
  if (reset) RESCUE_CHECK(s.reset(frame.size));
  const bool continues = s.pending && request.damage != nullptr && request.damage->empty();
  const std::size_t dirty_tiles = s.find_dirty(frame, reset ? nullptr : request.damage);
  if (dirty_tiles == 0 && !reset) {
    s.pending = false;
    std::ranges::fill(s.left, 0);
    return std::nullopt;
  }
  s.must_reset = true;  // until all went well: a half-made packet leaves the state ahead of the other side
  if (!continues) s.begin_picture(frame, dirty_tiles, reset);
  TileChooser chooser(s.shared, s.finder, frame);
  chooser.choose(s.dirty, s.keys);
  s.pending = chooser.leave_out(request.work, request.focus, s.left);
  s.remember_cached();

  base::Bytes body;
  BitEncoder coder(body);
  if (const char* wrong = code_body(coder, s.shared, continues, &frame))
    return base::fail(base::Errc::internal, fmt::format("encode a picture: {}", wrong));
  coder.finish();

  Packet packet;
  packet.info = {CodecId::context, kContextVersion, reset, !s.pending, s.sequence, frame.size};
  append_header(packet.bytes, packet.info, continues, s.shared.canvas.check());
  base::append(packet.bytes, body);
  if (packet.bytes.size() > kMaxPacketBytes)
    return base::fail(base::Errc::too_large, fmt::format("screen packet of {} bytes", packet.bytes.size()));
  packet.changed = reset ? Damage(whole(frame.size)) : s.painted();
  s.sequence = PacketSequence((s.sequence.get() + 1) & 0xffff);
  s.must_reset = false;
  return packet;
}

}  // namespace rescue::screen

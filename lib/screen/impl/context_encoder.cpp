// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/context_encoder.hpp"

#include <fmt/format.h>

#include "screen/impl/packet.hpp"

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

base::Result<> ContextEncoder::reset(Size size) {
  must_reset_ = true;
  RESCUE_CHECK(shared_.reset(size));
  finder_.reset();
  left_.assign(shared_.canvas.grid().count(), 0);
  pending_ = false;
  begun_ = false;
  must_reset_ = false;
  return {};
}

/// Marks what differs from the canvas and returns how many tiles do.
std::size_t ContextEncoder::find_dirty(const FrameView& frame, const Damage* damage) {
  const TileGrid& grid = shared_.canvas.grid();
  const auto columns = static_cast<std::size_t>(grid.columns);
  dirty_.assign(grid.count(), damage == nullptr ? 1 : 0);
  if (damage != nullptr) {
    dirty_ = left_;
    for (const Rect& d : damage->rects()) {
      const Rect r = d.intersected(whole(frame.size));
      if (r.empty()) continue;
      for (std::int64_t row = r.y / kTileSide; row <= (r.bottom() - 1) / kTileSide; ++row)
        std::fill_n(dirty_.begin() + row * grid.columns + r.x / kTileSide,
                    (r.right() - 1) / kTileSide - r.x / kTileSide + 1, std::uint8_t{1});
    }
  }
  std::size_t count = 0;
  for (std::size_t t = 0; t < grid.count(); t += columns)
    count += keep_different(*shared_.kernels, frame, shared_.canvas.frame(), grid, t, dirty_);
  return count;
}

void ContextEncoder::begin_picture(const FrameView& frame, std::size_t dirty_tiles, bool keyframe) {
  if (begun_) shared_.end_picture();
  begun_ = true;
  shared_.plan.vectors.assign(1, {});
  if (keyframe || dirty_tiles < kMinTilesForMotion) return;
  const auto found =
      motion_.find(*shared_.kernels, shared_.canvas.frame(), frame, shared_.canvas.grid(), dirty_, kMostVectors - 1);
  shared_.plan.vectors.insert(shared_.plan.vectors.end(), found.begin(), found.end());
}

/// The finder learns what the cache is about to take, in the same order.
void ContextEncoder::remember_cached() {
  std::size_t slot = shared_.cache.next();
  for (std::size_t t = 0; t < keys_.size(); ++t) {
    if (!shared_.plan.tiles[t].enters_cache() || !shared_.canvas.grid().is_full(t)) continue;
    finder_.add(slot, keys_[t]);
    slot = (slot + 1) % TileCache::kSlots;
  }
}

base::Result<std::optional<Packet>> ContextEncoder::encode(const FrameView& frame, const EncodeRequest& request) {
  RESCUE_CHECK(check_frame(frame));
  const bool anew = request.keyframe || must_reset_ || shared_.canvas.frame().size() != frame.size;
  if (anew) RESCUE_CHECK(reset(frame.size));
  const bool continues = pending_ && request.damage != nullptr && request.damage->empty();
  const std::size_t dirty_tiles = find_dirty(frame, anew ? nullptr : request.damage);
  if (dirty_tiles == 0 && !anew) {
    pending_ = false;
    std::ranges::fill(left_, 0);
    return std::nullopt;
  }
  must_reset_ = true;  // until all went well: a half-made packet leaves the state ahead of the other side
  if (!continues) begin_picture(frame, dirty_tiles, anew);
  TileChooser chooser(shared_, finder_, frame);
  chooser.choose(dirty_, keys_);
  pending_ = chooser.leave_out(request.work, request.focus, left_);
  remember_cached();

  base::Bytes body;
  BitEncoder coder(body);
  if (const char* wrong = code_body(coder, shared_, continues, &frame))
    return base::fail(base::Errc::internal, fmt::format("encode a picture: {}", wrong));
  coder.finish();

  Packet packet;
  packet.info = {CodecId::context, kContextVersion, anew, !pending_, true, sequence_, frame.size};
  append_header(packet.bytes, packet.info, continues, shared_.canvas.check());
  base::append(packet.bytes, body);
  if (packet.bytes.size() > kMaxPacketBytes)
    return base::fail(base::Errc::too_large, fmt::format("screen packet of {} bytes", packet.bytes.size()));
  if (anew) {
    packet.changed.add(whole(frame.size));
  } else {
    add_painted(packet.changed, shared_);
  }
  sequence_ = PacketSequence((sequence_.get() + 1) & 0xffff);
  must_reset_ = false;
  return packet;
}

}  // namespace rescue::screen

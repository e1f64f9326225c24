// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/context_encoder.hpp"

#include <fmt/format.h>

#include "screen/impl/packet.hpp"

namespace rescue::screen {
namespace {
/// Below this a motion search costs more than the few tiles do: a line of typed text, a clock.
constexpr std::size_t kMinTilesForMotion = 4;
/// What did not change for this long is at rest.
constexpr base::Duration kRest = std::chrono::milliseconds(300);

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
  twin_.reset();
  video_.reset(size);
  version_ = kContextVersion;
  left_.assign(shared_.canvas.grid().count(), 0);
  changed_at_.assign(shared_.canvas.grid().count(), {});
  pending_ = false;
  begun_ = false;
  must_reset_ = false;
  return {};
}

/// Marks what is to be painted anew and returns how many tiles are.
std::size_t ContextEncoder::find_dirty(const FrameView& frame, const Damage* damage, Fidelity fidelity) {
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
  const FrameView shown = twin_.shown(shared_);
  for (std::size_t t = 0; t < grid.count(); t += columns)
    count += keep_different(*shared_.kernels, frame, shown, grid, t, dirty_);
  if (fidelity != Fidelity::exact || !twin_.active()) return count;
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (shared_.inexact[t] == 0 || dirty_[t] != 0) continue;
    dirty_[t] = 1;
    ++count;
  }
  return count;
}

/// Marks the tiles that may be made exact now; false: none.
bool ContextEncoder::find_rest(const EncodeRequest& request) {
  const std::size_t count = dirty_.size();
  at_rest_.assign(count, 0);
  bool any = false;
  for (std::size_t t = 0; t < count; ++t) {
    if (dirty_[t] != 0) {
      changed_at_[t] = request.time;
    } else if (request.refine && shared_.inexact[t] != 0 &&
               (request.time == base::Duration{} || request.time - changed_at_[t] >= kRest)) {
      at_rest_[t] = 1;
      any = true;
    }
  }
  return any;
}

void ContextEncoder::begin_picture(const FrameView& frame, std::size_t dirty_tiles, Fidelity fidelity, bool keyframe) {
  if (begun_) {
    twin_.end_picture(shared_);
    shared_.end_picture();
  }
  begun_ = true;
  shared_.plan.vectors.assign(1, {});
  searched_ = dirty_;
  dirty_tiles -= video_.take_out_claimed(searched_);
  if (keyframe || dirty_tiles < kMinTilesForMotion) return;
  const FrameView before = fidelity == Fidelity::exact ? shared_.canvas.frame().view() : twin_.shown(shared_);
  const auto found = motion_.find(*shared_.kernels, before, frame, shared_.canvas.grid(), searched_, kMostVectors - 1);
  shared_.plan.vectors.insert(shared_.plan.vectors.end(), found.begin(), found.end());
}

/// Fills the plan, and says what the packet tells of video.
void ContextEncoder::choose(const FrameView& frame, const EncodeRequest& request, bool continues) {
  TileChooser chooser(shared_, twin_, finder_, frame, request.fidelity);
  std::uint32_t work = request.work;
  section_.clear();
  if (continues) {
    chooser.choose(dirty_, {}, keys_);
  } else {
    chooser.choose(dirty_, video_.claimed(), keys_);
    if (video_.allowed() && std::ranges::find(dirty_, 1) != dirty_.end()) {
      chooser.decide_all();  // a film is found by its photos
      video_.assign(frame, twin_.shown(shared_), shared_.plan);
    }
    if (work != EncodeRequest::kWholePicture) work -= std::min(work, video_.work(shared_.plan));
    section_ = video_.encode(frame, shared_.plan);
  }
  shared_.video = &video_.pictures();
  const std::uint64_t done = chooser.leave_out(work, request.focus, left_);
  pending_ = std::ranges::find(left_, 1) != left_.end();
  chooser.refine(at_rest_, done, work, request.focus, keys_);
  if (std::ranges::none_of(shared_.plan.tiles, [](const TileChoice& t) {
        return t.is_photo(PhotoForm::lossy) || t.is_photo(PhotoForm::video);
      }))
    return;
  version_ = kPhotoVersion;
  shared_.quality = request.fidelity == Fidelity::coarse ? kCoarseQuality : kVisualQuality;
  twin_.begin(shared_);
}

/// What the coded tiles are to show, and by that which of them are exact.
FrameView ContextEncoder::make_target(const FrameView& frame, Fidelity fidelity) {
  if (!twin_.active() || fidelity == Fidelity::exact) return frame;
  if (target_.size() != frame.size) target_ = twin_.shown_frame();
  const TileGrid& grid = shared_.canvas.grid();
  for (std::size_t t = 0; t < grid.count(); ++t) {
    TileChoice& choice = shared_.plan.tiles[t];
    if (!choice.enters_cache()) continue;
    const Rect r = grid.rect(t);
    if (choice.mode == TileMode::exact) {
      const Vector* reference =
          choice.reference >= 0 ? &shared_.plan.vectors[static_cast<std::size_t>(choice.reference)] : nullptr;
      choice.inexact = twin_.substitute(shared_, frame, r, reference, target_);
    } else {
      for (std::int32_t y = r.y; y < r.bottom(); ++y) std::copy_n(frame.row(y) + r.x, r.width, target_.row(y) + r.x);
    }
  }
  return target_.view();
}

/// The finder and the twin learn what the cache is about to take, in the same order.
void ContextEncoder::remember_cached(const FrameView& frame) {
  const TileGrid& grid = shared_.canvas.grid();
  std::size_t slot = shared_.cache.next();
  for (std::size_t t = 0; t < keys_.size(); ++t) {
    if (!shared_.plan.tiles[t].enters_cache() || !grid.is_full(t)) continue;
    finder_.add(slot, keys_[t]);
    twin_.cache(slot, frame, grid.rect(t), shared_.plan.tiles[t].inexact);
    slot = (slot + 1) % TileCache::kSlots;
  }
}

base::Result<std::optional<Packet>> ContextEncoder::encode(const FrameView& frame, const EncodeRequest& request) {
  RESCUE_CHECK(check_frame(frame));
  const bool anew = request.keyframe || must_reset_ || shared_.canvas.frame().size() != frame.size;
  if (anew) RESCUE_CHECK(reset(frame.size));
  const bool continues = pending_ && request.damage != nullptr && request.damage->empty();
  const std::size_t dirty_tiles = find_dirty(frame, anew ? nullptr : request.damage, request.fidelity);
  video_.permit(request.fidelity == Fidelity::exact ? 0 : request.video_kbit, request.time);
  const bool rest = find_rest(request);
  // What was left out may be as it was again: then an empty packet says that the picture is complete.
  if (dirty_tiles == 0 && !anew && !rest && !pending_) return std::nullopt;
  must_reset_ = true;  // until all went well: a half-made packet leaves the state ahead of the other side
  if (!continues) {
    video_.claim(frame, twin_.shown(shared_), dirty_);
    begin_picture(frame, dirty_tiles, request.fidelity, anew);
  }
  choose(frame, request, continues);
  const FrameView target = make_target(frame, request.fidelity);
  remember_cached(frame);

  base::Bytes body;
  BitEncoder coder(body);
  if (const char* wrong = code_body(coder, shared_, {version_, continues}, &target))
    return base::fail(base::Errc::internal, fmt::format("encode a picture: {}", wrong));
  coder.finish();

  const TileGrid& grid = shared_.canvas.grid();
  for (std::size_t t = 0; twin_.active() && t < grid.count(); ++t) {
    if (shared_.plan.tiles[t].painted) twin_.painted(frame, grid.rect(t));
  }

  Packet packet;
  packet.info = {CodecId::context, version_, anew, !pending_, shared_.exact(), sequence_, frame.size};
  append_header(packet.bytes, packet.info, continues, shared_.canvas.check(), !section_.empty());
  base::append(packet.bytes, section_);
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

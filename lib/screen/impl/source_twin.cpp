// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/source_twin.hpp"

namespace rescue::screen {

void SourceTwin::reset() {
  active_ = false;
  cached_.clear();
}

void SourceTwin::begin(const SharedState& s) {
  if (active_) return;
  active_ = true;
  shown_ = s.canvas.frame();
  before_ = s.history.before();
  background_ = s.history.background();
  background_.keep_colours();
  cached_.clear();
  cached_.resize(TileCache::kSlots);
}

bool SourceTwin::unchanged(const FrameView& frame, const Kernels& kernels, const Rect& r) const {
  if (!active_) return false;
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    if (!kernels.equal(frame.row(y) + r.x, shown_.row(y) + r.x, static_cast<std::size_t>(r.width))) return false;
  }
  return true;
}

void SourceTwin::end_picture(const SharedState& s) {
  if (!active_) return;
  const std::uint32_t picture = s.history.picture();
  for (std::size_t t = 0; t < s.touched.size(); ++t) {
    if (s.touched[t] == SharedState::kUntouched) continue;
    const Rect r = s.canvas.grid().rect(t);
    for (std::int32_t y = r.y; y < r.bottom(); ++y) {
      Pixel* before = before_.at(r.x, y);
      if (s.touched[t] == SharedState::kPainted) {
        // The same choice as in History::take_over, which compares what the receiver shows.
        const Pixel* canvas = s.canvas.frame().row(y) + r.x;
        const Pixel* before_there = s.history.before().at(r.x, y);
        const Pixel* background_there = s.history.background().at(r.x, y);
        Pixel* background = background_.at(r.x, y);
        for (std::int32_t x = 0; x < r.width; ++x) {
          const bool taken = canvas[x] != before_there[x] && ((picture - (background_there[x] >> 24)) & 0xff) >=
                                                                 History::kLongStanding;
          background[x] = taken ? before[x] : background[x];
        }
      }
      std::copy_n(shown_.row(y) + r.x, r.width, before);
    }
  }
}

void SourceTwin::painted(const FrameView& frame, const Rect& r) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* from = frame.row(y) + r.x;
    std::transform(from, from + r.width, shown_.row(y) + r.x, [](Pixel p) { return p & kPixelMask; });
  }
}

void SourceTwin::cache(std::size_t slot, const FrameView& frame, const Rect& r, bool inexact) {
  if (!active_) return;
  auto& tile = cached_[slot];
  if (!inexact) {
    tile.reset();
    return;
  }
  if (!tile) tile = std::make_unique<Pixel[]>(kTilePixels);
  for (std::int32_t y = 0; y < kTileSide; ++y) std::copy_n(frame.row(r.y + y) + r.x, kTileSide, tile.get() + y * kTileSide);
}

bool SourceTwin::substitute(const SharedState& s, const FrameView& frame, const Rect& r, const Vector* reference,
                            Frame& target) const {
  bool differs = false;
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* source = frame.row(y) + r.x;
    Pixel* out = target.row(y) + r.x;
    const Pixel* ref_source = reference != nullptr ? before_.at(r.x + reference->dx, y + reference->dy) : nullptr;
    const Pixel* ref = reference != nullptr ? s.history.before().at(r.x + reference->dx, y + reference->dy) : nullptr;
    const Pixel* back_source = background_.at(r.x, y);
    const Pixel* back = s.history.background().at(r.x, y);
    for (std::int32_t x = 0; x < r.width; ++x) {
      const Pixel p = source[x] & kPixelMask;
      out[x] = p;
      if (ref != nullptr && ref_source[x] == p) {
        out[x] = ref[x];
      } else if (back_source[x] == p) {
        out[x] = back[x] & kPixelMask;
      }
      differs = differs || out[x] != p;
    }
  }
  return differs;
}

}  // namespace rescue::screen

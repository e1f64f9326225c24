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
  before_.reset(s.canvas.grid().size);
  background_.reset(s.canvas.grid().size);
  before_differs_.assign(s.canvas.grid().count(), 0);
  background_differs_.assign(s.canvas.grid().count(), 0);
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

/// The same choice as in History::take_over, which compares what the receiver shows.
void SourceTwin::follow_background(const SharedState& s, std::size_t t) {
  if (before_differs_[t] == 0 && background_differs_[t] == 0) return;
  const Rect r = s.canvas.grid().rect(t);
  const auto width = static_cast<std::size_t>(r.width);
  const Plane& from = before_differs_[t] != 0 ? before_ : s.history.before();
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* background = s.history.background().at(r.x, y);
    if (background_differs_[t] == 0) std::copy_n(background, width, background_.at(r.x, y));
    s.kernels->follow(s.canvas.frame().row(y) + r.x, s.history.before().at(r.x, y), background, from.at(r.x, y),
                      background_.at(r.x, y), width, s.history.picture());
  }
  background_differs_[t] = 1;
}

void SourceTwin::end_picture(const SharedState& s) {
  if (!active_) return;
  for (std::size_t t = 0; t < s.touched.size(); ++t) {
    if (s.touched[t] == SharedState::kUntouched) continue;
    if (s.touched[t] == SharedState::kPainted) follow_background(s, t);
    before_differs_[t] = s.inexact[t];
    if (s.inexact[t] == 0) continue;
    const Rect r = s.canvas.grid().rect(t);
    for (std::int32_t y = r.y; y < r.bottom(); ++y) std::copy_n(shown_.row(y) + r.x, r.width, before_.at(r.x, y));
  }
}

void SourceTwin::painted(const FrameView& frame, const Rect& r) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    std::copy_n(frame.row(y) + r.x, r.width, shown_.row(y) + r.x);
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
  for (std::int32_t y = 0; y < kTileSide; ++y)
    std::copy_n(frame.row(r.y + y) + r.x, kTileSide, tile.get() + y * kTileSide);
}

namespace {
bool is_flat(const Pixel* p, const Pixel* up) {
  return ((p[0] ^ p[-1]) & kPixelMask) == 0 && ((p[0] ^ up[0]) & kPixelMask) == 0;
}

/// Most of the tile is areas of one colour.
bool is_plain(const FrameView& frame, const Rect& r) {
  int flat = 0;
  for (std::int32_t y = r.y + 1; y < r.bottom(); ++y) {
    for (std::int32_t x = r.x + 1; x < r.x + r.width; ++x)
      flat += is_flat(frame.row(y) + x, frame.row(y - 1) + x) ? 1 : 0;
  }
  return flat * 2 > r.width * r.height;
}
}  // namespace

bool SourceTwin::substitute(const SharedState& s, const FrameView& frame, const Rect& r, const Vector* reference,
                            Frame& target) const {
  bool differs = false;
  const bool plain = is_plain(frame, r);
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* source = frame.row(y) + r.x;
    const Pixel* up = y > 0 ? frame.row(y - 1) + r.x : nullptr;
    Pixel* out = target.row(y) + r.x;
    std::transform(source, source + r.width, out, [](Pixel p) { return p & kPixelMask; });
    const auto put = [&](const Pixel* made_from, const Pixel* shown, std::int32_t count, std::int32_t at) {
      for (std::int32_t x = at; x < at + count; ++x) {
        if (((source[x] ^ made_from[x - at]) & kPixelMask) != 0) continue;
        // An area of one colour stays one: it is a window as likely as a part of the photo that it equals by chance.
        const bool flat = plain && up != nullptr && r.x + x > 0 && is_flat(source + x, up + x);
        out[x] = (flat ? source[x] : shown[x]) & kPixelMask;
      }
      return true;
    };
    const Pixel* background = s.history.background().at(r.x, y);
    each_background(s, r.x, y, r.width,
                    [&](const Pixel* p, std::int32_t count, std::int32_t at) { return put(p, background, count, at); });
    if (reference != nullptr) {
      const Pixel* before = s.history.before().at(r.x + reference->dx, y + reference->dy);
      each_before(s, r.x + reference->dx, y + reference->dy, r.width,
                  [&](const Pixel* p, std::int32_t count, std::int32_t at) { return put(p, before, count, at); });
    }
    for (std::int32_t x = 0; x < r.width; ++x) differs = differs || ((out[x] ^ source[x]) & kPixelMask) != 0;
  }
  return differs;
}

}  // namespace rescue::screen

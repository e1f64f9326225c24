// SPDX-License-Identifier: Apache-2.0
// An encoder's memory of what inexact pixels were made from. Moves, cached tiles and the background are looked for in
// it: what was equal in the source is shown as the receiver has it, inexact as that may be.
#pragma once

#include <memory>
#include <vector>

#include "screen/impl/packet_body.hpp"

namespace rescue::screen {

/// Not active: the source is what the receiver shows, everywhere.
class SourceTwin {
 public:
  [[nodiscard]] bool active() const { return active_; }
  void reset();
  /// From here on source and picture may differ. Once active it does nothing.
  void begin(const SharedState& s);

  /// Once active: as shown().
  [[nodiscard]] const Frame& shown_frame() const { return shown_; }
  /// What the canvas was made from.
  [[nodiscard]] FrameView shown(const SharedState& s) const {
    return active_ ? shown_.view() : s.canvas.frame().view();
  }
  /// Calls f(pixels, count, offset) for the parts of a row of `count` pixels from (x, y) on, in the source of the
  /// picture before or of the background, until it returns false; whether it never did.
  template <typename F>
  bool each_before(const SharedState& s, std::int32_t x, std::int32_t y, std::int32_t count, F f) const {
    return each_part(s, before_differs_, s.history.before(), before_, x, y, count, f);
  }
  template <typename F>
  bool each_background(const SharedState& s, std::int32_t x, std::int32_t y, std::int32_t count, F f) const {
    return each_part(s, background_differs_, s.history.background(), background_, x, y, count, f);
  }
  /// kTilePixels pixels, or nullptr: those of the cache itself.
  [[nodiscard]] const Pixel* cached(std::uint16_t slot) const { return active_ ? cached_[slot].get() : nullptr; }
  /// The tile was made from what the frame shows there.
  [[nodiscard]] bool unchanged(const FrameView& frame, const Kernels& kernels, const Rect& r) const;

  /// Just before SharedState::end_picture.
  void end_picture(const SharedState& s);
  /// `r` was painted from this frame.
  void painted(const FrameView& frame, const Rect& r);
  /// The cache is about to take this tile.
  void cache(std::size_t slot, const FrameView& frame, const Rect& r, bool inexact);

  /// The pixels that a tile of mode exact is to show: those of the frame, but where the picture before or the
  /// background had the same source, what the receiver has of it. True when any differs from the frame.
  bool substitute(const SharedState& s, const FrameView& frame, const Rect& r, const Vector* reference,
                  Frame& target) const;

 private:
  template <typename F>
  bool each_part(const SharedState& s, const std::vector<std::uint8_t>& differs, const Plane& decoded,
                 const Plane& source, std::int32_t x, std::int32_t y, std::int32_t count, F f) const {
    if (!active_) return f(decoded.at(x, y), count, 0);
    const auto row = static_cast<std::size_t>(y / kTileSide) * static_cast<std::size_t>(s.canvas.grid().columns);
    for (std::int32_t at = 0; at < count;) {
      const std::int32_t column = (x + at) / kTileSide;
      const std::int32_t part = std::min(count - at, (column + 1) * kTileSide - (x + at));
      const Plane& from = differs[row + static_cast<std::size_t>(column)] != 0 ? source : decoded;
      if (!f(from.at(x + at, y), part, at)) return false;
      at += part;
    }
    return true;
  }
  void follow_background(const SharedState& s, std::size_t tile);

  bool active_ = false;
  // X is as the frames had it.
  Frame shown_;
  // Only in tiles that differ from what the receiver has; elsewhere nothing is kept.
  Plane before_;
  Plane background_;
  std::vector<std::uint8_t> before_differs_;
  std::vector<std::uint8_t> background_differs_;
  std::vector<std::unique_ptr<Pixel[]>> cached_;
};

}  // namespace rescue::screen

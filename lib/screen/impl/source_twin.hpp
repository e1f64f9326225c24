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
  [[nodiscard]] const Plane& before(const SharedState& s) const { return active_ ? before_ : s.history.before(); }
  [[nodiscard]] const Plane& background(const SharedState& s) const {
    return active_ ? background_ : s.history.background();
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
  bool active_ = false;
  Frame shown_;
  Plane before_;
  Plane background_;  // colours alone
  std::vector<std::unique_ptr<Pixel[]>> cached_;
};

}  // namespace rescue::screen

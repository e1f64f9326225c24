// SPDX-License-Identifier: Apache-2.0
// An encoder's eye for photos: what a tile looks like, and what may be shown inexactly.
#pragma once

#include "screen/impl/canvas.hpp"

namespace rescue::screen {

struct TileTexture {
  int pixels = 0;
  int colours = 0;  // by hash: at most 256
  int most = 0;     // pixels of the most frequent one
  int alike = 0;    // equal to the left or the upper neighbour, of those that have both
  int steps = 0;    // pairs of neighbours far apart in a channel
};
[[nodiscard]] TileTexture look_at(const FrameView& frame, const Rect& r);

/// Many colours, and few pixels that equal a neighbour. Sub-pixel rendered text reaches about 60 colours, but has large
/// areas of one. Full tiles only.
[[nodiscard]] bool is_photo(const TileTexture& t);
/// The like of a photo or a smooth gradient in which a small error is not seen, and no text or line art.
[[nodiscard]] bool may_be_lossy(const TileTexture& t);

}  // namespace rescue::screen

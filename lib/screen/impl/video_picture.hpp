// SPDX-License-Identifier: Apache-2.0
// What the tiles of a packet that show video take their pixels from.
#pragma once

#include <array>
#include <optional>

#include "screen/impl/video_colour.hpp"
#include "screen/impl/video_section.hpp"

namespace rescue::screen {

/// A region with a picture.
struct VideoPicture {
  Rect place;
  VideoPlanes planes;
};
using VideoPictures = std::array<std::optional<VideoPicture>, kMaxVideoRegions>;

[[nodiscard]] inline bool shows_video(const VideoPictures& pictures, const Rect& tile) {
  for (const auto& p : pictures) {
    if (p && !p->place.intersected(tile).empty()) return true;
  }
  return false;
}

/// Paints the parts of the tile that lie in regions; the others stay.
inline void paint_video(const VideoPictures& pictures, const Rect& tile, Frame& canvas) {
  for (const auto& p : pictures) {
    if (!p) continue;
    const Rect part = p->place.intersected(tile);
    if (part.empty()) continue;
    to_pixels(p->planes, {part.x - p->place.x, part.y - p->place.y, part.width, part.height},
              canvas.row(part.y) + part.x, canvas.stride());
  }
}

}  // namespace rescue::screen

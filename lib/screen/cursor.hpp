// SPDX-License-Identifier: Apache-2.0
// The mouse cursor, a layer of its own: never part of a frame, so that moving it costs no pixels.
#pragma once

#include <cstdint>
#include <vector>

#include "screen/frame.hpp"

namespace rescue::screen {

/// Side limit of a cursor picture in pixels; X servers and Windows stay below 256 even at high scales.
inline constexpr std::int32_t kMaxCursorSide = 256;

/// Premultiplied 0xAARRGGBB, rows without padding.
struct CursorImage {
  Size size;
  Point hotspot;  // the pixel that points, inside the picture
  std::vector<std::uint32_t> argb;
  bool operator==(const CursorImage&) const = default;
};

/// ok when sides are 0x0 (no picture) or within kMaxCursorSide and `argb` has exactly width x height entries.
[[nodiscard]] base::Result<> check(const CursorImage& image);

struct CursorState {
  Point position;  // of the hotspot, in frame pixels; may lie outside
  bool visible = true;
  bool operator==(const CursorState&) const = default;
};

}  // namespace rescue::screen

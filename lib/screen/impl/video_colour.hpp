// SPDX-License-Identifier: Apache-2.0
// Colours of video pictures: from pixels to luma and chroma of half the size (4:2:0) and back, full range, by the
// factors of ITU-R BT.601. The way back is part of the format (scodec(7), VIDEO): integers only, the same everywhere.
#pragma once

#include "screen/frame.hpp"

namespace rescue::screen {

/// A picture in three planes. Chroma planes have (width + 1) / 2 columns and (height + 1) / 2 rows. Valid as long as
/// whoever owns it says.
struct VideoPlanes {
  const std::uint8_t* y = nullptr;
  const std::uint8_t* u = nullptr;
  const std::uint8_t* v = nullptr;
  std::ptrdiff_t y_stride = 0;
  std::ptrdiff_t uv_stride = 0;
};
struct MutableVideoPlanes {
  std::uint8_t* y = nullptr;
  std::uint8_t* u = nullptr;
  std::uint8_t* v = nullptr;
  std::ptrdiff_t y_stride = 0;
  std::ptrdiff_t uv_stride = 0;
};

/// The part `r` of a frame; inside of it. A chroma sample is the mean of its two by two pixels; at an odd edge the last
/// column and row count twice.
void to_planes(const FrameView& frame, Rect r, const MutableVideoPlanes& out);
/// The part `r` of a picture to `out`, rows `stride` pixels apart. Each chroma sample serves its two by two pixels.
void to_pixels(const VideoPlanes& planes, Rect r, Pixel* out, std::ptrdiff_t stride);

}  // namespace rescue::screen

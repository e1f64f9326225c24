// SPDX-License-Identifier: Apache-2.0
// Pixels to the planes that encoders take, part by part: a desktop changes in few places.
#pragma once

#include <array>

#include "screen/frame.hpp"

namespace rescue::media {

/// How colours stand in planes.
enum class Matrix : std::uint8_t {
  bt709,       // ITU-R BT.709, Y 16..235
  bt601,       // ITU-R BT.601, Y 16..235
  bt601_full,  // as in JPEG, Y 0..255
};

struct Planes {
  std::array<std::uint8_t*, 3> data{};  // Y, Cb, Cr
  std::array<int, 3> stride{};          // bytes
};

/// Converts `part` of `from`, grown to even borders, into planes of its size with chroma halved both ways (the mean of
/// 2x2 pixels, so sited in their centre). `from` has even sides; what of `part` lies outside is cut.
void to_yuv420(const screen::FrameView& from, screen::Rect part, Matrix matrix, const Planes& to);

}  // namespace rescue::media

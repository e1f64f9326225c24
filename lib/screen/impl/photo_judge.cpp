// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/photo_judge.hpp"

#include <bit>
#include <cstdlib>

namespace rescue::screen {

TileTexture look_at(const FrameView& frame, const Rect& r) {
  constexpr int kFar = 64;
  TileTexture out;
  out.pixels = r.width * r.height;
  std::array<std::uint16_t, 256> count{};
  const auto far = [](Pixel a, Pixel b) {
    int most = 0;
    for (int shift = 0; shift < 24; shift += 8)
      most = std::max(most, std::abs(static_cast<int>((a >> shift) & 255) - static_cast<int>((b >> shift) & 255)));
    return most >= kFar ? 1 : 0;
  };
  for (std::int32_t y = 0; y < r.height; ++y) {
    const Pixel* p = frame.row(r.y + y) + r.x;
    const Pixel* up = y > 0 ? frame.row(r.y + y - 1) + r.x : nullptr;
    for (std::int32_t x = 0; x < r.width; ++x) {
      const Pixel v = p[x] & kPixelMask;
      ++count[(v * 0x9e3779b1u) >> 24];
      if (x == 0 || y == 0) continue;
      const Pixel left = p[x - 1] & kPixelMask;
      const Pixel above = up[x] & kPixelMask;
      if (v == left || v == above) ++out.alike;
      out.steps += far(v, left) + far(v, above);
    }
  }
  for (const std::uint16_t n : count) {
    out.colours += n != 0 ? 1 : 0;
    out.most = std::max<int>(out.most, n);
  }
  return out;
}

bool is_photo(const TileTexture& t) {
  constexpr int kVeryMany = 96;
  constexpr int kMany = 24;
  constexpr int kFewAlike = 120;  // of 225
  return t.colours > kVeryMany || (t.colours > kMany && t.alike < kFewAlike);
}

bool may_be_lossy(const TileTexture& t) {
  const int scale = t.pixels;  // limits are those of 256 pixels
  // One colour in many places beside steps: letters, lines.
  if (t.steps * 256 >= 8 * scale && t.most * 256 >= 24 * scale) return false;
  if (t.colours * 256 > 96 * scale) return true;
  if (t.colours * 256 > 24 * scale && t.alike * 256 < 80 * scale) return true;
  return t.colours * 256 > 16 * scale && t.alike * 256 < 215 * scale && t.steps == 0;
}

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
#include "screen/compose.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rescue::screen {
namespace {
/// Premultiplied `over`: rounds to nearest, and a source that is not quite premultiplied saturates instead of wrapping.
Pixel blend(Pixel under, std::uint32_t over) {
  const std::uint32_t rest = 255 - (over >> 24);
  Pixel out = 0;
  for (int shift = 0; shift < 24; shift += 8) {
    const std::uint32_t v = ((over >> shift) & 0xff) + (((under >> shift) & 0xff) * rest + 127) / 255;
    out |= std::min<std::uint32_t>(v, 255) << shift;
  }
  return out;
}
}  // namespace

base::Result<> check(const CursorImage& image) {
  const Size s = image.size;
  if (s.width < 0 || s.height < 0 || s.width > kMaxCursorSide || s.height > kMaxCursorSide)
    return base::fail(base::Errc::too_large, fmt::format("cursor of {}x{} pixels", s.width, s.height));
  if (image.argb.size() != static_cast<std::size_t>(s.pixels()))
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("cursor of {}x{} with {} pixels", s.width, s.height, image.argb.size()));
  return {};
}

Rect draw_cursor(Frame& frame, const CursorImage& image, const CursorState& state) {
  if (!state.visible || !check(image)) return {};
  const std::int64_t left = std::int64_t{state.position.x} - image.hotspot.x;
  const std::int64_t top = std::int64_t{state.position.y} - image.hotspot.y;
  if (left < -kMaxCursorSide || top < -kMaxCursorSide || left > kMaxSide || top > kMaxSide) return {};
  const Rect at{static_cast<std::int32_t>(left), static_cast<std::int32_t>(top), image.size.width, image.size.height};
  const Rect part = at.intersected(whole(frame.size()));
  for (std::int32_t y = part.y; y < part.bottom(); ++y) {
    const std::uint32_t* from = image.argb.data() + std::ptrdiff_t{y - at.y} * image.size.width + (part.x - at.x);
    Pixel* to = frame.row(y) + part.x;
    for (std::int32_t x = 0; x < part.width; ++x) to[x] = blend(to[x], from[x]);
  }
  return part;
}

void blit(Frame& to, Point at, const FrameView& from) {
  const Rect part = Rect{at.x, at.y, from.size.width, from.size.height}.intersected(whole(to.size()));
  for (std::int32_t y = part.y; y < part.bottom(); ++y) {
    const Pixel* source = from.row(y - at.y) + (part.x - at.x);
    std::transform(source, source + part.width, to.row(y) + part.x, [](Pixel p) { return p & kPixelMask; });
  }
}

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/video_colour.hpp"

#include <algorithm>

namespace rescue::screen {
namespace {
constexpr int kShift = 16;  // factors are in 1/65536
constexpr std::int32_t kHalf = 1 << (kShift - 1);

std::int32_t red(Pixel p) { return static_cast<std::int32_t>(p >> 16 & 0xff); }
std::int32_t green(Pixel p) { return static_cast<std::int32_t>(p >> 8 & 0xff); }
std::int32_t blue(Pixel p) { return static_cast<std::int32_t>(p & 0xff); }

void luma_row(const Pixel* p, std::int32_t width, std::uint8_t* out) {
  for (std::int32_t x = 0; x < width; ++x)
    out[x] = static_cast<std::uint8_t>((19595 * red(p[x]) + 38470 * green(p[x]) + 7471 * blue(p[x]) + kHalf) >> kShift);
}

/// Of two rows of pixels. The factors of each sum add up to 0, so grey has no colour; four pixels add two bits.
void chroma_row(const Pixel* upper, const Pixel* lower, std::int32_t width, std::uint8_t* u, std::uint8_t* v) {
  for (std::int32_t x = 0; x < width; x += 2) {
    const std::int32_t next = std::min(x + 1, width - 1);
    const std::int32_t r = red(upper[x]) + red(upper[next]) + red(lower[x]) + red(lower[next]);
    const std::int32_t g = green(upper[x]) + green(upper[next]) + green(lower[x]) + green(lower[next]);
    const std::int32_t b = blue(upper[x]) + blue(upper[next]) + blue(lower[x]) + blue(lower[next]);
    const std::int32_t to_blue = (-11059 * r - 21709 * g + 32768 * b + 4 * kHalf) >> (kShift + 2);
    const std::int32_t to_red = (32768 * r - 27439 * g - 5329 * b + 4 * kHalf) >> (kShift + 2);
    u[x / 2] = static_cast<std::uint8_t>(std::clamp(to_blue + 128, 0, 255));
    v[x / 2] = static_cast<std::uint8_t>(std::clamp(to_red + 128, 0, 255));
  }
}

std::uint32_t to_byte(std::int32_t value) { return static_cast<std::uint32_t>(std::clamp(value, 0, 255)); }

/// What chroma adds to luma.
struct Shift {
  std::int32_t red;
  std::int32_t green;
  std::int32_t blue;
};
Shift shift_of(std::int32_t u, std::int32_t v) {
  return {(91881 * v + kHalf) >> kShift, -((22554 * u + 46802 * v + kHalf) >> kShift), (116130 * u + kHalf) >> kShift};
}
Pixel shifted(std::int32_t luma, const Shift& s) {
  return to_byte(luma + s.red) << 16 | to_byte(luma + s.green) << 8 | to_byte(luma + s.blue);
}
}  // namespace

void to_planes(const FrameView& frame, Rect r, const MutableVideoPlanes& out) {
  for (std::int32_t y = 0; y < r.height; ++y) luma_row(frame.row(r.y + y) + r.x, r.width, out.y + y * out.y_stride);
  for (std::int32_t y = 0; y < r.height; y += 2)
    chroma_row(frame.row(r.y + y) + r.x, frame.row(r.y + std::min(y + 1, r.height - 1)) + r.x, r.width,
               out.u + y / 2 * out.uv_stride, out.v + y / 2 * out.uv_stride);
}

void to_pixels(const VideoPlanes& planes, Rect r, Pixel* out, std::ptrdiff_t stride) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y, out += stride) {
    const std::uint8_t* luma = planes.y + y * planes.y_stride;
    const std::uint8_t* blues = planes.u + y / 2 * planes.uv_stride;
    const std::uint8_t* reds = planes.v + y / 2 * planes.uv_stride;
    for (std::int32_t x = r.x; x < r.right();) {
      const Shift shift = shift_of(blues[x / 2] - 128, reds[x / 2] - 128);
      const std::int32_t end = std::min(x / 2 * 2 + 2, static_cast<std::int32_t>(r.right()));
      for (; x < end; ++x) out[x - r.x] = shifted(luma[x], shift);
    }
  }
}

}  // namespace rescue::screen

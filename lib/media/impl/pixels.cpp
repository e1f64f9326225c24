// SPDX-License-Identifier: Apache-2.0
#include "media/impl/pixels.hpp"

#include <algorithm>

namespace rescue::media {
namespace {
// Weights in 1/65536. Y = 16 + (66 R + 129 G + 25 B) / 256 and its like, with more digits; each row of Y sums to its
// range, each row of Cb and Cr to zero, so that grey stays grey.
struct Weights {
  std::int32_t y_r, y_g, y_b, y_low;
  std::int32_t cb_r, cb_g, cb_b;
  std::int32_t cr_r, cr_g, cr_b;
};
constexpr Weights kBt709{11966, 40254, 4064, 16, -6596, -22188, 28784, 28784, -26145, -2639};
constexpr Weights kBt601{16829, 33039, 6416, 16, -9714, -19070, 28784, 28784, -24103, -4681};
constexpr Weights kBt601Full{19595, 38470, 7471, 0, -11058, -21710, 32768, 32768, -27439, -5329};
constexpr std::int32_t kHalf = 1 << 15;

constexpr const Weights& weights_of(Matrix m) {
  return m == Matrix::bt709 ? kBt709 : m == Matrix::bt601 ? kBt601 : kBt601Full;
}

// Loops of a fixed length over plain arrays: the compiler then uses wide registers.
constexpr std::size_t kBlock = 16;

struct Channels {
  std::array<std::int32_t, kBlock> r, g, b;
};

void split(const screen::Pixel* from, Channels& c) {
  for (std::size_t x = 0; x < kBlock; ++x) {
    c.r[x] = static_cast<std::int32_t>(from[x] >> 16 & 255);
    c.g[x] = static_cast<std::int32_t>(from[x] >> 8 & 255);
    c.b[x] = static_cast<std::int32_t>(from[x] & 255);
  }
}

void luma(const Weights& w, const Channels& c, std::uint8_t* to) {
  for (std::size_t x = 0; x < kBlock; ++x)
    to[x] = static_cast<std::uint8_t>(w.y_low + ((w.y_r * c.r[x] + w.y_g * c.g[x] + w.y_b * c.b[x] + kHalf) >> 16));
}

/// Two rows of kBlock pixels to kBlock / 2 chroma values each.
void chroma(const Weights& w, const Channels& above, const Channels& below, std::uint8_t* cb, std::uint8_t* cr) {
  std::array<std::int32_t, kBlock> r, g, b;
  for (std::size_t x = 0; x < kBlock; ++x) {
    r[x] = above.r[x] + below.r[x];
    g[x] = above.g[x] + below.g[x];
    b[x] = above.b[x] + below.b[x];
  }
  constexpr std::int32_t kFour = 1 << 17;  // a half of four pixels' sum
  for (std::size_t x = 0; x < kBlock / 2; ++x) {
    const std::int32_t rr = r[2 * x] + r[2 * x + 1];
    const std::int32_t gg = g[2 * x] + g[2 * x + 1];
    const std::int32_t bb = b[2 * x] + b[2 * x + 1];
    // Full range reaches 128 + 127.5.
    cb[x] = static_cast<std::uint8_t>(std::min(255, 128 + ((w.cb_r * rr + w.cb_g * gg + w.cb_b * bb + kFour) >> 18)));
    cr[x] = static_cast<std::uint8_t>(std::min(255, 128 + ((w.cr_r * rr + w.cr_g * gg + w.cr_b * bb + kFour) >> 18)));
  }
}

/// Two rows of at most kBlock pixels, padded by copies.
void block(const Weights& w, const screen::Pixel* above, const screen::Pixel* below, std::array<std::uint8_t*, 4> to,
           std::size_t width) {
  Channels upper, lower;
  if (width == kBlock) {
    split(above, upper);
    split(below, lower);
    luma(w, upper, to[0]);
    luma(w, lower, to[1]);
    chroma(w, upper, lower, to[2], to[3]);
    return;
  }
  std::array<screen::Pixel, kBlock> a{}, b{};
  std::copy_n(above, width, a.begin());
  std::copy_n(below, width, b.begin());
  split(a.data(), upper);
  split(b.data(), lower);
  std::array<std::array<std::uint8_t, kBlock>, 4> out;
  luma(w, upper, out[0].data());
  luma(w, lower, out[1].data());
  chroma(w, upper, lower, out[2].data(), out[3].data());
  std::copy_n(out[0].begin(), width, to[0]);
  std::copy_n(out[1].begin(), width, to[1]);
  std::copy_n(out[2].begin(), width / 2, to[2]);
  std::copy_n(out[3].begin(), width / 2, to[3]);
}
}  // namespace

void to_yuv420(const screen::FrameView& from, screen::Rect part, Matrix matrix, const Planes& to) {
  part = part.intersected(screen::whole(from.size));
  if (part.empty()) return;
  const std::int32_t left = part.x / 2 * 2;
  const std::int32_t right = (part.x + part.width + 1) / 2 * 2;
  const Weights& w = weights_of(matrix);
  for (std::int32_t y = part.y / 2 * 2; y < part.y + part.height; y += 2) {
    const auto plane = [&](std::size_t k, std::int32_t row) { return to.data[k] + std::ptrdiff_t{row} * to.stride[k]; };
    for (std::int32_t x = left; x < right; x += std::int32_t{kBlock})
      block(w, from.row(y) + x, from.row(y + 1) + x,
            {plane(0, y) + x, plane(0, y + 1) + x, plane(1, y / 2) + x / 2, plane(2, y / 2) + x / 2},
            std::min(kBlock, static_cast<std::size_t>(right - x)));
  }
}

}  // namespace rescue::media

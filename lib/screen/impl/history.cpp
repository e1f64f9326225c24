// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/history.hpp"

namespace rescue::screen {

void Plane::reset(Size size) {
  stride_ = size.width + 2 * kSideBorder;
  // One row more below: the last pixel's right neighbour of the last row stays inside.
  pixels_.assign(static_cast<std::size_t>(stride_) * static_cast<std::size_t>(size.height + kTopBorder + 1), 0);
}

void History::reset(Size size) {
  before_.reset(size);
  background_.reset(size);
  picture_ = 0;
}

void History::take_over(const Frame& canvas, Rect r) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* now = canvas.row(y) + r.x;
    Pixel* before = before_.at(r.x, y);
    Pixel* background = background_.at(r.x, y);
    for (std::int32_t x = 0; x < r.width; ++x) {  // without branches: the compiler makes it wide
      const std::uint32_t age = (picture_ - (background[x] >> 24)) & 0xff;
      const Pixel colour = age >= kLongStanding ? before[x] : background[x] & kPixelMask;
      background[x] = now[x] != before[x] ? colour | picture_ << 24 : background[x];
      before[x] = now[x];
    }
  }
}

}  // namespace rescue::screen

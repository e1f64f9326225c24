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

void History::take_over(const Kernels& kernels, const Frame& canvas, Rect r) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y)
    kernels.take_over(canvas.row(y) + r.x, before_.at(r.x, y), background_.at(r.x, y),
                      static_cast<std::size_t>(r.width), picture_);
}

}  // namespace rescue::screen

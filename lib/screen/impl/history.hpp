// SPDX-License-Identifier: Apache-2.0
// What both sides remember of earlier pictures: the picture before the one in work, and for each pixel the colour that
// stood long before it was covered, which comes back when a window moves away.
#pragma once

#include <algorithm>
#include <vector>

#include "screen/frame.hpp"
#include "screen/impl/kernels.hpp"

namespace rescue::screen {

/// A picture with a border of black pixels, so that neighbours of pixels inside can be read without a question.
class Plane {
 public:
  static constexpr std::int32_t kSideBorder = 8;
  static constexpr std::int32_t kTopBorder = 2;
  void reset(Size size);
  [[nodiscard]] std::int32_t stride() const { return stride_; }
  /// Columns -kSideBorder to width + kSideBorder - 1, rows -kTopBorder to height - 1.
  [[nodiscard]] Pixel* at(std::int32_t x, std::int32_t y) { return pixels_.data() + index(x, y); }
  [[nodiscard]] const Pixel* at(std::int32_t x, std::int32_t y) const { return pixels_.data() + index(x, y); }

 private:
  [[nodiscard]] std::size_t index(std::int32_t x, std::int32_t y) const {
    return static_cast<std::size_t>(y + kTopBorder) * static_cast<std::size_t>(stride_) +
           static_cast<std::size_t>(x + kSideBorder);
  }
  std::int32_t stride_ = 0;
  std::vector<Pixel> pixels_;
};

class History {
 public:
  /// A pixel counts as background when it stood through this many pictures.
  static constexpr std::uint32_t kLongStanding = 10;

  void reset(Size size);
  /// The picture before the one in work.
  [[nodiscard]] const Plane& before() const { return before_; }
  /// Colours in the lower 24 bits; above them something of this class alone.
  [[nodiscard]] const Plane& background() const { return background_; }
  /// The work on a picture is done: takes `r` of it over. Once per picture and place.
  void take_over(const Kernels& kernels, const Frame& canvas, Rect r);
  /// The same place became more exact: it is the old colour still.
  void settle(const Frame& canvas, Rect r) {
    for (std::int32_t y = r.y; y < r.bottom(); ++y) std::copy_n(canvas.row(y) + r.x, r.width, before_.at(r.x, y));
  }
  /// Of the picture in work, modulo 256.
  [[nodiscard]] std::uint32_t picture() const { return picture_; }
  void next_picture() { picture_ = (picture_ + 1) & 0xff; }

 private:
  Plane before_;
  Plane background_;  // colour | number of the picture that painted the place last, modulo 256, << 24
  std::uint32_t picture_ = 0;
};

}  // namespace rescue::screen

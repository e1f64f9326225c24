// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/tiles_pixels.hpp"

#include <algorithm>

namespace rescue::screen {
namespace {

Pixel from_planes(std::uint8_t g, std::uint8_t b_minus_g, std::uint8_t r_minus_g) {
  return Pixel{static_cast<std::uint8_t>(b_minus_g + g)} | Pixel{g} << 8 |
         Pixel{static_cast<std::uint8_t>(r_minus_g + g)} << 16;
}

/// LOCO-I: the median of left, above and left + above - corner.
std::uint8_t predict(int left, int above, int corner) {
  const int low = std::min(left, above);
  const int high = std::max(left, above);
  if (corner >= high) return static_cast<std::uint8_t>(low);
  if (corner <= low) return static_cast<std::uint8_t>(high);
  return static_cast<std::uint8_t>(left + above - corner);
}

/// A plane of the run, row by row; outside counts as 0.
struct Plane {
  std::vector<std::uint8_t> values;
  std::size_t width;
  [[nodiscard]] std::uint8_t predicted(std::size_t x, std::size_t y) const {
    const std::size_t at = y * width + x;
    const int left = x > 0 ? values[at - 1] : 0;
    const int above = y > 0 ? values[at - width] : 0;
    const int corner = x > 0 && y > 0 ? values[at - width - 1] : 0;
    return predict(left, above, corner);
  }
};
}  // namespace

bool read_table_run(base::ByteReader& in, Rect r, ColourTable& table, Frame& frame) {
  const auto width = static_cast<std::size_t>(r.width);
  const auto height = static_cast<std::size_t>(r.height);
  const auto indexes = in.take(width * height);
  if (!indexes) return false;
  const auto escapes = static_cast<std::size_t>(std::count(indexes->begin(), indexes->end(), ColourTable::kEscape));
  const auto colours = in.take(escapes * 3);
  if (!colours) return false;
  const std::uint8_t* index = indexes->data();
  const std::uint8_t* colour = colours->data();
  for (std::int32_t y = 0; y < r.height; ++y) {
    Pixel* row = frame.row(r.y + y) + r.x;
    for (std::size_t x = 0; x < width; ++x, ++index) {
      if (*index == ColourTable::kEscape) {
        row[x] = Pixel{colour[0]} | Pixel{colour[1]} << 8 | Pixel{colour[2]} << 16;
        table.insert(row[x]);
        colour += 3;
      } else {
        row[x] = table.use(*index);
      }
    }
  }
  return true;
}

bool read_photo_run(base::ByteReader& in, Rect r, Frame& frame) {
  const auto width = static_cast<std::size_t>(r.width);
  const auto height = static_cast<std::size_t>(r.height);
  std::array<Plane, 3> planes;
  for (Plane& p : planes) {
    const auto residuals = in.take(width * height);
    if (!residuals) return false;
    p = {std::vector<std::uint8_t>(width * height), width};
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const std::size_t at = y * width + x;
        p.values[at] = static_cast<std::uint8_t>((*residuals)[at] + p.predicted(x, y));
      }
    }
  }
  for (std::size_t y = 0; y < height; ++y) {
    Pixel* row = frame.row(r.y + static_cast<std::int32_t>(y)) + r.x;
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t at = y * width + x;
      row[x] = from_planes(planes[0].values[at], planes[1].values[at], planes[2].values[at]);
    }
  }
  return true;
}

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/pixel_coder.hpp"

#include <algorithm>

namespace rescue::screen {
namespace {

std::uint8_t channel(Pixel p, int shift) { return static_cast<std::uint8_t>(p >> shift); }

/// The three planes of a pixel: G, B-G, R-G. Grey is (v, 0, 0).
std::array<std::uint8_t, 3> to_planes(Pixel p) {
  const std::uint8_t g = channel(p, 8);
  return {g, static_cast<std::uint8_t>(channel(p, 0) - g), static_cast<std::uint8_t>(channel(p, 16) - g)};
}
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

void write_table_run(const FrameView& frame, Rect r, ColourTable& table, base::Bytes& out) {
  std::vector<Pixel> escaped;
  const std::size_t start = out.size();
  out.resize(start + static_cast<std::size_t>(r.width) * static_cast<std::size_t>(r.height));
  std::uint8_t* to = out.data() + start;
  Pixel last = kPixelMask + 1;  // no colour
  std::uint8_t last_slot = 0;
  for (std::int32_t y = 0; y < r.height; ++y) {
    const Pixel* row = frame.row(r.y + y) + r.x;
    for (std::int32_t x = 0; x < r.width; ++x, ++to) {
      const Pixel p = row[x] & kPixelMask;
      if (p == last) {
        *to = last_slot;
        continue;
      }
      *to = table.find(p);
      if (*to == ColourTable::kEscape) {
        table.insert(p);
        escaped.push_back(p);
        last = kPixelMask + 1;
      } else {
        static_cast<void>(table.use(*to));
        last = p;
        last_slot = *to;
      }
    }
  }
  for (const Pixel p : escaped) {
    for (int shift = 0; shift < 24; shift += 8) out.push_back(channel(p, shift));
  }
}

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

void write_photo_run(const FrameView& frame, Rect r, base::Bytes& out) {
  const auto width = static_cast<std::size_t>(r.width);
  const auto height = static_cast<std::size_t>(r.height);
  std::array<Plane, 3> planes;
  for (Plane& p : planes) p = {std::vector<std::uint8_t>(width * height), width};
  for (std::size_t y = 0; y < height; ++y) {
    const Pixel* row = frame.row(r.y + static_cast<std::int32_t>(y)) + r.x;
    for (std::size_t x = 0; x < width; ++x) {
      const auto v = to_planes(row[x]);
      for (std::size_t k = 0; k < 3; ++k) planes[k].values[y * width + x] = v[k];
    }
  }
  out.reserve(out.size() + 3 * width * height);
  for (const Plane& p : planes) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x)
        out.push_back(static_cast<std::uint8_t>(p.values[y * width + x] - p.predicted(x, y)));
    }
  }
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

bool looks_like_photo(const FrameView& frame, Rect tile) {
  // Sub-pixel rendered text reaches about 60 colours a tile, but more than half of its pixels equal their left
  // neighbour.
  constexpr int kManyColours = 64;
  std::array<Pixel, 256> seen{};  // open hash set; free slots hold an impossible colour
  seen.fill(kPixelMask + 1);
  int colours = 0;
  int alike = 0;
  for (std::int32_t y = 0; y < tile.height; ++y) {
    const Pixel* row = frame.row(tile.y + y) + tile.x;
    for (std::int32_t x = 0; x < tile.width; ++x) {
      const Pixel p = row[x] & kPixelMask;
      if (x > 0 && p == (row[x - 1] & kPixelMask)) {
        ++alike;
        continue;
      }
      std::size_t at = (p * 0x9e3779b1u) >> 24;
      while (seen[at] != p && seen[at] <= kPixelMask) at = (at + 1) % seen.size();
      if (seen[at] == p) continue;
      if (++colours > kManyColours) return alike * 2 < (y * tile.width + x);
      seen[at] = p;
    }
  }
  return false;
}

std::optional<Pixel> solid_colour(const FrameView& frame, Rect tile) {
  const Pixel first = frame.row(tile.y)[tile.x] & kPixelMask;
  for (std::int32_t y = 0; y < tile.height; ++y) {
    const Pixel* row = frame.row(tile.y + y) + tile.x;
    Pixel differs = 0;
    for (std::int32_t x = 0; x < tile.width; ++x) differs |= row[x] ^ first;
    if ((differs & kPixelMask) != 0) return std::nullopt;
  }
  return first;
}

}  // namespace rescue::screen

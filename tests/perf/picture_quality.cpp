// SPDX-License-Identifier: Apache-2.0
#include "perf/picture_quality.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace rescue::perf {
namespace {
int distance(screen::Pixel a, screen::Pixel b) {
  int most = 0;
  for (const int shift : {0, 8, 16})
    most = std::max(most, std::abs(static_cast<int>(a >> shift & 255) - static_cast<int>(b >> shift & 255)));
  return most;
}
double share(std::uint64_t part, std::uint64_t of) {
  return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}
}  // namespace

void PictureQuality::add_tile(const screen::Frame& source, const screen::Frame& decoded, const screen::Rect& tile) {
  const auto width = static_cast<std::size_t>(tile.width);
  bool same = true;
  for (std::int32_t y = tile.y; y < tile.bottom() && same; ++y)
    same = std::memcmp(source.row(y) + tile.x, decoded.row(y) + tile.x, width * sizeof(screen::Pixel)) == 0;
  ++tiles_;
  if (!same) ++inexact_tiles_;
  for (std::int32_t y = tile.y; y < tile.bottom(); ++y) {
    const screen::Pixel* s = source.row(y);
    const screen::Pixel* d = decoded.row(y);
    for (std::int32_t x = tile.x; x < tile.right(); ++x) {
      const bool edge = x > 0 && s[x] != s[x - 1] && distance(s[x], s[x - 1]) > kEdge;
      if (edge) ++edges_;
      if (same) continue;
      for (const int shift : {0, 8, 16}) {
        const int off = static_cast<int>(s[x] >> shift & 255) - static_cast<int>(d[x] >> shift & 255);
        squares_ += static_cast<std::uint64_t>(off * off);
      }
      const int off = distance(s[x], d[x]);
      max_error_ = std::max(max_error_, off);
      if (edge && off > kEdge) ++smudged_;
    }
  }
  if (!same) inexact_samples_ += 3 * width * static_cast<std::size_t>(tile.height);
}

bool PictureQuality::add(const screen::Frame& source, const screen::Frame& decoded) {
  const std::uint64_t before = inexact_tiles_;
  for (std::int32_t y = 0; y < source.size().height; y += kTileSide)
    for (std::int32_t x = 0; x < source.size().width; x += kTileSide)
      add_tile(source, decoded, screen::Rect{x, y, kTileSide, kTileSide}.intersected(screen::whole(source.size())));
  ++pictures_;
  const bool exact = inexact_tiles_ == before;
  if (exact) ++exact_pictures_;
  return exact;
}

double PictureQuality::inexact_share() const { return share(inexact_tiles_, tiles_); }
double PictureQuality::smudged_edges() const { return share(smudged_, edges_); }
double PictureQuality::inexact_psnr() const {
  if (squares_ == 0) return 0;
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(inexact_samples_) / static_cast<double>(squares_));
}

std::string PictureQuality::json() const {
  return fmt::format(
      R"("pictures":{},"exact_pictures":{},"inexact_share":{:.5f},"inexact_psnr":{:.2f},"max_error":{},"smudged_edges":{:.5f})",
      pictures_, exact_pictures_, inexact_share(), inexact_psnr(), max_error_, smudged_edges());
}

}  // namespace rescue::perf

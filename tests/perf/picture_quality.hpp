// SPDX-License-Identifier: Apache-2.0
// How near decoded pictures are to what was shown. The same measure for our codec and for its peers.
#pragma once

#include <cstdint>
#include <string>

#include "screen/frame.hpp"

namespace rescue::perf {

/// Sums over all pictures that were added. Colours are compared channel by channel, 0..255.
class PictureQuality {
 public:
  /// Both of one size. Returns true when they are equal.
  bool add(const screen::Frame& source, const screen::Frame& decoded);

  [[nodiscard]] std::uint64_t pictures() const { return pictures_; }
  [[nodiscard]] std::uint64_t exact_pictures() const { return exact_pictures_; }
  /// Share of the 16x16 tiles, over all pictures, in which at least one pixel differs.
  [[nodiscard]] double inexact_share() const;
  /// PSNR in dB of those tiles alone; 0 when there are none. Exact tiles would only flatter it.
  [[nodiscard]] double inexact_psnr() const;
  /// Largest difference of a channel.
  [[nodiscard]] int max_error() const { return max_error_; }
  /// Edge pixels (a step of more than kEdge to the left neighbour) whose colour is off by more than kEdge: what makes
  /// text smudged or coloured.
  [[nodiscard]] double smudged_edges() const;
  /// The figures as members of a JSON object, without braces.
  [[nodiscard]] std::string json() const;

  static constexpr int kEdge = 24;
  static constexpr std::int32_t kTileSide = 16;

 private:
  void add_tile(const screen::Frame& source, const screen::Frame& decoded, const screen::Rect& tile);

  std::uint64_t pictures_ = 0;
  std::uint64_t exact_pictures_ = 0;
  std::uint64_t tiles_ = 0;
  std::uint64_t inexact_tiles_ = 0;
  std::uint64_t inexact_samples_ = 0;
  std::uint64_t squares_ = 0;
  std::uint64_t edges_ = 0;
  std::uint64_t smudged_ = 0;
  int max_error_ = 0;
};

}  // namespace rescue::perf

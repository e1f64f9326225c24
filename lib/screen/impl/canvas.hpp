// SPDX-License-Identifier: Apache-2.0
// The picture that encoder and decoder both keep, in tiles, with its running check.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "screen/frame.hpp"

namespace rescue::screen {

inline constexpr std::int32_t kTileSide = 16;
inline constexpr std::size_t kTilePixels = std::size_t{kTileSide} * kTileSide;

struct TileGrid {
  Size size;
  std::int32_t columns = 0;
  std::int32_t rows = 0;

  TileGrid() = default;
  explicit TileGrid(Size s)
      : size(s), columns((s.width + kTileSide - 1) / kTileSide), rows((s.height + kTileSide - 1) / kTileSide) {}
  [[nodiscard]] std::size_t count() const { return static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows); }
  [[nodiscard]] std::int32_t column(std::size_t tile) const {
    return static_cast<std::int32_t>(tile % static_cast<std::size_t>(columns));
  }
  /// The tile's rectangle, cut at the picture's edge.
  [[nodiscard]] Rect rect(std::size_t tile) const { return run_rect(tile, 1); }
  /// Around `run` tiles that stand side by side in one row.
  [[nodiscard]] Rect run_rect(std::size_t first, std::size_t run) const {
    const std::int32_t x = column(first) * kTileSide;
    const std::int32_t y = static_cast<std::int32_t>(first / static_cast<std::size_t>(columns)) * kTileSide;
    const auto wide = static_cast<std::int64_t>(run) * kTileSide;
    return {x, y, static_cast<std::int32_t>(std::min<std::int64_t>(wide, size.width - x)),
            std::min(kTileSide, size.height - y)};
  }
  [[nodiscard]] bool is_full(std::size_t tile) const {
    const Rect r = rect(tile);
    return r.width == kTileSide && r.height == kTileSide;
  }
};

/// Adds `run` tiles from `first` on, which may go over several tile rows, as at most three rectangles.
void add_run(Damage& damage, const TileGrid& grid, std::size_t first, std::size_t run);

class Canvas {
 public:
  /// Black, of this size.
  [[nodiscard]] base::Result<> reset(Size size);
  [[nodiscard]] const TileGrid& grid() const { return grid_; }
  [[nodiscard]] const Frame& frame() const { return frame_; }
  /// Whoever paints must call repainted() for each tile touched.
  [[nodiscard]] Frame& frame() { return frame_; }
  void repainted(std::size_t tile);
  [[nodiscard]] std::uint32_t check() const { return check_; }

 private:
  [[nodiscard]] std::uint32_t tile_check(std::size_t tile) const;
  Frame frame_;
  TileGrid grid_;
  std::vector<std::uint32_t> checks_;
  std::uint32_t check_ = 0;
};

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
// What encoder and decoder both keep: the picture in tiles with its running check, the ring of coded tiles, the colour
// table. Both sides change them by the same rules, so they stay equal without talking about it.
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

/// Equal colours in `r` of `a` and the same-sized place at `at` of `b`; X is ignored. Both must lie inside.
[[nodiscard]] bool same_pixels(const FrameView& a, Rect r, const FrameView& b, Point at);

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

/// Ring of the last coded full tiles.
class TileRing {
 public:
  static constexpr std::size_t kSlots = 16384;  // 16 MiB of pixels
  void reset() {
    pixels_.clear();
    next_ = 0;
  }
  /// Copies the full tile `r` of `frame` to the next slot and returns it.
  std::size_t add(const Frame& frame, Rect r);
  /// Its kTilePixels pixels; nullopt where nothing was stored yet.
  [[nodiscard]] std::optional<FrameView> tile(std::size_t slot) const;

 private:
  std::vector<Pixel> pixels_;  // grows to kSlots tiles
  std::size_t next_ = 0;
};

/// The 255 colours in use. Slots are given out in turn; one that was used since the hand last passed is spared (the
/// CLOCK rule), so the colours of the moment stay and their numbers with them.
class ColourTable {
 public:
  static constexpr std::uint8_t kEscape = 255;  // not in the table: the colour follows, and gets a slot
  static constexpr std::size_t kSlots = 255;
  ColourTable() { reset(); }
  void reset();
  /// The slot of a colour, or kEscape. May miss one that is there: both sides only follow what was written.
  [[nodiscard]] std::uint8_t find(Pixel colour) const {
    const std::uint8_t slot = lookup_[bucket(colour)];
    return slot != kEscape && colours_[slot] == colour ? slot : kEscape;
  }
  [[nodiscard]] Pixel use(std::uint8_t slot) {
    used_[slot] = 1;
    return colours_[slot];
  }
  void insert(Pixel colour);

 private:
  static constexpr unsigned kBucketBits = 13;
  [[nodiscard]] static std::size_t bucket(Pixel colour) { return (colour * 0x9e3779b1u) >> (32 - kBucketBits); }
  std::array<Pixel, kSlots> colours_{};
  std::array<std::uint8_t, kSlots> used_{};
  std::array<std::uint8_t, std::size_t{1} << kBucketBits> lookup_{};
  std::size_t hand_ = 0;
};

}  // namespace rescue::screen

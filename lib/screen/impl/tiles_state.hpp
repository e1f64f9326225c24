// SPDX-License-Identifier: Apache-2.0
// What the codec "tiles" keeps beside the picture: the ring of coded tiles and the colour table.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "screen/impl/canvas.hpp"

namespace rescue::screen {

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

// SPDX-License-Identifier: Apache-2.0
// Finds where a frame shows pixels of the frame before in another place: scrolling, dragged windows.
#pragma once

#include "screen/impl/canvas.hpp"
#include "screen/impl/kernels.hpp"
#include "screen/impl/vector.hpp"

namespace rescue::screen {

class MotionFinder {
 public:
  /// The most voted vectors, best first, at most `most`. Looks only at dirty tiles of both frames, which have one size.
  /// The result is a guess: the encoder compares each tile before it uses a vector.
  [[nodiscard]] std::vector<Vector> find(const Kernels& kernels, const FrameView& before, const FrameView& now,
                                         const TileGrid& grid, const std::vector<std::uint8_t>& dirty,
                                         std::size_t most);

 private:
  struct Anchor {
    std::uint32_t hash = 0;  // 0: free
    std::int16_t x = 0;
    std::int16_t y = 0;  // below zero: not unique
  };
  void remember(std::uint32_t hash, std::int32_t x, std::int32_t y);
  [[nodiscard]] const Anchor* lookup(std::uint32_t hash) const;
  std::vector<Anchor> table_;
};

}  // namespace rescue::screen

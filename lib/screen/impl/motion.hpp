// SPDX-License-Identifier: Apache-2.0
// Finds where a frame shows pixels of the frame before in another place: scrolling, dragged windows.
#pragma once

#include "screen/impl/canvas.hpp"

namespace rescue::screen {

/// The pixel at p now stood at p + (dx, dy) before.
struct Vector {
  std::int32_t dx = 0;
  std::int32_t dy = 0;
  bool operator==(const Vector&) const = default;
};

class MotionFinder {
 public:
  /// The most voted vectors, best first, at most `most`. Looks only at dirty tiles of both frames, which have one size.
  /// The result is a guess: the encoder compares each tile before it uses a vector.
  [[nodiscard]] std::vector<Vector> find(const FrameView& before, const FrameView& now, const TileGrid& grid,
                                         const std::vector<std::uint8_t>& dirty, std::size_t most);

 private:
  struct Anchor {
    std::uint64_t hash = 0;  // 0: free
    std::int32_t x = 0;
    std::int32_t y = 0;
    bool unique = true;
  };
  void remember(std::uint64_t hash, std::int32_t x, std::int32_t y);
  [[nodiscard]] const Anchor* lookup(std::uint64_t hash) const;
  std::vector<Anchor> table_;
};

}  // namespace rescue::screen

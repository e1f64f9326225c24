// SPDX-License-Identifier: Apache-2.0
// An encoder's decisions: which tiles differ, how each is painted, and which can wait.
#pragma once

#include "screen/codec.hpp"
#include "screen/impl/packet_body.hpp"

namespace rescue::screen {

/// Of the tile row that begins with `first`, clears the marks of tiles that are equal in both; returns how many stay.
std::size_t keep_different(const Kernels& kernels, const FrameView& a, const FrameView& b, const TileGrid& grid,
                           std::size_t first, std::vector<std::uint8_t>& marks);

class TileChooser {
 public:
  TileChooser(SharedState& shared, const TileFinder& finder, const FrameView& frame)
      : s_(shared), finder_(finder), frame_(frame) {}

  /// Fills the plan for the dirty tiles; `keys` gets the content hash of those that may enter the cache.
  void choose(const std::vector<std::uint8_t>& dirty, std::vector<std::uint64_t>& keys);
  /// Takes what passes `work` out of the plan again, the farthest from `focus` first, and marks it in `left`. True when
  /// something was left out.
  [[nodiscard]] bool leave_out(std::uint32_t work, Point focus, std::vector<std::uint8_t>& left);

 private:
  [[nodiscard]] bool comes_from(const FrameView& frame, const Rect& r, Vector v) const;
  [[nodiscard]] std::size_t equal_pixels(const Rect& r, Vector v) const;
  [[nodiscard]] bool inside(const Rect& r, Vector v) const;
  [[nodiscard]] bool find_move(const Rect& r, TileChoice& choice) const;
  void join_move(std::size_t tile);
  [[nodiscard]] bool is_cached(const Rect& r, std::uint16_t slot) const;
  [[nodiscard]] ReferenceIndex best_reference(const Rect& r) const;
  [[nodiscard]] bool looks_like_photo(const Rect& r) const;
  [[nodiscard]] std::uint32_t work_of(const Rect& r, const TileChoice& choice) const;

  SharedState& s_;
  const TileFinder& finder_;
  const FrameView& frame_;
};

}  // namespace rescue::screen

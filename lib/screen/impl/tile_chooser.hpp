// SPDX-License-Identifier: Apache-2.0
// An encoder's decisions: which tiles differ, how each is painted, and which can wait.
#pragma once

#include "screen/codec.hpp"
#include "screen/impl/packet_body.hpp"
#include "screen/impl/source_twin.hpp"

namespace rescue::screen {

/// Of the tile row that begins with `first`, clears the marks of tiles that are equal in both; returns how many stay.
std::size_t keep_different(const Kernels& kernels, const FrameView& a, const FrameView& b, const TileGrid& grid,
                           std::size_t first, std::vector<std::uint8_t>& marks);

class TileChooser {
 public:
  TileChooser(SharedState& shared, const SourceTwin& twin, const TileFinder& finder, const FrameView& frame,
              Fidelity fidelity)
      : s_(shared), twin_(twin), finder_(finder), frame_(frame), fidelity_(fidelity) {}

  /// Fills the plan for the dirty tiles; `keys` gets the content hash of those that may enter the cache. Tiles that
  /// `video` marks (empty: none) show video. How those are coded that must be is left to leave_out(), which need not
  /// look at all of them: with bounded work it is called many times for one picture.
  void choose(const std::vector<std::uint8_t>& dirty, const std::vector<std::uint8_t>& video,
              std::vector<std::uint64_t>& keys);
  /// For who wants to know now.
  void decide_all();
  /// Takes what passes `work` out of the plan again, the farthest from `focus` first, and marks it in `left`. Returns
  /// the work that stays. Must follow choose().
  [[nodiscard]] std::uint64_t leave_out(std::uint32_t work, Point focus, std::vector<std::uint8_t>& left);
  /// Adds tiles that are marked in `at_rest` to be made exact, the nearest to `focus` first, as long as `done` stays
  /// within `work`; one at least if nothing was done. They must not be painted otherwise.
  void refine(const std::vector<std::uint8_t>& at_rest, std::uint64_t done, std::uint32_t work, Point focus,
              std::vector<std::uint64_t>& keys);

 private:
  void decide(std::size_t tile);
  template <typename F>
  bool each_before(std::int32_t x, std::int32_t y, std::int32_t count, F f) const;
  [[nodiscard]] bool shows_before(const FrameView& frame, const Rect& r, Vector v) const;
  [[nodiscard]] bool comes_from(const Rect& r, Vector v) const;
  void paint_refined(std::size_t tile, std::vector<std::uint64_t>& keys);
  [[nodiscard]] std::size_t equal_pixels(const Rect& r, Vector v) const;
  [[nodiscard]] bool inside(const Rect& r, Vector v) const;
  [[nodiscard]] bool find_move(const Rect& r, TileChoice& choice) const;
  void join_move(std::size_t tile);
  [[nodiscard]] bool find_cached(const Rect& r, std::uint64_t key, TileChoice& choice) const;
  [[nodiscard]] bool shows(const Rect& r, const Pixel* tile) const;
  [[nodiscard]] ReferenceIndex best_reference(const Rect& r) const;
  [[nodiscard]] bool covered_background(const Rect& r) const;
  [[nodiscard]] bool is_known(const Rect& r) const;
  void judge_photo(const Rect& r, TileChoice& choice) const;
  [[nodiscard]] std::uint32_t work_of(const Rect& r, const TileChoice& choice) const;

  SharedState& s_;
  const SourceTwin& twin_;
  const TileFinder& finder_;
  const FrameView& frame_;
  Fidelity fidelity_;
  std::vector<std::uint8_t> undecided_;  // tiles that are painted, and not yet how
};

}  // namespace rescue::screen

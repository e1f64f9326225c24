// SPDX-License-Identifier: Apache-2.0
// How each tile of a packet is painted: what the encoder decided, or what the decoder read.
#pragma once

#include <vector>

#include "screen/impl/strip_coder.hpp"

namespace rescue::screen {

enum class TileMode : std::uint8_t { exact = 0, cached = 1, photo = 2, moved = 3 };

/// How a tile of mode photo is told. All but the first exist from version 2 on.
enum class PhotoForm : std::uint8_t {
  exact = 0,
  lossy = 1,    // quantised coefficients
  refined = 2,  // what the canvas shows there, made exact
  video = 3,    // from the picture of a video stream
};

struct TileChoice {
  bool painted = false;
  TileMode mode = TileMode::exact;
  std::uint8_t vector = 0;                  // moved: which
  ReferenceIndex reference = kNoReference;  // exact: which
  std::uint16_t slot = 0;                   // cached
  PhotoForm form = PhotoForm::exact;        // photo
  bool inexact = false;                     // some of its pixels may not be those of the source

  void show_video() {
    *this = {};
    painted = true;
    mode = TileMode::photo;
    form = PhotoForm::video;
    inexact = true;
  }
  [[nodiscard]] bool is_photo(PhotoForm f) const { return painted && mode == TileMode::photo && form == f; }
  /// Its pixels are in the packet, and so will be in the cache.
  [[nodiscard]] bool enters_cache() const {
    return painted && (mode == TileMode::exact || (mode == TileMode::photo && form != PhotoForm::video));
  }
};

struct TilePlan {
  std::vector<Vector> vectors;  // the first is always (0, 0)
  std::vector<TileChoice> tiles;
};

/// What tile maps look like; learnt over a session.
struct MapModels {
  std::array<SteadyBit, 16> row{};
  std::array<SteadyBit, 512> painted{};
  std::array<std::array<SteadyBit, 4>, 6 * 6 * 6> mode{};
  std::array<SteadyBit, 16> slot{};
  std::array<SteadyBit, 32> reference{};
  std::array<SteadyBit, 16> vector_choice{};
  std::array<SteadyBit, 8> vectors{};
  std::array<std::array<SteadyBit, 20>, 2> vector_part{};
  std::array<std::array<SteadyBit, 3>, 25> form{};
  std::array<SteadyBit, 48> inexact{};
  std::vector<std::uint8_t> painted_before;  // by the packet before
  std::vector<std::uint8_t> row_before;
  std::uint16_t last_slot = 0xffff;
  std::int32_t row_step = 0;  // of slots from one tile row to the next
  void reset(const TileGrid& grid) {
    *this = {};
    painted_before.assign(grid.count(), 0);
    row_before.assign(static_cast<std::size_t>(grid.rows), 0);
  }
};

}  // namespace rescue::screen

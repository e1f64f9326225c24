// SPDX-License-Identifier: Apache-2.0
// The body of a packet of the codec "context": its map and its pixels. One template for both sides, so that they cannot
// come to differ.
#pragma once

#include "screen/impl/map_coder.hpp"
#include "screen/impl/tile_cache.hpp"

namespace rescue::screen {

/// What both sides hold and change alike.
struct SharedState {
  const Kernels* kernels = &best_kernels();
  Canvas canvas;
  History history;
  TileCache cache;
  PixelModels pixels;
  MapModels map;
  TilePlan plan;
  std::vector<std::uint8_t> touched;  // tiles painted since the picture in work began

  [[nodiscard]] base::Result<> reset(Size size) {
    RESCUE_CHECK(canvas.reset(size));
    history.reset(size);
    cache.reset();
    pixels.reset();
    map.reset(canvas.grid());
    plan.vectors.assign(1, {});
    plan.tiles.assign(canvas.grid().count(), {});
    touched.assign(canvas.grid().count(), 0);
    return {};
  }
  /// The picture is complete: it is what the next one is compared with.
  void end_picture() {
    for (std::size_t t = 0; t < touched.size(); ++t) {
      if (touched[t] != 0) history.take_over(*kernels, canvas.frame(), canvas.grid().rect(t));
      touched[t] = 0;
    }
    history.next_picture();
  }
};

[[nodiscard]] inline bool stays_inside(Size size, const Rect& r, Vector v) {
  const std::int64_t x = std::int64_t{r.x} + v.dx;
  const std::int64_t y = std::int64_t{r.y} + v.dy;
  return x >= 0 && y >= 0 && x + r.width <= size.width && y + r.height <= size.height;
}

/// nullptr, or what is wrong with the plan. Tiles that are moved or compared come from inside, cached ones are there.
inline const char* check_plan(const SharedState& s) {
  const TileGrid& grid = s.canvas.grid();
  for (std::size_t t = 0; t < grid.count(); ++t) {
    const TileChoice& choice = s.plan.tiles[t];
    if (!choice.painted) continue;
    if (choice.mode == TileMode::moved && (choice.vector >= s.plan.vectors.size() ||
                                           !stays_inside(grid.size, grid.rect(t), s.plan.vectors[choice.vector])))
      return "move from outside";
    if (choice.mode == TileMode::exact && choice.reference >= static_cast<int>(s.plan.vectors.size()))
      return "reference outside";
    if (choice.mode == TileMode::exact && choice.reference >= 0 &&
        !stays_inside(grid.size, grid.rect(t), s.plan.vectors[static_cast<std::size_t>(choice.reference)]))
      return "reference outside";
    if (choice.mode == TileMode::cached && (!grid.is_full(t) || !s.cache.holds(choice.slot))) return "cache slot";
  }
  return nullptr;
}

inline void paint_copies(SharedState& s) {
  const TileGrid& grid = s.canvas.grid();
  for (std::size_t t = 0; t < grid.count(); ++t) {
    const TileChoice& choice = s.plan.tiles[t];
    if (!choice.painted || (choice.mode != TileMode::moved && choice.mode != TileMode::cached)) continue;
    const Rect r = grid.rect(t);
    for (std::int32_t y = 0; y < r.height; ++y) {
      const Pixel* from = nullptr;
      if (choice.mode == TileMode::moved) {
        const Vector v = s.plan.vectors[choice.vector];
        from = s.history.before().at(r.x + v.dx, r.y + y + v.dy);
      } else {
        from = s.cache.tile(choice.slot) + y * kTileSide;
      }
      std::copy_n(from, r.width, s.canvas.frame().row(r.y + y) + r.x);
    }
  }
}

/// Everything behind the header. `source` is read by an encoder only. nullptr, or what is wrong.
template <typename Coder>
const char* code_body(Coder& coder, SharedState& s, bool continues, const FrameView* source) {
  const TileGrid& grid = s.canvas.grid();
  MapCoder<Coder> map(coder, s.map, grid);
  if (!continues) map.vectors(s.plan.vectors);
  map.tiles(s.plan);
  if (coder.overrun()) return "cut off";
  if (const char* wrong = check_plan(s)) return wrong;
  paint_copies(s);
  StripCoder<Coder> strips(coder, s.pixels, s.canvas.frame(), s.history);
  std::vector<ReferenceIndex> references;
  const auto columns = static_cast<std::size_t>(grid.columns);
  for (std::size_t t = 0; t < grid.count();) {
    const TileChoice& first = s.plan.tiles[t];
    if (!first.painted || (first.mode != TileMode::exact && first.mode != TileMode::photo)) {
      ++t;
      continue;
    }
    const std::size_t row_end = (t / columns + 1) * columns;
    std::size_t end = t;
    references.clear();
    while (end < row_end && s.plan.tiles[end].painted && s.plan.tiles[end].mode == first.mode)
      references.push_back(s.plan.tiles[end++].reference);
    const Rect r = grid.run_rect(t, end - t);
    if (first.mode == TileMode::exact) {
      strips.exact(r, references, s.plan.vectors, source);
    } else {
      strips.photo(r, source);
    }
    if (coder.overrun()) return "cut off";
    t = end;
  }
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (!s.plan.tiles[t].painted) continue;
    s.touched[t] = 1;
    s.canvas.repainted(t);
    if (s.plan.tiles[t].enters_cache() && grid.is_full(t)) s.cache.add(s.canvas.frame(), grid.rect(t));
  }
  return nullptr;
}

/// The tiles of the plan as rectangles.
inline void add_painted(Damage& out, const SharedState& s) {
  const auto& tiles = s.plan.tiles;
  for (std::size_t t = 0; t < tiles.size();) {
    std::size_t end = t;
    while (end < tiles.size() && tiles[end].painted) ++end;
    if (end > t) add_run(out, s.canvas.grid(), t, end - t);
    t = std::max(end, t + 1);
  }
}

}  // namespace rescue::screen

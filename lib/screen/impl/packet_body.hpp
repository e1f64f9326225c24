// SPDX-License-Identifier: Apache-2.0
// The body of a packet of the codec "context": its map and its pixels. One template for both sides, so that they cannot
// come to differ.
#pragma once

#include "screen/impl/map_coder.hpp"
#include "screen/impl/refine_coder.hpp"
#include "screen/impl/tile_cache.hpp"
#include "screen/impl/video_picture.hpp"

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
  PhotoModels photos;
  /// Of tiles painted since the picture in work began.
  enum : std::uint8_t { kUntouched, kPainted, kRefined };  // refined alone
  std::vector<std::uint8_t> touched;
  std::vector<std::uint8_t> inexact;  // tiles of the canvas, 1 or 0
  std::uint32_t quality = 0;          // of the lossy tiles of this packet
  /// What tiles of the form video show: set by whoever runs the video streams before the body of a packet is coded.
  const VideoPictures* video = nullptr;

  [[nodiscard]] base::Result<> reset(Size size) {
    RESCUE_CHECK(canvas.reset(size));
    history.reset(size);
    cache.reset();
    pixels.reset();
    map.reset(canvas.grid());
    plan.vectors.assign(1, {});
    plan.tiles.assign(canvas.grid().count(), {});
    touched.assign(canvas.grid().count(), kUntouched);
    inexact.assign(canvas.grid().count(), 0);
    photos.reset();
    video = nullptr;
    return {};
  }
  /// The picture is complete: it is what the next one is compared with.
  void end_picture() {
    for (std::size_t t = 0; t < touched.size(); ++t) {
      if (touched[t] == kPainted) history.take_over(*kernels, canvas.frame(), canvas.grid().rect(t));
      if (touched[t] == kRefined) history.settle(canvas.frame(), canvas.grid().rect(t));
      touched[t] = kUntouched;
    }
    history.next_picture();
  }
  [[nodiscard]] bool exact() const { return std::ranges::find(inexact, 1) == inexact.end(); }
};

[[nodiscard]] inline bool stays_inside(Size size, const Rect& r, Vector v) {
  const std::int64_t x = std::int64_t{r.x} + v.dx;
  const std::int64_t y = std::int64_t{r.y} + v.dy;
  return x >= 0 && y >= 0 && x + r.width <= size.width && y + r.height <= size.height;
}

/// A tile may be lossy: it consists of whole blocks.
[[nodiscard]] inline bool fits_blocks(const Rect& r) { return r.width % kBlockSide == 0 && r.height % kBlockSide == 0; }

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
    if (choice.is_photo(PhotoForm::lossy) && !fits_blocks(grid.rect(t))) return "photo of an odd size";
    if (choice.is_photo(PhotoForm::video) && (s.video == nullptr || !shows_video(*s.video, grid.rect(t))))
      return "video outside of regions";
  }
  return nullptr;
}

inline void paint_copies(SharedState& s) {
  const TileGrid& grid = s.canvas.grid();
  for (std::size_t t = 0; t < grid.count(); ++t) {
    const TileChoice& choice = s.plan.tiles[t];
    const Rect r = grid.rect(t);
    if (choice.is_photo(PhotoForm::video)) paint_video(*s.video, r, s.canvas.frame());
    if (!choice.painted || (choice.mode != TileMode::moved && choice.mode != TileMode::cached)) continue;
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

struct BodyKind {
  std::uint8_t version = 1;
  bool continues = false;
};

/// The pixels of a packet whose map is known, strip by strip. nullptr, or what is wrong.
template <typename Coder>
const char* code_strips(Coder& coder, SharedState& s, const FrameView* source) {
  const TileGrid& grid = s.canvas.grid();
  const auto& tiles = s.plan.tiles;
  StripCoder<Coder> strips(coder, s.pixels, s.canvas.frame(), s.history);
  std::optional<LossyCoder<Coder>> lossy;
  if (std::ranges::any_of(tiles, [](const TileChoice& t) { return t.is_photo(PhotoForm::lossy); })) {
    s.quality = code_plain(coder, s.quality, 6);
    s.photos.prepare();
    lossy.emplace(coder, s.photos, s.canvas.frame(), steps_of(s.quality));
  }
  std::vector<ReferenceIndex> references;
  const auto columns = static_cast<std::size_t>(grid.columns);
  for (std::size_t t = 0; t < grid.count();) {
    const TileChoice& first = tiles[t];
    if (!first.enters_cache()) {
      ++t;
      continue;
    }
    const std::size_t row_end = (t / columns + 1) * columns;
    std::size_t end = t;
    references.clear();
    while (end < row_end && tiles[end].painted && tiles[end].mode == first.mode && tiles[end].form == first.form)
      references.push_back(tiles[end++].reference);
    const Rect r = grid.run_rect(t, end - t);
    if (first.mode == TileMode::exact) {
      strips.exact(r, references, s.plan.vectors, source);
    } else if (first.form == PhotoForm::exact) {
      strips.photo(r, source);
    } else if (first.form == PhotoForm::lossy) {
      lossy->strip(r, source);
    } else {
      s.photos.prepare();
      RefineCoder<Coder>(coder, s.photos, s.canvas.frame()).strip(r, source);
    }
    if (coder.overrun()) return "cut off";
    t = end;
  }
  return nullptr;
}

/// Everything behind the header. `source` is read by an encoder only. nullptr, or what is wrong.
template <typename Coder>
const char* code_body(Coder& coder, SharedState& s, BodyKind kind, const FrameView* source) {
  const TileGrid& grid = s.canvas.grid();
  MapCoder<Coder> map(coder, s.map, grid, kind.version > 1 ? &s.inexact : nullptr);
  if (!kind.continues) map.vectors(s.plan.vectors);
  map.tiles(s.plan);
  if (coder.overrun()) return "cut off";
  if (const char* wrong = check_plan(s)) return wrong;
  paint_copies(s);
  if (const char* wrong = code_strips(coder, s, source)) return wrong;
  for (std::size_t t = 0; t < grid.count(); ++t) {
    const TileChoice& choice = s.plan.tiles[t];
    if (!choice.painted) continue;
    if (!choice.is_photo(PhotoForm::refined)) {
      s.touched[t] = SharedState::kPainted;
    } else if (s.touched[t] == SharedState::kUntouched) {
      s.touched[t] = SharedState::kRefined;
    }
    s.canvas.repainted(t);
    if (choice.enters_cache() && grid.is_full(t)) s.cache.add(s.canvas.frame(), grid.rect(t));
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

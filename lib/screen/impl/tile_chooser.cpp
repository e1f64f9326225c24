// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/tile_chooser.hpp"

#include <algorithm>
#include <bit>

#include "screen/impl/photo_judge.hpp"

namespace rescue::screen {
namespace {
std::uint64_t content_key(const FrameView& frame, Rect r) {
  std::uint64_t sums[4]{1, 2, 3, 4};
  constexpr std::uint64_t kFactors[4]{0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u, 0xc2b2ae3d27d4eb4fu,
                                      0x165667b19e3779f9u};
  for (std::int32_t y = 0; y < r.height; ++y) {
    const Pixel* p = frame.row(r.y + y) + r.x;
    for (std::int32_t x = 0; x < r.width; x += 8) {
      for (std::int32_t k = 0; k < 4; ++k) {
        const std::uint64_t two = std::uint64_t{p[x + 2 * k] & kPixelMask} << 32 | (p[x + 2 * k + 1] & kPixelMask);
        sums[k] = (sums[k] ^ two) * kFactors[k];
        sums[k] ^= sums[k] >> 31;
      }
    }
  }
  return (sums[0] + 3 * sums[1]) ^ std::rotl(sums[2] * 5 + sums[3] * 7, 32);
}
}  // namespace

std::size_t keep_different(const Kernels& kernels, const FrameView& a, const FrameView& b, const TileGrid& grid,
                           std::size_t first, std::vector<std::uint8_t>& marks) {
  const auto columns = static_cast<std::size_t>(grid.columns);
  const Rect row = grid.run_rect(first, columns);
  std::vector<std::uint8_t> differs(columns, 0);
  // Row by row, as memory lies; a row of pixels that is equal as a whole is the common case.
  for (std::int32_t y = row.y; y < row.bottom(); ++y) {
    for (std::size_t begin = 0; begin < columns;) {
      if (marks[first + begin] == 0 || differs[begin] != 0) {
        ++begin;
        continue;
      }
      std::size_t end = begin;
      while (end < columns && marks[first + end] != 0 && differs[end] == 0) ++end;
      const auto x = begin * kTileSide;
      const auto right = std::min(end * kTileSide, static_cast<std::size_t>(row.width));
      if (!kernels.equal(a.row(y) + x, b.row(y) + x, right - x)) {
        for (std::size_t t = begin; t < end; ++t) {
          const auto from = t * kTileSide;
          const auto to = std::min(from + kTileSide, static_cast<std::size_t>(row.width));
          if (!kernels.equal(a.row(y) + from, b.row(y) + from, to - from)) differs[t] = 1;
        }
      }
      begin = end;
    }
  }
  std::copy(differs.begin(), differs.end(), marks.begin() + static_cast<std::ptrdiff_t>(first));
  return static_cast<std::size_t>(std::count(differs.begin(), differs.end(), std::uint8_t{1}));
}

bool TileChooser::inside(const Rect& r, Vector v) const { return stays_inside(s_.canvas.grid().size, r, v); }

/// Whatever must be exact is looked for in what the receiver shows; all else in what that was made from.
template <typename F>
bool TileChooser::each_before(std::int32_t x, std::int32_t y, std::int32_t count, F f) const {
  if (fidelity_ == Fidelity::exact) return f(s_.history.before().at(x, y), count, 0);
  return twin_.each_before(s_, x, y, count, f);
}

/// The frame shows in `r` what the receiver had at `v` from there.
bool TileChooser::shows_before(const FrameView& frame, const Rect& r, Vector v) const {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    if (!s_.kernels->equal(frame.row(y) + r.x, s_.history.before().at(r.x + v.dx, y + v.dy),
                           static_cast<std::size_t>(r.width)))
      return false;
  }
  return true;
}

bool TileChooser::comes_from(const Rect& r, Vector v) const {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* row = frame_.row(y) + r.x;
    const auto same = [&](const Pixel* p, std::int32_t count, std::int32_t at) {
      return s_.kernels->equal(row + at, p, static_cast<std::size_t>(count));
    };
    if (!each_before(r.x + v.dx, y + v.dy, r.width, same)) return false;
  }
  return true;
}

std::size_t TileChooser::equal_pixels(const Rect& r, Vector v) const {
  std::size_t out = 0;
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* row = frame_.row(y) + r.x;
    each_before(r.x + v.dx, y + v.dy, r.width, [&](const Pixel* p, std::int32_t count, std::int32_t at) {
      out += s_.kernels->count_equal(row + at, p, static_cast<std::size_t>(count));
      return true;
    });
  }
  return out;
}

bool TileChooser::find_move(const Rect& r, TileChoice& choice) const {
  for (std::size_t k = 1; k < s_.plan.vectors.size(); ++k) {
    const Vector v = s_.plan.vectors[k];
    if (!inside(r, v) || !comes_from(r, v)) continue;
    choice.mode = TileMode::moved;
    choice.vector = static_cast<std::uint8_t>(k);
    choice.inexact = twin_.active() && !shows_before(frame_, r, v);
    return true;
  }
  return false;
}

bool TileChooser::shows(const Rect& r, const Pixel* tile) const {
  for (std::int32_t y = 0; y < kTileSide; ++y) {
    if (!s_.kernels->equal(frame_.row(r.y + y) + r.x, tile + y * kTileSide, kTileSide)) return false;
  }
  return true;
}

/// The vector whose source has most pixels in common, if that is a third of the tile.
ReferenceIndex TileChooser::best_reference(const Rect& r) const {
  std::size_t best = 0;
  ReferenceIndex out = kNoReference;
  for (std::size_t k = 0; k < s_.plan.vectors.size(); ++k) {
    if (!inside(r, s_.plan.vectors[k])) continue;
    const std::size_t equal = equal_pixels(r, s_.plan.vectors[k]);
    if (equal <= best) continue;
    best = equal;
    out = static_cast<ReferenceIndex>(k);
  }
  return best * 3 < static_cast<std::size_t>(r.width) * static_cast<std::size_t>(r.height) ? kNoReference : out;
}

/// The background helps with a third of the tile or more.
bool TileChooser::covered_background(const Rect& r) const {
  std::size_t equal = 0;
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* row = frame_.row(y) + r.x;
    const auto count_equal = [&](const Pixel* p, std::int32_t count, std::int32_t at) {
      equal += s_.kernels->count_equal(row + at, p, static_cast<std::size_t>(count));
      return true;
    };
    if (fidelity_ == Fidelity::exact) {
      count_equal(s_.history.background().at(r.x, y), r.width, 0);
    } else {
      twin_.each_background(s_, r.x, y, r.width, count_equal);
    }
  }
  return equal * 3 > static_cast<std::size_t>(r.width) * static_cast<std::size_t>(r.height);
}

/// The like of it was coded before, so that exact pixels cost next to nothing: buttons and bars with gradients.
bool TileChooser::is_known(const Rect& r) const {
  constexpr int kFew = 3;  // fewer than one in
  int surprises = 0;
  const int pixels = (r.width - 2) * (r.height - 1);
  for (std::int32_t y = r.y + 1; y < r.bottom(); ++y) {
    const Pixel* row = frame_.row(y) + r.x;
    const Pixel* up = frame_.row(y - 1) + r.x;
    for (std::int32_t x = 1; x + 1 < r.width; ++x) {
      const Pixel w = row[x - 1] & kPixelMask;
      const Pixel n = up[x] & kPixelMask;
      const Pixel nw = up[x - 1] & kPixelMask;
      const Pixel ne = up[x + 1] & kPixelMask;
      const Pixel v = row[x] & kPixelMask;
      if (w == n && n == nw && n == ne && v == n) continue;
      const Slot& slot = s_.pixels.near.at(StripCoder<BitEncoder>::near_key(w, n, nw, ne));
      if (slot.first == 0 || ((slot.first ^ v) & kPixelMask) != 0) ++surprises;
      if (surprises * kFew >= pixels) return false;
    }
  }
  return true;
}

/// Of a tile that the picture before does not help with.
void TileChooser::judge_photo(const Rect& r, TileChoice& choice) const {
  if (!fits_blocks(r)) return;
  const TileTexture texture = look_at(frame_, r);
  const bool full = r.width == kTileSide && r.height == kTileSide;
  const bool lossy = fidelity_ != Fidelity::exact && may_be_lossy(texture);
  if (!lossy && !(full && is_photo(texture))) return;
  if (covered_background(r) || (lossy && is_known(r))) return;
  choice.mode = TileMode::photo;
  choice.form = lossy ? PhotoForm::lossy : PhotoForm::exact;
  choice.inexact = lossy;
}

bool TileChooser::find_cached(const Rect& r, std::uint64_t key, TileChoice& choice) const {
  const auto slot = finder_.find(key);
  if (!slot || !s_.cache.holds(*slot)) return false;
  const bool exact = shows(r, s_.cache.tile(*slot));
  if (!exact) {
    const Pixel* source = fidelity_ != Fidelity::exact ? twin_.cached(*slot) : nullptr;
    if (source == nullptr || !shows(r, source)) return false;
  }
  choice.mode = TileMode::cached;
  choice.slot = *slot;
  choice.inexact = !exact;
  return true;
}

/// A tile that did not change below one that moved, if it can be said to have moved as well (a blank stretch of a page
/// that scrolls): so the map has fewer holes, and costs less than the copy.
void TileChooser::join_move(std::size_t t) {
  const auto columns = static_cast<std::size_t>(s_.canvas.grid().columns);
  if (t < columns) return;
  const TileChoice& up = s_.plan.tiles[t - columns];
  if (!up.painted || up.mode != TileMode::moved) return;
  const Rect r = s_.canvas.grid().rect(t);
  const Vector v = s_.plan.vectors[up.vector];
  if (!inside(r, v) || !shows_before(s_.canvas.frame(), r, v)) return;
  s_.plan.tiles[t] = up;
  s_.plan.tiles[t].inexact = s_.inexact[t] != 0;
}

void TileChooser::choose(const std::vector<std::uint8_t>& dirty, const std::vector<std::uint8_t>& video,
                         std::vector<std::uint64_t>& keys) {
  const TileGrid& grid = s_.canvas.grid();
  keys.assign(grid.count(), 0);
  undecided_.assign(grid.count(), 0);
  for (std::size_t t = 0; t < grid.count(); ++t) {
    TileChoice& choice = s_.plan.tiles[t];
    choice = {};
    if (dirty[t] == 0) {
      join_move(t);
      continue;
    }
    const Rect r = grid.rect(t);
    if (fidelity_ == Fidelity::exact && s_.inexact[t] != 0 && twin_.unchanged(frame_, *s_.kernels, r)) {
      paint_refined(t, keys);
      continue;
    }
    if (!video.empty() && video[t] != 0) {
      choice.show_video();
      continue;
    }
    choice.painted = true;
    if (find_move(r, choice)) continue;
    if (grid.is_full(t)) {
      keys[t] = content_key(frame_, r);
      if (find_cached(r, keys[t], choice)) continue;
    }
    undecided_[t] = 1;
  }
}

/// How a tile that is neither moved nor cached is coded.
void TileChooser::decide(std::size_t t) {
  if (undecided_[t] == 0) return;
  undecided_[t] = 0;
  const Rect r = s_.canvas.grid().rect(t);
  TileChoice& choice = s_.plan.tiles[t];
  choice.reference = best_reference(r);
  if (choice.reference == kNoReference) judge_photo(r, choice);
}

/// In units of EncodeRequest::work. A pixel that equals neither neighbour is likely to be spelt out.
std::uint32_t TileChooser::work_of(const Rect& r, const TileChoice& choice) const {
  constexpr std::uint32_t kPerTile = 40;
  constexpr std::uint32_t kPerEdge = 2;
  constexpr std::uint32_t kPerNew = 12;
  constexpr std::array<std::uint32_t, 4> kPhotoTile{500, 120, 700, 0};  // by form
  if (choice.mode == TileMode::photo) return kPhotoTile[static_cast<std::size_t>(choice.form)];
  std::uint32_t out = kPerTile;
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    const Pixel* p = frame_.row(y) + r.x;
    const Pixel* up = frame_.row(std::max(y - 1, 0)) + r.x;
    for (std::int32_t x = 1; x < r.width; ++x) {
      if (((p[x] ^ p[x - 1]) & kPixelMask) == 0) continue;
      out += ((p[x] ^ up[x]) & kPixelMask) == 0 ? kPerEdge : kPerNew;
    }
  }
  return out;
}

namespace {
struct Waiting {
  std::int64_t distance;  // by rows of tiles: whole rows are coded best
  std::size_t tile;
  auto operator<=>(const Waiting&) const = default;
};
std::int64_t rows_between(const Rect& r, Point focus) {
  return std::abs(std::int64_t{r.y / kTileSide} - focus.y / kTileSide);
}
}  // namespace

void TileChooser::decide_all() {
  for (std::size_t t = 0; t < undecided_.size(); ++t) decide(t);
}

std::uint64_t TileChooser::leave_out(std::uint32_t work, Point focus, std::vector<std::uint8_t>& left) {
  std::ranges::fill(left, 0);
  const TileGrid& grid = s_.canvas.grid();
  if (work == EncodeRequest::kWholePicture) {
    decide_all();
    return 0;
  }
  std::vector<Waiting> waiting;
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (s_.plan.tiles[t].enters_cache()) waiting.push_back({rows_between(grid.rect(t), focus), t});
  }
  std::ranges::sort(waiting);
  std::uint64_t sum = 0;
  std::uint64_t stays = 0;
  for (const Waiting& w : waiting) {
    TileChoice& choice = s_.plan.tiles[w.tile];
    const bool first = sum == 0;
    if (sum <= work) {
      decide(w.tile);
      sum += work_of(grid.rect(w.tile), choice);
    }
    if (first || sum <= work) {
      stays = sum;
      continue;
    }
    choice.painted = false;
    left[w.tile] = 1;
  }
  return stays;
}

void TileChooser::paint_refined(std::size_t t, std::vector<std::uint64_t>& keys) {
  TileChoice& choice = s_.plan.tiles[t];
  choice = {};
  choice.painted = true;
  choice.mode = TileMode::photo;
  choice.form = PhotoForm::refined;
  if (s_.canvas.grid().is_full(t)) keys[t] = content_key(frame_, s_.canvas.grid().rect(t));
}

void TileChooser::refine(const std::vector<std::uint8_t>& at_rest, std::uint64_t done, std::uint32_t work, Point focus,
                         std::vector<std::uint64_t>& keys) {
  const TileGrid& grid = s_.canvas.grid();
  std::vector<Waiting> waiting;
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (at_rest[t] != 0 && !s_.plan.tiles[t].painted) waiting.push_back({rows_between(grid.rect(t), focus), t});
  }
  std::ranges::sort(waiting);
  for (const Waiting& w : waiting) {
    paint_refined(w.tile, keys);
    const std::uint64_t more = work_of(grid.rect(w.tile), s_.plan.tiles[w.tile]);
    if (done != 0 && done + more > work) {
      s_.plan.tiles[w.tile] = {};
      return;
    }
    done += more;
  }
}

}  // namespace rescue::screen

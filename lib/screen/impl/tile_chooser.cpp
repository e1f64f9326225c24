// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/tile_chooser.hpp"

#include <algorithm>
#include <bit>

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

bool TileChooser::comes_from(const FrameView& frame, const Rect& r, Vector v) const {
  for (std::int32_t y = 0; y < r.height; ++y) {
    if (!s_.kernels->equal(frame.row(r.y + y) + r.x, s_.history.before().at(r.x + v.dx, r.y + y + v.dy),
                           static_cast<std::size_t>(r.width)))
      return false;
  }
  return true;
}

std::size_t TileChooser::equal_pixels(const Rect& r, Vector v) const {
  std::size_t out = 0;
  for (std::int32_t y = 0; y < r.height; ++y)
    out += s_.kernels->count_equal(frame_.row(r.y + y) + r.x, s_.history.before().at(r.x + v.dx, r.y + y + v.dy),
                                   static_cast<std::size_t>(r.width));
  return out;
}

bool TileChooser::find_move(const Rect& r, TileChoice& choice) const {
  for (std::size_t k = 1; k < s_.plan.vectors.size(); ++k) {
    if (!inside(r, s_.plan.vectors[k]) || !comes_from(frame_, r, s_.plan.vectors[k])) continue;
    choice.mode = TileMode::moved;
    choice.vector = static_cast<std::uint8_t>(k);
    return true;
  }
  return false;
}

bool TileChooser::is_cached(const Rect& r, std::uint16_t slot) const {
  if (!s_.cache.holds(slot)) return false;
  const Pixel* tile = s_.cache.tile(slot);
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

/// Many colours, and few pixels that equal a neighbour, in a tile that neither the picture before nor the background
/// helps with. Sub-pixel rendered text reaches about 60 colours, but has large areas of one.
bool TileChooser::looks_like_photo(const Rect& r) const {
  constexpr int kVeryMany = 96;  // of 256 hash values
  constexpr int kMany = 24;
  constexpr int kFewAlike = 120;  // of 225
  std::array<std::uint64_t, 4> seen{};
  int alike = 0;
  std::size_t background = 0;
  for (std::int32_t y = 0; y < kTileSide; ++y) {
    const Pixel* p = frame_.row(r.y + y) + r.x;
    const Pixel* up = y > 0 ? frame_.row(r.y + y - 1) + r.x : nullptr;
    for (std::int32_t x = 0; x < kTileSide; ++x) {
      const Pixel v = p[x] & kPixelMask;
      const std::uint32_t h = (v * 0x9e3779b1u) >> 24;
      seen[h >> 6] |= std::uint64_t{1} << (h & 63);
      if (x > 0 && y > 0 && (v == (p[x - 1] & kPixelMask) || v == (up[x] & kPixelMask))) ++alike;
    }
    background += s_.kernels->count_equal(p, s_.history.background().at(r.x, r.y + y), kTileSide);
  }
  int colours = 0;
  for (const std::uint64_t bits : seen) colours += std::popcount(bits);
  if (colours <= kVeryMany && (colours <= kMany || alike >= kFewAlike)) return false;
  return background * 3 <= kTilePixels;
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
  if (inside(r, v) && comes_from(s_.canvas.frame(), r, v)) s_.plan.tiles[t] = up;
}

void TileChooser::choose(const std::vector<std::uint8_t>& dirty, std::vector<std::uint64_t>& keys) {
  const TileGrid& grid = s_.canvas.grid();
  keys.assign(grid.count(), 0);
  for (std::size_t t = 0; t < grid.count(); ++t) {
    TileChoice& choice = s_.plan.tiles[t];
    choice = {};
    if (dirty[t] == 0) {
      join_move(t);
      continue;
    }
    choice.painted = true;
    const Rect r = grid.rect(t);
    if (find_move(r, choice)) continue;
    if (grid.is_full(t)) {
      keys[t] = content_key(frame_, r);
      if (const auto slot = finder_.find(keys[t]); slot && is_cached(r, *slot)) {
        choice.mode = TileMode::cached;
        choice.slot = *slot;
        continue;
      }
    }
    choice.reference = best_reference(r);
    if (choice.reference == kNoReference && grid.is_full(t) && looks_like_photo(r)) choice.mode = TileMode::photo;
  }
}

/// In units of EncodeRequest::work. A pixel that equals neither neighbour is likely to be spelt out.
std::uint32_t TileChooser::work_of(const Rect& r, const TileChoice& choice) const {
  constexpr std::uint32_t kPerTile = 40;
  constexpr std::uint32_t kPerEdge = 2;
  constexpr std::uint32_t kPerNew = 12;
  constexpr std::uint32_t kPhotoTile = 500;
  if (choice.mode == TileMode::photo) return kPhotoTile;
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

bool TileChooser::leave_out(std::uint32_t work, Point focus, std::vector<std::uint8_t>& left) {
  std::ranges::fill(left, 0);
  if (work == EncodeRequest::kWholePicture) return false;
  const TileGrid& grid = s_.canvas.grid();
  struct Waiting {
    std::int64_t distance;  // by rows of tiles: whole rows are coded best
    std::size_t tile;
    auto operator<=>(const Waiting&) const = default;
  };
  std::vector<Waiting> waiting;
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (!s_.plan.tiles[t].enters_cache()) continue;
    waiting.push_back({std::abs(std::int64_t{grid.rect(t).y / kTileSide} - focus.y / kTileSide), t});
  }
  std::ranges::sort(waiting);
  std::uint64_t sum = 0;
  for (const Waiting& w : waiting) {
    TileChoice& choice = s_.plan.tiles[w.tile];
    const bool first = sum == 0;
    if (sum <= work) sum += work_of(grid.rect(w.tile), choice);
    if (first || sum <= work) continue;
    choice.painted = false;
    left[w.tile] = 1;
  }
  return sum > work && std::ranges::find(left, 1) != left.end();
}

}  // namespace rescue::screen

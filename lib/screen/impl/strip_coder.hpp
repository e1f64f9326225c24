// SPDX-License-Identifier: Apache-2.0
// The pixels of neighbouring tiles of one tile row, row by row.
#pragma once

#include <bit>
#include <cstdlib>
#include <span>

#include "screen/impl/bit_coder.hpp"
#include "screen/impl/canvas.hpp"
#include "screen/impl/history.hpp"
#include "screen/impl/pixel_models.hpp"
#include "screen/impl/vector.hpp"

namespace rescue::screen {

/// Which vector a tile's pixels are compared with; none below zero.
using ReferenceIndex = std::int8_t;
inline constexpr ReferenceIndex kNoReference = -1;

// How fast mixers learn; a larger number is slower.
inline constexpr int kGuessRate = 16;
inline constexpr int kByteRate = 15;

template <typename Coder>
class StripCoder {
 public:
  StripCoder(Coder& coder, PixelModels& models, Frame& canvas, const History& history)
      : c_(coder), m_(models), canvas_(canvas), history_(history) {}

  /// `references` has one entry for each tile of `r`; `source` is read by an encoder only.
  void exact(Rect r, std::span<const ReferenceIndex> references, std::span<const Vector> vectors,
             const FrameView* source);
  void photo(Rect r, const FrameView* source);
  /// Where the table `near` keeps what followed these neighbours.
  static std::uint64_t near_key(Pixel w, Pixel n, Pixel nw, Pixel ne) { return with_left(scramble_near(n, nw, ne), w); }

 private:
  static constexpr bool kEncodes = Coder::kEncodes;
  static constexpr std::int32_t kMargin = 4;

  // One row with its neighbours: valid from -kMargin to width + kMargin - 1 relative to the strip.
  struct Row {
    Pixel* now;
    const Pixel* up;
    const Pixel* up2;
    const Pixel* source;
    const Pixel* before;      // of the tile's reference; moves with the tile
    const Pixel* background;  // likewise
    std::int32_t plane_stride;
    std::int32_t tile_end;
  };
  struct Neighbours {
    Pixel w, n, nw, ne;
  };
  // What the neighbourhood recalls: its slot in each table, and whether the slot is really its own.
  struct Recalled {
    Slot* slot;
    std::uint32_t tag;
    bool known;
  };
  struct Recall {
    Recalled wide, near, closest;
  };
  // How the picture before and the background agree with what is known around.
  struct Agreement {
    Pixel ref_colour = 0;
    unsigned ref = 0;      // 0: no reference; else 1 + (left) + 2 (above)
    unsigned pattern = 0;  // of seven neighbours; bit 7: there is a reference
    Pixel back_colour = 0;
    unsigned back = 0;  // (left) + 2 (above)
  };
  struct Candidate {
    Pixel colour;
    unsigned source;  // 0 to 7
    unsigned confidence;
  };
  struct Candidates {
    static constexpr std::size_t kMost = 5;
    std::array<Candidate, 12> list;
    std::size_t count = 0;
    bool excludes = false;  // this colour is known to be wrong
    Pixel excluded = 0;
    void add(Pixel colour, unsigned source, unsigned confidence) {
      if (excludes && colour == excluded) return;
      for (std::size_t i = 0; i < count; ++i) {
        if (list[i].colour == colour) return;
      }
      list[count++] = {colour, source, confidence};
    }
  };

  // Hashes of all neighbours but the left one, which is known last.
  struct Around {
    std::uint64_t near;
    std::uint64_t wide;
  };
  static Around look_around(const Pixel* now, const Pixel* up, const Pixel* up2) {
    const std::uint64_t near = scramble_near(up[0], up[-1], up[1]);
    const std::uint64_t far = (std::uint64_t{now[-2]} << 32 | up2[0]) * 0xc2b2ae3d27d4eb4fu;
    const std::uint64_t right = (std::uint64_t{up[2]} << 32 | up2[1]) * 0x165667b19e3779f9u;
    const std::uint64_t left = std::uint64_t{up[-2]} * 0x27d4eb2f165667c5u;
    return {near, scramble(near ^ std::rotr(far, 13) ^ std::rotr(right, 19) ^ std::rotr(left, 11))};
  }
  static std::uint64_t scramble_near(Pixel n, Pixel nw, Pixel ne) {
    const std::uint64_t corner = (std::uint64_t{nw} << 32 | ne) * 0xd6e8feb86659fd93u;
    return scramble(n * 0x9fb21c651e98df25u ^ std::rotr(corner, 7) ^ 0x1234567);
  }
  static std::uint64_t with_left(std::uint64_t around, Pixel left) {
    return scramble(around ^ left * 0x9fb21c651e98df25u);
  }
  static int magnitude_class(std::uint32_t v) { return std::bit_width(v); }
  static std::uint64_t scramble(std::uint64_t h) {
    h ^= h >> 29;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ (h >> 32);
  }
  static int median(int w, int n, int nw) {
    const int high = std::max(w, n);
    const int low = std::min(w, n);
    return nw >= high ? low : nw <= low ? high : w + n - nw;
  }
  static int g_of(Pixel p) { return static_cast<int>((p >> 8) & 255); }
  static int r_of(Pixel p) { return static_cast<int>((p >> 16) & 255); }
  static int b_of(Pixel p) { return static_cast<int>(p & 255); }

  void load_rows(Rect r, std::int32_t y);
  void select_tile(Row& row, std::int32_t x, std::int32_t y, Rect r, std::span<const ReferenceIndex> references,
                   std::span<const Vector> vectors, std::int32_t& tile);
  std::int32_t flat_run(const Row& row, std::int32_t x, std::int32_t width, bool& broken);
  std::int32_t run_length(std::int32_t run, std::int32_t most);
  Pixel pixel(const Row& row, std::int32_t x, bool broken);
  Recall recall(const Row& row, std::int32_t x, const Neighbours& a);
  static Agreement compare(const Row& row, std::int32_t x, const Neighbours& a, bool broken);
  static Candidates gather(const Neighbours& a, const Recall& k, const Agreement& g, bool broken);
  bool guess(unsigned rank, const Candidate& c, const Neighbours& a, const Recall& k, const Agreement& g, bool broken,
             bool right);
  Pixel literal(Pixel v, const Neighbours& a, Pixel nn);
  Pixel coloured(Pixel v, const Neighbours& a, int g, int green_class);
  int byte_value(int value, int prediction, const Neighbours& a, Pixel nn);
  int residual(std::size_t channel, std::size_t context, int value);
  Pixel photo_pixel(Pixel v, const Neighbours& a);
  void fetch_ahead(const Pixel* now, const Pixel* up, const Pixel* up2, Pixel likely);
  void learn(Slot& s, std::uint32_t tag, Pixel colour);

  Coder& c_;
  PixelModels& m_;
  Frame& canvas_;
  const History& history_;
  std::vector<Pixel> lines_[3];
  // Of the pixels that come next; null where not known.
  std::array<const Pixel*, 2> ahead_at_{};
  std::array<Around, 2> ahead_{};
};

template <typename Coder>
void StripCoder<Coder>::load_rows(Rect r, std::int32_t y) {
  // lines_[0]: this row (only the left margin is known), [1]: above, [2]: two above.
  const std::int32_t left = r.x - kMargin;
  const std::int32_t right = r.x + r.width + kMargin;
  const std::int32_t from = std::max(left, 0);
  const std::int32_t to = std::min(right, canvas_.size().width);
  for (std::int32_t k = 0; k < 3; ++k) {
    auto& line = lines_[static_cast<std::size_t>(k)];
    const std::int32_t at = y - k;
    if (at < 0) {
      std::fill(line.begin(), line.end(), 0);
      continue;
    }
    if (from > left) std::fill_n(line.begin(), from - left, 0);
    if (to < right) std::fill(line.begin() + (to - left), line.end(), 0);
    std::copy(canvas_.row(at) + from, canvas_.row(at) + to, line.begin() + (from - left));
  }
}

template <typename Coder>
void StripCoder<Coder>::exact(Rect r, std::span<const ReferenceIndex> references, std::span<const Vector> vectors,
                              const FrameView* source) {
  for (auto& line : lines_) line.resize(static_cast<std::size_t>(r.width + 2 * kMargin));
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    load_rows(r, y);
    ahead_at_ = {};
    Row row{lines_[0].data() + kMargin,
            lines_[1].data() + kMargin,
            lines_[2].data() + kMargin,
            nullptr,
            nullptr,
            nullptr,
            history_.before().stride(),
            0};
    if constexpr (kEncodes) {
      row.source = source->row(y) + r.x;
      std::transform(row.source, row.source + r.width, row.now, [](Pixel p) { return p & kPixelMask; });
    }
    row.background = history_.background().at(r.x, y);
    std::int32_t tile = -1;
    for (std::int32_t x = 0; x < r.width;) {
      select_tile(row, x, y, r, references, vectors, tile);
      bool broken = false;
      const Pixel n = row.up[x];
      if (row.now[x - 1] == n && row.up[x + 1] == n && row.up[x - 1] == n) {
        x = flat_run(row, x, r.width, broken);
        if (!broken) continue;
        select_tile(row, x, y, r, references, vectors, tile);
      }
      row.now[x] = pixel(row, x, broken);
      ++x;
    }
    std::copy_n(row.now, r.width, canvas_.row(y) + r.x);
  }
}

template <typename Coder>
void StripCoder<Coder>::select_tile(Row& row, std::int32_t x, std::int32_t y, Rect r,
                                    std::span<const ReferenceIndex> references, std::span<const Vector> vectors,
                                    std::int32_t& tile) {
  if (x / kTileSide == tile) return;
  tile = x / kTileSide;
  row.tile_end = std::min((tile + 1) * kTileSide, r.width);
  const ReferenceIndex reference = references[static_cast<std::size_t>(tile)];
  row.before = nullptr;
  if (reference < 0) return;
  const Vector v = vectors[static_cast<std::size_t>(reference)];
  row.before = history_.before().at(r.x + v.dx, y + v.dy);
}

template <typename Coder>
std::int32_t StripCoder<Coder>::flat_run(const Row& row, std::int32_t x, std::int32_t width, bool& broken) {
  const Pixel n = row.up[x];
  std::int32_t most = 1;
  while (x + most < width && row.up[x + most + 1] == n) ++most;
  std::int32_t run = 0;
  if constexpr (kEncodes) {
    while (run < most && ((row.source[x + run] ^ n) & kPixelMask) == 0) ++run;
  }
  const auto size_class = static_cast<unsigned>(magnitude_class(static_cast<std::uint32_t>(most)));
  // Where the reference, as far as this tile goes, leaves the colour.
  const std::int32_t seen = std::min(most, row.tile_end - x);
  std::int32_t hint = seen;
  unsigned agree = 0;
  if (row.before != nullptr) {
    const Pixel* ref = row.before + x;
    agree = 1 + (ref[-1] == n) + (ref[-row.plane_stride] == n);
    hint = 0;
    while (hint < seen && ref[hint] == n) ++hint;
  }
  const unsigned hinted = hint < seen ? 1 : 0;
  const unsigned above = (row.now[x - 2] == n) + 2u * (row.up2[x] == n);
  const unsigned context = (size_class * 4 + above) * 4 + agree;
  const bool all = code_bit(c_, run == most, m_.run_whole[context * 2 + hinted]);
  if (all) {
    run = most;
  } else if (hinted != 0 && most > 1 && code_bit(c_, run == hint, m_.run_whole[2048 + context])) {
    run = hint;
  } else if (most > 1) {
    run = run_length(run, most);
  }
  std::fill_n(row.now + x, run, n);
  broken = !all;
  return x + run;
}

/// 0 to most - 1: the number of bits by learnt decisions, the bits below the highest plainly.
template <typename Coder>
std::int32_t StripCoder<Coder>::run_length(std::int32_t run, std::int32_t most) {
  const int classes = magnitude_class(static_cast<std::uint32_t>(most - 1));
  auto& model = m_.run_length[static_cast<std::size_t>(magnitude_class(static_cast<std::uint32_t>(most)))];
  const int wanted = magnitude_class(static_cast<std::uint32_t>(run));
  int k = 0;
  while (k < classes && code_bit(c_, k < wanted, model[static_cast<std::size_t>(k)])) ++k;
  if (k <= 1) return k;
  const std::uint32_t base = 1u << (k - 1);
  const std::uint32_t rest = code_plain(c_, static_cast<std::uint32_t>(run) - base, k - 1);
  return std::min(static_cast<std::int32_t>(base + rest), most - 1);
}

template <typename Coder>
void StripCoder<Coder>::photo(Rect r, const FrameView* source) {
  for (auto& line : lines_) line.resize(static_cast<std::size_t>(r.width + 2 * kMargin));
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    load_rows(r, y);
    Pixel* now = lines_[0].data() + kMargin;
    const Pixel* up = lines_[1].data() + kMargin;
    for (std::int32_t x = 0; x < r.width; ++x) {
      const Pixel v = kEncodes ? source->row(y)[r.x + x] & kPixelMask : 0;
      now[x] = photo_pixel(v, {now[x - 1], up[x], up[x - 1], up[x + 1]});
    }
    std::copy_n(now, r.width, canvas_.row(y) + r.x);
  }
}

}  // namespace rescue::screen

#include "screen/impl/strip_guesses.hpp"
#include "screen/impl/strip_literals.hpp"

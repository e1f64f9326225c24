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

  // Hashes of all neighbours but the left one, which is known last.
  struct Around {
    std::uint64_t near;
    std::uint64_t wide;
  };
  static Around look_around(const Pixel* now, const Pixel* up, const Pixel* up2) {
    const std::uint64_t corner = (std::uint64_t{up[-1]} << 32 | up[1]) * 0xd6e8feb86659fd93u;
    const std::uint64_t near = scramble(up[0] * 0x9fb21c651e98df25u ^ std::rotr(corner, 7) ^ 0x1234567);
    const std::uint64_t far = (std::uint64_t{now[-2]} << 32 | up2[0]) * 0xc2b2ae3d27d4eb4fu;
    const std::uint64_t right = (std::uint64_t{up[2]} << 32 | up2[1]) * 0x165667b19e3779f9u;
    const std::uint64_t left = std::uint64_t{up[-2]} * 0x27d4eb2f165667c5u;
    return {near, scramble(near ^ std::rotr(far, 13) ^ std::rotr(right, 19) ^ std::rotr(left, 11))};
  }
  static std::uint64_t with_left(std::uint64_t around, Pixel left) { return scramble(around ^ left * 0x9fb21c651e98df25u); }
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
    Row row{lines_[0].data() + kMargin, lines_[1].data() + kMargin, lines_[2].data() + kMargin, nullptr, nullptr, nullptr,
            history_.before().stride(), 0};
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
void StripCoder<Coder>::learn(Slot& s, std::uint32_t tag, Pixel colour) {
  if ((s.second >> 24) != tag || s.first == 0) {
    s.first = colour | 1u << 24;
    s.second = colour | tag << 24;
    s.right = {};
    return;
  }
  const Pixel first = s.first & kPixelMask;
  const std::uint32_t times = s.first >> 24;
  if (first == colour) {
    if (times < 255) s.first += 1u << 24;
  } else if (times > 1 && (s.second & kPixelMask) != colour) {
    s.first = first | (times >> 1) << 24;
    s.second = colour | tag << 24;
  } else {
    s.first = colour | 1u << 24;
    s.second = first | tag << 24;
  }
}

template <typename Coder>
Pixel StripCoder<Coder>::pixel(const Row& row, std::int32_t x, bool broken) {
  const Pixel* now = row.now + x;
  const Pixel* up = row.up + x;
  const Neighbours a{now[-1], up[0], up[-1], up[1]};
  const Pixel ww = now[-2];
  const Pixel nn = row.up2[x];
  const Pixel nee = up[2];
  const Around around = ahead_at_[0] == now ? ahead_[0] : look_around(now, up, row.up2 + x);
  const std::uint64_t k_near = with_left(around.near, a.w);
  const std::uint64_t k_wide = with_left(around.wide, a.w);
  const std::uint64_t k_closest = scramble((std::uint64_t{a.w} << 32 | a.n) * 0x9fb21c651e98df25u);
  Slot& wide = m_.wide.at(k_wide);
  Slot& near = m_.near.at(k_near);
  Slot& closest = m_.closest.at(k_closest);
  const auto tag = [](std::uint64_t k) { return static_cast<std::uint32_t>(k >> 40) & 255; };
  const auto known = [&](const Slot& s, std::uint64_t k) { return s.first != 0 && (s.second >> 24) == tag(k); };
  const bool know_wide = known(wide, k_wide);
  const bool know_near = known(near, k_near);
  const bool know_closest = known(closest, k_closest);

  // How far the reference and the background agree with what is known around.
  Pixel ref_colour = 0;
  unsigned ref_agree = 0;  // 0: no reference; 1 + (left) + 2 (above)
  unsigned pattern = 0;
  if (row.before != nullptr) {
    const Pixel* q = row.before + x;
    const Pixel* qu = q - row.plane_stride;
    ref_colour = q[0];
    ref_agree = 1 + (q[-1] == a.w) + 2 * (qu[0] == a.n);
    pattern = 128 | (q[-1] == a.w) | (qu[0] == a.n) << 1 | (qu[-1] == a.nw) << 2 | (qu[1] == a.ne) << 3 | (q[-2] == ww) << 4 |
              (qu[2] == nee) << 5 | ((q - 2 * row.plane_stride)[0] == nn) << 6;
  }
  const Pixel* b = row.background + x;
  const Pixel bg_colour = b[0] & kPixelMask;
  unsigned bg_agree = ((b[-1] & kPixelMask) == a.w) + 2u * ((b[-row.plane_stride] & kPixelMask) == a.n);
  if (bg_agree == 3 && broken && bg_colour == a.n) bg_agree = 0;

  struct Candidate {
    Pixel colour;
    unsigned source;
    unsigned confidence;
  };
  std::array<Candidate, 12> candidates;
  std::size_t count = 0;
  const auto add = [&](Pixel colour, unsigned source, unsigned confidence) {
    if (broken && colour == a.n) return;
    for (std::size_t i = 0; i < count; ++i) {
      if (candidates[i].colour == colour) return;
    }
    candidates[count++] = {colour, source, confidence};
  };
  const auto confidence = [](const Slot& s) {
    const std::uint32_t times = s.first >> 24;
    return times > 15 ? 3u : times > 3 ? 2u : times > 1 ? 1u : 0u;
  };
  constexpr std::size_t kMost = 5;
  if (ref_agree == 4) add(ref_colour, 0, bg_agree);
  if (bg_agree == 3) add(bg_colour, count != 0 ? 4 : 3, ref_agree == 4 ? 1 : 0);
  if (know_wide) add(wide.first & kPixelMask, 1, confidence(wide));
  if (know_near) add(near.first & kPixelMask, 2, confidence(near));
  if (ref_agree != 0 && ref_agree != 4) add(ref_colour, 3, ref_agree - 1);
  if (bg_agree == 1 || bg_agree == 2) add(bg_colour, 3, 3);
  if (know_wide) add(wide.second & kPixelMask, 4, confidence(wide));
  if (know_closest) add(closest.first & kPixelMask, 5, confidence(closest));
  if (count < kMost && know_near) add(near.second & kPixelMask, 6, confidence(near));
  if (count < kMost) add(a.w, 7, 0);
  if (count < kMost) add(a.n, 7, 1);
  if (count < kMost) add(a.ne, 7, 2);
  count = std::min(count, kMost);

  const Pixel v = kEncodes ? row.source[x] & kPixelMask : 0;
  fetch_ahead(now, up, row.up2 + x, count > 0 ? candidates[0].colour : a.w);
  const unsigned agree = know_wide && know_near && ((wide.first ^ near.first) & kPixelMask) == 0 ? 1 : 0;
  Pixel out = 0;
  bool found = false;
  for (std::size_t i = 0; i < count && !found; ++i) {
    const Candidate& k = candidates[i];
    const auto rank = static_cast<unsigned>(i);
    unsigned context = (((rank * 8 + k.source) * 4 + k.confidence) * 2 + agree) * 5 + ref_agree;
    context = context * 4 + (k.colour == a.w ? 1 : 0) + (k.colour == a.n ? 2 : 0);
    context = (context * 2 + (m_.last_miss > 0 ? 1 : 0)) * 2 + (bg_agree == 3 ? 1 : 0);
    SteadyBit& structure = m_.structure[context & 0xffff];
    const unsigned kind = k.source == 0 ? 0 : k.source == 1 ? 1 : k.source == 4 ? 2 : 3;
    YoungBit& in_wide = wide.right[kind];
    const unsigned near_kind = k.source == 2 ? 1 : k.source == 6 ? 2 : k.source == 0 ? 0 : 3;
    YoungBit& in_near = near.right[near_kind];
    SteadyBit& by_pattern = m_.agreement[(((pattern * 8 + k.source) * 4 + std::min(rank, 3u)) * 8 + (m_.history & 7))];
    YoungBit& by_colour = m_.transition[scramble((std::uint64_t{k.colour} << 32 | a.w) * 0x9e3779b97f4a7c15u + k.source) & 0xffff];
    Mix<kGuessInputs> mix(m_.guess_weights[(rank * 8 + k.source) * 8 + (broken ? 4 : 0) + (know_wide ? 2 : 0) + (know_near ? 1 : 0)]);
    mix.set(0, stretch(structure.p()));
    mix.set(1, know_wide ? stretch(in_wide.p()) : 0);
    mix.set(2, know_near ? stretch(in_near.p()) : 0);
    mix.set(3, stretch(by_pattern.p()));
    mix.set(4, stretch(by_colour.p()));
    const std::uint32_t p = mix.p();
    found = c_.code(kEncodes && k.colour == v, coder_p(p));
    mix.learn(found, kGuessRate);
    structure.learn(found);
    if (know_wide) in_wide.learn(found);
    if (know_near) in_near.learn(found);
    by_pattern.learn(found);
    by_colour.learn(found);
    if (!found) continue;
    out = k.colour;
    m_.last_miss = i > 0 ? 2 : m_.last_miss > 0 ? m_.last_miss - 1 : 0;
    m_.history = m_.history << 1 | (i > 0 ? 1 : 0);
  }
  if (!found) {
    out = literal(v, a, nn);
    m_.last_miss = 3;
    m_.history = m_.history << 1 | 1;
  }
  learn(wide, tag(k_wide), out);
  learn(near, tag(k_near), out);
  learn(closest, tag(k_closest), out);
  return out;
}

/// Lets the slots of pixels to come be on their way while this one is coded. An encoder knows those pixels, a decoder
/// guesses the next one's left neighbour.
template <typename Coder>
void StripCoder<Coder>::fetch_ahead(const Pixel* now, const Pixel* up, const Pixel* up2, Pixel likely) {
  ahead_[0] = ahead_[1];
  ahead_at_[0] = ahead_at_[1];
  constexpr std::ptrdiff_t kAhead = kEncodes ? 2 : 1;
  constexpr std::size_t kPlace = kEncodes ? 1 : 0;
  ahead_[kPlace] = look_around(now + kAhead, up + kAhead, up2 + kAhead);
  ahead_at_[kPlace] = now + kAhead;
  const Pixel left = kEncodes ? now[1] : likely;
  m_.wide.prefetch(with_left(ahead_[kPlace].wide, left));
  m_.near.prefetch(with_left(ahead_[kPlace].near, left));
}

/// The green byte as its distance from the median prediction, bit by bit, the highest first.
template <typename Coder>
int StripCoder<Coder>::byte_value(int value, int prediction, const Neighbours& a, Pixel nn) {
  const auto target = static_cast<std::uint32_t>((value - prediction) & 255);
  const int gw = g_of(a.w);
  const int gn = g_of(a.n);
  const int gnw = g_of(a.nw);
  const int gne = g_of(a.ne);
  const int activity = std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(gw - gnw) + std::abs(gn - gnw) + std::abs(gn - gne))), 9);
  constexpr std::size_t kGroups = std::size_t{1} << kLiteralSlotBits;
  const auto pg = static_cast<std::uint64_t>(prediction);
  const std::array<std::uint64_t, 2> hashes{
      (static_cast<std::uint64_t>(gw >> 4) << 40 | static_cast<std::uint64_t>(gn >> 4) << 32 | static_cast<std::uint64_t>(gnw >> 5) << 24 |
       static_cast<std::uint64_t>(gne >> 5) << 16 | pg << 8 | 3) * 0xc2b2ae3d27d4eb4fu,
      (std::uint64_t{m_.last_literal} << 32 | pg << 8 | 4) * 0x165667b19e3779f9u ^ std::uint64_t{nn} * 0x27d4eb2f165667c5u};
  std::uint32_t node = 1;
  YoungBit* groups[2]{};
  for (int k = 7; k >= 0; --k) {
    if (k == 7 || k == 3) {
      for (std::size_t i = 0; i < 2; ++i)
        groups[i] = &m_.byte_hashed[(scramble(hashes[i] + node * 0x9e3779b97f4a7c15u) & (kGroups - 1)) * 16];
    }
    const std::uint32_t inner = k >= 4 ? node : (1u << (3 - k)) | (node & ((1u << (3 - k)) - 1));
    YoungBit* models[4]{&groups[0][inner], &groups[1][inner],
                        &m_.byte_direct[static_cast<std::size_t>(activity) * 256 + node],
                        &m_.byte_direct[(16 + static_cast<std::size_t>(prediction)) * 256 + node]};
    Mix<kByteInputs> mix(m_.byte_weights[static_cast<std::size_t>(7 - k) * 16 + static_cast<std::size_t>(activity)]);
    for (int i = 0; i < 4; ++i) mix.set(i, stretch(models[i]->p()));
    const bool bit = c_.code(((target >> k) & 1) != 0, coder_p(mix.p()));
    mix.learn(bit, kByteRate);
    for (YoungBit* model : models) model->learn(bit);
    node = node * 2 + (bit ? 1 : 0);
  }
  return (prediction + static_cast<int>(node & 255)) & 255;
}

template <typename Coder>
Pixel StripCoder<Coder>::literal(Pixel v, const Neighbours& a, Pixel nn) {
  const int prediction = median(g_of(a.w), g_of(a.n), g_of(a.nw));
  const int g = byte_value(g_of(v), prediction, a, nn);
  const Pixel out = coloured(v, a, g, std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(static_cast<std::int8_t>(g - prediction)))), 6));
  m_.last_literal = out;
  return out;
}

/// Red and blue of a literal whose green is known: first the colours that went with this green before.
template <typename Coder>
Pixel StripCoder<Coder>::coloured(Pixel v, const Neighbours& a, int g, int green_class) {
  const auto green = static_cast<std::uint64_t>(g);
  std::uint32_t* places[3]{
      &m_.colour_by_green[0][scramble((std::uint64_t{a.w} << 8 | green) * 0x9e3779b97f4a7c15u) & 0x3fff],
      &m_.colour_by_green[1][scramble((std::uint64_t{a.n} << 8 | green) * 0xd6e8feb86659fd93u) & 0x3fff],
      &m_.colour_by_green[2][green]};
  unsigned equal = 0;
  if (*places[0] == *places[1]) equal |= 1;
  if (*places[0] == *places[2]) equal |= 2;
  if (*places[1] == *places[2]) equal |= 4;
  Pixel out = 0;
  bool found = false;
  Pixel tried[3]{};
  unsigned tries = 0;
  for (unsigned i = 0; i < 3 && !found; ++i) {
    const std::uint32_t entry = *places[i];
    const Pixel colour = entry & kPixelMask;
    if (entry == 0 || g_of(colour) != g) continue;
    bool again = false;
    for (unsigned k = 0; k < tries; ++k) again = again || tried[k] == colour;
    if (again) continue;
    tried[tries++] = colour;
    found = code_bit(c_, colour == v, m_.colour_guess[(i * 8 + equal) * 4 + (m_.history >> 1 & 1) * 2 + (green_class > 3 ? 1 : 0)]);
    if (found) out = colour;
  }
  if (!found) {
    const int gw = g_of(a.w), gn = g_of(a.n), gnw = g_of(a.nw);
    const auto channel = [&](std::size_t which, int (*of)(Pixel), int near_class) {
      const int dw = of(a.w) - gw, dn = of(a.n) - gn, dnw = of(a.nw) - gnw;
      const int prediction = std::clamp(g + median(dw, dn, dnw), 0, 255);
      const int texture = std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(dw - dnw) + std::abs(dn - dnw))), 3);
      const int wanted = kEncodes ? static_cast<std::int8_t>(of(v) - prediction) : 0;
      const int r = residual(which, static_cast<std::size_t>(near_class * 4 + texture), wanted);
      return std::pair{(prediction + r) & 255, std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(r))), 6)};
    };
    const auto [red, red_class] = channel(1, &r_of, green_class);
    const int blue = channel(2, &b_of, (green_class + red_class + 1) / 2).first;
    out = static_cast<Pixel>(red) << 16 | static_cast<Pixel>(g) << 8 | static_cast<Pixel>(blue);
  }
  for (std::uint32_t* place : places) *place = out | 1u << 24;
  return out;
}

/// -128 to 127: zero, sign, number of bits, bits.
template <typename Coder>
int StripCoder<Coder>::residual(std::size_t channel, std::size_t context, int value) {
  if (code_bit(c_, value == 0, m_.zero[channel][context])) return 0;
  const bool negative = code_bit(c_, value < 0, m_.sign[channel][context]);
  const auto magnitude = static_cast<std::uint32_t>(std::abs(value));
  const int wanted = magnitude_class(magnitude) - 1;
  int e = 0;
  while (e < 7 && code_bit(c_, e < wanted, m_.magnitude[channel][context][static_cast<std::size_t>(e)])) ++e;
  std::uint32_t out = 1;
  for (int k = e - 1; k >= 0; --k) {
    const bool want = ((magnitude >> k) & 1) != 0;
    const auto place = static_cast<std::size_t>(e - 1 - k);
    bool bit = false;
    if (place < 2) {
      const std::size_t second = place == 1 ? 1 + (out & 1) : 0;
      bit = code_bit(c_, want, m_.mantissa[channel][static_cast<std::size_t>(e)][second]);
    } else {
      bit = c_.code(want, 32768);
    }
    out = out * 2 + (bit ? 1 : 0);
  }
  return negative ? -static_cast<int>(out) : static_cast<int>(out);
}

template <typename Coder>
Pixel StripCoder<Coder>::photo_pixel(Pixel v, const Neighbours& a) {
  const int gw = g_of(a.w), gn = g_of(a.n), gnw = g_of(a.nw), gne = g_of(a.ne);
  const int activity = std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(gw - gnw) + std::abs(gn - gnw) + std::abs(gn - gne))), 9);
  const int prediction = median(gw, gn, gnw);
  const int green = residual(0, static_cast<std::size_t>(activity), kEncodes ? static_cast<std::int8_t>(g_of(v) - prediction) : 0);
  const int g = (prediction + green) & 255;
  const int green_class = std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(green))), 6);
  const auto channel = [&](std::size_t which, int (*of)(Pixel), int near_class) {
    const int dw = of(a.w) - gw, dn = of(a.n) - gn, dnw = of(a.nw) - gnw;
    const int p = std::clamp(g + median(dw, dn, dnw), 0, 255);
    const int texture = std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(dw - dnw) + std::abs(dn - dnw))), 3);
    const int r = residual(which, static_cast<std::size_t>(32 + near_class * 4 + texture), kEncodes ? static_cast<std::int8_t>(of(v) - p) : 0);
    return std::pair{(p + r) & 255, std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(r))), 6)};
  };
  const auto [red, red_class] = channel(1, &r_of, green_class);
  const int blue = channel(2, &b_of, (green_class + red_class + 1) / 2).first;
  return static_cast<Pixel>(red) << 16 | static_cast<Pixel>(g) << 8 | static_cast<Pixel>(blue);
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

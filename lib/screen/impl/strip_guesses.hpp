// SPDX-License-Identifier: Apache-2.0
// Part of strip_coder.hpp: a pixel as one of at most five candidates.
#pragma once

#include "screen/impl/strip_coder.hpp"

namespace rescue::screen {

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

/// The slots of this neighbourhood in the three tables.
template <typename Coder>
typename StripCoder<Coder>::Recall StripCoder<Coder>::recall(const Row& row, std::int32_t x, const Neighbours& a) {
  const Pixel* now = row.now + x;
  const Around around = ahead_at_[0] == now ? ahead_[0] : look_around(now, row.up + x, row.up2 + x);
  const auto find = [](SlotTable& table, std::uint64_t key) {
    Slot& slot = table.at(key);
    const std::uint32_t tag = static_cast<std::uint32_t>(key >> 40) & 255;
    return Recalled{&slot, tag, slot.first != 0 && (slot.second >> 24) == tag};
  };
  const std::uint64_t closest = scramble((std::uint64_t{a.w} << 32 | a.n) * 0x9fb21c651e98df25u);
  return {find(m_.wide, with_left(around.wide, a.w)), find(m_.near, with_left(around.near, a.w)),
          find(m_.closest, closest)};
}

template <typename Coder>
typename StripCoder<Coder>::Agreement StripCoder<Coder>::compare(const Row& row, std::int32_t x, const Neighbours& a,
                                                                 bool broken) {
  Agreement g;
  if (row.before != nullptr) {
    const Pixel* q = row.before + x;
    const Pixel* up = q - row.plane_stride;
    g.ref_colour = q[0];
    g.ref = 1 + (q[-1] == a.w) + 2 * (up[0] == a.n);
    g.pattern = 128 | (q[-1] == a.w) | (up[0] == a.n) << 1 | (up[-1] == a.nw) << 2 | (up[1] == a.ne) << 3 |
                (q[-2] == row.now[x - 2]) << 4 | (up[2] == row.up[x + 2]) << 5 |
                ((q - 2 * row.plane_stride)[0] == row.up2[x]) << 6;
  }
  const Pixel* b = row.background + x;
  g.back_colour = b[0] & kPixelMask;
  g.back = ((b[-1] & kPixelMask) == a.w) + 2u * ((b[-row.plane_stride] & kPixelMask) == a.n);
  if (g.back == 3 && broken && g.back_colour == a.n) g.back = 0;
  return g;
}

/// At most kMost colours, the likeliest first.
template <typename Coder>
typename StripCoder<Coder>::Candidates StripCoder<Coder>::gather(const Neighbours& a, const Recall& k,
                                                                 const Agreement& g, bool broken) {
  Candidates out;
  out.excludes = broken;
  out.excluded = a.n;
  const auto first = [](const Recalled& r) { return r.slot->first & kPixelMask; };
  const auto second = [](const Recalled& r) { return r.slot->second & kPixelMask; };
  const auto confidence = [](const Recalled& r) {
    const std::uint32_t times = r.slot->first >> 24;
    return times > 15 ? 3u : times > 3 ? 2u : times > 1 ? 1u : 0u;
  };
  if (g.ref == 4) out.add(g.ref_colour, 0, g.back);
  if (g.back == 3) out.add(g.back_colour, out.count != 0 ? 4 : 3, g.ref == 4 ? 1 : 0);
  if (k.wide.known) out.add(first(k.wide), 1, confidence(k.wide));
  if (k.near.known) out.add(first(k.near), 2, confidence(k.near));
  if (g.ref != 0 && g.ref != 4) out.add(g.ref_colour, 3, g.ref - 1);
  if (g.back == 1 || g.back == 2) out.add(g.back_colour, 3, 3);
  if (k.wide.known) out.add(second(k.wide), 4, confidence(k.wide));
  if (k.closest.known) out.add(first(k.closest), 5, confidence(k.closest));
  if (out.count < Candidates::kMost && k.near.known) out.add(second(k.near), 6, confidence(k.near));
  if (out.count < Candidates::kMost) out.add(a.w, 7, 0);
  if (out.count < Candidates::kMost) out.add(a.n, 7, 1);
  if (out.count < Candidates::kMost) out.add(a.ne, 7, 2);
  out.count = std::min(out.count, Candidates::kMost);
  return out;
}

/// One decision: is it this candidate? Five opinions mixed.
template <typename Coder>
bool StripCoder<Coder>::guess(unsigned rank, const Candidate& c, const Neighbours& a, const Recall& k,
                              const Agreement& g, bool broken, bool right) {
  const bool agree = k.wide.known && k.near.known && ((k.wide.slot->first ^ k.near.slot->first) & kPixelMask) == 0;
  unsigned context = (((rank * 8 + c.source) * 4 + c.confidence) * 2 + (agree ? 1 : 0)) * 5 + g.ref;
  context = context * 4 + (c.colour == a.w ? 1 : 0) + (c.colour == a.n ? 2 : 0);
  context = (context * 2 + (m_.last_miss > 0 ? 1 : 0)) * 2 + (g.back == 3 ? 1 : 0);
  static constexpr std::array<std::uint8_t, 8> kInWide{0, 1, 3, 3, 2, 3, 3, 3};  // by source
  static constexpr std::array<std::uint8_t, 8> kInNear{0, 3, 1, 3, 3, 3, 2, 3};
  SteadyBit& structure = m_.structure[context];
  YoungBit& in_wide = k.wide.slot->right[kInWide[c.source]];
  YoungBit& in_near = k.near.slot->right[kInNear[c.source]];
  SteadyBit& by_pattern = m_.agreement[((g.pattern * 8 + c.source) * 4 + std::min(rank, 3u)) * 8 + (m_.history & 7)];
  const std::uint64_t pair = (std::uint64_t{c.colour} << 32 | a.w) * 0x9e3779b97f4a7c15u + c.source;
  YoungBit& by_colour = m_.transition[scramble(pair) & 0xffff];
  Mix<kGuessInputs> mix(
      m_.guess_weights[(rank * 8 + c.source) * 8 + (broken ? 4 : 0) + (k.wide.known ? 2 : 0) + (k.near.known ? 1 : 0)]);
  mix.set(0, stretch(structure.p()));
  mix.set(1, k.wide.known ? stretch(in_wide.p()) : 0);
  mix.set(2, k.near.known ? stretch(in_near.p()) : 0);
  mix.set(3, stretch(by_pattern.p()));
  mix.set(4, stretch(by_colour.p()));
  right = c_.code(right, coder_p(mix.p()));
  mix.learn(right, kGuessRate);
  structure.learn(right);
  if (k.wide.known) in_wide.learn(right);
  if (k.near.known) in_near.learn(right);
  by_pattern.learn(right);
  by_colour.learn(right);
  return right;
}

template <typename Coder>
Pixel StripCoder<Coder>::pixel(const Row& row, std::int32_t x, bool broken) {
  const Neighbours a{row.now[x - 1], row.up[x], row.up[x - 1], row.up[x + 1]};
  const Recall known = recall(row, x, a);
  const Agreement agreement = compare(row, x, a, broken);
  const Candidates candidates = gather(a, known, agreement, broken);
  const Pixel v = kEncodes ? row.source[x] & kPixelMask : 0;
  fetch_ahead(row.now + x, row.up + x, row.up2 + x, candidates.count > 0 ? candidates.list[0].colour : a.w);
  Pixel out = 0;
  bool found = false;
  for (unsigned i = 0; i < candidates.count && !found; ++i) {
    const Candidate& c = candidates.list[i];
    found = guess(i, c, a, known, agreement, broken, c.colour == v);
    if (!found) continue;
    out = c.colour;
    m_.last_miss = i > 0 ? 2 : m_.last_miss > 0 ? m_.last_miss - 1 : 0;
    m_.history = m_.history << 1 | (i > 0 ? 1 : 0);
  }
  if (!found) {
    out = literal(v, a, row.up2[x]);
    m_.last_miss = 3;
    m_.history = m_.history << 1 | 1;
  }
  for (const Recalled* r : {&known.wide, &known.near, &known.closest}) learn(*r->slot, r->tag, out);
  return out;
}

}  // namespace rescue::screen

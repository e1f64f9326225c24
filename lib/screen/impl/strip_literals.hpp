// SPDX-License-Identifier: Apache-2.0
// Part of strip_coder.hpp: pixels that are spelt out, in text and in photos.
#pragma once

#include "screen/impl/strip_coder.hpp"

namespace rescue::screen {

/// The green byte as its distance from the median prediction, bit by bit, the highest first.
template <typename Coder>
int StripCoder<Coder>::byte_value(int value, int prediction, const Neighbours& a, Pixel nn) {
  const auto target = static_cast<std::uint32_t>((value - prediction) & 255);
  const int gw = g_of(a.w);
  const int gn = g_of(a.n);
  const int gnw = g_of(a.nw);
  const int gne = g_of(a.ne);
  const int activity = std::min(
      magnitude_class(static_cast<std::uint32_t>(std::abs(gw - gnw) + std::abs(gn - gnw) + std::abs(gn - gne))), 9);
  constexpr std::size_t kGroups = std::size_t{1} << kLiteralSlotBits;
  const auto pg = static_cast<std::uint64_t>(prediction);
  const std::array<std::uint64_t, 2> hashes{
      (static_cast<std::uint64_t>(gw >> 4) << 40 | static_cast<std::uint64_t>(gn >> 4) << 32 |
       static_cast<std::uint64_t>(gnw >> 5) << 24 | static_cast<std::uint64_t>(gne >> 5) << 16 | pg << 8 | 3) *
          0xc2b2ae3d27d4eb4fu,
      (std::uint64_t{m_.last_literal} << 32 | pg << 8 | 4) * 0x165667b19e3779f9u ^
          std::uint64_t{nn} * 0x27d4eb2f165667c5u};
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
  const Pixel out = coloured(
      v, a, g,
      std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(static_cast<std::int8_t>(g - prediction)))), 6));
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
    found = code_bit(c_, colour == v,
                     m_.colour_guess[(i * 8 + equal) * 4 + (m_.history >> 1 & 1) * 2 + (green_class > 3 ? 1 : 0)]);
    if (found) out = colour;
  }
  if (!found) {
    const int gw = g_of(a.w), gn = g_of(a.n), gnw = g_of(a.nw);
    const auto channel = [&](std::size_t which, int (*of)(Pixel), int near_class) {
      const int dw = of(a.w) - gw, dn = of(a.n) - gn, dnw = of(a.nw) - gnw;
      const int prediction = std::clamp(g + median(dw, dn, dnw), 0, 255);
      const int texture =
          std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(dw - dnw) + std::abs(dn - dnw))), 3);
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
  const int activity = std::min(
      magnitude_class(static_cast<std::uint32_t>(std::abs(gw - gnw) + std::abs(gn - gnw) + std::abs(gn - gne))), 9);
  const int prediction = median(gw, gn, gnw);
  const int green =
      residual(0, static_cast<std::size_t>(activity), kEncodes ? static_cast<std::int8_t>(g_of(v) - prediction) : 0);
  const int g = (prediction + green) & 255;
  const int green_class = std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(green))), 6);
  const auto channel = [&](std::size_t which, int (*of)(Pixel), int near_class) {
    const int dw = of(a.w) - gw, dn = of(a.n) - gn, dnw = of(a.nw) - gnw;
    const int p = std::clamp(g + median(dw, dn, dnw), 0, 255);
    const int texture =
        std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(dw - dnw) + std::abs(dn - dnw))), 3);
    const int r = residual(which, static_cast<std::size_t>(32 + near_class * 4 + texture),
                           kEncodes ? static_cast<std::int8_t>(of(v) - p) : 0);
    return std::pair{(p + r) & 255, std::min(magnitude_class(static_cast<std::uint32_t>(std::abs(r))), 6)};
  };
  const auto [red, red_class] = channel(1, &r_of, green_class);
  const int blue = channel(2, &b_of, (green_class + red_class + 1) / 2).first;
  return static_cast<Pixel>(red) << 16 | static_cast<Pixel>(g) << 8 | static_cast<Pixel>(blue);
}

}  // namespace rescue::screen

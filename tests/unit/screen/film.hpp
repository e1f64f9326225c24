// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.hpp"
#include "screen/frame.hpp"

namespace rescue::screen {

/// Paints picture `number` of a film into `place`: soft shapes that move, and a little noise.
inline void paint_film(Frame& frame, Rect place, int number) {
  base::SeededRandom random(static_cast<std::uint64_t>(number));
  const auto wave = [](std::int32_t v) {
    const std::int32_t t = v & 255;
    return t < 128 ? t : 255 - t;
  };
  for (std::int32_t y = 0; y < place.height; ++y) {
    Pixel* row = frame.row(place.y + y) + place.x;
    for (std::int32_t x = 0; x < place.width; ++x) {
      const auto noise = static_cast<std::int32_t>(random.below(6));
      const std::int32_t red = wave(x + 4 * number) + wave(y + 2 * number) / 2 + noise;
      const std::int32_t green = wave(x + y - 3 * number) + 40 + noise;
      const std::int32_t blue = wave(2 * y - x + number) / 2 + 60 + noise;
      row[x] = static_cast<Pixel>(red << 16 | green << 8 | blue);
    }
  }
}

/// Lines of black letters on white, always the same for a seed.
inline void paint_text(Frame& frame, Rect place, std::uint64_t seed) {
  frame.fill(place, 0xffffff);
  base::SeededRandom random(seed);
  for (std::int32_t y = place.y + 2; y + 12 <= place.bottom(); y += 16) {
    for (std::int32_t x = place.x + 2; x + 8 <= place.right(); x += 8) {
      for (int stroke = 0; stroke < 3; ++stroke) {
        const auto at = static_cast<std::int32_t>(random.below(6));
        const bool upright = random.below(2) == 0;
        frame.fill(upright ? Rect{x + at, y, 1, 10} : Rect{x, y + at + 2, 6, 1}, random.below(3) == 0 ? 0x606060 : 0);
      }
    }
  }
}

}  // namespace rescue::screen

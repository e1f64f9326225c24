// SPDX-License-Identifier: Apache-2.0
// The loops over many pixels, in a portable form and in wider ones that the processor may have. All forms give the same
// results; tests compare them. X (the upper byte of a pixel) is ignored where it says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "screen/frame.hpp"

namespace rescue::screen {

/// Election of anchors, see motion.cpp: one in 16 of the places where a pixel differs from its left neighbour.
[[nodiscard]] inline bool is_anchor(const Pixel* p) {
  if (((p[0] ^ p[-1]) & kPixelMask) == 0) return false;
  std::uint32_t s = (p[0] & kPixelMask) * 0x9e3779b1u ^ (p[-1] & kPixelMask) * 0x85ebca6bu ^
                    (p[1] & kPixelMask) * 0xc2b2ae35u ^ (p[2] & kPixelMask) * 0x27d4eb2fu;
  s ^= s >> 15;
  s *= 0x2c1b3c6du;
  return (s >> 28) == 0;
}

struct Kernels {
  const char* name;
  /// Equal but for X; `n` pixels.
  bool (*equal)(const Pixel* a, const Pixel* b, std::size_t n);
  /// How many of `n` are equal but for X.
  std::size_t (*count_equal)(const Pixel* a, const Pixel* b, std::size_t n);
  /// Bit k: is_anchor(p + k), for k < 16. Reads p[-1] to p[17].
  std::uint32_t (*anchors16)(const Pixel* p);
  /// See History::take_over; `n` pixels.
  void (*take_over)(const Pixel* now, Pixel* before, Pixel* background, std::size_t n, std::uint32_t picture);
  /// See SourceTwin::end_picture: `to` gets the pixels of `from` where take_over, called with the same `now`, `before`,
  /// `background` and `picture`, would make `before` the background.
  void (*follow)(const Pixel* now, const Pixel* before, const Pixel* background, const Pixel* from, Pixel* to,
                 std::size_t n, std::uint32_t picture);
};

/// Those that this processor can run, the portable one first, the best one last.
[[nodiscard]] std::span<const Kernels> usable_kernels();
[[nodiscard]] inline const Kernels& best_kernels() { return usable_kernels().back(); }

}  // namespace rescue::screen

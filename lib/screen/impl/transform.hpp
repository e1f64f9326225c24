// SPDX-License-Identifier: Apache-2.0
// The inexact form of photos: blocks of 8x8 pixels in three channels, transformed and quantised. Integers only. Layout
// and arithmetic in scodec(7).
#pragma once

#include <array>
#include <cstdint>

#include "screen/frame.hpp"

namespace rescue::screen {

inline constexpr std::int32_t kBlockSide = 8;
inline constexpr std::size_t kBlockPixels = std::size_t{kBlockSide} * kBlockSide;
inline constexpr std::size_t kChannels = 3;  // Y, Co, Cg

using Samples = std::array<std::int32_t, kBlockPixels>;  // row by row
using BlockSamples = std::array<Samples, kChannels>;

/// Y, Co and Cg of a pixel, without loss: Y is 0 to 255, the others are -255 to 255.
struct Tint {
  std::int32_t y, co, cg;
};
[[nodiscard]] inline Tint to_tint(Pixel p) {
  const auto r = static_cast<std::int32_t>((p >> 16) & 255);
  const auto g = static_cast<std::int32_t>((p >> 8) & 255);
  const auto b = static_cast<std::int32_t>(p & 255);
  const std::int32_t co = r - b;
  const std::int32_t t = b + (co >> 1);
  const std::int32_t cg = g - t;
  return {t + (cg >> 1), co, cg};
}
/// The nearest pixel there is.
[[nodiscard]] Pixel to_pixel(Tint t);

/// How coarsely each frequency of each channel is told, in 1/8 of a level.
struct Steps {
  std::array<std::array<std::int32_t, kBlockPixels>, kChannels> step{};
};
inline constexpr std::uint32_t kQualities = 64;      // 0 is the finest; six more are half as fine
inline constexpr std::uint32_t kVisualQuality = 24;  // visually lossless
inline constexpr std::uint32_t kCoarseQuality = 39;
/// Of a quality below kQualities.
[[nodiscard]] const Steps& steps_of(std::uint32_t quality);

/// Where the n-th told coefficient stands in the block, lowest frequencies first.
inline constexpr std::array<std::uint8_t, kBlockPixels> kZigzag{
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/// Coefficients, times 32768. For encoders only: a decoder need not know how they were found.
void forward(const Samples& samples, Samples& coefficients);
/// From coefficients times 8, each within +-32767.
void inverse(const Samples& coefficients, Samples& samples);

}  // namespace rescue::screen

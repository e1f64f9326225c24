// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/transform.hpp"

#include <algorithm>

namespace rescue::screen {
namespace {
/// The cosine transform of 8 points in integers, rows by frequency; each row has a length of about 2^7.5.
constexpr std::array<std::array<std::int32_t, 8>, 8> kWaves{{{64, 64, 64, 64, 64, 64, 64, 64},
                                                             {89, 75, 50, 18, -18, -50, -75, -89},
                                                             {83, 36, -36, -83, -83, -36, 36, 83},
                                                             {75, -18, -89, -50, 50, 89, 18, -75},
                                                             {64, -64, -64, 64, 64, -64, -64, 64},
                                                             {50, -89, 18, 75, -75, -18, 89, -50},
                                                             {36, -83, 83, -36, -36, 83, -83, 36},
                                                             {18, -50, 75, -89, 89, -75, 50, -18}}};

/// By the sum of the frequencies in both directions, at quality 24.
constexpr std::array<std::array<std::int32_t, 15>, kChannels> kBase{
    {{24, 22, 24, 28, 36, 46, 60, 76, 92, 108, 124, 140, 140, 140, 140},
     {52, 56, 72, 104, 152, 192, 224, 240, 240, 240, 240, 240, 240, 240, 240},
     {44, 48, 64, 92, 132, 168, 196, 212, 212, 212, 212, 212, 212, 212, 212}}};

std::array<Steps, kQualities> make_steps() {
  constexpr std::array<std::int32_t, 6> kSixths{16, 18, 20, 23, 25, 28};  // of an octave
  std::array<Steps, kQualities> out{};
  for (std::uint32_t q = 0; q < kQualities; ++q) {
    const std::int32_t scale = kSixths[q % 6] << (q / 6);
    for (std::size_t c = 0; c < kChannels; ++c) {
      for (std::size_t i = 0; i < kBlockPixels; ++i)
        out[q].step[c][i] = std::max((kBase[c][i % 8 + i / 8] * scale + 128) >> 8, 4);
    }
  }
  return out;
}
}  // namespace

Pixel to_pixel(Tint v) {
  const std::int32_t t = v.y - (v.cg >> 1);
  const std::int32_t g = std::clamp(v.cg + t, 0, 255);
  const std::int32_t b = t - (v.co >> 1);
  const std::int32_t r = std::clamp(b + v.co, 0, 255);
  return static_cast<Pixel>(r) << 16 | static_cast<Pixel>(g) << 8 | static_cast<Pixel>(std::clamp(b, 0, 255));
}

const Steps& steps_of(std::uint32_t quality) {
  static const std::array<Steps, kQualities> steps = make_steps();
  return steps[quality];
}

void forward(const Samples& in, Samples& out) {
  Samples rows{};
  for (std::size_t y = 0; y < 8; ++y) {
    for (std::size_t u = 0; u < 8; ++u) {
      std::int32_t sum = 0;
      for (std::size_t x = 0; x < 8; ++x) sum += kWaves[u][x] * in[y * 8 + x];
      rows[y * 8 + u] = sum;
    }
  }
  for (std::size_t v = 0; v < 8; ++v) {
    std::array<std::int32_t, 8> sums{};
    for (std::size_t y = 0; y < 8; ++y) {
      for (std::size_t u = 0; u < 8; ++u) sums[u] += kWaves[v][y] * rows[y * 8 + u];
    }
    std::copy(sums.begin(), sums.end(), out.begin() + static_cast<std::ptrdiff_t>(v * 8));
  }
}

void inverse(const Samples& in, Samples& out) {
  Samples columns{};
  for (std::size_t y = 0; y < 8; ++y) {
    std::array<std::int32_t, 8> sums{};
    for (std::size_t v = 0; v < 8; ++v) {
      for (std::size_t u = 0; u < 8; ++u) sums[u] += kWaves[v][y] * in[v * 8 + u];
    }
    for (std::size_t u = 0; u < 8; ++u) columns[y * 8 + u] = (sums[u] + 64) >> 7;
  }
  for (std::size_t y = 0; y < 8; ++y) {
    std::array<std::int32_t, 8> sums{};
    for (std::size_t u = 0; u < 8; ++u) {
      for (std::size_t x = 0; x < 8; ++x) sums[x] += kWaves[u][x] * columns[y * 8 + u];
    }
    for (std::size_t x = 0; x < 8; ++x) out[y * 8 + x] = (sums[x] + 1024) >> 11;
  }
}

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
// Makes inexact tiles exact: for each pixel the difference from what the canvas shows there.
#pragma once

#include "screen/impl/lossy_coder.hpp"

namespace rescue::screen {

template <typename Coder>
class RefineCoder {
 public:
  RefineCoder(Coder& coder, PhotoModels& models, Frame& canvas) : c_(coder), m_(models), canvas_(canvas) {}

  /// Neighbouring tiles of one row. `source` is read by an encoder only.
  void strip(Rect r, const FrameView* source);

 private:
  static constexpr bool kEncodes = Coder::kEncodes;
  using Errors = std::array<std::int32_t, kChannels>;  // green, red, blue

  struct Near {
    const Errors &w, &n, &nw, &ne;
    std::size_t texture;
  };
  int error(std::size_t channel, const Near& near, const Errors& now, int value);

  Coder& c_;
  PhotoModels& m_;
  Frame& canvas_;
};

template <typename Coder>
void RefineCoder<Coder>::strip(Rect r, const FrameView* source) {
  const auto width = static_cast<std::size_t>(r.width);
  std::vector<Errors> up(width + 2, Errors{});  // one place before the strip and one behind it
  std::vector<Errors> now(width + 2, Errors{});
  constexpr std::array<int, kChannels> kShift{8, 16, 0};
  const auto part = [](Pixel p, int shift) { return static_cast<std::int32_t>((p >> shift) & 255); };
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    Pixel* row = canvas_.row(y) + r.x;
    const Pixel* below = y + 1 < r.bottom() ? canvas_.row(y + 1) + r.x : row;
    for (std::size_t x = 0; x < width; ++x) {
      const Pixel shown = row[x];
      const Pixel right = x + 1 < width ? row[x + 1] : shown;
      const std::size_t texture = size_class(std::abs(part(shown, 8) - part(right, 8)) + std::abs(part(shown, 8) - part(below[x], 8)), 7);
      const Near near{now[x], up[x + 1], up[x], up[x + 2], texture};
      const Pixel wanted = kEncodes ? source->row(y)[r.x + static_cast<std::int32_t>(x)] : 0;
      Errors e{};
      Pixel out = 0;
      for (std::size_t c = 0; c < kChannels; ++c) {
        e[c] = error(c, near, e, kEncodes ? part(wanted, kShift[c]) - part(shown, kShift[c]) : 0);
        out |= static_cast<Pixel>((part(shown, kShift[c]) + e[c]) & 255) << kShift[c];
      }
      row[x] = out;
      now[x + 1] = e;
    }
    std::swap(up, now);
  }
}

template <typename Coder>
int RefineCoder<Coder>::error(std::size_t channel, const Near& near, const Errors& now, int value) {
  const auto size = [channel](const Errors& e) { return std::abs(e[channel]); };
  const auto small = [](std::int32_t e) { return static_cast<std::size_t>(std::clamp(e, -3, 3) + 3); };
  const std::size_t around = size_class(2 * (size(near.w) + size(near.n)) + size(near.nw) + size(near.ne), 7);
  const std::size_t first = channel > 0 ? small(now[0]) : 7;
  const std::size_t second = channel > 1 ? small(now[1]) : 7;
  const std::array<std::size_t, kErrorInputs> contexts{around * 8 + near.texture, first * 8 + second,
                                                       small(near.w[channel]) * 8 + small(near.n[channel])};
  const auto at = [&](std::size_t base, std::size_t places, std::size_t skip) {
    std::array<CountedBit*, kErrorInputs> out{};
    for (std::size_t i = 0; i < kErrorInputs; ++i)
      out[i] = m_.table(base + ((i * 3 + channel) * places + skip) * 64 + contexts[i]);
    return out;
  };
  if (!code_mixed(c_, value != 0, at(PhotoModels::kErrorZero, 8, 0), m_.error_zero[channel])) return 0;
  const auto sign = [](std::int32_t e) { return static_cast<std::size_t>(e > 0 ? 2 : e < 0 ? 1 : 0); };
  CountedBit& model = *m_.table(PhotoModels::kErrorSign + channel * 81 +
                                ((sign(near.w[channel]) * 3 + sign(near.n[channel])) * 3 + sign(now[0])) * 3 + sign(now[1]));
  const bool negative = c_.code(value < 0, coder_p(model.p()));
  model.learn(negative);
  constexpr int kUnary = 24;
  int n = 1;
  for (; n < kUnary; ++n) {
    const auto step = static_cast<std::size_t>(n);
    if (!code_mixed(c_, std::abs(value) > n, at(PhotoModels::kErrorMore, 32, step), m_.error_more[channel * 32 + step]))
      break;
  }
  if (n == kUnary) n += static_cast<int>(code_plain(c_, static_cast<std::uint32_t>(std::abs(value) - kUnary) & 255, 8));
  return negative ? -n : n;
}

}  // namespace rescue::screen

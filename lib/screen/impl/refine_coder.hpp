// SPDX-License-Identifier: Apache-2.0
// Makes inexact tiles exact: for each pixel the difference from what the canvas shows there. What the exact pixels
// around it lead to expect is a second opinion.
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
  static constexpr std::array<int, kChannels> kShift{8, 16, 0};

  struct Near {
    const Errors &w, &n, &nw, &ne;
    std::size_t texture;  // of what is shown
  };
  static std::int32_t part(Pixel p, std::size_t channel) {
    return static_cast<std::int32_t>((p >> kShift[channel]) & 255);
  }
  static std::int32_t median(std::int32_t w, std::int32_t n, std::int32_t nw) {
    const std::int32_t high = std::max(w, n);
    const std::int32_t low = std::min(w, n);
    return nw >= high ? low : nw <= low ? high : w + n - nw;
  }
  /// Of a channel, from the pixels beside; red and blue by their distance from green, which is known.
  static std::int32_t expected(std::size_t channel, Pixel w, Pixel n, Pixel nw, std::int32_t green) {
    const auto of = [channel](Pixel p) { return channel == 0 ? part(p, 0) : part(p, channel) - part(p, 0); };
    const std::int32_t m = median(of(w), of(n), of(nw));
    return channel == 0 ? m : std::clamp(green + m, 0, 255);
  }
  int error(std::size_t channel, const Near& near, const Errors& now, std::int32_t hint, int value);

  Coder& c_;
  PhotoModels& m_;
  Frame& canvas_;
};

template <typename Coder>
void RefineCoder<Coder>::strip(Rect r, const FrameView* source) {
  const auto width = static_cast<std::size_t>(r.width);
  std::vector<Errors> up(width + 2, Errors{});  // one place before the strip and one behind it
  std::vector<Errors> now(width + 2, Errors{});
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    Pixel* row = canvas_.row(y) + r.x;
    const Pixel* above = y > 0 ? canvas_.row(y - 1) + r.x : nullptr;
    const Pixel* below = y + 1 < r.bottom() ? canvas_.row(y + 1) + r.x : row;
    Pixel w = r.x > 0 ? row[-1] : 0;
    Pixel nw = r.x > 0 && above != nullptr ? above[-1] : 0;
    for (std::size_t x = 0; x < width; ++x) {
      const Pixel shown = row[x];
      const Pixel right = x + 1 < width ? row[x + 1] : shown;
      const Pixel n = above != nullptr ? above[x] : 0;
      const std::size_t texture =
          size_class(std::abs(part(shown, 0) - part(right, 0)) + std::abs(part(shown, 0) - part(below[x], 0)), 7);
      const Near near{now[x], up[x + 1], up[x], up[x + 2], texture};
      const Pixel wanted = kEncodes ? source->row(y)[r.x + static_cast<std::int32_t>(x)] : 0;
      Errors e{};
      Pixel out = 0;
      for (std::size_t c = 0; c < kChannels; ++c) {
        const std::int32_t hint = expected(c, w, n, nw, part(out, 0)) - part(shown, c);
        e[c] = error(c, near, e, hint, kEncodes ? part(wanted, c) - part(shown, c) : 0);
        out |= static_cast<Pixel>((part(shown, c) + e[c]) & 255) << kShift[c];
      }
      row[x] = out;
      now[x + 1] = e;
      w = out;
      nw = n;
    }
    std::swap(up, now);
  }
}

template <typename Coder>
int RefineCoder<Coder>::error(std::size_t channel, const Near& near, const Errors& now, std::int32_t hint, int value) {
  const auto size = [channel](const Errors& e) { return std::abs(e[channel]); };
  const auto small = [](std::int32_t e) { return static_cast<std::size_t>(std::clamp(e, -3, 3) + 3); };
  const auto sign = [](std::int32_t e) { return static_cast<std::size_t>(e > 0 ? 2 : e < 0 ? 1 : 0); };
  const std::size_t around = size_class(2 * (size(near.w) + size(near.n)) + size(near.nw) + size(near.ne), 7);
  const std::size_t first = channel > 0 ? small(now[0]) : 7;
  const std::size_t second = channel > 1 ? small(now[1]) : 7;
  const auto expects = static_cast<std::size_t>(std::clamp(hint, -7, 7) + 7);
  const std::array<std::size_t, kErrorInputs> contexts{around * 8 + near.texture, first * 8 + second,
                                                       expects * 4 + std::min<std::size_t>(around, 6) / 2,
                                                       small(near.w[channel]) * 8 + small(near.n[channel])};
  const auto at = [&](std::size_t base, std::size_t sizes, std::size_t n) {
    std::array<CountedBit*, kErrorInputs> out{};
    for (std::size_t i = 0; i < kErrorInputs; ++i)
      out[i] = m_.table(base + ((i * 3 + channel) * sizes + n) * 64 + contexts[i]);
    return out;
  };
  if (!code_mixed(c_, value != 0, at(PhotoModels::kErrorZero, 1, 0), m_.error_zero[channel])) return 0;
  const std::size_t signs = ((sign(near.w[channel]) * 3 + sign(near.n[channel])) * 3 + sign(now[0])) * 3 + sign(now[1]);
  const bool negative = code_mixed<Coder, kErrorSignInputs>(
      c_, value < 0,
      {m_.table(PhotoModels::kErrorSign + channel * 81 + signs),
       m_.table(PhotoModels::kErrorSign + (3 + channel) * 81 + expects * 3 + sign(now[0]))},
      m_.error_sign[channel]);
  constexpr int kUnary = 24;
  int n = 1;
  while (n < kUnary && code_mixed(c_, std::abs(value) > n, at(PhotoModels::kErrorMore, 32, static_cast<std::size_t>(n)),
                                  m_.error_more[channel * 32 + static_cast<std::size_t>(n)]))
    ++n;
  if (n == kUnary) n += static_cast<int>(code_plain(c_, static_cast<std::uint32_t>(std::abs(value) - kUnary) & 255, 8));
  return negative ? -n : n;
}

}  // namespace rescue::screen

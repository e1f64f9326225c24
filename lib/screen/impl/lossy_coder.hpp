// SPDX-License-Identifier: Apache-2.0
// Inexact photo tiles: blocks of quantised coefficients, each with what is known of the blocks beside it.
#pragma once

#include <bit>
#include <cstdlib>

#include "screen/impl/canvas.hpp"
#include "screen/impl/photo_models.hpp"

namespace rescue::screen {

/// Classes of a sum of magnitudes: 0, 1, 2-3, 4-7, ... up to `most`.
[[nodiscard]] inline std::size_t size_class(std::int32_t sum, int most) {
  return static_cast<std::size_t>(std::min<int>(std::bit_width(static_cast<std::uint32_t>(sum)), most));
}

/// Samples of the block at (x, y), less what is expected of each channel.
[[nodiscard]] inline BlockSamples block_samples(const FrameView& frame, std::int32_t x, std::int32_t y,
                                                const Tint& expected) {
  BlockSamples out;
  for (std::int32_t j = 0; j < kBlockSide; ++j) {
    const Pixel* row = frame.row(y + j) + x;
    for (std::int32_t i = 0; i < kBlockSide; ++i) {
      const Tint t = to_tint(row[i]);
      const auto at = static_cast<std::size_t>(j * kBlockSide + i);
      out[0][at] = t.y - expected.y;
      out[1][at] = t.co - expected.co;
      out[2][at] = t.cg - expected.cg;
    }
  }
  return out;
}

/// An encoder's choice of levels; what is a little more than half a step counts as none.
inline void quantise(const Samples& coefficients, const std::array<std::int32_t, kBlockPixels>& steps,
                     BlockLevels& out) {
  constexpr std::int32_t kRound = 27;    // of 64
  constexpr std::int32_t kRoundDc = 32;  // a wrong mean shows most
  out.count = 0;
  for (std::size_t i = 0; i < kBlockPixels; ++i) {
    const std::size_t at = kZigzag[i];
    const std::int64_t step = std::int64_t{steps[at]} << 12;  // in the units of the coefficients
    const std::int64_t magnitude = std::abs(std::int64_t{coefficients[at]});
    const auto level = static_cast<std::int16_t>((magnitude + ((step * (i == 0 ? kRoundDc : kRound)) >> 6)) / step);
    out.level[at] = static_cast<std::int16_t>(coefficients[at] < 0 ? -level : level);
    if (level != 0) out.count = static_cast<std::uint8_t>(i + 1);
  }
}

template <typename Coder>
class LossyCoder {
 public:
  LossyCoder(Coder& coder, PhotoModels& models, Frame& canvas, const Steps& steps)
      : c_(coder), m_(models), canvas_(canvas), steps_(steps) {
    const auto blocks = static_cast<std::size_t>(canvas.size().width / kBlockSide);
    m_.above.resize(blocks);
    m_.above_row.assign(blocks, kNoRow);
  }

  /// Neighbouring tiles of one row, from the left. Sides are multiples of kBlockSide. `source` is read by an encoder
  /// only.
  void strip(Rect r, const FrameView* source);

 private:
  static constexpr bool kEncodes = Coder::kEncodes;
  static constexpr std::int32_t kNoRow = -2;  // neither a row of tiles nor the one above the first
  // The neighbours of a block that are known in this packet; nullptr: none.
  struct Beside {
    const TileBlock* left;
    const TileBlock* up;
  };

  void block(std::int32_t x, std::int32_t y, const Beside& beside, const FrameView* source, TileBlock& out);
  [[nodiscard]] Tint expected(std::int32_t x, std::int32_t y, const Beside& beside) const;
  void levels(std::size_t channel, const Beside& beside, TileBlock& block);
  int told(std::size_t channel, const Beside& beside, const TileBlock& block);
  int magnitude(std::size_t channel, std::size_t place, std::size_t around, std::size_t across, std::size_t cross,
                int value);
  void paint(std::int32_t x, std::int32_t y, const Tint& expected, const TileBlock& block);

  Coder& c_;
  PhotoModels& m_;
  Frame& canvas_;
  const Steps& steps_;
};

template <typename Coder>
void LossyCoder<Coder>::strip(Rect r, const FrameView* source) {
  const std::int32_t tile_row = r.y / kTileSide;
  TileBlock empty{};
  std::array<TileBlock, 2> left{};  // of the tile to the left, by row of blocks
  for (std::int32_t x = r.x; x < r.right(); x += kTileSide) {
    std::array<TileBlock, 2> row{};
    for (std::int32_t by = 0; by < r.height / kBlockSide; ++by) {
      for (std::int32_t bx = 0; bx < std::min(kTileSide, static_cast<std::int32_t>(r.right()) - x) / kBlockSide; ++bx) {
        const auto column = static_cast<std::size_t>(x / kBlockSide + bx);
        const auto line = static_cast<std::size_t>(by);
        Beside beside{nullptr, nullptr};
        if (bx > 0) {
          beside.left = &row[0];
        } else if (x > r.x) {
          beside.left = &left[line];
        }
        if (by > 0 || m_.above_row[column] == tile_row - 1) beside.up = &m_.above[column];
        empty = {};
        block(x + bx * kBlockSide, r.y + by * kBlockSide, beside, source, empty);
        m_.above[column] = empty;
        m_.above_row[column] = tile_row;
        row[0] = empty;
        if (bx == 1) left[line] = empty;
      }
    }
  }
}

/// The mean of the pixels along the blocks beside; of all pixels along the block where no block is known.
template <typename Coder>
Tint LossyCoder<Coder>::expected(std::int32_t x, std::int32_t y, const Beside& beside) const {
  const bool any = beside.left != nullptr || beside.up != nullptr;
  const bool left = any ? beside.left != nullptr : x > 0;
  const bool up = any ? beside.up != nullptr : y > 0;
  if (!left && !up) return {128, 0, 0};
  Tint sum{};
  const auto add = [&sum](Pixel p) {
    const Tint t = to_tint(p);
    sum.y += t.y;
    sum.co += t.co;
    sum.cg += t.cg;
  };
  for (std::int32_t i = 0; i < kBlockSide; ++i) {
    if (left) add(canvas_.row(y + i)[x - 1]);
    if (up) add(canvas_.row(y - 1)[x + i]);
  }
  const int shift = left && up ? 4 : 3;
  const std::int32_t half = 1 << (shift - 1);
  return {(sum.y + half) >> shift, (sum.co + half) >> shift, (sum.cg + half) >> shift};
}

template <typename Coder>
void LossyCoder<Coder>::block(std::int32_t x, std::int32_t y, const Beside& beside, const FrameView* source,
                              TileBlock& out) {
  const Tint mean = expected(x, y, beside);
  if constexpr (kEncodes) {
    const BlockSamples samples = block_samples(*source, x, y, mean);
    for (std::size_t c = 0; c < kChannels; ++c) {
      Samples coefficients;
      forward(samples[c], coefficients);
      quantise(coefficients, steps_.step[c], out[c]);
    }
  }
  for (std::size_t c = 0; c < kChannels; ++c) levels(c, beside, out);
  paint(x, y, mean, out);
}

/// How many coefficients are told: 0 by a decision of its own, 1 to 64 as six bits.
template <typename Coder>
int LossyCoder<Coder>::told(std::size_t channel, const Beside& beside, const TileBlock& block) {
  const auto of = [channel](const TileBlock* b) { return b != nullptr ? std::size_t{(*b)[channel].count} : 65u; };
  // 0, 1, 2, 3, 4-5, 6-7, 8-11, ... 64, unknown
  const auto coarse = [](std::size_t n) {
    if (n < 4) return n;
    const auto width = static_cast<std::size_t>(std::bit_width(n));
    return std::min<std::size_t>(2 * width + ((n >> (width - 2)) & 1) - 2, 12);
  };
  const std::size_t left = of(beside.left);
  const std::size_t up = of(beside.up);
  const std::size_t mean = left > 64 ? up : up > 64 ? left : (left + up + 1) / 2;
  const std::size_t one = channel > 0 ? block[0].count : std::size_t{66};
  const std::size_t two = channel == 2 ? block[1].count : std::size_t{0};
  const std::array<std::size_t, kLastInputs> contexts{std::min<std::size_t>(mean, 65),
                                                      coarse(left > 64 ? 65 : left) * 13 + coarse(up > 64 ? 65 : up),
                                                      coarse(one) * 13 + coarse(two)};
  std::array<CountedBit*, kLastInputs> group{};
  for (std::size_t i = 0; i < kLastInputs; ++i)
    group[i] = m_.table(PhotoModels::kLast + ((i * 3 + channel) * 256 + contexts[i]) * 64);
  const int count = block[channel].count;
  const auto at = [&group](std::size_t node) {
    std::array<CountedBit*, kLastInputs> out = group;
    for (CountedBit*& m : out) m += node;
    return out;
  };
  if (!code_mixed(c_, count != 0, at(0), m_.none[channel])) return 0;
  std::size_t node = 1;
  for (int k = 5; k >= 0; --k) {
    const bool bit =
        code_mixed(c_, (((count - 1) >> k) & 1) != 0, at(node), m_.last[channel * 8 + static_cast<std::size_t>(k)]);
    node = node * 2 + (bit ? 1 : 0);
  }
  return static_cast<int>(node & 63) + 1;
}

/// Above one: as many decisions as it takes, at most 14; then the rest in binary.
template <typename Coder>
int LossyCoder<Coder>::magnitude(std::size_t channel, std::size_t place, std::size_t around, std::size_t across,
                                 std::size_t cross, int value) {
  constexpr int kUnary = 15;
  int n = 1;
  for (; n < kUnary; ++n) {
    const auto size = static_cast<std::size_t>(n);
    const auto at = [&](std::size_t input, std::size_t context) {
      return m_.table(PhotoModels::kMore + ((input * 3 + channel) * 16 + size) * 64 + context);
    };
    const std::size_t band = std::min<std::size_t>(place / 8 + place % 8, 7);
    if (!code_mixed<Coder, kMoreInputs>(c_, value > n,
                                        {at(0, around * 8 + band), at(1, across * 8 + std::min<std::size_t>(around, 7)),
                                         at(2, place), at(3, cross * 8 + band)},
                                        m_.more[channel * 16 + size]))
      return n;
  }
  // 2^e + e bits, e as ones.
  const auto rest = static_cast<std::uint32_t>(std::max(value - kUnary, 0) + 1);
  const int wanted = std::bit_width(rest) - 1;
  int e = 0;
  while (e < 13 && c_.code(e < wanted, 32768)) ++e;
  return kUnary - 1 + static_cast<int>(1u << e | code_plain(c_, rest & ((1u << e) - 1), e));
}

template <typename Coder>
void LossyCoder<Coder>::levels(std::size_t channel, const Beside& beside, TileBlock& block) {
  BlockLevels& b = block[channel];
  const int count = told(channel, beside, block);
  b.count = static_cast<std::uint8_t>(count);
  const auto& level = b.level;
  const auto size = [](std::int16_t v) { return static_cast<std::int32_t>(std::abs(v)); };
  const auto at = [&](const TileBlock* n, std::size_t place) {
    return n != nullptr ? (*n)[channel].level[place] : std::int16_t{0};
  };
  std::int32_t told_sum = 0;
  for (int i = count - 1; i >= 0; --i) {
    const std::size_t place = kZigzag[static_cast<std::size_t>(i)];
    const std::size_t u = place % 8;
    const std::size_t v = place / 8;
    std::int32_t around = 0;  // of what was told already: higher frequencies
    if (u < 7) around += 2 * size(level[place + 1]);
    if (v < 7) around += 2 * size(level[place + 8]);
    if (u < 7 && v < 7) around += size(level[place + 9]);
    if (u < 6) around += size(level[place + 2]);
    if (v < 6) around += size(level[place + 16]);
    const std::int16_t left = at(beside.left, place);
    const std::int16_t up = at(beside.up, place);
    std::int32_t cross = 0;  // the same place in the channels before
    if (channel == 0) cross = told_sum;
    if (channel == 1) cross = 2 * size(block[0].level[place]);
    if (channel == 2) cross = 2 * size(block[1].level[place]) + size(block[0].level[place]);
    const std::size_t around_class = size_class(around, 7);
    const std::size_t across_class = size_class(size(left) + size(up), 7);
    const std::size_t cross_class = size_class(cross, 7);
    bool some = true;
    if (i != count - 1) {
      const auto model = [&](std::size_t input, std::size_t context) {
        return m_.table(PhotoModels::kZero + ((input * 3 + channel) * 64 + place) * 64 + context);
      };
      some = code_mixed<Coder, kZeroInputs>(
          c_, level[place] != 0,
          {model(0, around_class * 8 + cross_class),
           model(1, static_cast<std::size_t>(std::min(size(left), 3) * 4 + std::min(size(up), 3))),
           model(2, std::min<std::size_t>(around_class, 7) * 8 + across_class),
           model(3, static_cast<std::size_t>(count - 1)), model(4, static_cast<std::size_t>(std::min(around, 63)))},
          m_.zero[channel * 64 + place]);
    }
    if (!some) {
      b.level[place] = 0;
      continue;
    }
    const int value = magnitude(channel, place, around_class, across_class, cross_class, size(level[place]));
    // Only waves along one side go on from block to block.
    bool negative = false;
    if (u == 0 || v == 0) {
      const auto sign = [](std::int16_t s) { return static_cast<std::size_t>(s > 0 ? 2 : s < 0 ? 1 : 0); };
      CountedBit& model = *m_.table(PhotoModels::kSign + (channel * 64 + place) * 9 + sign(left) * 3 + sign(up));
      negative = c_.code(level[place] < 0, coder_p(model.p()));
      model.learn(negative);
    } else {
      negative = c_.code(level[place] < 0, 32768);
    }
    told_sum += value;
    b.level[place] = static_cast<std::int16_t>(negative ? -value : value);
  }
}

template <typename Coder>
void LossyCoder<Coder>::paint(std::int32_t x, std::int32_t y, const Tint& expected, const TileBlock& block) {
  BlockSamples samples;
  for (std::size_t c = 0; c < kChannels; ++c) {
    if (block[c].count == 0) {
      samples[c].fill(0);
      continue;
    }
    Samples coefficients;
    for (std::size_t i = 0; i < kBlockPixels; ++i)
      coefficients[i] = std::clamp(block[c].level[i] * steps_.step[c][i], -32767, 32767);
    inverse(coefficients, samples[c]);
  }
  for (std::int32_t j = 0; j < kBlockSide; ++j) {
    Pixel* row = canvas_.row(y + j) + x;
    for (std::int32_t i = 0; i < kBlockSide; ++i) {
      const auto at = static_cast<std::size_t>(j * kBlockSide + i);
      row[i] = to_pixel({samples[0][at] + expected.y, samples[1][at] + expected.co, samples[2][at] + expected.cg});
    }
  }
}

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
// What the coders of inexact photos and of their refinement have learnt. Both sides hold the same; a keyframe begins
// anew.
#pragma once

#include <cstdlib>
#include <vector>

#include "screen/impl/logistic.hpp"
#include "screen/impl/transform.hpp"

namespace rescue::screen {

/// One average of all bits seen, until there are many: then the newer ones count more.
struct CountedBit {
  std::uint16_t q = 32768;
  std::uint16_t count = 0;
  static constexpr std::uint16_t kMost = 120;
  [[nodiscard]] std::uint32_t p() const { return q; }
  void learn(bool bit) {
    static constexpr auto kRate = [] {
      std::array<std::int32_t, kMost + 1> out{};
      for (std::int32_t n = 0; n <= kMost; ++n) out[static_cast<std::size_t>(n)] = 65536 * 2 / (2 * n + 3);
      return out;
    }();
    const std::int64_t distance = (bit ? 65535 : 0) - static_cast<std::int32_t>(q);
    q = static_cast<std::uint16_t>(q + ((distance * kRate[count]) >> 16));
    if (count < kMost) ++count;
  }
};

/// One bit, the opinions of several models mixed. All learn.
template <typename Coder, std::size_t kInputs>
bool code_mixed(Coder& c, bool bit, const std::array<CountedBit*, kInputs>& models,
                Weights<static_cast<int>(kInputs)>& weights) {
  constexpr int kRate = 15;
  Mix<static_cast<int>(kInputs)> mix(weights);
  for (std::size_t i = 0; i < kInputs; ++i) mix.set(static_cast<int>(i), stretch(models[i]->p()));
  bit = c.code(bit, coder_p(mix.p()));
  mix.learn(bit, kRate);
  for (CountedBit* model : models) model->learn(bit);
  return bit;
}

/// The coefficients of a block as they were told, by place.
struct BlockLevels {
  std::array<std::int16_t, kBlockPixels> level{};
  std::uint8_t count = 0;  // told: all behind are zero
};
using TileBlock = std::array<BlockLevels, kChannels>;

inline constexpr std::size_t kLastInputs = 3;
inline constexpr std::size_t kZeroInputs = 5;
inline constexpr std::size_t kMoreInputs = 4;
inline constexpr std::size_t kErrorInputs = 4;
inline constexpr std::size_t kErrorSignInputs = 2;

struct PhotoModels {
  void reset() { ready_ = false; }
  /// Before any use behind a reset. What never sees a photo pays nothing.
  void prepare() {
    if (ready_) return;
    tables_.assign(kAll, {});
    for (auto& w : none) w.reset(kEach);
    for (auto& w : last) w.reset(kEach);
    for (auto& w : zero) w.reset(kEach);
    for (auto& w : more) w.reset(kEach);
    for (auto& w : error_zero) w.reset(kEach);
    for (auto& w : error_more) w.reset(kEach);
    for (auto& w : error_sign) w.reset(kEach);
    ready_ = true;
  }
  /// The models from this place on.
  [[nodiscard]] CountedBit* table(std::size_t first) { return tables_.data() + first; }

  // Where each input's table begins.
  static constexpr std::size_t kLast = 0;                                  // 3 inputs of 3 x 256 x 64
  static constexpr std::size_t kZero = kLast + 3 * 3 * 256 * 64;           // 5 of 3 x 64 x 64
  static constexpr std::size_t kMore = kZero + 5 * 3 * 64 * 64;            // 4 of 3 x 16 x 64
  static constexpr std::size_t kSign = kMore + 4 * 3 * 16 * 64;            // 3 x 64 x 9
  static constexpr std::size_t kErrorZero = kSign + 3 * 64 * 9;            // 4 of 3 x 64
  static constexpr std::size_t kErrorMore = kErrorZero + 4 * 3 * 64;       // 4 of 3 x 32 x 64
  static constexpr std::size_t kErrorSign = kErrorMore + 4 * 3 * 32 * 64;  // 2 of 3 x 81
  static constexpr std::size_t kAll = kErrorSign + 2 * 3 * 81;

  std::array<Weights<static_cast<int>(kLastInputs)>, 3> none{};              // by channel
  std::array<Weights<static_cast<int>(kLastInputs)>, 3 * 8> last{};          // by channel and bit
  std::array<Weights<static_cast<int>(kZeroInputs)>, 3 * 64> zero{};         // by channel and place
  std::array<Weights<static_cast<int>(kMoreInputs)>, 3 * 16> more{};         // by channel and size so far
  std::array<Weights<static_cast<int>(kErrorInputs)>, 3> error_zero{};       // by channel
  std::array<Weights<static_cast<int>(kErrorInputs)>, 3 * 32> error_more{};  // by channel and size so far
  std::array<Weights<static_cast<int>(kErrorSignInputs)>, 3> error_sign{};   // by channel

  // The lowest blocks of the row of tiles above, in this packet.
  std::vector<TileBlock> above;
  std::vector<std::int32_t> above_row;  // of which row of tiles; -2: of none

 private:
  static constexpr std::int32_t kEach = 65536 * 3 / 10;
  std::vector<CountedBit> tables_;
  bool ready_ = false;
};

}  // namespace rescue::screen

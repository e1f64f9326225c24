// SPDX-License-Identifier: Apache-2.0
// Probabilities that learn, and their mixing in the logistic domain: stretch(p) = ln(p / (1 - p)), a weighted sum, and
// back. Integers only; the same on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace rescue::screen {

namespace logistic {
inline constexpr int kLimit = 2047;  // of a stretched probability, in 1/256
/// 65536 / (1 + exp(-x)) for x = -8, -7.5 .. 8.
inline constexpr std::array<std::int32_t, 33> kKnots{22,    36,    60,    98,    162,   267,   439,   720,   1179,
                                                     1921,  3108,  4972,  7812,  11954, 17625, 24743, 32768, 40793,
                                                     47911, 53582, 57724, 60564, 62428, 63615, 64357, 64816, 65097,
                                                     65269, 65374, 65438, 65476, 65500, 65514};

/// Probability in 1/65536 of each stretched one: entry x + 2048.
constexpr std::array<std::uint16_t, 4096> make_squash() {
  std::array<std::uint16_t, 4096> out{};
  for (int i = 0; i < 4096; ++i) {
    const auto knot = static_cast<std::size_t>(i >> 7);
    const int part = i & 127;
    out[static_cast<std::size_t>(i)] =
        static_cast<std::uint16_t>((kKnots[knot] * (128 - part) + kKnots[knot + 1] * part + 64) >> 7);
  }
  return out;
}
inline constexpr auto kSquash = make_squash();

/// The inverse for the upper 12 bits of a probability: the smallest x whose squash is not below the middle of the step.
constexpr std::array<std::int16_t, 4096> make_stretch() {
  std::array<std::int16_t, 4096> out{};
  int x = -kLimit;
  for (int p = 0; p < 4096; ++p) {
    while (x < kLimit && kSquash[static_cast<std::size_t>(x + 2048)] < p * 16 + 8) ++x;
    out[static_cast<std::size_t>(p)] = static_cast<std::int16_t>(x);
  }
  return out;
}
inline constexpr auto kStretch = make_stretch();
}  // namespace logistic

/// From a probability in 1/65536.
inline int stretch(std::uint32_t p) { return logistic::kStretch[p >> 4]; }
inline std::uint32_t squash(int x) {
  return logistic::kSquash[static_cast<std::size_t>(std::clamp(x, -logistic::kLimit, logistic::kLimit) + 2048)];
}

/// Two averages of the bits seen, a quick and a slow one.
struct SteadyBit {
  std::uint16_t quick = 32768;
  std::uint16_t slow = 32768;
  [[nodiscard]] std::uint32_t p() const { return (std::uint32_t{quick} + slow) >> 1; }
  void learn(bool bit) {
    if (bit) {
      quick = static_cast<std::uint16_t>(quick + ((65535 - quick) >> 4));
      slow = static_cast<std::uint16_t>(slow + ((65535 - slow) >> 7));
    } else {
      quick = static_cast<std::uint16_t>(quick - (quick >> 4));
      slow = static_cast<std::uint16_t>(slow - (slow >> 7));
    }
  }
};

/// One average that moves fast while little is known: 13 bits of probability, 3 bits of how often it was used.
struct YoungBit {
  std::uint16_t state = 32768;
  [[nodiscard]] std::uint32_t p() const { return state & 0xfff8u; }
  void learn(bool bit) {
    static constexpr std::array<std::uint8_t, 8> kRate{128, 86, 64, 44, 32, 24, 18, 16};  // in 1/256
    const unsigned used = state & 7u;
    const int p13 = state >> 3;
    const int target = bit ? 8191 : 0;
    const int step = (target - p13) * kRate[used];
    const int moved = p13 + (step >= 0 ? (step + 128) >> 8 : -((-step + 128) >> 8));
    state = static_cast<std::uint16_t>(static_cast<unsigned>(moved) << 3 | (used < 7 ? used + 1 : 7u));
  }
};

/// Bounds of what is given to the arithmetic coder: no bit costs more than 11 bits.
inline std::uint32_t coder_p(std::uint32_t p) { return std::clamp<std::uint32_t>(p, 24, 65512); }

template <typename Coder>
bool code_bit(Coder& c, bool bit, SteadyBit& model) {
  bit = c.code(bit, coder_p(model.p()));
  model.learn(bit);
  return bit;
}

/// `count` bits, the highest first, all equally likely.
template <typename Coder>
std::uint32_t code_plain(Coder& c, std::uint32_t value, int count) {
  std::uint32_t out = 0;
  for (int i = count - 1; i >= 0; --i) out |= static_cast<std::uint32_t>(c.code(((value >> i) & 1) != 0, 32768)) << i;
  return out;
}

/// The weights of one mixer set.
template <int kInputs>
struct Weights {
  std::array<std::int32_t, kInputs> w{};
  void reset(std::int32_t each) { w.fill(each); }
};

/// Mixes stretched probabilities; learn() after each mix().
template <int kInputs>
class Mix {
 public:
  explicit Mix(Weights<kInputs>& weights) : weights_(weights) {}
  void set(int input, int stretched) { in_[static_cast<std::size_t>(input)] = stretched; }
  std::uint32_t p() {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < kInputs; ++i) sum += std::int64_t{in_[i]} * weights_.w[i];
    sum >>= 16;
    mixed_ = static_cast<int>(std::clamp<std::int64_t>(sum, -logistic::kLimit, logistic::kLimit));
    p_ = squash(mixed_);
    return p_;
  }
  [[nodiscard]] int mixed() const { return mixed_; }
  void learn(bool bit, int rate_shift) {
    const int error = (bit ? 65535 : 0) - static_cast<int>(p_);
    for (std::size_t i = 0; i < kInputs; ++i) {
      const std::int32_t next = weights_.w[i] + static_cast<std::int32_t>((std::int64_t{in_[i]} * error) >> rate_shift);
      weights_.w[i] = std::clamp<std::int32_t>(next, -kMaxWeight, kMaxWeight);
    }
  }

 private:
  static constexpr std::int32_t kMaxWeight = 1 << 22;
  Weights<kInputs>& weights_;
  std::array<int, kInputs> in_{};
  int mixed_ = 0;
  std::uint32_t p_ = 0;
};

}  // namespace rescue::screen

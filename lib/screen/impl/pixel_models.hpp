// SPDX-License-Identifier: Apache-2.0
// All that the pixel coder has learnt in a session. Both sides hold the same; a keyframe begins anew.
#pragma once

#include <memory>
#include <vector>

#include "screen/frame.hpp"
#include "screen/impl/logistic.hpp"

namespace rescue::screen {

/// What followed a neighbourhood: the two colours seen last, and how often each kind of guess was right there.
struct Slot {
  std::uint32_t first = 0;   // colour | how often it was right << 24; 0: nothing known
  std::uint32_t second = 0;  // colour | tag << 24
  std::array<YoungBit, 4> right{};
};

/// Table of slots by hash. A slot holds one neighbourhood, the newest.
class SlotTable {
 public:
  explicit SlotTable(int bits) : slots_(std::size_t{1} << bits), mask_(slots_.size() - 1) {}
  void reset() { std::fill(slots_.begin(), slots_.end(), Slot{}); }
  [[nodiscard]] Slot& at(std::uint64_t hash) { return slots_[hash & mask_]; }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_], 1); }

 private:
  std::vector<Slot> slots_;
  std::size_t mask_;
};

inline constexpr int kGuessInputs = 5;
inline constexpr int kByteInputs = 4;
inline constexpr int kLiteralSlotBits = 14;

struct PixelModels {
  void reset();

  // Guesses: is this candidate the colour?
  SlotTable wide{20};                // nine neighbours
  SlotTable near{18};                // four
  SlotTable closest{16};             // two
  std::vector<SteadyBit> structure;  // 2^16, by rank, source, confidence and agreement
  std::vector<SteadyBit> agreement;  // 2^16, by how the reference agrees around
  std::vector<YoungBit> transition;  // 2^16, by candidate and left neighbour
  std::vector<Weights<kGuessInputs>> guess_weights;

  // Flat runs.
  std::array<SteadyBit, 4096> run_whole{};
  std::array<std::array<SteadyBit, 16>, 32> run_length{};

  // Literals.
  std::vector<YoungBit> byte_direct;  // 2^17: by prediction
  std::vector<YoungBit> byte_hashed;  // 2^kLiteralSlotBits groups of 16
  std::vector<Weights<kByteInputs>> byte_weights;
  std::array<std::vector<std::uint32_t>, 3> colour_by_green;  // 2^14 each
  std::array<SteadyBit, 256> colour_guess{};
  std::array<std::array<SteadyBit, 64>, 3> zero{}, sign{};
  std::array<std::array<std::array<SteadyBit, 12>, 64>, 3> magnitude{};
  std::array<std::array<std::array<SteadyBit, 4>, 12>, 3> mantissa{};
  int last_miss = 0;          // 3 after a literal, 2 after a second guess, counting down
  std::uint32_t history = 0;  // last outcomes of first guesses
  Pixel last_literal = 0;
};

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
// All that the pixel coder has learnt in a session. Both sides hold the same; a keyframe begins anew.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
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

/// Table of slots by hash. A slot holds one neighbourhood, the newest. Pages are cleared when they are first used
/// behind a reset, and taken from the system when they are first used at all: a small picture pays for little of the
/// table.
class SlotTable {
 public:
  explicit SlotTable(int bits)
      : slots_(allocate(std::size_t{1} << bits)),
        cleared_(std::max<std::size_t>((std::size_t{1} << bits) >> kPageBits, 1), 0),
        mask_((std::size_t{1} << bits) - 1) {}
  void reset() {
    if (++resets_ != 0) return;
    std::ranges::fill(cleared_, 0);  // once in 256 times: the numbers begin anew
    resets_ = 1;
  }
  [[nodiscard]] Slot& at(std::uint64_t hash) {
    const std::size_t place = hash & mask_;
    const std::size_t page = place >> kPageBits;
    if (cleared_[page] != resets_) clear(page);
    return slots_.get()[place];
  }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots_.get() + (hash & mask_), 1); }

 private:
  static constexpr int kPageBits = 8;  // of slots: 4 KiB
  // Nothing is known in a slot of zeros, and what else is in it counts for nothing then.
  struct Free {
    void operator()(Slot* p) const { std::free(p); }
  };
  static std::unique_ptr<Slot[], Free> allocate(std::size_t count) {
    auto* p = static_cast<Slot*>(std::calloc(count, sizeof(Slot)));
    if (p == nullptr) throw std::bad_alloc();
    return std::unique_ptr<Slot[], Free>(p);
  }
  void clear(std::size_t page) {
    std::memset(static_cast<void*>(slots_.get() + (page << kPageBits)), 0, sizeof(Slot) << kPageBits);
    cleared_[page] = resets_;
  }

  std::unique_ptr<Slot[], Free> slots_;
  std::vector<std::uint8_t> cleared_;  // by page: at which reset
  std::size_t mask_;
  std::uint8_t resets_ = 0;
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

// SPDX-License-Identifier: Apache-2.0
// When a loop lets messages gather: with many pairs talking at once each message would wake the thread on its own, and
// the wake-up costs as much as the rest. A short rest before looking again then serves several by one. With few pairs
// there is no rest, so a lone pair pays no delay. Sans-IO, one thread.
#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace rescue::gateway {

class Gathering {
 public:
  /// Pairs are counted over so long.
  static constexpr std::chrono::milliseconds kWindow{16};
  /// The window in which a pair was counted last.
  using Mark = std::uint32_t;

  /// `from_pairs`: that moved bytes within one window; 0: never gather.
  Gathering(std::size_t from_pairs, base::SteadyTime now) : from_pairs_(from_pairs), began_(now) {}

  /// A pair moved bytes; counted once in a window.
  void moved(Mark& mark) {
    if (mark == window_) return;
    mark = window_;
    ++pairs_;
  }
  /// Once in each turn of the loop.
  void turn(base::SteadyTime now) {
    const auto passed = now - began_;
    if (passed < kWindow) return;
    // A loop that slept through a whole window was not busy, whatever it did before.
    on_ = from_pairs_ > 0 && pairs_ >= from_pairs_ && passed < 2 * kWindow;
    pairs_ = 0;
    began_ = now;
    ++window_;
  }
  /// Rest before the next look.
  [[nodiscard]] bool on() const { return on_; }

 private:
  std::size_t from_pairs_;
  base::SteadyTime began_;
  std::size_t pairs_ = 0;
  Mark window_ = 1;  // 0: a pair that was never counted
  bool on_ = false;
};

}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
// Deadlines of one loop: two levels of 256 slots, 16 ms a tick (4 s and 17 min a round). Arming and cancelling are
// constant time and allocate nothing; a deadline fires up to one tick late and never early. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace rescue::gateway {

class TimerWheel;

/// Something with at most one deadline. Unlinks itself when it goes.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();
  /// The deadline has passed; it is no longer armed. May arm or cancel any timer.
  virtual void on_timer(base::SteadyTime now) = 0;
  [[nodiscard]] bool armed() const { return previous_ != nullptr; }

 private:
  friend class TimerWheel;
  void unlink();
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  std::uint64_t due_ = 0;  // tick
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{16};

  explicit TimerWheel(base::SteadyTime start);
  /// Replaces the timer's deadline, if it had one.
  void arm(Timer& timer, base::SteadyTime when);
  static void cancel(Timer& timer) { timer.unlink(); }
  /// Fires what is due.
  void advance(base::SteadyTime now);
  /// When to call advance() next, perhaps earlier than anything is due; nullopt when nothing is armed.
  [[nodiscard]] std::optional<base::SteadyTime> next();

 private:
  static constexpr std::uint64_t kSlots = 256;
  // Head of a circular list; never fires.
  struct Head final : Timer {
    Head();
    void on_timer(base::SteadyTime) override {}
  };
  void insert(Timer& timer);
  void move_all(Head& from, Head& to);
  [[nodiscard]] std::uint64_t tick_of(base::SteadyTime t) const;
  [[nodiscard]] static bool is_empty(const Head& head);
  [[nodiscard]] std::uint64_t find_next() const;

  base::SteadyTime start_;
  std::uint64_t now_ = 0;  // ticks done
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  std::uint64_t wake_ = kNever;  // no timer is due before this tick; stale when it is not after now_
  std::array<Head, kSlots> near_;
  std::array<Head, kSlots> far_;
};

}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/timer_wheel.hpp"

namespace rescue::gateway {

Timer::~Timer() { unlink(); }
void Timer::unlink() {
  if (previous_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

TimerWheel::Head::Head() { previous_ = next_ = this; }
TimerWheel::TimerWheel(base::SteadyTime start) : start_(start) {}
bool TimerWheel::is_empty(const Head& head) { return head.next_ == &head; }

std::uint64_t TimerWheel::tick_of(base::SteadyTime t) const {
  const auto since = t - start_;
  return since <= since.zero() ? 0 : static_cast<std::uint64_t>(since / kTick);
}

void TimerWheel::arm(Timer& timer, base::SteadyTime when) {
  timer.unlink();
  timer.due_ = std::max(tick_of(when) + 1, now_ + 1);  // the first tick that begins after the deadline
  insert(timer);
  wake_ = std::min(wake_, timer.due_ - now_ < kSlots ? timer.due_ : (now_ / kSlots + 1) * kSlots);
}

void TimerWheel::insert(Timer& timer) {
  // What lies beyond the far round waits in its last slot and is placed anew from there.
  const std::uint64_t due = std::min(timer.due_, now_ + kSlots * kSlots - 1);
  Head& head = due - now_ < kSlots ? near_[due % kSlots] : far_[due / kSlots % kSlots];
  timer.previous_ = head.previous_;
  timer.next_ = &head;
  head.previous_->next_ = &timer;
  head.previous_ = &timer;
}

// Into a list of its own first: timers armed while these fire go to the wheel and not into the list being worked off.
void TimerWheel::move_all(Head& from, Head& to) {
  if (is_empty(from)) return;
  to.next_ = from.next_;
  to.previous_ = from.previous_;
  to.next_->previous_ = &to;
  to.previous_->next_ = &to;
  from.next_ = from.previous_ = &from;
}

void TimerWheel::advance(base::SteadyTime now) {
  const std::uint64_t target = tick_of(now);
  while (now_ < target) {
    ++now_;
    Head batch;
    if (now_ % kSlots == 0) {
      move_all(far_[now_ / kSlots % kSlots], batch);
      while (!is_empty(batch)) {
        Timer& timer = *batch.next_;
        timer.unlink();
        // Due at this very tick: its near slot is worked off right below.
        insert(timer);
      }
    }
    move_all(near_[now_ % kSlots], batch);
    while (!is_empty(batch)) {
      Timer& timer = *batch.next_;
      timer.unlink();
      timer.on_timer(now);
    }
  }
}

std::optional<base::SteadyTime> TimerWheel::next() {
  // Found once and kept until it has passed: a loop that moves bytes asks this after every wake-up.
  if (wake_ <= now_) wake_ = find_next();
  if (wake_ == kNever) return std::nullopt;
  return start_ + wake_ * kTick;
}

std::uint64_t TimerWheel::find_next() const {
  std::uint64_t found = kNever;
  for (std::uint64_t tick = now_ + 1; tick < now_ + kSlots && found == kNever; ++tick) {
    if (!is_empty(near_[tick % kSlots])) found = tick;
  }
  for (std::uint64_t round = now_ / kSlots + 1; round <= now_ / kSlots + kSlots; ++round) {
    if (!is_empty(far_[round % kSlots])) return std::min(found, round * kSlots);
  }
  return found;
}

}  // namespace rescue::gateway

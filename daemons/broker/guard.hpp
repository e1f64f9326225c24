// SPDX-License-Identifier: Apache-2.0
// Guessing limits of sign-in and PIN, one guard each, for use from any thread.
#pragma once

#include <mutex>

#include "directory/pin_guard.hpp"

namespace rescue::broker {

class Guard {
 public:
  Guard(std::uint32_t per_address, base::Duration refill) : guard_(limits(per_address, refill)) {}

  [[nodiscard]] directory::PinGuard::Verdict check(std::string_view address, base::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    return guard_.check(address, now);
  }
  /// An attempt was turned away for good.
  void count_refused() {
    const std::scoped_lock lock(mutex_);
    ++refused_;
  }
  void abandoned(std::string_view address, base::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    guard_.abandoned(address, now);
  }
  void failed(std::string_view address, base::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    guard_.failed(address, now);
  }
  void succeeded(std::string_view address, base::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    guard_.succeeded(address, now);
  }
  [[nodiscard]] std::uint64_t refused() const {
    const std::scoped_lock lock(mutex_);
    return refused_;
  }

 private:
  static directory::PinGuardLimits limits(std::uint32_t per_address, base::Duration refill) {
    // The networks around an address keep the proportions of the defaults.
    directory::PinGuardLimits out;
    out.per_network = per_address * (out.per_network / out.per_address);
    out.per_site = per_address * (out.per_site / out.per_address);
    out.per_address = per_address;
    out.refill = std::chrono::ceil<std::chrono::seconds>(refill);
    return out;
  }
  mutable std::mutex mutex_;
  directory::PinGuard guard_;
  std::uint64_t refused_ = 0;
};

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
// Time: steady for intervals, wall for records. Cores get `now` as an argument; this interface is for shells around
// them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::base {

using SteadyTime = std::chrono::steady_clock::time_point;
/// UTC, microseconds since 1970.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};
/// The system's clocks; thread-safe.
Clock& system_clock();

/// For tests: stands still until told.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::seconds(1'700'000'000))) : wall_(start) {}
  [[nodiscard]] SteadyTime steady() const override { return steady_; }
  [[nodiscard]] WallTime wall() const override { return wall_; }
  void advance(Duration d) {
    steady_ += d;
    wall_ += d;
  }

 private:
  SteadyTime steady_{std::chrono::hours(1)};
  WallTime wall_;
};

/// RFC 3339 in UTC with microseconds: "2026-11-24T05:28:46.000123Z".
[[nodiscard]] std::string to_rfc3339(WallTime t);
/// RFC 3339 with 'Z' or an offset, 0 to 6 fraction digits.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);
/// "90s", "15m", "2h", "3d", "1w", "250ms"; a bare number is refused.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
/// RFC 3339, or a duration that is taken back from `now` ("2h" is two hours ago).
[[nodiscard]] Result<WallTime> parse_time_or_ago(std::string_view text, WallTime now);

}  // namespace rescue::base

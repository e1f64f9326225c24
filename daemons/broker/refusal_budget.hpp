// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"

namespace rescue::broker {

/// Which refusals are logged, so that nobody fills the log by being refused: of one caller thirty at once and one more
/// every ten seconds. Thread-safe.
class RefusalBudget {
 public:
  static constexpr double kBurst = 30;
  static constexpr double kPerSecond = 0.1;
  /// Callers that are remembered; when there are more the book begins anew, which costs a few events more.
  static constexpr std::size_t kMaxCallers = 10'000;

  /// How many of this caller were left out since the last that was logged; nullopt: leave this one out, too.
  [[nodiscard]] std::optional<std::uint64_t> spend(const std::string& caller, base::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    if (entries_.size() >= kMaxCallers && !entries_.contains(caller)) entries_.clear();
    auto& entry = entries_.try_emplace(caller, Entry{kBurst, now, 0}).first->second;
    const auto waited = std::chrono::duration<double>(now - entry.at).count();
    entry.left = std::min(kBurst, entry.left + waited * kPerSecond);
    entry.at = now;
    if (entry.left < 1) {
      ++entry.omitted;
      return std::nullopt;
    }
    entry.left -= 1;
    return std::exchange(entry.omitted, 0);
  }

 private:
  struct Entry {
    double left = 0;
    base::SteadyTime at{};
    std::uint64_t omitted = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace rescue::broker

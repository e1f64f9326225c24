// SPDX-License-Identifier: Apache-2.0
// Counters and gauges as OpenMetrics text 1.0. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace rescue::broker {

/// Adds lines to an OpenMetrics text; finish() ends it.
class MetricsText {
 public:
  /// `name` without "_total"; `labels` as `key="value"` or empty.
  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, double value);
  /// Several samples of one family: the head once, then samples.
  void head(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view name_and_labels, double value);
  [[nodiscard]] std::string finish() &&;

 private:
  std::string out_;
};

/// What the request observer counts.
class RequestMetrics {
 public:
  void count(std::string_view method, unsigned status, std::chrono::microseconds took);
  void write(MetricsText& text) const;

 private:
  /// Upper bounds in seconds; the last bucket is +Inf.
  static constexpr std::array kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0};
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> by_status_;  // `method="GET",status="200"`
  std::array<std::uint64_t, kBounds.size() + 1> buckets_{};
  double sum_s_ = 0;
};

/// Things that happen elsewhere in the broker.
struct BrokerCounters {
  std::atomic<std::uint64_t> sessions_created{0};
  std::atomic<std::uint64_t> pickups{0};
  std::atomic<std::uint64_t> downloads{0};
  std::atomic<std::uint64_t> keys_refused{0};
  std::atomic<std::uint64_t> log_events{0};
  std::atomic<std::uint64_t> events_dropped{0};  // receivers of /events that were too slow
  std::atomic<std::uint64_t> admitted{0};
  std::atomic<std::uint64_t> not_admitted{0};
};

}  // namespace rescue::broker

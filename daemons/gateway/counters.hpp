// SPDX-License-Identifier: Apache-2.0
// What the data plane counts. Each loop has its own set, written by its thread; sums are read from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wire/messages.hpp"

namespace rescue::gateway {

enum class Metric : std::uint8_t {
  // gauges
  handshaking,  // in outer TLS or before the answer to their Hello
  waiting,      // authenticated, without partner or leaving the outer TLS
  pairs,        // joined and relayed
  fronted,      // connections passed to the broker by the front
  pipes,        // pipes that exist
  stalled,      // directions whose reader does not take what is held
  // counters
  accepted,
  over_limit,  // closed at once, before TLS
  tls_failed,
  admitted,
  admitted_offline,  // by the ticket alone, the broker was away
  joined,
  bytes_to_applet,
  bytes_to_console,
  front_connections,
  front_bytes,
  front_unreachable,
  pipes_refused,  // the kernel gave no pipe of the wanted size: copied instead
  turns_cut,      // a direction had more to move than one turn allows
  accept_paused,  // out of descriptors
  count_
};

/// One reason or end per value of the wire's enums.
inline constexpr std::size_t kRefuseReasons = static_cast<std::size_t>(wire::handoff::RefuseReason::MAX) + 1;
inline constexpr std::size_t kPairEnds = static_cast<std::size_t>(wire::gateway::PairEnd::MAX) + 1;

template <typename Number>
struct CounterSet {
  std::array<Number, static_cast<std::size_t>(Metric::count_)> values{};
  std::array<Number, kRefuseReasons> refused{};
  std::array<Number, kPairEnds> ended{};
  [[nodiscard]] const Number& operator[](Metric m) const { return values[static_cast<std::size_t>(m)]; }
  [[nodiscard]] Number& operator[](Metric m) { return values[static_cast<std::size_t>(m)]; }
};
/// Values at one moment; gauges are never negative over all loops together.
using CounterValues = CounterSet<std::uint64_t>;

class Counters {
 public:
  void add(Metric m, std::int64_t n = 1) { bump(set_[m], n); }
  void refused(wire::handoff::RefuseReason r) { bump(set_.refused[static_cast<std::size_t>(r)], 1); }
  void ended(wire::gateway::PairEnd e) { bump(set_.ended[static_cast<std::size_t>(e)], 1); }
  void add_to(CounterValues& sum) const;

 private:
  using Cell = std::atomic<std::uint64_t>;
  // One writer per set: a plain load and store is cheaper than a locked add.
  static void bump(Cell& cell, std::int64_t n) {
    cell.store(cell.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(n), std::memory_order_relaxed);
  }
  CounterSet<Cell> set_;
};

/// OpenMetrics 1.0 text, ending in "# EOF". `broker_connected` and `certificate_expires` (seconds since 1970) come
/// along.
struct MetricsExtra {
  bool broker_connected = false;
  bool draining = false;
  std::int64_t certificate_expires_s = 0;
};
[[nodiscard]] std::string open_metrics(const CounterValues& values, const MetricsExtra& extra);

}  // namespace rescue::gateway

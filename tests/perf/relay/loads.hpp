// SPDX-License-Identifier: Apache-2.0
// What is done to a relay, and what it costs the relay's process.
#pragma once

#include <sys/types.h>

#include "pair_source.hpp"

namespace rescue::perf {

/// CPU seconds (user and system, all threads), resident kB and open descriptors of a process.
struct Cost {
  double cpu_s = 0;
  double resident_kb = 0;
  std::size_t descriptors = 0;
};
[[nodiscard]] Cost cost_of(pid_t process);

struct Bulk {
  double gigabytes = 0;
  double seconds = 0;
  double relay_cpu_s = 0;
};
/// `pairs` at full speed one way for `seconds`; every byte that arrives is compared when `verify`.
[[nodiscard]] Bulk run_bulk(PairSource& source, pid_t relay, unsigned pairs, double seconds, bool verify);

struct Messages {
  std::uint64_t messages = 0;
  double relay_cpu_s = 0;
};
/// What support sessions look like: 2 KiB twenty times a second one way, 40 bytes ten times a second back.
[[nodiscard]] Messages run_messages(PairSource& source, pid_t relay, unsigned pairs, double seconds);

struct RoundTrips {
  double median_us = 0;
  double p99_us = 0;
};
/// 64 bytes there and back on one pair, every 2 ms, while `talking` others do what run_messages does.
[[nodiscard]] RoundTrips run_ping(PairSource& source, unsigned talking, double seconds);

struct Setup {
  unsigned pairs = 0;
  double seconds = 0;
  double relay_cpu_s = 0;
};
/// Makes pairs, proves each with a byte both ways, and drops it; `threads` at a time.
[[nodiscard]] Setup run_setup(PairSource& source, pid_t relay, unsigned pairs, unsigned threads);

struct Idle {
  double fresh_kb = 0;  // resident per pair, nothing sent yet
  double used_kb = 0;   // after 64 KiB went each way
  double descriptors = 0;
};
[[nodiscard]] Idle run_idle(PairSource& source, pid_t relay, unsigned pairs);

/// Resident kB for each of `ends` that wait, in TLS, for the other end of their session.
[[nodiscard]] double run_waiting(PairSource& source, pid_t relay, unsigned ends);

}  // namespace rescue::perf

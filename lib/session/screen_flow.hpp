// SPDX-License-Identifier: Apache-2.0
// How much of the picture may be on its way to the console, learnt from the console's acknowledgements alone. Pictures
// that wait somewhere between the two ends are old when they are shown, so no more goes out than the path and the
// console's decoder take in a round trip and a short while. Sans-IO.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.hpp"

namespace rescue::session {

/// What is known of the way to the console's decoder.
struct ScreenLink {
  /// Bytes a second while something waited to be taken; none before that was seen.
  std::optional<double> bytes_per_s;
  /// From a packet's being handed over to its being decoded, at the best of the last seconds; zero: not known yet.
  base::Duration round_trip{};
  std::size_t under_way = 0;  // bytes
  std::size_t window = 0;     // bytes that may be under way
};

/// Before anything is known: about a first picture of text and windows, which then takes one round trip.
inline constexpr std::size_t kScreenWindowFirst = 128 * 1024;
/// Two small packets: with less a path of any length would carry next to nothing.
inline constexpr std::size_t kScreenWindowMin = 4 * 1024;
inline constexpr std::size_t kScreenWindowMax = 4 * 1024 * 1024;
/// What may wait beyond the round trip: this long a key press waits for pictures at most. It also lets the rate grow:
/// while more is under way than the path holds, a faster path shows that it is one.
inline constexpr base::Duration kScreenQueueTime = std::chrono::milliseconds(60);
/// Packets under way, whatever their size: each is work for the console.
inline constexpr unsigned kScreenPacketsInFlight = 16;

class ScreenFlow {
 public:
  /// Another path or console: nothing is known any more.
  void forget();
  /// What is under way belongs to a view that is over; what was learnt of the path stays.
  void restart() { flights_.clear(); }

  void sent(std::uint32_t sequence, std::size_t bytes, base::SteadyTime now);
  /// Everything up to `sequence` is decoded, or refused.
  void acked(std::uint32_t sequence, base::SteadyTime now);
  /// Another packet may go out. Its size is not known beforehand, so the window may be passed by one packet.
  [[nodiscard]] bool room() const;
  [[nodiscard]] ScreenLink report() const;

 private:
  struct Flight {
    std::uint32_t sequence = 0;
    std::size_t bytes = 0;
    base::SteadyTime sent;
    bool pressed = false;  // it was sent while another was under way
  };
  struct Sample {
    std::size_t bytes = 0;
    base::Duration time{};
  };
  static constexpr std::size_t kSamples = 8;

  void learn_rate(Sample s, base::SteadyTime now);
  void learn_round_trip(base::Duration took, base::SteadyTime now);
  [[nodiscard]] std::optional<double> rate() const;

  std::deque<Flight> flights_;
  base::SteadyTime now_, last_acked_, rate_learnt_;
  std::array<Sample, kSamples> samples_{};
  std::size_t next_sample_ = 0;
  base::Duration round_trip_{}, round_trip_before_{};  // shortest of the current and of the last period
  base::SteadyTime period_;
  bool was_empty_ = true;  // in this period there was a moment with nothing under way
  bool draining_ = false;  // nothing goes out until there is one, and then one packet first
};

}  // namespace rescue::session

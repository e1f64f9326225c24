// SPDX-License-Identifier: Apache-2.0
// How many bytes of files may be on their way at a time. Whatever lies in the buffers between the ends goes before a
// key press, so no more may lie there than keeps the path busy: limit = delivery rate x (shortest round trip + queue
// time). The two are measured in the manner of BBR (draft-cardwell-iccrg-bbr-congestion-control, sections 4.1 and 4.3):
// the highest rate of the last second, and the shortest round trip, for which the path is emptied when none was as
// short for kRoundTripMemory. The rate is that of kRateSpan or a round trip, whichever is longer: a receiver that
// shares its processor takes in bursts, and the rate of one burst would let far too much onto the path.
#pragma once

#include <deque>
#include <optional>

#include "base/clock.hpp"
#include "link/limits.hpp"

namespace rescue::link {

class FilesWindow {
 public:
  /// A new path. What was measured is forgotten; what is on its way counts until it is acknowledged.
  void restart(base::SteadyTime now);
  /// Nothing is on its way any more.
  void clear();

  [[nodiscard]] bool has_room() const { return in_flight_ < limit_; }
  /// The peer acknowledges by count of bytes, which is too seldom on a path this slow: ask by a PING. Told once.
  [[nodiscard]] bool ask_due();

  /// `bytes` of files end at the stream offset `end`.
  void on_sent(std::uint64_t end, std::size_t bytes, base::SteadyTime now);
  void on_acked(std::uint64_t offset, base::SteadyTime now);
  /// From a PONG.
  void on_round_trip(base::SteadyTime sent, base::SteadyTime now);

  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

 private:
  struct Sent {
    std::uint64_t end;
    std::size_t bytes;
    base::SteadyTime at;
    bool measured;  // false: of an earlier path
  };
  void take_round_trip(base::SteadyTime sent, base::SteadyTime now);
  void take_rate(base::SteadyTime now);
  void update(base::SteadyTime now);
  [[nodiscard]] double rate() const { return std::max(rate_now_, rate_before_); }
  /// How long what is on its way may wait for the bytes before it.
  [[nodiscard]] base::Duration queue_time() const;

  std::deque<Sent> sent_;
  std::size_t in_flight_ = 0;
  std::size_t limit_ = kFilesWindowFirst;
  std::size_t unasked_ = 0;
  std::uint64_t delivered_ = 0;
  base::SteadyTime delivered_at_{};

  std::uint64_t span_delivered_ = 0;  // when the span began whose rate is measured
  base::SteadyTime span_began_{};
  bool span_filled_ = false;  // the limit was reached in it; else the rate is only what there was to send
  double rate_now_ = 0;       // bytes/s, highest of this period
  double rate_before_ = 0;    // and of the one before
  base::SteadyTime period_began_{};
  unsigned period_spans_ = 0;
  bool growing_ = true;  // the path was not full yet
  double full_rate_ = 0;
  unsigned full_spans_ = 0;

  std::optional<base::Duration> shortest_;
  base::SteadyTime shortest_at_{};
  bool probing_ = false;  // the path is being emptied for a new shortest_
  std::optional<base::SteadyTime> empty_since_;
  std::optional<base::Duration> probed_;
  unsigned probes_ = 0;
};

}  // namespace rescue::link

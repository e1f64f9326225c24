// SPDX-License-Identifier: Apache-2.0
// The applet's part of the session log on its way to the site: numbered once, kept until the site has it, sent again
// until then. The site stores each number once, so each event arrives exactly once. Sans-IO.
//
// Memory only: the applet's key dies with its process, and with it the right to add to this log. What the user must be
// able to prove stands in the machine's own log (machine_log.hpp).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace rescue::applet {

class LogSpool {
 public:
  static constexpr std::size_t kBatchEvents = 200;
  static constexpr std::size_t kBatchBytes = 256 * 1024;        // the site takes 1 MiB
  static constexpr std::size_t kSpoolBytes = 16 * 1024 * 1024;  // a session of a day without the site
  static constexpr std::uint64_t kEventsMax = 100'000;          // of a session: the site takes no more of an applet
  /// Kept for the end: what is under way when full() becomes true still has its place.
  static constexpr std::uint64_t kReserveEvents = 5'000;
  static constexpr std::size_t kReserveBytes = 2 * 1024 * 1024;
  static constexpr std::chrono::milliseconds kFirstRetry{500};
  static constexpr std::chrono::seconds kLongestRetry{30};

  explicit LogSpool(base::RandomSource& random) : random_(&random) {}

  /// `data` is a JSON object. Returns the event's number, or 0 when there is no place at all: nothing is overwritten.
  std::uint64_t add(base::WallTime time, std::string_view type, std::string_view actor, std::string_view data);

  /// A request body {"events":[…]}, oldest first; none while one is under way, before the retry time, or without
  /// events. Every body is answered by accepted(), failed() or refused().
  [[nodiscard]] std::optional<std::string> next_batch(base::SteadyTime now);
  /// The site has everything up to and with this number.
  void accepted(std::uint64_t through);
  /// The site was not reached or could not store them. They go out again later.
  void failed(base::SteadyTime now);
  /// The site will not take this body as it is. Smaller ones follow, until the event that it objects to is alone; an
  /// "alert" takes its place and number, so that what comes after it is not held up. True when an event was replaced.
  bool refused(base::SteadyTime now);
  /// Forgets the wait after failures: this is the last chance.
  void retry_now() {
    not_before_.reset();
    failures_ = 0;
  }
  /// When next_batch() may have something without anything else happening.
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const;

  /// For a later process: number of the next event, and all events that the site may not have.
  [[nodiscard]] std::uint64_t next_seq() const { return next_seq_; }
  [[nodiscard]] std::vector<std::string> unsent() const;
  /// In an empty spool: goes on where an earlier process stopped. `unsent` have the numbers before `next_seq`.
  void restore(std::uint64_t next_seq, const std::vector<std::string>& unsent, base::WallTime now);

  [[nodiscard]] bool empty() const { return events_.empty(); }
  /// Only the reserve is left: nothing more may be begun, since it could not be written down.
  [[nodiscard]] bool full() const {
    return next_seq_ > kEventsMax - kReserveEvents || bytes_ > kSpoolBytes - kReserveBytes;
  }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  struct Event {
    std::uint64_t seq;
    std::string json;
    base::WallTime time;
    std::string type;
    bool replaced = false;
  };
  std::string event_json(std::uint64_t seq, base::WallTime time, std::string_view type, std::string_view actor,
                         std::string_view data) const;
  base::RandomSource* random_;
  std::deque<Event> events_;  // not yet known to be stored
  std::size_t bytes_ = 0;
  std::uint64_t next_seq_ = 1;
  std::uint64_t lost_ = 0;
  std::size_t under_way_ = 0;  // events in the body that is out
  std::size_t batch_limit_ = kBatchEvents;
  unsigned failures_ = 0;
  std::optional<base::SteadyTime> not_before_;
};

}  // namespace rescue::applet

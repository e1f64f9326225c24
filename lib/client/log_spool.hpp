// SPDX-License-Identifier: Apache-2.0
// The console's part of one session's log, on disk until the broker has it. Events are appended and synced before they
// are offered for sending, sent in order, and dropped when acknowledged; numbers are never used twice, so that the
// broker (which stores each number of a session and source once) has every event exactly once, whatever dies in
// between.
//
// File: one JSON object a line. The first is {"rescue_spool":1,"session":ID,"next_seq":N}; each further one is an event
// {"seq","time","type","actor","data"}. A line that a crash cut short is dropped: its event was never offered.
// Acknowledged events leave the file when all are acknowledged or when more than kCompactBytes are; the file is then
// replaced in one step.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/broker_api.hpp"

namespace rescue::client {

/// Unacknowledged events beyond this are refused (too_large): the broker has been away for days.
inline constexpr std::size_t kSpoolMaxBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kCompactBytes = 1024 * 1024;

/// One thread at a time; one process at a time (the file is locked: conflict).
class LogSpool {
 public:
  /// Opens or creates DIR/SESSION.spool (0600). `first_seq` counts only when nothing is remembered.
  [[nodiscard]] static base::Result<LogSpool> open(const std::filesystem::path& dir, const std::string& session,
                                                   std::uint64_t first_seq);
  LogSpool(LogSpool&&) noexcept;
  LogSpool& operator=(LogSpool&&) noexcept;
  ~LogSpool();

  [[nodiscard]] const std::string& session() const;
  /// The number that the next append() must use at least.
  [[nodiscard]] std::uint64_t next_seq() const;
  /// Appends and syncs. `event.seq` 0 takes next_seq(); a smaller one than next_seq() is conflict. Errors: no_space, io
  /// (the event is not in the file then and may be appended again), too_large.
  [[nodiscard]] base::Result<std::uint64_t> append(LogEvent event);
  /// The oldest unacknowledged events within kLogBatch and kLogBatchBytes.
  [[nodiscard]] std::vector<LogEvent> batch() const;
  /// The broker has everything up to `through`. An error concerns compaction alone.
  base::Result<> acknowledge(std::uint64_t through);
  [[nodiscard]] std::size_t pending() const;
  /// Removes the file when nothing is pending: the session is over. False when events are left.
  bool remove_if_empty();
  [[nodiscard]] const std::filesystem::path& path() const;

 private:
  struct State;
  explicit LogSpool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Sessions that left events in `dir`, other than those that a running process holds.
[[nodiscard]] std::vector<std::string> leftover_spools(const std::filesystem::path& dir);

}  // namespace rescue::client

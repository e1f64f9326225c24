// SPDX-License-Identifier: Apache-2.0
// Events from consoles, applets and gateways into the log. A sender counts its events of one session from 1 and sends
// them in order, one batch at a time, again when it got no answer: each is stored once. A jump in the numbers is stored
// as it is and reported, because the source has nothing to fill it with; late events that fill it are taken. A console
// that comes with a new key (another machine, or a process that died and may have left a spool) begins a new run of
// numbers instead, so that what the earlier one still sends keeps its own.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/log.hpp"

namespace rescue::audit {

inline constexpr std::size_t kMaxBatch = 500;
inline constexpr std::size_t kMaxEventDataBytes = 16 * 1024;
inline constexpr std::size_t kMaxActorBytes = 300;
inline constexpr std::size_t kMaxDataDepth = 8;
/// Larger numbers are no honest count: 2^53 - 1 is also where JSON numbers stop being exact in most readers.
inline constexpr std::uint64_t kMaxSeq = (std::uint64_t{1} << 53) - 1;
/// An applet is a stranger's machine that may send for as long as its session is remembered: this bounds what it can
/// fill. An hour of the busiest session has a few thousand.
inline constexpr std::uint64_t kMaxAppletSeq = 100'000;

/// Run n of a console has the numbers from n * kRun + 1; its first one is no jump.
inline constexpr std::uint64_t kRun = std::uint64_t{1} << 24;

struct IncomingEvent {
  std::uint64_t seq = 0;
  base::WallTime time;
  std::string type;   // a name of the closed list
  std::string actor;  // empty: the sender's default
  std::string data;   // JSON object text
};
/// Who sends; decided by the broker from how the sender signed in, never by the sender.
struct Sender {
  base::Guid session;
  store::EventSource source = store::EventSource::console;
  std::optional<base::Guid> technician;  // the session's, for the technician filter
  std::optional<base::Guid> origin;  // which of several: a console's technician, the gateway; each counts for itself
  std::string default_actor;
};
struct IntakeResult {
  std::uint64_t accepted_through =
      0;  // the highest stored sequence number of the run: what is up to it need not be sent again
  std::size_t stored = 0;
  std::size_t duplicates = 0;
  std::size_t differing = 0;          // duplicates whose content is not what is stored; an alert is logged
  std::vector<store::SeqRange> gaps;  // opened by this batch; an alert names them
};

/// Without a database: every event of a batch is well-formed and may come from this source. invalid_argument and
/// too_large name the event and the field.
[[nodiscard]] base::Result<> check(const Sender& sender, std::span<const IncomingEvent> batch);
/// All of the batch or nothing. The errors of check; the store's.
[[nodiscard]] base::Result<IntakeResult> take(store::Transaction& tx, const Sender& sender,
                                              std::span<const IncomingEvent> batch, base::WallTime now);

/// One event of the broker itself, outside of the directory's mutations (gateway incidents, alerts). Same checks.
[[nodiscard]] base::Result<store::Appended> record(store::Transaction& tx, const store::NewEvent& event,
                                                   base::WallTime now);

}  // namespace rescue::audit

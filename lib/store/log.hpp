// SPDX-License-Identifier: Apache-2.0
// The log of events: append and read. Who may append what is audit's business (audit/intake.hpp).
#pragma once

#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::store {

struct NewEvent {
  std::optional<base::Guid> session;
  std::optional<base::Guid> technician;
  EventSource source = EventSource::broker;
  /// Which of several senders of one kind, each of which counts for itself: the technician of a console, the gateway's
  /// id.
  std::optional<base::Guid> origin;
  std::uint64_t seq = 0;  // 0: the next of this session, source and origin
  base::WallTime time;
  EventType type = EventType::alert;
  std::string actor;
  std::string data = "{}";  // JSON object
  std::string search_text;  // goes into the full-text index; empty: not searchable
};

struct Appended {
  std::int64_t id = 0;
  std::uint64_t seq = 0;
  bool duplicate = false;  // (session, source, origin, seq) was there already; nothing was written
  bool differs = false;    // a duplicate with another type, actor or data than what is stored
};

/// Sequence numbers that a source has not sent although it sent later ones; both ends included.
struct SeqRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool operator==(const SeqRange&) const = default;
};

enum class LogOrder : std::uint8_t { newest_first, oldest_first };

struct LogFilter {
  std::optional<base::Guid> session;
  std::optional<base::Guid> technician;
  std::optional<base::Guid> group = std::nullopt;  // of the technician, as it is now
  std::vector<EventType> types = {};               // empty: all
  std::optional<EventSource> source;
  std::optional<base::WallTime> since;  // server_time >=
  std::optional<base::WallTime> until;  // server_time <
  /// Words that must all occur in chat or note text; "quoted words" as a phrase. Any text is allowed: nothing in it is
  /// syntax but the double quote. Text without any letter or digit finds nothing.
  std::optional<std::string> text;
  std::optional<std::int64_t> after = std::nullopt;  // id >
};

namespace log {
/// Writes the event with server_time = max(`now`, the newest event's), so that it never decreases along the ids.
[[nodiscard]] base::Result<Appended> append(Transaction& tx, const NewEvent& event, base::WallTime now);
/// not_found.
[[nodiscard]] base::Result<LogEvent> get(ReadTransaction& tx, std::int64_t id);
/// One page by keyset on id. invalid_argument for a cursor that no query gave.
[[nodiscard]] base::Result<Page<LogEvent>> query(ReadTransaction& tx, const LogFilter& filter, LogOrder order,
                                                 std::string_view cursor = {}, std::size_t limit = 0);
/// Events behind `after`, oldest first, at most `limit` (capped as pages are).
[[nodiscard]] base::Result<std::vector<LogEvent>> tail(ReadTransaction& tx, std::int64_t after, std::size_t limit);
/// 0 when the log is empty.
[[nodiscard]] base::Result<std::int64_t> newest_id(ReadTransaction& tx);
/// Highest sequence number of a sender in a session, of those up to `up_to`; 0 when it sent none.
[[nodiscard]] base::Result<std::uint64_t> last_seq(ReadTransaction& tx, const std::optional<base::Guid>& session,
                                                   EventSource source, const std::optional<base::Guid>& origin = {},
                                                   std::uint64_t up_to = INT64_MAX);
/// Holes below last_seq, at most `limit`, lowest first.
[[nodiscard]] base::Result<std::vector<SeqRange>> missing(ReadTransaction& tx, const base::Guid& session,
                                                          EventSource source,
                                                          const std::optional<base::Guid>& origin = {},
                                                          std::size_t limit = 100);
}  // namespace log

}  // namespace rescue::store

// SPDX-License-Identifier: Apache-2.0
#include "store/log.hpp"

#include "store/impl/fts_query.hpp"
#include "store/impl/log_row.hpp"
#include "store/impl/rows.hpp"

namespace rescue::store::log {
namespace {
using impl::Statement;

/// No session, no origin: 16 zero bytes, so that the unique index covers them.
base::Guid or_none(const std::optional<base::Guid>& id) { return id.value_or(base::Guid()); }

/// What is stored under this sequence number, if anything.
base::Result<std::optional<LogEvent>> find_seq(ReadTransaction& tx, const NewEvent& event) {
  return impl::first(
      tx.connection(),
      "SELECT " RESCUE_LOG_COLUMNS " FROM log_events e WHERE e.session=? AND e.source=? AND e.origin=? AND e.seq=?",
      impl::read_log_event, or_none(event.session), to_string(event.source), or_none(event.origin), event.seq);
}

/// The log's own clock: the wall clock, but never behind what is stored.
base::Result<base::WallTime> server_time(ReadTransaction& tx, base::WallTime now) {
  RESCUE_TRY(const auto newest,
             impl::number(tx.connection(), "SELECT server_time FROM log_events ORDER BY id DESC LIMIT 1"));
  return std::max(now, base::WallTime(std::chrono::microseconds(newest)));
}
}  // namespace

base::Result<Appended> append(Transaction& tx, const NewEvent& event, base::WallTime now) {
  Appended out;
  out.seq = event.seq;
  if (event.seq == 0) {
    RESCUE_TRY(const auto last, last_seq(tx, event.session, event.source, event.origin));
    out.seq = last + 1;
  } else {
    RESCUE_TRY(const auto there, find_seq(tx, event));
    if (there) {
      out.id = there->id;
      out.duplicate = true;
      out.differs = there->type != event.type || there->actor != event.actor || there->data != event.data;
      return out;
    }
  }
  RESCUE_TRY(const auto stamped, server_time(tx, now));
  auto& c = tx.connection();
  RESCUE_TRY(const auto rows,
             impl::run(c,
                       "INSERT INTO log_events (session, technician, source, origin, seq, time, server_time, type, "
                       "actor, data) VALUES (?,?,?,?,?,?,?,?,?,?)",
                       or_none(event.session), event.technician, to_string(event.source), or_none(event.origin),
                       out.seq, event.time, stamped, to_string(event.type), event.actor, event.data));
  static_cast<void>(rows);
  out.id = c.last_id();
  if (!event.search_text.empty()) {
    const auto tags = impl::fts_tags(event.session, event.technician);
    RESCUE_TRY(const auto indexed, impl::run(c, "INSERT INTO log_text (rowid, text, tags) VALUES (?,?,?)", out.id,
                                             event.search_text, tags));
    static_cast<void>(indexed);
  }
  tx.changed({Change::Kind::log, or_none(event.session), out.id});
  return out;
}

base::Result<LogEvent> get(ReadTransaction& tx, std::int64_t id) {
  RESCUE_TRY(auto found, impl::first(tx.connection(), "SELECT " RESCUE_LOG_COLUMNS " FROM log_events e WHERE e.id=?",
                                     impl::read_log_event, id));
  if (!found) return base::fail(base::Errc::not_found, "log event " + std::to_string(id));
  return std::move(*found);
}

base::Result<std::vector<LogEvent>> tail(ReadTransaction& tx, std::int64_t after, std::size_t limit) {
  return impl::all(tx.connection(),
                   "SELECT " RESCUE_LOG_COLUMNS " FROM log_events e WHERE e.id > ? ORDER BY e.id LIMIT ?",
                   impl::read_log_event, after, std::uint64_t{impl::page_size(limit)});
}

base::Result<std::int64_t> newest_id(ReadTransaction& tx) {
  return impl::number(tx.connection(), "SELECT max(id) FROM log_events");
}

base::Result<std::uint64_t> last_seq(ReadTransaction& tx, const std::optional<base::Guid>& session, EventSource source,
                                     const std::optional<base::Guid>& origin, std::uint64_t up_to) {
  RESCUE_TRY(const auto last,
             impl::number(tx.connection(),
                          "SELECT max(seq) FROM log_events WHERE session=? AND source=? AND origin=? AND seq<=?",
                          or_none(session), to_string(source), or_none(origin), up_to));
  return static_cast<std::uint64_t>(last);
}

base::Result<std::vector<SeqRange>> missing(ReadTransaction& tx, const base::Guid& session, EventSource source,
                                            const std::optional<base::Guid>& origin, std::size_t limit) {
  return impl::all(
      tx.connection(),
      "SELECT before + 1, seq - 1 FROM (SELECT seq, lag(seq, 1, 0) OVER (ORDER BY seq) AS before FROM log_events "
      "WHERE session=? AND source=? AND origin=?) WHERE seq > before + 1 ORDER BY seq LIMIT ?",
      [](Statement& st) {
        return SeqRange{st.u64(0), st.u64(1)};
      },
      session, to_string(source), or_none(origin), std::uint64_t{limit});
}

}  // namespace rescue::store::log

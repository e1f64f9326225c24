// SPDX-License-Identifier: Apache-2.0
#include "store/sessions.hpp"

#include <limits>

#include "store/impl/rows.hpp"
#include "store/users.hpp"

namespace rescue::store::sessions {
namespace {
using impl::Statement;

#define RESCUE_SESSION_COLUMNS                                                                                     \
  "s.id, s.guid_id, s.kind, s.state, s.note, s.customer, s.created_at, s.created_by, s.technician, s.generation, " \
  "s.state_since, s.pin_expires_at, s.ended_at, s.ended_by, s.end_reason"

Session read(Statement& st) {
  Session s;
  s.id = st.guid(0);
  s.guid_id = st.blob(1);
  s.kind = st.text(2);
  s.state = st.text(3);
  s.note = st.text(4);
  s.customer = st.text(5);
  s.created_at = st.time(6);
  s.created_by = st.guid(7);
  s.technician = st.maybe_guid(8);
  s.generation = st.u64(9);
  s.state_since = st.time(10);
  s.pin_expires_at = st.maybe_time(11);
  s.ended_at = st.maybe_time(12);
  s.ended_by = st.text(13);
  s.end_reason = st.text(14);
  return s;
}

/// created_at and id of the last row of a page.
base::Bytes cursor_key(const Session& s) {
  base::ByteWriter key;
  key.u64(static_cast<std::uint64_t>(s.created_at.time_since_epoch().count()));
  key.bytes(s.id.bytes());
  return std::move(key).take();
}

struct Position {
  std::int64_t created_at = std::numeric_limits<std::int64_t>::max();
  base::Guid id;
};
base::Result<Position> read_position(std::string_view cursor) {
  if (cursor.empty()) return Position{};
  RESCUE_TRY(const auto key, impl::read_cursor(cursor));
  base::ByteReader reader(key);
  const auto created_at = reader.u64();
  auto id = base::Guid::from_bytes(reader.rest());
  if (!created_at || !id) return base::fail(base::Errc::invalid_argument, "cursor");
  return Position{static_cast<std::int64_t>(*created_at), *id};
}
}  // namespace

base::Result<> insert(Transaction& tx, const Session& s) {
  auto done =
      impl::run(tx.connection(),
                "INSERT INTO sessions (id, guid_id, kind, state, note, customer, created_at, created_by, technician, "
                "generation, state_since, pin_expires_at, ended_at, ended_by, end_reason) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                s.id, s.guid_id, s.kind, s.state, s.note, s.customer, s.created_at, s.created_by, s.technician,
                s.generation, s.state_since, s.pin_expires_at, s.ended_at, s.ended_by, s.end_reason);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::session, s.id});
  return {};
}

base::Result<> update(Transaction& tx, const Session& s) {
  RESCUE_CHECK(impl::run_one(tx.connection(), "session " + s.id.text(),
                             "UPDATE sessions SET state=?2, note=?3, customer=?4, technician=?5, generation=?6, "
                             "state_since=?7, pin_expires_at=?8, ended_at=?9, ended_by=?10, end_reason=?11 WHERE id=?1",
                             s.id, s.state, s.note, s.customer, s.technician, s.generation, s.state_since,
                             s.pin_expires_at, s.ended_at, s.ended_by, s.end_reason));
  tx.changed({Change::Kind::session, s.id});
  return {};
}

base::Result<Session> get(ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(auto found,
             impl::first(tx.connection(), "SELECT " RESCUE_SESSION_COLUMNS " FROM sessions s WHERE id=?", read, id));
  if (!found) return base::fail(base::Errc::not_found, "session " + id.text());
  return std::move(*found);
}

// One writer: nothing can come between a read and a write of the same transaction.
base::Result<Session> lock(Transaction& tx, const base::Guid& id) { return get(tx, id); }

base::Result<std::optional<Session>> find_by_guid_id(ReadTransaction& tx, base::ByteView guid_id) {
  return impl::first(tx.connection(), "SELECT " RESCUE_SESSION_COLUMNS " FROM sessions s WHERE guid_id=?", read,
                     guid_id);
}

base::Result<std::optional<Session>> find_by_applet(ReadTransaction& tx, base::ByteView fingerprint) {
  return impl::first(tx.connection(),
                     "SELECT " RESCUE_SESSION_COLUMNS
                     " FROM applet_keys k JOIN sessions s ON s.id = k.session_id WHERE k.fingerprint=?",
                     read, fingerprint);
}

namespace {
/// A group of few is looked up person by person; the sessions of a large one lie close together wherever one looks.
constexpr std::size_t kFewMembers = 64;

/// Parameters by number: position 1 and 2, rows 3, then in order the states, the technician, and the group or its few
/// members.
struct ListSql {
  static constexpr std::string_view kSelect = "SELECT " RESCUE_SESSION_COLUMNS " FROM sessions s WHERE ";
  std::string where = "(s.created_at, s.id) < (?1, ?2)";
  std::string tail = " ORDER BY s.created_at DESC, s.id DESC LIMIT ?3";
  std::vector<std::string> values;  // states
  std::vector<base::Guid> ids;      // what follows them

  explicit ListSql(const SessionFilter& filter) : values(filter.states) {
    if (filter.live_only) where += " AND s.ended_at IS NULL";
    for (std::size_t i = 0; i < values.size(); ++i)
      where += (i == 0 ? " AND +s.state IN (?" : ",?") + std::to_string(4 + i);
    if (!values.empty()) where += ")";
    if (filter.technician) where += " AND s.owner = " + parameter(*filter.technician);
  }
  std::string parameter(const base::Guid& id) {
    ids.push_back(id);
    return "?" + std::to_string(3 + values.size() + ids.size());
  }
  std::string all() { return std::string(kSelect) + where + tail; }
  std::string of_group(const base::Guid& group) {
    return std::string(kSelect) + where +
           " AND EXISTS (SELECT 1 FROM users u WHERE u.id = s.owner AND u.group_id = " + parameter(group) + ")" + tail;
  }
  /// The first rows of each, then the first of those together.
  std::string of_members(const std::vector<base::Guid>& members) {
    std::string sql = std::string(kSelect) + "s.id IN (";
    for (const auto& member : members) {
      if (&member != &members.front()) sql += " UNION ALL ";
      sql += "SELECT id FROM (SELECT s.id FROM sessions s WHERE s.owner = " + parameter(member) + " AND " + where +
             tail + ")";
    }
    return sql + ")" + tail;
  }
};
}  // namespace

base::Result<Page<Session>> list(ReadTransaction& tx, const SessionFilter& filter, std::string_view cursor,
                                 std::size_t limit) {
  RESCUE_TRY(const auto position, read_position(cursor));
  const auto size = impl::page_size(limit);
  ListSql parts(filter);
  std::string sql;
  if (filter.group) {
    RESCUE_TRY(const auto members, users::ids_in_group(tx, *filter.group, kFewMembers + 1));
    if (members.empty()) return Page<Session>{};
    sql = members.size() <= kFewMembers ? parts.of_members(members) : parts.of_group(*filter.group);
  } else {
    sql = parts.all();
  }
  RESCUE_TRY(auto st, tx.connection().prepare(sql));
  int at = 0;
  RESCUE_CHECK(st.bind(++at, position.created_at));
  RESCUE_CHECK(st.bind(++at, position.id));
  RESCUE_CHECK(st.bind(++at, std::uint64_t{size + 1}));
  for (const auto& state : parts.values) RESCUE_CHECK(st.bind(++at, state));
  for (const auto& id : parts.ids) RESCUE_CHECK(st.bind(++at, id));
  std::vector<Session> rows;
  for (;;) {
    RESCUE_TRY(const bool row, st.step());
    if (!row) break;
    rows.push_back(read(st));
  }
  return impl::to_page(std::move(rows), size, cursor_key);
}

base::Result<std::vector<Session>> stale(ReadTransaction& tx, std::string_view state, base::WallTime before,
                                         std::size_t limit) {
  return impl::all(
      tx.connection(),
      "SELECT " RESCUE_SESSION_COLUMNS
      " FROM sessions s WHERE ended_at IS NULL AND state=? AND state_since < ? ORDER BY state_since LIMIT ?",
      read, state, before, std::uint64_t{limit});
}

base::Result<std::vector<Session>> with_expired_pin(ReadTransaction& tx, base::WallTime now, std::size_t limit) {
  return impl::all(tx.connection(),
                   "SELECT " RESCUE_SESSION_COLUMNS
                   " FROM sessions s WHERE ended_at IS NULL AND pin_expires_at IS NOT NULL AND pin_expires_at < ? "
                   "ORDER BY pin_expires_at LIMIT ?",
                   read, now, std::uint64_t{limit});
}

base::Result<std::vector<Session>> with_lapsed_lease(ReadTransaction& tx, base::WallTime before, std::size_t limit) {
  return impl::all(
      tx.connection(),
      "SELECT " RESCUE_SESSION_COLUMNS
      " FROM sessions s WHERE ended_at IS NULL AND technician IS NOT NULL AND NOT EXISTS (SELECT 1 FROM grants g "
      "WHERE g.session_id = s.id AND g.revoked_at IS NULL AND g.lease_until >= ?) LIMIT ?",
      read, before, std::uint64_t{limit});
}

base::Result<std::uint64_t> count_live(ReadTransaction& tx) {
  RESCUE_TRY(const auto n, impl::number(tx.connection(), "SELECT count(*) FROM sessions WHERE ended_at IS NULL"));
  return static_cast<std::uint64_t>(n);
}

}  // namespace rescue::store::sessions

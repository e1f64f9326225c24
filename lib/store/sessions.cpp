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
  "s.state_since, s.pin_expires_at, s.ended_at, s.ended_by, s.end_reason, s.channel_id, s.transfer_to, "           \
  "s.transfer_channel, s.transfer_from, s.transfer_comment, s.transfer_at"

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
  s.channel = st.maybe_guid(15);
  s.transfer_to = st.maybe_guid(16);
  s.transfer_channel = st.maybe_guid(17);
  s.transfer_from = st.maybe_guid(18);
  s.transfer_comment = st.text(19);
  s.transfer_at = st.maybe_time(20);
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
                "generation, state_since, pin_expires_at, ended_at, ended_by, end_reason, channel_id, transfer_to, "
                "transfer_channel, transfer_from, transfer_comment, transfer_at) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                s.id, s.guid_id, s.kind, s.state, s.note, s.customer, s.created_at, s.created_by, s.technician,
                s.generation, s.state_since, s.pin_expires_at, s.ended_at, s.ended_by, s.end_reason, s.channel,
                s.transfer_to, s.transfer_channel, s.transfer_from, s.transfer_comment, s.transfer_at);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::session, s.id});
  return {};
}

base::Result<> update(Transaction& tx, const Session& s) {
  RESCUE_CHECK(impl::run_one(tx.connection(), "session " + s.id.text(),
                             "UPDATE sessions SET state=?2, note=?3, customer=?4, technician=?5, generation=?6, "
                             "state_since=?7, pin_expires_at=?8, ended_at=?9, ended_by=?10, end_reason=?11, "
                             "channel_id=?12, transfer_to=?13, transfer_channel=?14, transfer_from=?15, "
                             "transfer_comment=?16, transfer_at=?17 WHERE id=?1",
                             s.id, s.state, s.note, s.customer, s.technician, s.generation, s.state_since,
                             s.pin_expires_at, s.ended_at, s.ended_by, s.end_reason, s.channel, s.transfer_to,
                             s.transfer_channel, s.transfer_from, s.transfer_comment, s.transfer_at));
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

/// Parameters by number: position 1 and 2, rows 3, then in order the states and the ids. A list is one condition, or
/// several of which any will do: each has an index of its own, so each is looked up for itself.
class ListSql {
 public:
  explicit ListSql(const SessionFilter& filter) : states_(filter.states) {
    if (filter.live_only) where_ += " AND s.ended_at IS NULL";
    for (std::size_t i = 0; i < states_.size(); ++i)
      where_ += (i == 0 ? " AND +s.state IN (?" : ",?") + std::to_string(4 + i);
    if (!states_.empty()) where_ += ")";
    if (filter.private_only) owned_ = " AND +s.channel_id IS NULL";
  }
  void of_owner_in_group(const base::Guid& id, const base::Guid& group) {
    const auto owner = "s.owner = " + parameter(id);
    any_.push_back(owner + " AND EXISTS (SELECT 1 FROM users u WHERE u.id = s.owner AND u.group_id = " +
                   parameter(group) + ")" + owned_);
  }
  void of_owner(const base::Guid& id) { any_.push_back("s.owner = " + parameter(id) + owned_); }
  void of_group(const base::Guid& id) {
    any_.push_back("EXISTS (SELECT 1 FROM users u WHERE u.id = s.owner AND u.group_id = " + parameter(id) + ")" +
                   owned_);
  }
  void of_channel(const base::Guid& id) {
    const auto channel = parameter(id);
    any_.push_back("s.channel_id = " + channel);
    any_.push_back("s.ended_at IS NULL AND s.transfer_channel = " + channel);
  }
  void of_channels_for(const base::Guid& group) {
    const auto channels = "(SELECT channel_id FROM channel_groups WHERE group_id = " + parameter(group) + ")";
    any_.push_back("s.ended_at IS NULL AND s.channel_id IN " + channels);
    any_.push_back("s.ended_at IS NULL AND s.transfer_channel IN " + channels);
  }
  void offered_to(const base::Guid& id) { any_.push_back("s.ended_at IS NULL AND s.transfer_to = " + parameter(id)); }
  void of_anybody() { any_.push_back("1" + owned_); }

  [[nodiscard]] std::string text() const {
    const std::string select = "SELECT " RESCUE_SESSION_COLUMNS " FROM sessions s WHERE ";
    const std::string tail = " ORDER BY s.created_at DESC, s.id DESC LIMIT ?3";
    if (any_.size() == 1) return select + any_.front() + " AND " + where_ + tail;
    // The first rows of each, then the first of those together.
    std::string sql = select + "s.id IN (";
    for (const auto& one : any_) {
      if (&one != &any_.front()) sql += " UNION ALL ";
      sql += "SELECT id FROM (SELECT s.id FROM sessions s WHERE " + one + " AND " + where_ + tail + ")";
    }
    return sql + ")" + tail;
  }
  [[nodiscard]] const std::vector<std::string>& states() const { return states_; }
  [[nodiscard]] const std::vector<base::Guid>& ids() const { return ids_; }

 private:
  std::string parameter(const base::Guid& id) {
    ids_.push_back(id);
    return "?" + std::to_string(3 + states_.size() + ids_.size());
  }
  std::string where_ = "(s.created_at, s.id) < (?1, ?2)";
  std::string owned_;
  std::vector<std::string> any_;
  std::vector<std::string> states_;
  std::vector<base::Guid> ids_;
};

/// False: nothing can fit.
base::Result<bool> add_conditions(ReadTransaction& tx, const SessionFilter& filter, ListSql& sql) {
  if (filter.channel) {
    sql.of_channel(*filter.channel);
    return true;
  }
  bool some = false;
  if (filter.technician && filter.group) {
    sql.of_owner_in_group(*filter.technician, *filter.group);
    some = true;
  } else if (filter.technician) {
    sql.of_owner(*filter.technician);
    some = true;
  } else if (filter.group) {
    RESCUE_TRY(const auto members, users::ids_in_group(tx, *filter.group, kFewMembers + 1));
    if (members.size() > kFewMembers) {
      sql.of_group(*filter.group);
    } else {
      for (const auto& member : members) sql.of_owner(member);
    }
    some = some || !members.empty();
  }
  if (filter.channels_for) {
    sql.of_channels_for(*filter.channels_for);
    some = true;
  }
  if (filter.offered_to) {
    sql.offered_to(*filter.offered_to);
    some = true;
  }
  if (!some && !filter.group) {
    sql.of_anybody();
    some = true;
  }
  return some;
}
}  // namespace

base::Result<Page<Session>> list(ReadTransaction& tx, const SessionFilter& filter, std::string_view cursor,
                                 std::size_t limit) {
  RESCUE_TRY(const auto position, read_position(cursor));
  const auto size = impl::page_size(limit);
  ListSql parts(filter);
  RESCUE_TRY(const bool some, add_conditions(tx, filter, parts));
  if (!some) return Page<Session>{};
  RESCUE_TRY(auto st, tx.connection().prepare(parts.text()));
  int at = 0;
  RESCUE_CHECK(st.bind(++at, position.created_at));
  RESCUE_CHECK(st.bind(++at, position.id));
  RESCUE_CHECK(st.bind(++at, std::uint64_t{size + 1}));
  for (const auto& state : parts.states()) RESCUE_CHECK(st.bind(++at, state));
  for (const auto& id : parts.ids()) RESCUE_CHECK(st.bind(++at, id));
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
      " FROM sessions s WHERE ended_at IS NULL AND technician IS NOT NULL AND state NOT IN ('waiting', 'on_hold', "
      "'transferring') AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id AND g.revoked_at IS NULL AND "
      "g.lease_until >= ?) LIMIT ?",
      read, before, std::uint64_t{limit});
}

base::Result<std::uint64_t> count_held(ReadTransaction& tx, const base::Guid& technician) {
  RESCUE_TRY(const auto n, impl::number(tx.connection(),
                                        "SELECT count(*) FROM sessions WHERE ended_at IS NULL AND owner=?1 AND "
                                        "technician=?1 AND state IN ('active', 'reconnecting', 'rebooting')",
                                        technician));
  return static_cast<std::uint64_t>(n);
}

base::Result<std::uint64_t> count_in_channel(ReadTransaction& tx, const base::Guid& channel) {
  RESCUE_TRY(const auto n,
             impl::number(tx.connection(),
                          "SELECT (SELECT count(*) FROM sessions WHERE ended_at IS NULL AND channel_id=?1) + (SELECT "
                          "count(*) FROM sessions WHERE ended_at IS NULL AND transfer_channel=?1)",
                          channel));
  return static_cast<std::uint64_t>(n);
}

base::Result<std::uint64_t> count_live(ReadTransaction& tx) {
  RESCUE_TRY(const auto n, impl::number(tx.connection(), "SELECT count(*) FROM sessions WHERE ended_at IS NULL"));
  return static_cast<std::uint64_t>(n);
}

}  // namespace rescue::store::sessions

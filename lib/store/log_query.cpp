// SPDX-License-Identifier: Apache-2.0
// log::query (store/log.hpp). One index drives each query and is walked in id order, newest or oldest first, so that
// the first rows cost the same in a log of any length; what is left of the filter is checked row by row (the unary plus
// keeps SQLite from preferring its index). Times become bounds on id, because server_time never decreases along it.
#include <array>
#include <limits>
#include <variant>

#include "store/impl/fts_query.hpp"
#include "store/impl/log_row.hpp"
#include "store/impl/rows.hpp"
#include "store/log.hpp"
#include "store/users.hpp"

namespace rescue::store::log {
namespace {

struct Bounds {
  std::int64_t above = 0;                                         // id >
  std::int64_t below = std::numeric_limits<std::int64_t>::max();  // id <
};

/// A condition and its parameters in order; all parameters are text, blob or number.
using Parameter = std::variant<std::int64_t, std::string, base::Guid>;
struct Where {
  std::string sql;
  std::vector<Parameter> parameters;
  void add(std::string_view condition, Parameter p) {
    sql += std::string(" AND ") + std::string(condition);
    parameters.push_back(std::move(p));
  }
};

/// The first id at or after `t`, or one past the newest.
base::Result<std::int64_t> first_id_at(ReadTransaction& tx, base::WallTime t) {
  RESCUE_TRY(const auto found,
             impl::first(
                 tx.connection(), "SELECT id FROM log_events WHERE server_time >= ? ORDER BY server_time, id LIMIT 1",
                 [](impl::Statement& st) { return st.i64(0); }, t));
  if (found) return *found;
  RESCUE_TRY(const auto newest, newest_id(tx));
  return newest + 1;
}

base::Result<Bounds> bounds_of(ReadTransaction& tx, const LogFilter& filter, LogOrder order, std::string_view cursor) {
  Bounds b;
  if (filter.since) {
    RESCUE_TRY(const auto id, first_id_at(tx, *filter.since));
    b.above = id - 1;
  }
  if (filter.until) {
    RESCUE_TRY(b.below, first_id_at(tx, *filter.until));
  }
  if (filter.after) b.above = std::max(b.above, *filter.after);
  if (cursor.empty()) return b;
  RESCUE_TRY(const auto key, impl::read_cursor(cursor));
  base::ByteReader reader(key);
  const auto id = reader.u64();
  if (!id || !reader.empty()) return base::fail(base::Errc::invalid_argument, "cursor");
  if (order == LogOrder::newest_first) {
    b.below = std::min(b.below, static_cast<std::int64_t>(*id));
  } else {
    b.above = std::max(b.above, static_cast<std::int64_t>(*id));
  }
  return b;
}

/// Conditions on the rows that the driving index yields. `driver` is the column whose index is walked, "" for none.
Where rest_of(const LogFilter& filter, std::string_view driver, bool with_types) {
  Where where;
  const auto column = [driver](std::string_view name) {
    return std::string(name == driver ? "e." : "+e.") + std::string(name) + " = ?";
  };
  if (filter.session) where.add(column("session"), *filter.session);
  if (filter.technician) where.add(column("technician"), *filter.technician);
  if (filter.group && driver != "group")
    where.add("EXISTS (SELECT 1 FROM users u WHERE u.id = e.technician AND u.group_id = ?)", *filter.group);
  if (filter.source) where.add("+e.source = ?", std::string(to_string(*filter.source)));
  if (with_types && !filter.types.empty()) {
    where.sql += " AND +e.type IN (";
    for (std::size_t i = 0; i < filter.types.size(); ++i) {
      where.sql += i == 0 ? "?" : ",?";
      where.parameters.emplace_back(std::string(to_string(filter.types[i])));
    }
    where.sql += ")";
  }
  return where;
}

struct Query {
  std::string sql;
  std::vector<Parameter> parameters;
  void take(const Where& where) {
    sql += where.sql;
    parameters.insert(parameters.end(), where.parameters.begin(), where.parameters.end());
  }
  void number(std::int64_t v) { parameters.emplace_back(v); }
};

/// Words: the full-text index yields ids in order; session and technician are tags inside it.
Query by_text(const LogFilter& filter, const std::string& expression, const Bounds& b, std::string_view direction,
              std::int64_t rows) {
  Query q;
  q.sql = "SELECT " RESCUE_LOG_COLUMNS
          " FROM log_text CROSS JOIN log_events e ON e.id = log_text.rowid WHERE log_text MATCH ? AND log_text.rowid > "
          "? AND "
          "log_text.rowid < ?";
  q.parameters = {expression, b.above, b.below};
  q.take(rest_of(filter, "", true));
  q.sql += " ORDER BY log_text.rowid " + std::string(direction) + " LIMIT ?";
  q.number(rows);
  return q;
}

/// The first rows of each value of one column by its index, then the first of those together.
Query by_values(std::string_view column, const std::vector<Parameter>& values, const Where& rest, const Bounds& b,
                std::string_view direction, std::int64_t rows) {
  Query q;
  const std::string order = " ORDER BY id " + std::string(direction) + " LIMIT ?";
  q.sql = "SELECT " RESCUE_LOG_COLUMNS " FROM log_events e WHERE e.id IN (";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) q.sql += " UNION ALL ";
    q.sql += "SELECT id FROM (SELECT e.id FROM log_events e WHERE e." + std::string(column) +
             " = ? AND e.id > ? AND e.id < ?";
    q.parameters.push_back(values[i]);
    q.number(b.above);
    q.number(b.below);
    q.take(rest);
    q.sql += order + ")";
    q.number(rows);
  }
  q.sql += ")" + order;
  q.number(rows);
  return q;
}

Query by_types(const LogFilter& filter, const Bounds& b, std::string_view direction, std::int64_t rows) {
  std::vector<Parameter> types;
  for (const auto type : filter.types) types.emplace_back(std::string(to_string(type)));
  return by_values("type", types, rest_of(filter, "type", false), b, direction, rows);
}

/// A group of few. The rows of a large one lie close together wherever one looks, so that it needs no index.
constexpr std::size_t kFewMembers = 64;
Query by_members(const LogFilter& filter, const std::vector<base::Guid>& members, const Bounds& b,
                 std::string_view direction, std::int64_t rows) {
  return by_values("technician", {members.begin(), members.end()}, rest_of(filter, "group", true), b, direction, rows);
}

/// A session, a technician, or everything.
Query by_rows(const LogFilter& filter, const Bounds& b, std::string_view direction, std::int64_t rows) {
  const std::string_view driver = filter.session ? "session" : filter.technician ? "technician" : "";
  Query q;
  q.sql = "SELECT " RESCUE_LOG_COLUMNS " FROM log_events e WHERE e.id > ? AND e.id < ?";
  q.parameters = {b.above, b.below};
  q.take(rest_of(filter, driver, true));
  q.sql += " ORDER BY e.id " + std::string(direction) + " LIMIT ?";
  q.number(rows);
  return q;
}

base::Result<std::vector<LogEvent>> execute(ReadTransaction& tx, const Query& q) {
  RESCUE_TRY(auto st, tx.connection().prepare(q.sql));
  int at = 0;
  for (const auto& parameter : q.parameters) {
    RESCUE_CHECK(std::visit([&](const auto& value) { return st.bind(++at, value); }, parameter));
  }
  std::vector<LogEvent> out;
  for (;;) {
    RESCUE_TRY(const bool row, st.step());
    if (!row) return out;
    out.push_back(impl::read_log_event(st));
  }
}

}  // namespace

base::Result<Page<LogEvent>> query(ReadTransaction& tx, const LogFilter& filter, LogOrder order,
                                   std::string_view cursor, std::size_t limit) {
  RESCUE_TRY(const auto bounds, bounds_of(tx, filter, order, cursor));
  const auto size = impl::page_size(limit);
  const auto rows = static_cast<std::int64_t>(size + 1);
  const std::string_view direction = order == LogOrder::newest_first ? "DESC" : "ASC";
  std::vector<base::Guid> members;
  if (filter.group) {
    RESCUE_TRY(members, users::ids_in_group(tx, *filter.group, kFewMembers + 1));
  }
  const bool few = filter.group && members.size() <= kFewMembers;
  Query q;
  if (filter.text) {
    const auto expression = impl::fts_query(*filter.text, filter.session, filter.technician);
    if (expression.empty()) return Page<LogEvent>{};
    q = by_text(filter, expression, bounds, direction, rows);
  } else if (few && !filter.session && !filter.technician) {
    if (members.empty()) return Page<LogEvent>{};
    q = by_members(filter, members, bounds, direction, rows);
  } else if (!filter.types.empty() && !filter.session && !filter.technician) {
    q = by_types(filter, bounds, direction, rows);
  } else {
    q = by_rows(filter, bounds, direction, rows);
  }
  RESCUE_TRY(auto found, execute(tx, q));
  std::array<std::uint8_t, 8> key{};
  return impl::to_page(std::move(found), size, [&key](const LogEvent& last) {
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(last.id >> (56 - 8 * i));
    return base::ByteView(key);
  });
}

}  // namespace rescue::store::log

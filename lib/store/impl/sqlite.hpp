// SPDX-License-Identifier: Apache-2.0
// SQLite behind RAII: connections with a statement cache, statements, errors as values. One connection is one thread's.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/guid.hpp"
#include "base/result.hpp"
#include "store/errors.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace rescue::store::impl {

class Connection;

/// A prepared statement on loan from its connection's cache; goes back reset when this goes away.
class Statement {
 public:
  Statement(Connection& owner, std::string_view sql, sqlite3_stmt* handle)
      : owner_(&owner), sql_(sql), handle_(handle) {}
  Statement(Statement&& o) noexcept
      : owner_(o.owner_), sql_(std::move(o.sql_)), handle_(std::exchange(o.handle_, nullptr)) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Parameters count from 1. Text and blobs are not copied: they must live until the statement goes back.
  base::Result<> bind(int at, std::nullptr_t);
  base::Result<> bind(int at, std::int64_t v);
  base::Result<> bind(int at, std::uint64_t v) { return bind(at, static_cast<std::int64_t>(v)); }
  base::Result<> bind(int at, std::uint32_t v) { return bind(at, std::int64_t{v}); }
  base::Result<> bind(int at, bool v) { return bind(at, std::int64_t{v ? 1 : 0}); }
  base::Result<> bind(int at, std::string_view v);
  base::Result<> bind(int at, const std::string& v) { return bind(at, std::string_view(v)); }
  base::Result<> bind(int at, base::ByteView v);
  base::Result<> bind(int at, const base::Bytes& v) { return bind(at, base::ByteView(v)); }
  base::Result<> bind(int at, const base::Guid& v) { return bind(at, v.bytes()); }
  base::Result<> bind(int at, base::WallTime v) { return bind(at, std::int64_t{v.time_since_epoch().count()}); }
  base::Result<> bind(int at, std::chrono::seconds v) { return bind(at, std::int64_t{v.count()}); }
  template <typename T>
  base::Result<> bind(int at, const std::optional<T>& v) {
    return v ? bind(at, *v) : bind(at, nullptr);
  }
  template <typename... Args>
  base::Result<> bind_all(const Args&... args) {
    base::Result<> ok;
    int at = 0;
    ((ok = ok ? bind(++at, args) : std::move(ok)), ...);
    return ok;
  }

  /// True: a row is there. False: done.
  base::Result<bool> step();

  // Columns count from 0; views live until the next step.
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t i64(int column) const;
  [[nodiscard]] std::uint64_t u64(int column) const { return static_cast<std::uint64_t>(i64(column)); }
  [[nodiscard]] std::uint32_t u32(int column) const { return static_cast<std::uint32_t>(i64(column)); }
  [[nodiscard]] bool flag(int column) const { return i64(column) != 0; }
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] base::Bytes blob(int column) const;
  [[nodiscard]] base::Guid guid(int column) const;
  [[nodiscard]] base::WallTime time(int column) const { return base::WallTime(std::chrono::microseconds(i64(column))); }
  [[nodiscard]] std::chrono::seconds seconds(int column) const { return std::chrono::seconds(i64(column)); }
  [[nodiscard]] std::optional<base::WallTime> maybe_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }
  [[nodiscard]] std::optional<base::Guid> maybe_guid(int column) const {
    return is_null(column) ? std::nullopt : std::optional(guid(column));
  }

 private:
  base::Result<> check(int rc);
  Connection* owner_;
  std::string sql_;
  sqlite3_stmt* handle_;
};

inline constexpr std::chrono::milliseconds kLookEvery{50};

class Connection {
 public:
  /// Opens an existing file. `query_only` connections cannot write.
  [[nodiscard]] static base::Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path,
                                                                      bool query_only);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] base::Result<Statement> prepare(std::string_view sql);
  /// Several statements without parameters or results.
  [[nodiscard]] base::Result<> script(const std::string& sql);
  /// Rows changed by the last statement.
  [[nodiscard]] std::uint64_t changes() const;
  [[nodiscard]] std::int64_t last_id() const;
  /// Outside of any transaction; also after SQLite rolled one back by itself.
  [[nodiscard]] bool in_autocommit() const;
  /// Until when statements may run, and who says that nobody wants the answer any more (asked every kLookEvery).
  struct Bounds {
    std::optional<base::SteadyTime> deadline;
    std::function<bool()> abandoned;
  };
  /// Statements fail with timed_out, or with canceled, beyond them; without any: no limit.
  void set_bounds(Bounds bounds) {
    bounds_ = std::move(bounds);
    abandoned_ = false;
    next_look_ = {};
  }
  /// The state of the handle as an error.
  [[nodiscard]] base::Error error(int rc, std::string_view doing) const;

 private:
  friend class Statement;
  explicit Connection(sqlite3* db) : db_(db) {}
  void give_back(std::string sql, sqlite3_stmt* handle);
  static int on_progress(void* self);

  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*> cache_;
  Bounds bounds_;
  base::SteadyTime next_look_{};
  bool abandoned_ = false;  // bounds_.abandoned said so
};

/// Runs a statement to its end; returns rows changed.
template <typename... Args>
base::Result<std::uint64_t> run(Connection& c, std::string_view sql, const Args&... args) {
  RESCUE_TRY(auto st, c.prepare(sql));
  RESCUE_CHECK(st.bind_all(args...));
  for (;;) {
    RESCUE_TRY(const bool row, st.step());
    if (!row) return c.changes();
  }
}

/// First row through `read(Statement&)`, or nothing.
template <typename Read, typename... Args>
auto first(Connection& c, std::string_view sql, Read read, const Args&... args)
    -> base::Result<std::optional<std::invoke_result_t<Read, Statement&>>> {
  RESCUE_TRY(auto st, c.prepare(sql));
  RESCUE_CHECK(st.bind_all(args...));
  RESCUE_TRY(const bool row, st.step());
  if (!row) return std::nullopt;
  return std::optional(read(st));
}

template <typename Read, typename... Args>
auto all(Connection& c, std::string_view sql, Read read, const Args&... args)
    -> base::Result<std::vector<std::invoke_result_t<Read, Statement&>>> {
  std::vector<std::invoke_result_t<Read, Statement&>> out;
  RESCUE_TRY(auto st, c.prepare(sql));
  RESCUE_CHECK(st.bind_all(args...));
  for (;;) {
    RESCUE_TRY(const bool row, st.step());
    if (!row) return out;
    out.push_back(read(st));
  }
}

/// A count or other single number; 0 when there is no row.
template <typename... Args>
base::Result<std::int64_t> number(Connection& c, std::string_view sql, const Args&... args) {
  RESCUE_TRY(auto n, first(
                         c, sql, [](Statement& st) { return st.i64(0); }, args...));
  return n.value_or(0);
}

/// `run` of a statement that must change exactly one row; not_found otherwise.
template <typename... Args>
base::Result<> run_one(Connection& c, std::string_view what, std::string_view sql, const Args&... args) {
  RESCUE_TRY(const auto n, run(c, sql, args...));
  if (n == 0) return base::fail(base::Errc::not_found, std::string(what));
  return {};
}

}  // namespace rescue::store::impl

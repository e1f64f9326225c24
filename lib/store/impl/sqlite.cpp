// SPDX-License-Identifier: Apache-2.0
#include "store/impl/sqlite.hpp"

#include <sqlite3.h>

#include <cerrno>

#include "base/assert.hpp"

namespace rescue::store::impl {
namespace {
constexpr int kBusyTimeoutMs = 5000;
// Statement texts are few but for log queries, whose forms are bounded; this bounds what a connection keeps prepared.
constexpr std::size_t kMaxCachedStatements = 256;
constexpr int kProgressOps = 4000;  // virtual machine steps between two looks at the deadline, well below a millisecond

/// What the operating system said. A failed commit does not always leave it with the connection; the file keeps it
/// then.
int os_error(sqlite3* db) {
  if (const int e = sqlite3_system_errno(db); e != 0) return e;
  int last = 0;
  sqlite3_file* file = nullptr;  // the write-ahead log
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK && file != nullptr &&
      file->pMethods != nullptr) {
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &last);
  }
  if (last == 0) sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &last);
  return last;
}

base::ErrorCode code_of(sqlite3* db, int rc) {
  switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
      switch (rc) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
          return base::Errc::conflict;
        case SQLITE_CONSTRAINT_FOREIGNKEY:
          return base::Errc::not_found;  // refers to a row that is not there
        default:
          return base::Errc::invalid_argument;
      }
    case SQLITE_FULL:
      return base::Errc::no_space;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: {
      const int os = os_error(db);
      // EFBIG: the process's own file size limit, to the same effect.
      if (os == ENOSPC || os == EDQUOT || os == EFBIG) return base::Errc::no_space;
      if (os == EACCES || os == EPERM) return base::Errc::denied;
      return base::Errc::io;
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::Errc::timed_out;
    case SQLITE_INTERRUPT:
      return base::Errc::timed_out;
    case SQLITE_CORRUPT:
      return Errc::corrupt;
    case SQLITE_NOTADB:
      return Errc::not_ours;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return base::Errc::denied;
    case SQLITE_TOOBIG:
      return base::Errc::too_large;
    default:
      return base::Errc::internal;
  }
}
}  // namespace

Statement::~Statement() {
  if (handle_ != nullptr) owner_->give_back(std::move(sql_), handle_);
}

base::Result<> Statement::check(int rc) {
  if (rc == SQLITE_OK) return {};
  return base::fail(owner_->error(rc, "bind"));
}
base::Result<> Statement::bind(int at, std::nullptr_t) { return check(sqlite3_bind_null(handle_, at)); }
base::Result<> Statement::bind(int at, std::int64_t v) { return check(sqlite3_bind_int64(handle_, at, v)); }
base::Result<> Statement::bind(int at, std::string_view v) {
  // A null pointer would bind NULL; an empty text is not NULL.
  return check(sqlite3_bind_text64(handle_, at, v.empty() ? "" : v.data(), v.size(), nullptr, SQLITE_UTF8));
}
base::Result<> Statement::bind(int at, base::ByteView v) {
  if (v.empty()) return check(sqlite3_bind_zeroblob(handle_, at, 0));
  return check(sqlite3_bind_blob64(handle_, at, v.data(), v.size(), nullptr));
}

base::Result<bool> Statement::step() {
  const int rc = sqlite3_step(handle_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return base::fail(owner_->error(rc, "database"));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
std::int64_t Statement::i64(int column) const { return sqlite3_column_int64(handle_, column); }
std::string Statement::text(int column) const {
  const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (p == nullptr) return {};
  return {p, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
base::Bytes Statement::blob(int column) const {
  const auto* p = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
  if (p == nullptr) return {};
  return {p, p + sqlite3_column_bytes(handle_, column)};
}
base::Guid Statement::guid(int column) const {
  // The schema checks the length of every id column.
  return base::Guid::from_bytes(blob(column)).value_or(base::Guid());
}

base::Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& path, bool query_only) {
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (db == nullptr) return base::fail(base::Errc::internal, "open database: out of memory");
  std::unique_ptr<Connection> c(new Connection(db));
  sqlite3_extended_result_codes(db, 1);
  if (rc != SQLITE_OK) return base::fail(c->error(rc, "open"));
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  sqlite3_progress_handler(db, kProgressOps, &Connection::on_progress, c.get());
  RESCUE_CHECK(c->script(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
      "PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
      "PRAGMA cache_size=-16000; PRAGMA journal_size_limit=67108864;"));
  if (query_only) RESCUE_CHECK(c->script("PRAGMA query_only=ON;"));
  return c;
}

Connection::~Connection() {
  for (auto& [sql, handle] : cache_) sqlite3_finalize(handle);
  const int rc = sqlite3_close(db_);
  RESCUE_ASSERT(rc == SQLITE_OK);  // otherwise a statement is still on loan
}

int Connection::on_progress(void* self) {
  auto& c = *static_cast<Connection*>(self);
  if (!c.bounds_.deadline && !c.bounds_.abandoned) return 0;
  const auto now = std::chrono::steady_clock::now();
  if (c.bounds_.deadline && now > *c.bounds_.deadline) return 1;
  if (!c.bounds_.abandoned || now < c.next_look_) return 0;
  c.next_look_ = now + kLookEvery;
  c.abandoned_ = c.bounds_.abandoned();
  return c.abandoned_ ? 1 : 0;
}

base::Result<Statement> Connection::prepare(std::string_view sql) {
  if (auto found = cache_.extract(std::string(sql))) {
    return Statement(*this, sql, found.mapped());
  }
  sqlite3_stmt* handle = nullptr;
  const int rc =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (rc != SQLITE_OK) return base::fail(error(rc, "prepare"));
  return Statement(*this, sql, handle);
}

void Connection::give_back(std::string sql, sqlite3_stmt* handle) {
  sqlite3_reset(handle);
  sqlite3_clear_bindings(handle);
  if (cache_.size() >= kMaxCachedStatements) {
    sqlite3_finalize(cache_.begin()->second);
    cache_.erase(cache_.begin());
  }
  // The same text may have been on loan twice.
  if (!cache_.try_emplace(std::move(sql), handle).second) sqlite3_finalize(handle);
}

base::Result<> Connection::script(const std::string& sql) {
  const int rc = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return base::fail(error(rc, "database"));
  return {};
}

std::uint64_t Connection::changes() const { return static_cast<std::uint64_t>(sqlite3_changes64(db_)); }
std::int64_t Connection::last_id() const { return sqlite3_last_insert_rowid(db_); }
bool Connection::in_autocommit() const { return sqlite3_get_autocommit(db_) != 0; }

base::Error Connection::error(int rc, std::string_view doing) const {
  const char* file = sqlite3_db_filename(db_, "main");
  std::string context(doing);
  if (file != nullptr && *file != '\0') context += std::string(" '") + file + "'";
  const char* said = sqlite3_errmsg(db_);
  if (said != nullptr) context += std::string(": ") + said;
  std::error_code cause;
  if ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) cause = {os_error(db_), std::generic_category()};
  const bool abandoned = (rc & 0xff) == SQLITE_INTERRUPT && abandoned_;
  return {abandoned ? base::ErrorCode(base::Errc::canceled) : code_of(db_, rc), std::move(context), cause};
}

}  // namespace rescue::store::impl

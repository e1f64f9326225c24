// SPDX-License-Identifier: Apache-2.0
// Bearer tokens, devices and settings (store/users.hpp).
#include "store/impl/rows.hpp"
#include "store/users.hpp"

namespace rescue::store {
using impl::Statement;

namespace tokens {
namespace {
#define RESCUE_TOKEN_COLUMNS                                                                                   \
  "t.hash, t.user_id, t.device, t.created_at, t.expires_at, t.revoked_at, t.id, t.kind, t.scopes, t.address, " \
  "t.last_used_at, t.must_enrol_mfa"

Token read(Statement& st) {
  Token t;
  t.hash = st.blob(0);
  t.user = st.guid(1);
  t.device = st.text(2);
  t.created_at = st.time(3);
  t.expires_at = st.time(4);
  t.revoked_at = st.maybe_time(5);
  t.id = st.guid(6);
  t.kind = st.text(7) == to_string(TokenKind::api) ? TokenKind::api : TokenKind::sign_in;
  t.scopes = impl::split_lines(st.text(8));
  t.address = st.text(9);
  t.last_used_at = st.time(10);
  t.must_enrol_mfa = st.flag(11);
  return t;
}
}  // namespace

base::Result<> insert(Transaction& tx, const Token& t) {
  const auto scopes = impl::join_lines(t.scopes);
  auto done = impl::run(tx.connection(),
                        "INSERT INTO tokens (hash, user_id, device, created_at, expires_at, revoked_at, id, kind, "
                        "scopes, address, last_used_at, must_enrol_mfa) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                        t.hash, t.user, t.device, t.created_at, t.expires_at, t.revoked_at, t.id, to_string(t.kind),
                        scopes, t.address, t.last_used_at, t.must_enrol_mfa);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<std::optional<Token>> find(ReadTransaction& tx, base::ByteView hash) {
  return impl::first(tx.connection(), "SELECT " RESCUE_TOKEN_COLUMNS " FROM tokens t WHERE hash=?", read, hash);
}

base::Result<std::optional<Token>> find_by_id(ReadTransaction& tx, const base::Guid& id) {
  return impl::first(tx.connection(), "SELECT " RESCUE_TOKEN_COLUMNS " FROM tokens t WHERE id=?", read, id);
}

base::Result<Page<Token>> list(ReadTransaction& tx, const Filter& filter, base::WallTime now, std::string_view cursor,
                               std::size_t limit) {
  RESCUE_TRY(const auto after, impl::read_cursor(cursor));
  const auto size = impl::page_size(limit);
  const auto kind = filter.kind ? std::optional(to_string(*filter.kind)) : std::nullopt;
  RESCUE_TRY(auto rows,
             impl::all(tx.connection(),
                       "SELECT " RESCUE_TOKEN_COLUMNS
                       " FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.id > ?1 AND t.revoked_at IS NULL AND "
                       "t.expires_at > ?3 AND (?4 IS NULL OR t.user_id=?4) AND (?5 IS NULL OR u.group_id=?5) AND "
                       "(?6 IS NULL OR t.kind=?6) ORDER BY t.id LIMIT ?2",
                       read, after, std::uint64_t{size + 1}, now, filter.user, filter.group, kind));
  return impl::to_page(std::move(rows), size, [](const Token& t) { return t.id.bytes(); });
}

base::Result<> used(Transaction& tx, base::ByteView hash, base::WallTime now) {
  return impl::run_one(tx.connection(), "token", "UPDATE tokens SET last_used_at=max(last_used_at, ?2) WHERE hash=?1",
                       hash, now);
}

base::Result<std::vector<Token>> idle(ReadTransaction& tx, std::chrono::seconds site_limit, base::WallTime now,
                                      std::size_t limit) {
  // Microseconds; the inactivity time of groups counts for who works in them.
  return impl::all(
      tx.connection(),
      "SELECT " RESCUE_TOKEN_COLUMNS
      " FROM tokens t JOIN users u ON u.id = t.user_id JOIN groups g ON g.id = u.group_id WHERE t.kind='sign_in' AND "
      "t.revoked_at IS NULL AND t.expires_at > ?1 AND ((?2 > 0 AND t.last_used_at + ?2 * 1000000 <= ?1) OR "
      "(u.role IN ('technician', 'group_administrator') AND g.inactivity_timeout_s > 0 AND "
      "t.last_used_at + g.inactivity_timeout_s * 1000000 <= ?1)) ORDER BY t.last_used_at LIMIT ?3",
      read, now, site_limit, std::uint64_t{limit});
}

base::Result<> owe_mfa(Transaction& tx, const base::Guid& user) {
  auto done = impl::run(tx.connection(),
                        "UPDATE tokens SET must_enrol_mfa=1 WHERE user_id=? AND kind='sign_in' AND scopes=''", user);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<> revoke(Transaction& tx, base::ByteView hash, base::WallTime now) {
  return impl::run_one(tx.connection(), "token", "UPDATE tokens SET revoked_at=coalesce(revoked_at, ?2) WHERE hash=?1",
                       hash, now);
}

base::Result<std::uint64_t> revoke_all(Transaction& tx, const base::Guid& user, base::WallTime now,
                                       base::ByteView except) {
  return impl::run(
      tx.connection(),
      "UPDATE tokens SET revoked_at=?2 WHERE user_id=?1 AND revoked_at IS NULL AND expires_at > ?2 AND hash <> ?3",
      user, now, except);
}

base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before) {
  return impl::run(tx.connection(), "DELETE FROM tokens WHERE expires_at < ?1 OR revoked_at < ?1", before);
}
}  // namespace tokens

namespace devices {
namespace {
Device read(Statement& st) {
  Device d;
  d.id = st.guid(0);
  d.user = st.guid(1);
  d.name = st.text(2);
  d.public_key = st.blob(3);
  d.created_at = st.time(4);
  d.last_seen_at = st.time(5);
  d.revoked_at = st.maybe_time(6);
  return d;
}
}  // namespace

base::Result<base::Guid> upsert(Transaction& tx, const Device& d) {
  RESCUE_TRY(auto id, impl::first(
                          tx.connection(),
                          "INSERT INTO devices (id, user_id, name, public_key, created_at, last_seen_at, revoked_at) "
                          "VALUES (?,?,?,?,?,?,?) ON CONFLICT (user_id, name) DO UPDATE SET "
                          "public_key=iif(length(excluded.public_key) > 0, excluded.public_key, public_key), "
                          "last_seen_at=excluded.last_seen_at RETURNING id",
                          [](Statement& st) { return st.guid(0); }, d.id, d.user, d.name, d.public_key, d.created_at,
                          d.last_seen_at, d.revoked_at));
  return id.value_or(d.id);
}

base::Result<std::vector<Device>> list(ReadTransaction& tx, const base::Guid& user) {
  return impl::all(
      tx.connection(),
      "SELECT id, user_id, name, public_key, created_at, last_seen_at, revoked_at FROM devices WHERE user_id=? "
      "ORDER BY name",
      read, user);
}

base::Result<> revoke(Transaction& tx, const base::Guid& id, base::WallTime now) {
  return impl::run_one(tx.connection(), "device " + id.text(),
                       "UPDATE devices SET revoked_at=coalesce(revoked_at, ?2) WHERE id=?1", id, now);
}
}  // namespace devices

namespace settings {
base::Result<std::optional<std::string>> get(ReadTransaction& tx, std::string_view key) {
  return impl::first(
      tx.connection(), "SELECT value FROM settings WHERE key=?", [](Statement& st) { return st.text(0); }, key);
}

base::Result<> set(Transaction& tx, std::string_view key, std::string_view value, base::WallTime now) {
  auto done = impl::run(tx.connection(),
                        "INSERT INTO settings (key, value, changed_at) VALUES (?,?,?) ON CONFLICT (key) DO UPDATE SET "
                        "value=excluded.value, changed_at=excluded.changed_at",
                        key, value, now);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<> unset(Transaction& tx, std::string_view key) {
  auto done = impl::run(tx.connection(), "DELETE FROM settings WHERE key=?", key);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<std::vector<std::pair<std::string, std::string>>> list(ReadTransaction& tx) {
  return impl::all(tx.connection(), "SELECT key, value FROM settings ORDER BY key",
                   [](Statement& st) { return std::pair(st.text(0), st.text(1)); });
}
}  // namespace settings

}  // namespace rescue::store

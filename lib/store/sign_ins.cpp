// SPDX-License-Identifier: Apache-2.0
#include "store/sign_ins.hpp"

#include "store/impl/rows.hpp"

namespace rescue::store {
namespace {
using impl::Statement;

/// For statements whose number of rows tells nothing.
base::Result<> just(base::Result<std::uint64_t> rows) {
  if (!rows) return base::fail(rows.error());
  return {};
}
base::Result<bool> any(base::Result<std::uint64_t> rows) {
  if (!rows) return base::fail(rows.error());
  return *rows > 0;
}
}  // namespace

namespace password_history {
base::Result<> add(Transaction& tx, const base::Guid& user, std::string_view hash, base::WallTime now,
                   std::size_t keep) {
  RESCUE_CHECK(just(impl::run(tx.connection(),
                              "INSERT INTO password_history (user_id, changed_at, hash) VALUES (?,?,?) ON CONFLICT DO "
                              "NOTHING",
                              user, now, hash)));
  return just(impl::run(tx.connection(),
                        "DELETE FROM password_history WHERE user_id=?1 AND (changed_at, hash) NOT IN (SELECT "
                        "changed_at, hash FROM password_history WHERE user_id=?1 ORDER BY changed_at DESC LIMIT ?2)",
                        user, std::uint64_t{keep}));
}

base::Result<std::vector<std::string>> list(ReadTransaction& tx, const base::Guid& user) {
  return impl::all(
      tx.connection(), "SELECT hash FROM password_history WHERE user_id=? ORDER BY changed_at DESC",
      [](Statement& st) { return st.text(0); }, user);
}
}  // namespace password_history

namespace recovery_codes {
base::Result<> replace(Transaction& tx, const base::Guid& user, const std::vector<base::Bytes>& hashes) {
  RESCUE_CHECK(just(impl::run(tx.connection(), "DELETE FROM recovery_codes WHERE user_id=?", user)));
  for (const auto& hash : hashes)
    RESCUE_CHECK(
        just(impl::run(tx.connection(), "INSERT INTO recovery_codes (user_id, hash) VALUES (?,?)", user, hash)));
  return {};
}

base::Result<bool> use(Transaction& tx, const base::Guid& user, base::ByteView hash, base::WallTime now) {
  return any(impl::run(tx.connection(),
                       "UPDATE recovery_codes SET used_at=?3 WHERE user_id=?1 AND hash=?2 AND used_at IS NULL", user,
                       hash, now));
}

base::Result<std::uint64_t> count_unused(ReadTransaction& tx, const base::Guid& user) {
  RESCUE_TRY(
      const auto n,
      impl::number(tx.connection(), "SELECT count(*) FROM recovery_codes WHERE user_id=? AND used_at IS NULL", user));
  return static_cast<std::uint64_t>(n);
}
}  // namespace recovery_codes

namespace sign_in_networks {
namespace {
SignInNetwork read(Statement& st) { return {st.guid(0), st.text(1), st.maybe_time(2), st.u32(3), st.maybe_time(4)}; }
}  // namespace

base::Result<std::optional<SignInNetwork>> find(ReadTransaction& tx, const base::Guid& user, std::string_view network) {
  return impl::first(tx.connection(),
                     "SELECT user_id, network, succeeded_at, failures, failed_at FROM sign_in_networks WHERE user_id=? "
                     "AND network=?",
                     read, user, network);
}

base::Result<> put(Transaction& tx, const SignInNetwork& row) {
  return just(impl::run(tx.connection(),
                        "INSERT INTO sign_in_networks (user_id, network, succeeded_at, failures, failed_at) VALUES "
                        "(?,?,?,?,?) ON CONFLICT (user_id, network) DO UPDATE SET succeeded_at=excluded.succeeded_at, "
                        "failures=excluded.failures, failed_at=excluded.failed_at",
                        row.user, row.network, row.succeeded_at, row.failures, row.failed_at));
}

base::Result<std::vector<SignInNetwork>> list(ReadTransaction& tx, const base::Guid& user) {
  return impl::all(tx.connection(),
                   "SELECT user_id, network, succeeded_at, failures, failed_at FROM sign_in_networks WHERE user_id=? "
                   "ORDER BY network",
                   read, user);
}

base::Result<> forget_failures(Transaction& tx, const base::Guid& user) {
  RESCUE_CHECK(
      just(impl::run(tx.connection(), "DELETE FROM sign_in_networks WHERE user_id=? AND succeeded_at IS NULL", user)));
  return just(
      impl::run(tx.connection(), "UPDATE sign_in_networks SET failures=0, failed_at=NULL WHERE user_id=?", user));
}

base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before) {
  return impl::run(tx.connection(), "DELETE FROM sign_in_networks WHERE succeeded_at IS NULL AND failed_at < ?",
                   before);
}
}  // namespace sign_in_networks

namespace invitations {
namespace {
#define RESCUE_INVITATION_COLUMNS "hash, user_id, created_by, created_at, expires_at, used_at"
Invitation read(Statement& st) {
  return {st.blob(0), st.guid(1), st.guid(2), st.time(3), st.time(4), st.maybe_time(5)};
}
}  // namespace

base::Result<> insert(Transaction& tx, const Invitation& i) {
  RESCUE_CHECK(remove_all(tx, i.user));
  return just(impl::run(tx.connection(), "INSERT INTO invitations (" RESCUE_INVITATION_COLUMNS ") VALUES (?,?,?,?,?,?)",
                        i.hash, i.user, i.created_by, i.created_at, i.expires_at, i.used_at));
}

base::Result<std::optional<Invitation>> find(ReadTransaction& tx, base::ByteView hash) {
  return impl::first(tx.connection(), "SELECT " RESCUE_INVITATION_COLUMNS " FROM invitations WHERE hash=?", read, hash);
}

base::Result<std::optional<Invitation>> newest(ReadTransaction& tx, const base::Guid& user) {
  return impl::first(tx.connection(),
                     "SELECT " RESCUE_INVITATION_COLUMNS
                     " FROM invitations WHERE user_id=? ORDER BY created_at DESC LIMIT 1",
                     read, user);
}

base::Result<bool> use(Transaction& tx, base::ByteView hash, base::WallTime now) {
  return any(
      impl::run(tx.connection(), "UPDATE invitations SET used_at=?2 WHERE hash=?1 AND used_at IS NULL", hash, now));
}

base::Result<> remove_all(Transaction& tx, const base::Guid& user) {
  return just(impl::run(tx.connection(), "DELETE FROM invitations WHERE user_id=?", user));
}

base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before) {
  return impl::run(tx.connection(), "DELETE FROM invitations WHERE expires_at < ?", before);
}
}  // namespace invitations

namespace sso {
base::Result<> insert(Transaction& tx, const SsoRequest& r) {
  return just(impl::run(tx.connection(),
                        "INSERT INTO sso_requests (id, verifier, target, created_at, expires_at, used_at) VALUES "
                        "(?,?,?,?,?,?)",
                        r.id, r.verifier, r.target, r.created_at, r.expires_at, r.used_at));
}

base::Result<std::optional<SsoRequest>> find(ReadTransaction& tx, std::string_view id) {
  return impl::first(
      tx.connection(), "SELECT id, verifier, target, created_at, expires_at, used_at FROM sso_requests WHERE id=?",
      [](Statement& st) {
        return SsoRequest{st.text(0), st.blob(1), st.text(2), st.time(3), st.time(4), st.maybe_time(5)};
      },
      id);
}

base::Result<bool> use(Transaction& tx, std::string_view id, base::WallTime now) {
  return any(impl::run(tx.connection(), "UPDATE sso_requests SET used_at=?2 WHERE id=?1 AND used_at IS NULL", id, now));
}

base::Result<bool> remember(Transaction& tx, base::ByteView assertion_hash, base::WallTime expires_at) {
  return any(impl::run(tx.connection(),
                       "INSERT INTO sso_assertions (hash, expires_at) VALUES (?,?) ON CONFLICT DO NOTHING",
                       assertion_hash, expires_at));
}

base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before) {
  RESCUE_TRY(const auto requests, impl::run(tx.connection(), "DELETE FROM sso_requests WHERE expires_at < ?", before));
  RESCUE_TRY(const auto assertions,
             impl::run(tx.connection(), "DELETE FROM sso_assertions WHERE expires_at < ?", before));
  RESCUE_TRY(const auto codes, impl::run(tx.connection(), "DELETE FROM sign_in_codes WHERE expires_at < ?", before));
  return requests + assertions + codes;
}
}  // namespace sso

namespace sign_in_codes {
base::Result<> insert(Transaction& tx, const SignInCode& c) {
  return just(impl::run(tx.connection(),
                        "INSERT INTO sign_in_codes (hash, user_id, verifier, created_at, expires_at, used_at, "
                        "session_end) VALUES (?,?,?,?,?,?,?)",
                        c.hash, c.user, c.verifier, c.created_at, c.expires_at, c.used_at, c.session_end));
}

base::Result<std::optional<SignInCode>> find(ReadTransaction& tx, base::ByteView hash) {
  return impl::first(
      tx.connection(),
      "SELECT hash, user_id, verifier, created_at, expires_at, used_at, session_end FROM sign_in_codes WHERE hash=?",
      [](Statement& st) {
        return SignInCode{st.blob(0), st.guid(1),       st.blob(2),      st.time(3),
                          st.time(4), st.maybe_time(5), st.maybe_time(6)};
      },
      hash);
}

base::Result<bool> use(Transaction& tx, base::ByteView hash, base::WallTime now) {
  return any(
      impl::run(tx.connection(), "UPDATE sign_in_codes SET used_at=?2 WHERE hash=?1 AND used_at IS NULL", hash, now));
}
}  // namespace sign_in_codes

namespace request_ids {
base::Result<std::optional<RequestId>> find(ReadTransaction& tx, const base::Guid& user, std::string_view request_id) {
  return impl::first(
      tx.connection(),
      "SELECT user_id, request_id, operation, body_hash, status, answer, created_at FROM request_ids WHERE user_id=? "
      "AND request_id=?",
      [](Statement& st) {
        return RequestId{st.guid(0), st.text(1), st.text(2), st.blob(3), st.u32(4), st.text(5), st.time(6)};
      },
      user, request_id);
}

base::Result<> insert(Transaction& tx, const RequestId& r) {
  return just(impl::run(tx.connection(),
                        "INSERT INTO request_ids (user_id, request_id, operation, body_hash, status, answer, "
                        "created_at) VALUES (?,?,?,?,?,?,?)",
                        r.user, r.request_id, r.operation, r.body_hash, r.status, r.answer, r.created_at));
}

base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before) {
  return impl::run(tx.connection(), "DELETE FROM request_ids WHERE created_at < ?", before);
}
}  // namespace request_ids

}  // namespace rescue::store

// SPDX-License-Identifier: Apache-2.0
// Grants (store/sessions.hpp).
#include "store/impl/rows.hpp"
#include "store/sessions.hpp"

namespace rescue::store::grants {
namespace {
Grant read(impl::Statement& st) {
  Grant g;
  g.session = st.guid(0);
  g.generation = st.u64(1);
  g.technician = st.guid(2);
  g.console_fingerprint = st.blob(3);
  g.console_spki = st.blob(4);
  g.permissions = st.u32(5);
  g.issued_at = st.time(6);
  g.lease_until = st.time(7);
  g.revoked_at = st.maybe_time(8);
  g.sign_in = st.maybe_guid(9);
  return g;
}
}  // namespace

base::Result<> insert(Transaction& tx, const Grant& g) {
  auto done = impl::run(tx.connection(),
                        "INSERT INTO grants (session_id, generation, technician, console_fingerprint, console_spki, "
                        "permissions, issued_at, lease_until, revoked_at, sign_in) VALUES (?,?,?,?,?,?,?,?,?,?)",
                        g.session, g.generation, g.technician, g.console_fingerprint, g.console_spki, g.permissions,
                        g.issued_at, g.lease_until, g.revoked_at, g.sign_in);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::grant, g.session});
  return {};
}

base::Result<> update(Transaction& tx, const Grant& g) {
  RESCUE_CHECK(impl::run_one(
      tx.connection(), "grant of session " + g.session.text(),
      "UPDATE grants SET lease_until=?3, permissions=?4, revoked_at=?5, sign_in=?6 WHERE session_id=?1 AND "
      "generation=?2",
      g.session, g.generation, g.lease_until, g.permissions, g.revoked_at, g.sign_in));
  tx.changed({Change::Kind::grant, g.session});
  return {};
}

base::Result<std::vector<Grant>> current(ReadTransaction& tx, const base::Guid& session) {
  return impl::all(
      tx.connection(),
      "SELECT session_id, generation, technician, console_fingerprint, console_spki, permissions, issued_at, "
      "lease_until, revoked_at, sign_in FROM grants WHERE session_id=? AND revoked_at IS NULL ORDER BY generation",
      read, session);
}

base::Result<std::uint64_t> revoke(Transaction& tx, const base::Guid& session,
                                   const std::optional<base::Guid>& technician, base::WallTime now) {
  RESCUE_TRY(const auto n,
             impl::run(tx.connection(),
                       "UPDATE grants SET revoked_at=?3 WHERE session_id=?1 AND (?2 IS NULL OR technician=?2) "
                       "AND revoked_at IS NULL",
                       session, technician, now));
  if (n > 0) tx.changed({Change::Kind::grant, session});
  return n;
}

base::Result<bool> any_for_key(ReadTransaction& tx, const base::Guid& session, const base::Guid& technician,
                               const base::Bytes& spki) {
  RESCUE_TRY(const auto n, impl::number(tx.connection(),
                                        "SELECT count(*) FROM grants WHERE session_id=? AND technician=? AND "
                                        "console_spki=?",
                                        session, technician, spki));
  return n > 0;
}

base::Result<bool> any_of(ReadTransaction& tx, const base::Guid& session, const base::Guid& technician) {
  RESCUE_TRY(const auto n,
             impl::number(tx.connection(), "SELECT count(*) FROM grants WHERE session_id=? AND technician=?", session,
                          technician));
  return n > 0;
}

base::Result<std::vector<base::Guid>> technicians_of(ReadTransaction& tx, const base::Guid& session) {
  return impl::all(
      tx.connection(), "SELECT DISTINCT technician FROM grants WHERE session_id=?",
      [](impl::Statement& st) { return st.guid(0); }, session);
}

base::Result<std::vector<Holding>> of_group(ReadTransaction& tx, const base::Guid& group) {
  return impl::all(
      tx.connection(),
      "SELECT DISTINCT g.session_id, g.technician FROM users u JOIN grants g ON g.technician = u.id JOIN sessions s ON "
      "s.id = g.session_id WHERE u.group_id=? AND g.revoked_at IS NULL AND s.ended_at IS NULL",
      [](impl::Statement& st) {
        return Holding{st.guid(0), st.guid(1)};
      },
      group);
}

base::Result<std::vector<base::Guid>> sessions_of(ReadTransaction& tx, const base::Guid& technician) {
  return impl::all(
      tx.connection(),
      "SELECT DISTINCT g.session_id FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.technician=? "
      "AND g.revoked_at IS NULL AND s.ended_at IS NULL",
      [](impl::Statement& st) { return st.guid(0); }, technician);
}

base::Result<std::vector<base::Guid>> sessions_by_sign_in(ReadTransaction& tx, const base::Guid& sign_in) {
  return impl::all(
      tx.connection(),
      "SELECT DISTINCT g.session_id FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.sign_in=? AND "
      "g.revoked_at IS NULL AND s.ended_at IS NULL",
      [](impl::Statement& st) { return st.guid(0); }, sign_in);
}

}  // namespace rescue::store::grants

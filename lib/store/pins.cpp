// SPDX-License-Identifier: Apache-2.0
// Applet keys and PINs (store/sessions.hpp).
#include "store/impl/rows.hpp"
#include "store/sessions.hpp"

namespace rescue::store {
using impl::Statement;

namespace applet_keys {
namespace {
AppletKey read(Statement& st) {
  AppletKey k;
  k.session = st.guid(0);
  k.fingerprint = st.blob(1);
  k.spki = st.blob(2);
  k.host_name = st.text(3);
  k.host_os = st.text(4);
  k.host_user = st.text(5);
  k.version = st.text(6);
  k.address = st.text(7);
  k.registered_at = st.time(8);
  return k;
}
}  // namespace

base::Result<> insert(Transaction& tx, const AppletKey& k) {
  auto done = impl::run(
      tx.connection(),
      "INSERT INTO applet_keys (session_id, fingerprint, spki, host_name, host_os, host_user, version, "
      "address, registered_at) VALUES (?,?,?,?,?,?,?,?,?)",
      k.session, k.fingerprint, k.spki, k.host_name, k.host_os, k.host_user, k.version, k.address, k.registered_at);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::session, k.session});
  return {};
}

base::Result<std::optional<AppletKey>> find(ReadTransaction& tx, const base::Guid& session) {
  return impl::first(
      tx.connection(),
      "SELECT session_id, fingerprint, spki, host_name, host_os, host_user, version, address, registered_at "
      "FROM applet_keys WHERE session_id=?",
      read, session);
}

base::Result<> update_host(Transaction& tx, const AppletKey& k) {
  RESCUE_CHECK(impl::run_one(tx.connection(), "applet of session " + k.session.text(),
                             "UPDATE applet_keys SET host_name=?2, host_os=?3, host_user=?4, version=?5, address=?6 "
                             "WHERE session_id=?1",
                             k.session, k.host_name, k.host_os, k.host_user, k.version, k.address));
  tx.changed({Change::Kind::session, k.session});
  return {};
}
}  // namespace applet_keys

namespace pins {
namespace {
#define RESCUE_PIN_COLUMNS \
  "session_id, pin_id, guid_salt, digits, created_at, expires_at, redeemed_at, spent_at, browser"

Pin read(Statement& st) {
  Pin p;
  p.session = st.guid(0);
  p.pin_id = st.blob(1);
  p.guid_salt = st.blob(2);
  p.digits = st.u32(3);
  p.created_at = st.time(4);
  p.expires_at = st.time(5);
  p.redeemed_at = st.maybe_time(6);
  p.spent_at = st.maybe_time(7);
  p.browser = st.blob(8);
  return p;
}
}  // namespace

base::Result<std::uint64_t> count_live(ReadTransaction& tx, base::WallTime now) {
  RESCUE_TRY(const auto n,
             impl::number(tx.connection(),
                          "SELECT count(*) FROM pins WHERE expires_at > ? AND spent_at IS NULL AND digits > 0", now));
  return static_cast<std::uint64_t>(n);
}

base::Result<> insert(Transaction& tx, const Pin& p) {
  auto done =
      impl::run(tx.connection(), "INSERT INTO pins (" RESCUE_PIN_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?)", p.session,
                p.pin_id, p.guid_salt, p.digits, p.created_at, p.expires_at, p.redeemed_at, p.spent_at, p.browser);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<bool> forget_dead(Transaction& tx, base::ByteView pin_id, base::WallTime now) {
  auto done = impl::run(tx.connection(),
                        "DELETE FROM pins WHERE pin_id=? AND (spent_at IS NOT NULL OR expires_at <= ?)", pin_id, now);
  if (!done) return base::fail(done.error());
  RESCUE_TRY(const auto left, impl::number(tx.connection(), "SELECT count(*) FROM pins WHERE pin_id=?", pin_id));
  return left == 0;
}

base::Result<std::optional<Pin>> find(ReadTransaction& tx, base::ByteView pin_id) {
  return impl::first(tx.connection(), "SELECT " RESCUE_PIN_COLUMNS " FROM pins WHERE pin_id=?", read, pin_id);
}

base::Result<std::optional<Pin>> find_by_browser(ReadTransaction& tx, base::ByteView browser) {
  return impl::first(tx.connection(),
                     "SELECT " RESCUE_PIN_COLUMNS " FROM pins WHERE browser=? ORDER BY created_at DESC LIMIT 1", read,
                     browser);
}

base::Result<std::optional<Pin>> find_by_session(ReadTransaction& tx, const base::Guid& session) {
  return impl::first(tx.connection(), "SELECT " RESCUE_PIN_COLUMNS " FROM pins WHERE session_id=?", read, session);
}

base::Result<> update(Transaction& tx, const Pin& p) {
  return impl::run_one(tx.connection(), "PIN of session " + p.session.text(),
                       "UPDATE pins SET guid_salt=?2, expires_at=?3, redeemed_at=?4, spent_at=?5, browser=?6 WHERE "
                       "session_id=?1",
                       p.session, p.guid_salt, p.expires_at, p.redeemed_at, p.spent_at, p.browser);
}

base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before) {
  return impl::run(tx.connection(), "DELETE FROM pins WHERE expires_at < ?", before);
}
}  // namespace pins

}  // namespace rescue::store

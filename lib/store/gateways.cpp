// SPDX-License-Identifier: Apache-2.0
#include "store/gateways.hpp"

#include "store/impl/rows.hpp"

namespace rescue::store {
using impl::Statement;

namespace gateways {
namespace {
#define RESCUE_GATEWAY_COLUMNS \
  "id, name, addresses, spki, fingerprint, server_fingerprint, enrolled_at, draining, last_seen_at, removed_at"

Gateway read(Statement& st) {
  Gateway g;
  g.id = st.guid(0);
  g.name = st.text(1);
  g.addresses = impl::split_lines(st.text(2));
  g.spki = st.blob(3);
  g.fingerprint = st.blob(4);
  g.server_fingerprint = st.blob(5);
  g.enrolled_at = st.time(6);
  g.draining = st.flag(7);
  g.last_seen_at = st.maybe_time(8);
  g.removed_at = st.maybe_time(9);
  return g;
}
}  // namespace

base::Result<> insert(Transaction& tx, const Gateway& g) {
  const auto addresses = impl::join_lines(g.addresses);
  auto done = impl::run(
      tx.connection(), "INSERT INTO gateways (" RESCUE_GATEWAY_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?)", g.id, g.name,
      addresses, g.spki, g.fingerprint, g.server_fingerprint, g.enrolled_at, g.draining, g.last_seen_at, g.removed_at);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::gateway, g.id});
  return {};
}

base::Result<> update(Transaction& tx, const Gateway& g) {
  const auto addresses = impl::join_lines(g.addresses);
  RESCUE_CHECK(impl::run_one(tx.connection(), "gateway " + g.id.text(),
                             "UPDATE gateways SET name=?2, addresses=?3, server_fingerprint=?4, draining=?5, "
                             "last_seen_at=?6, removed_at=?7 WHERE id=?1",
                             g.id, g.name, addresses, g.server_fingerprint, g.draining, g.last_seen_at, g.removed_at));
  tx.changed({Change::Kind::gateway, g.id});
  return {};
}

base::Result<Gateway> get(ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(auto found,
             impl::first(tx.connection(), "SELECT " RESCUE_GATEWAY_COLUMNS " FROM gateways WHERE id=?", read, id));
  if (!found) return base::fail(base::Errc::not_found, "gateway " + id.text());
  return std::move(*found);
}

base::Result<std::optional<Gateway>> find_by_fingerprint(ReadTransaction& tx, base::ByteView fingerprint) {
  return impl::first(tx.connection(),
                     "SELECT " RESCUE_GATEWAY_COLUMNS " FROM gateways WHERE fingerprint=? AND removed_at IS NULL", read,
                     fingerprint);
}

base::Result<std::vector<Gateway>> list(ReadTransaction& tx) {
  return impl::all(tx.connection(),
                   "SELECT " RESCUE_GATEWAY_COLUMNS " FROM gateways WHERE removed_at IS NULL ORDER BY name", read);
}
}  // namespace gateways

namespace enrolment_tokens {
base::Result<> insert(Transaction& tx, const EnrolmentToken& t) {
  auto done =
      impl::run(tx.connection(),
                "INSERT INTO enrolment_tokens (hash, gateway_name, created_by, created_at, expires_at, used_at) "
                "VALUES (?,?,?,?,?,?)",
                t.hash, t.gateway_name, t.created_by, t.created_at, t.expires_at, t.used_at);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<std::optional<EnrolmentToken>> find(ReadTransaction& tx, base::ByteView hash) {
  return impl::first(
      tx.connection(),
      "SELECT hash, gateway_name, created_by, created_at, expires_at, used_at FROM enrolment_tokens WHERE hash=?",
      [](Statement& st) {
        return EnrolmentToken{st.blob(0), st.text(1), st.guid(2), st.time(3), st.time(4), st.maybe_time(5)};
      },
      hash);
}

base::Result<> use(Transaction& tx, base::ByteView hash, base::WallTime now) {
  RESCUE_TRY(const auto n,
             impl::run(tx.connection(), "UPDATE enrolment_tokens SET used_at=?2 WHERE hash=?1 AND used_at IS NULL",
                       hash, now));
  if (n == 1) return {};
  RESCUE_TRY(const auto there, find(tx, hash));
  if (!there) return base::fail(base::Errc::not_found, "enrolment token");
  return base::fail(base::Errc::conflict, "enrolment token was used before");
}

base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before) {
  return impl::run(tx.connection(), "DELETE FROM enrolment_tokens WHERE expires_at < ?", before);
}
}  // namespace enrolment_tokens

}  // namespace rescue::store

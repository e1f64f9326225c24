// SPDX-License-Identifier: Apache-2.0
// Support sessions and what hangs on them: PIN, applet key, grants.
#pragma once

#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::store {

/// Technician and group (both, where both are given), channels_for and offered_to are conditions of which any will do;
/// without all of them, every session does. The rest narrows what they find.
struct SessionFilter {
  std::vector<std::string> states;                 // empty: all
  std::optional<base::Guid> technician;            // holds it, or created it and nobody holds it
  std::optional<base::Guid> group = std::nullopt;  // of who holds or made it
  bool live_only = false;  // set it when all of `states` are live ones: the search then skips all history
  std::optional<base::Guid> channels_for{};  // live ones in, or on their way to, the channels of this group
  std::optional<base::Guid> offered_to{};    // live ones on their way to this user
  bool private_only = false;                 // what is found by technician or group, or as one of all: in no channel
  /// In place of all those conditions: in this channel, or alive and on its way there.
  std::optional<base::Guid> channel{};
};

namespace sessions {
/// conflict when id or guid_id exist.
[[nodiscard]] base::Result<> insert(Transaction& tx, const Session& session);
/// Replaces the whole row but id, guid_id, kind, created_at and created_by. not_found.
[[nodiscard]] base::Result<> update(Transaction& tx, const Session& session);
/// not_found.
[[nodiscard]] base::Result<Session> get(ReadTransaction& tx, const base::Guid& id);
/// get for a mutation that will update the row: no other mutation of it comes between.
[[nodiscard]] base::Result<Session> lock(Transaction& tx, const base::Guid& id);
[[nodiscard]] base::Result<std::optional<Session>> find_by_guid_id(ReadTransaction& tx, base::ByteView guid_id);
[[nodiscard]] base::Result<std::optional<Session>> find_by_applet(ReadTransaction& tx, base::ByteView fingerprint);
/// Newest first.
[[nodiscard]] base::Result<Page<Session>> list(ReadTransaction& tx, const SessionFilter& filter,
                                               std::string_view cursor = {}, std::size_t limit = 0);
/// Live sessions in `state` whose state_since lies before `before`, at most `limit`, oldest first.
[[nodiscard]] base::Result<std::vector<Session>> stale(ReadTransaction& tx, std::string_view state,
                                                       base::WallTime before, std::size_t limit);
/// Live sessions waiting for an applet whose PIN ended before `now`, at most `limit`.
[[nodiscard]] base::Result<std::vector<Session>> with_expired_pin(ReadTransaction& tx, base::WallTime now,
                                                                  std::size_t limit);
/// Live sessions that a technician should be in (not waiting, put aside or given away), without a grant leased beyond
/// `before`; at most `limit`.
[[nodiscard]] base::Result<std::vector<Session>> with_lapsed_lease(ReadTransaction& tx, base::WallTime before,
                                                                   std::size_t limit);
[[nodiscard]] base::Result<std::uint64_t> count_live(ReadTransaction& tx);
/// Live sessions that the technician holds and that go on: not put aside, not given away, not offline.
[[nodiscard]] base::Result<std::uint64_t> count_held(ReadTransaction& tx, const base::Guid& technician);
/// Live sessions in the channel or on their way to it.
[[nodiscard]] base::Result<std::uint64_t> count_in_channel(ReadTransaction& tx, const base::Guid& channel);
}  // namespace sessions

namespace applet_keys {
/// conflict when the session has a key, or the key has a session.
[[nodiscard]] base::Result<> insert(Transaction& tx, const AppletKey& key);
[[nodiscard]] base::Result<std::optional<AppletKey>> find(ReadTransaction& tx, const base::Guid& session);
/// What the bound applet tells anew (host, version, address); the key stays.
[[nodiscard]] base::Result<> update_host(Transaction& tx, const AppletKey& key);
}  // namespace applet_keys

namespace pins {
/// Live: neither spent nor expired at `now`.
[[nodiscard]] base::Result<std::uint64_t> count_live(ReadTransaction& tx, base::WallTime now);
/// conflict when the number is in use (live or not; see forget_dead).
[[nodiscard]] base::Result<> insert(Transaction& tx, const Pin& pin);
/// Frees a number that is no longer live. True when it is free afterwards.
[[nodiscard]] base::Result<bool> forget_dead(Transaction& tx, base::ByteView pin_id, base::WallTime now);
[[nodiscard]] base::Result<std::optional<Pin>> find(ReadTransaction& tx, base::ByteView pin_id);
/// The newest one that this browser redeemed.
[[nodiscard]] base::Result<std::optional<Pin>> find_by_browser(ReadTransaction& tx, base::ByteView browser);
[[nodiscard]] base::Result<std::optional<Pin>> find_by_session(ReadTransaction& tx, const base::Guid& session);
[[nodiscard]] base::Result<> update(Transaction& tx, const Pin& pin);
/// Deletes what expired before `before`.
[[nodiscard]] base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before);
}  // namespace pins

namespace grants {
/// conflict when this generation of the session exists.
[[nodiscard]] base::Result<> insert(Transaction& tx, const Grant& grant);
/// lease_until, permissions, revoked_at and sign_in; not_found.
[[nodiscard]] base::Result<> update(Transaction& tx, const Grant& grant);
/// Not revoked, by generation. Lapsed leases are in: they can be renewed.
[[nodiscard]] base::Result<std::vector<Grant>> current(ReadTransaction& tx, const base::Guid& session);
/// Revokes those of `technician`, or all; returns how many.
[[nodiscard]] base::Result<std::uint64_t> revoke(Transaction& tx, const base::Guid& session,
                                                 const std::optional<base::Guid>& technician, base::WallTime now);
/// Whether `technician` has, or ever had, a grant of this session.
[[nodiscard]] base::Result<bool> any_of(ReadTransaction& tx, const base::Guid& session, const base::Guid& technician);
/// Everybody who has, or ever had, a grant of this session.
[[nodiscard]] base::Result<std::vector<base::Guid>> technicians_of(ReadTransaction& tx, const base::Guid& session);
/// Whether `technician` has, or ever had, a grant of this session for the console key `spki`.
[[nodiscard]] base::Result<bool> any_for_key(ReadTransaction& tx, const base::Guid& session,
                                             const base::Guid& technician, const base::Bytes& spki);
struct Holding {
  base::Guid session, technician;
};
/// Unrevoked grants of the group's members in live sessions.
[[nodiscard]] base::Result<std::vector<Holding>> of_group(ReadTransaction& tx, const base::Guid& group);
/// Live sessions in which `technician` has an unrevoked grant.
[[nodiscard]] base::Result<std::vector<base::Guid>> sessions_of(ReadTransaction& tx, const base::Guid& technician);
/// Live sessions with an unrevoked grant that was made or renewed with this sign-in.
[[nodiscard]] base::Result<std::vector<base::Guid>> sessions_by_sign_in(ReadTransaction& tx, const base::Guid& sign_in);
}  // namespace grants

}  // namespace rescue::store

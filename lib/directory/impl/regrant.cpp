// SPDX-License-Identifier: Apache-2.0
#include "directory/impl/regrant.hpp"

#include "directory/impl/beside.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "store/sessions.hpp"
#include "store/users.hpp"
#include "wire/permission.hpp"

namespace rescue::directory::impl {
namespace {

/// A new grant in the place of `grant`.
base::Result<> replace(store::Transaction& tx, store::Session& session, store::Grant grant,
                       const store::User& technician, const store::Group& group, const By& by, base::WallTime now) {
  RESCUE_TRY(const auto permissions, permissions_in(tx, session, technician.id, group));
  const bool differs = grant.permissions != permissions.bits();
  grant.generation = ++session.generation;
  grant.permissions = permissions.bits();
  grant.issued_at = now;
  RESCUE_CHECK(store::sessions::update(tx, session));
  RESCUE_TRY(const auto revoked, store::grants::revoke(tx, session.id, technician.id, now));
  static_cast<void>(revoked);
  RESCUE_CHECK(store::grants::insert(tx, grant));
  if (!differs) return {};
  Event event{.type = store::EventType::session_permissions_changed,
              .actor = by.actor,
              .session = session.id,
              .technician = owner_of(session)};
  event.data.add("technician", technician.email).add("permissions", permissions.text()).add(by);
  return record(tx, event, now);
}

base::Result<> regrant_in(store::Transaction& tx, const base::Guid& session_id, const store::User& technician,
                          const store::Group& group, const By& by, base::WallTime now) {
  RESCUE_TRY(auto session, lock_session(tx, session_id));
  RESCUE_TRY(const auto grants, store::grants::current(tx, session_id));
  const auto held = std::ranges::find(grants, technician.id, &store::Grant::technician);
  if (session.ended_at || held == grants.end()) return {};
  RESCUE_CHECK(replace(tx, session, *held, technician, group, by, now));
  if (session.technician != technician.id) return {};
  // Those beside the holder have no more than the holder, from now on.
  for (const auto& grant : grants) {
    if (grant.technician == technician.id) continue;
    RESCUE_TRY(const auto beside, store::users::get(tx, grant.technician));
    RESCUE_TRY(const auto theirs, store::groups::get(tx, beside.group));
    RESCUE_CHECK(replace(tx, session, grant, beside, theirs, by, now));
  }
  return {};
}
}  // namespace

base::Result<> regrant(store::Transaction& tx, const store::User& technician, const store::Group& group, const By& by,
                       base::WallTime now) {
  RESCUE_TRY(const auto sessions, store::grants::sessions_of(tx, technician.id));
  for (const auto& session : sessions) RESCUE_CHECK(regrant_in(tx, session, technician, group, by, now));
  return {};
}

base::Result<> regrant_members(store::Transaction& tx, const store::Group& group, const By& by, base::WallTime now) {
  RESCUE_TRY(const auto held, store::grants::of_group(tx, group.id));
  for (const auto& [session, member] : held) {
    RESCUE_TRY(const auto technician, store::users::get(tx, member));
    RESCUE_CHECK(regrant_in(tx, session, technician, group, by, now));
  }
  return {};
}

}  // namespace rescue::directory::impl

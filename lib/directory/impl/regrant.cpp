// SPDX-License-Identifier: Apache-2.0
#include "directory/impl/regrant.hpp"

#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "store/sessions.hpp"
#include "store/users.hpp"
#include "wire/permission.hpp"

namespace rescue::directory::impl {
namespace {

base::Result<> regrant_in(store::Transaction& tx, const base::Guid& session_id, const store::User& technician,
                          const store::Group& group, const By& by, base::WallTime now) {
  RESCUE_TRY(auto session, lock_session(tx, session_id));
  RESCUE_TRY(const auto grants, store::grants::current(tx, session_id));
  const auto held = std::ranges::find(grants, technician.id, &store::Grant::technician);
  if (session.ended_at || held == grants.end()) return {};
  auto grant = *held;
  const auto permissions = wire::PermissionSet::from_bits(group.permissions);
  const bool differs = grant.permissions != permissions.bits();
  grant.generation = ++session.generation;
  grant.permissions = permissions.bits();
  grant.issued_at = now;
  RESCUE_CHECK(store::sessions::update(tx, session));
  RESCUE_TRY(const auto revoked, store::grants::revoke(tx, session_id, technician.id, now));
  static_cast<void>(revoked);
  RESCUE_CHECK(store::grants::insert(tx, grant));
  if (!differs) return {};
  Event event{.type = store::EventType::session_permissions_changed,
              .actor = by.actor,
              .session = session_id,
              .technician = owner_of(session)};
  event.data.add("technician", technician.email).add("permissions", permissions.text()).add(by);
  return record(tx, event, now);
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

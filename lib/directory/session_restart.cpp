// SPDX-License-Identifier: Apache-2.0
// The supported machine restarts (directory/sessions.hpp).
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/sessions.hpp"
#include "store/sessions.hpp"

namespace rescue::directory {

base::Result<store::Session> SessionDesk::applet_restarts(store::Transaction& tx, const base::Guid& id, bool starts,
                                                          base::WallTime now) const {
  using enum wire::SessionEvent;
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + id.text());
  if (!starts && session.state != wire::name(wire::SessionState::rebooting)) return session;
  RESCUE_CHECK(impl::advance(session, starts ? reboot_started : link_up, wire::Party::applet, now));
  RESCUE_CHECK(store::sessions::update(tx, session));
  if (!starts) return session;
  const impl::Event event{.type = store::EventType::session_rebooting,
                          .actor = "applet",
                          .session = session.id,
                          .technician = owner_of(session)};
  RESCUE_CHECK(impl::record(tx, event, now));
  return session;
}

}  // namespace rescue::directory

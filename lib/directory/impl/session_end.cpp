// SPDX-License-Identifier: Apache-2.0
#include "directory/impl/session_end.hpp"

#include <fmt/format.h>

#include "directory/impl/event.hpp"
#include "directory/impl/transfer.hpp"
#include "store/sessions.hpp"

namespace rescue::directory::impl {
using wire::SessionEvent;

base::Result<store::Session> lock_session(store::Transaction& tx, const base::Guid& id) {
  auto session = store::sessions::lock(tx, id);
  if (!session && session.error().code == base::Errc::not_found) return base::fail(Errc::session_not_found, id.text());
  return session;
}

base::Result<wire::SessionState> state_of(const store::Session& session) {
  const auto state = wire::parse_session_state(session.state);
  if (!state)
    return base::fail(base::Errc::internal, fmt::format("session {} has state '{}'", session.id.text(), session.state));
  return *state;
}

base::Result<> advance(store::Session& session, SessionEvent event, wire::Party by, base::WallTime now) {
  RESCUE_TRY(const auto from, state_of(session));
  const auto to = wire::next_state(from, event, by);
  if (!to) {
    return base::fail(Errc::wrong_state,
                      fmt::format("{} by {} while {}", wire::name(event), wire::name(by), session.state));
  }
  if (*to != from) {
    session.state = wire::name(*to);
    session.state_since = now;
  }
  return {};
}

base::Result<store::Session> end_session(store::Transaction& tx, store::Session session, SessionEvent how,
                                         const Actor& actor, std::string_view reason, base::WallTime now) {
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + session.id.text());
  RESCUE_CHECK(advance(session, how, actor.party, now));
  session.ended_at = now;
  session.ended_by = wire::name(actor.party);
  session.end_reason = reason;
  session.pin_expires_at.reset();
  RESCUE_CHECK(store::sessions::update(tx, session));
  RESCUE_TRY(const auto revoked, store::grants::revoke(tx, session.id, std::nullopt, now));
  static_cast<void>(revoked);
  RESCUE_TRY(auto pin, store::pins::find_by_session(tx, session.id));
  if (pin && !pin->guid_salt.empty()) {
    pin->guid_salt.clear();
    RESCUE_CHECK(store::pins::update(tx, *pin));
  }
  Event event;
  event.actor = actor.name;
  event.session = session.id;
  event.technician = owner_of(session);
  event.data.add("reason", reason).add(By(actor.name, actor.address, actor.via));
  if (how == SessionEvent::time_out) {
    event.type = store::EventType::session_timed_out;
  } else {
    event.type = store::EventType::session_closed;
    event.data.add("by", wire::name(actor.party)).add("state", session.state);
  }
  RESCUE_CHECK(record(tx, event, now));
  return session;
}

base::Result<std::uint64_t> end_sessions_of(store::Transaction& tx, const base::Guid& user, const By& who,
                                            std::string_view reason, base::WallTime now) {
  const Actor by{.party = wire::Party::administrator,
                 .name = who.actor,
                 .user = std::nullopt,
                 .address = who.address,
                 .via = who.via};
  std::uint64_t ended = 0;
  store::SessionFilter own;
  own.technician = user;
  own.live_only = true;
  for (;;) {
    RESCUE_TRY(auto page, store::sessions::list(tx, own));
    for (auto& session : page.items) {
      RESCUE_TRY(const auto done, end_session(tx, std::move(session), SessionEvent::abort, by, reason, now));
      static_cast<void>(done);
      ++ended;
    }
    if (page.next_cursor.empty()) break;  // those of this page are live no more, so the next call starts behind them
  }
  store::SessionFilter offered;
  offered.offered_to = user;
  RESCUE_TRY(auto offers, store::sessions::list(tx, offered, {}, store::kMaxPage));
  const Actor broker{wire::Party::broker, "broker", std::nullopt};
  for (auto& session : offers.items)
    if (session.state == wire::name(wire::SessionState::transferring))
      RESCUE_CHECK(return_transfer(tx, session, broker, reason, now));
  RESCUE_TRY(const auto joined, store::grants::sessions_of(tx, user));
  for (const auto& session : joined) {
    RESCUE_TRY(const auto revoked, store::grants::revoke(tx, session, user, now));
    static_cast<void>(revoked);
  }
  return ended;
}

}  // namespace rescue::directory::impl

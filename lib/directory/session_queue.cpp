// SPDX-License-Identifier: Apache-2.0
// The desk as a support desk runs it: visitors of channels, hold, transfer, technicians beside each other, applets that
// come and go (directory/sessions.hpp).
#include <fmt/format.h>

#include "base/utf8.hpp"
#include "crypto/hash.hpp"
#include "directory/accounts.hpp"
#include "directory/channels.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/impl/transfer.hpp"
#include "directory/presence.hpp"
#include "directory/sessions.hpp"
#include "store/channels.hpp"
#include "store/sessions.hpp"
#include "store/users.hpp"

namespace rescue::directory {
namespace {
using store::EventType;
using wire::SessionEvent;

base::Result<> check_text(std::string_view text, std::string_view what, std::size_t max) {
  if (text.size() <= max && base::is_valid_utf8(text)) return {};
  return base::fail(base::Errc::invalid_argument, fmt::format("{}: at most {} bytes of UTF-8 text", what, max));
}

base::Result<base::Guid> visitor() {
  const auto id = base::Guid::parse(store::kVisitorId);
  if (!id) return base::fail(base::Errc::internal, "id of the visitor");
  return *id;
}

/// A live session that `who` holds.
base::Result<store::Session> lock_held(store::Transaction& tx, const base::Guid& id, const Principal& who) {
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + id.text());
  if (!session.technician) return base::fail(Errc::wrong_state, "nobody holds it");
  if (*session.technician != who.id) return base::fail(Errc::not_your_session, "session " + id.text());
  return session;
}

/// Nobody is in it any more.
base::Result<> part(store::Transaction& tx, const store::Session& session, base::WallTime now) {
  RESCUE_TRY(const auto revoked, store::grants::revoke(tx, session.id, std::nullopt, now));
  static_cast<void>(revoked);
  return {};
}

impl::Event event_of(EventType type, const Principal& who, const store::Session& session) {
  return {.type = type, .actor = who.email, .session = session.id, .technician = owner_of(session)};
}

}  // namespace

namespace impl {

base::Result<std::string> email_of(store::ReadTransaction& tx, const std::optional<base::Guid>& user) {
  if (!user) return std::string();
  RESCUE_TRY(const auto row, store::users::get(tx, *user));
  return row.email;
}

base::Result<Destination> destination_of(store::ReadTransaction& tx, const store::Session& session) {
  Destination out;
  RESCUE_TRY(out.user, email_of(tx, session.transfer_to));
  if (!session.transfer_channel) return out;
  RESCUE_TRY(const auto channel, store::channels::get(tx, *session.transfer_channel));
  out.channel = channel.name;
  return out;
}

base::Result<> return_transfer(store::Transaction& tx, store::Session& session, const Actor& actor,
                               std::string_view reason, base::WallTime now) {
  RESCUE_TRY(const auto to, destination_of(tx, session));
  RESCUE_TRY(const auto from, email_of(tx, session.transfer_from));
  RESCUE_CHECK(advance(session, SessionEvent::transfer_returned, actor.party, now));
  session.transfer_to.reset();
  session.transfer_channel.reset();
  RESCUE_CHECK(store::sessions::update(tx, session));
  Event event{.type = EventType::session_transfer_returned,
              .actor = actor.name,
              .session = session.id,
              .technician = owner_of(session)};
  event.data.add("from", from)
      .add("to", to.channel.empty() ? to.user : to.channel)
      .add("reason", reason)
      .add(By(actor.name, actor.address, actor.via));
  return record(tx, event, now);
}

}  // namespace impl

base::Result<Redeemed> SessionDesk::visit_channel(store::Transaction& tx, const ChannelVisit& visit,
                                                  base::WallTime now) const {
  if (!visit.name.empty()) RESCUE_CHECK(check_line(visit.name, "name"));
  RESCUE_CHECK(check_text(visit.problem, "problem", kMaxNoteBytes));
  RESCUE_TRY(const auto channel, channels::find(tx, visit.channel));
  RESCUE_TRY(const auto groups, store::channels::groups_of(tx, channel.id));
  if (groups.empty()) return base::fail(Errc::channel_not_found, "nobody works in it");
  Redeemed out;
  auto& s = out.session;
  s.id = visit.id;
  s.kind = "channel";
  s.channel = channel.id;
  s.state = wire::name(wire::SessionState::created);
  s.note = visit.problem;
  s.customer = visit.name.empty() ? "{}" : impl::Json().add("name", visit.name).text();
  s.created_at = s.state_since = now;
  RESCUE_TRY(s.created_by, visitor());
  out.not_after = now + policy_.pin_lifetime;
  s.pin_expires_at = out.not_after;
  RESCUE_TRY(const auto salt, insert_new(tx, s));
  RESCUE_TRY(out.guid, derive_guid(s.id, salt));
  // Its row keeps the salt; its number is none that anybody could type.
  store::Pin pin;
  pin.session = s.id;
  pin.pin_id.resize(crypto::Digest256{}.size());
  random_.fill(pin.pin_id);
  pin.guid_salt = salt;
  pin.digits = 0;
  pin.created_at = now;
  pin.redeemed_at = now;
  pin.expires_at = out.not_after;
  pin.browser = visit.browser;
  RESCUE_CHECK(store::pins::insert(tx, pin));
  impl::Event event{
      .type = EventType::session_created, .actor = "visitor", .session = s.id, .technician = s.created_by};
  event.data.add("kind", s.kind)
      .add("channel", channel.name)
      .add("note", s.note)
      .add("name", visit.name)
      .add("address", visit.address);
  event.search_text = s.note;
  RESCUE_CHECK(impl::record(tx, event, now));
  return out;
}

base::Result<store::Session> SessionDesk::hold(store::Transaction& tx, const base::Guid& id, std::string_view reason,
                                               const Principal& who, base::WallTime now) const {
  RESCUE_CHECK(check_text(reason, "reason", kMaxReasonBytes));
  RESCUE_TRY(auto session, lock_held(tx, id, who));
  RESCUE_CHECK(impl::advance(session, SessionEvent::held, wire::Party::technician, now));
  RESCUE_CHECK(store::sessions::update(tx, session));
  RESCUE_CHECK(part(tx, session, now));
  auto event = event_of(EventType::session_held, who, session);
  event.data.add("technician", who.email).add("reason", reason).add(by_of(who));
  RESCUE_CHECK(impl::record(tx, event, now));
  return session;
}

base::Result<store::Session> SessionDesk::transfer(store::Transaction& tx, const base::Guid& id,
                                                   const TransferTarget& to, std::string_view comment,
                                                   const Principal& who, base::WallTime now) const {
  RESCUE_CHECK(check_text(comment, "comment", kMaxCommentBytes));
  if (to.user.has_value() == to.channel.has_value())
    return base::fail(base::Errc::invalid_argument, "to: a technician or a channel, one of the two");
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + id.text());
  if (!session.technician) return base::fail(Errc::wrong_state, "nobody holds it");
  if (to.user == session.technician) return base::fail(base::Errc::invalid_argument, "to: has the session already");
  const bool own = *session.technician == who.id;
  RESCUE_CHECK(impl::advance(session, SessionEvent::transfer_started,
                             own ? wire::Party::technician : wire::Party::administrator, now));
  if (to.user) {
    RESCUE_TRY(const auto user, presence::receiver(tx, who, session, *to.user));
  } else {
    RESCUE_TRY(const auto channel, store::channels::get(tx, *to.channel));
    RESCUE_CHECK(presence::check_anybody(tx, channel));
  }
  session.transfer_to = to.user;
  session.transfer_channel = to.channel;
  session.transfer_from = session.technician;
  session.transfer_comment = comment;
  session.transfer_at = now;
  RESCUE_CHECK(store::sessions::update(tx, session));
  RESCUE_CHECK(part(tx, session, now));
  RESCUE_TRY(const auto destination, impl::destination_of(tx, session));
  RESCUE_TRY(const auto from, impl::email_of(tx, session.transfer_from));
  auto event = event_of(EventType::session_transferred, who, session);
  event.data.add("from", from)
      .add("to", destination.user)
      .add("channel", destination.channel)
      .add("comment", comment)
      .add(by_of(who));
  event.search_text = comment;
  RESCUE_CHECK(impl::record(tx, event, now));
  return session;
}

base::Result<store::Session> SessionDesk::decline(store::Transaction& tx, const base::Guid& id, std::string_view reason,
                                                  const Principal& who, base::WallTime now) const {
  RESCUE_CHECK(check_text(reason, "reason", kMaxReasonBytes));
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + id.text());
  if (session.transfer_to != who.id) return base::fail(Errc::not_your_session, "session " + id.text());
  auto actor = actor_of(who);
  actor.party = wire::Party::technician;
  RESCUE_CHECK(impl::return_transfer(tx, session, actor, reason, now));
  return session;
}

base::Result<store::Session> SessionDesk::leave(store::Transaction& tx, const base::Guid& id, std::string_view reason,
                                                const Principal& who, base::WallTime now) const {
  RESCUE_CHECK(check_text(reason, "reason", kMaxReasonBytes));
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + id.text());
  if (session.technician == who.id)
    return base::fail(Errc::wrong_state, "who holds it puts it on hold, transfers or closes it");
  RESCUE_TRY(const auto revoked, store::grants::revoke(tx, id, who.id, now));
  if (revoked == 0) return base::fail(Errc::not_your_session, "session " + id.text());
  auto event = event_of(EventType::session_technician_left, who, session);
  event.data.add("technician", who.email).add("reason", reason).add(by_of(who));
  RESCUE_CHECK(impl::record(tx, event, now));
  return session;
}

base::Result<store::Session> SessionDesk::applet_lost(store::Transaction& tx, const base::Guid& id,
                                                      base::Duration silent, base::WallTime now) const {
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at || session.state == wire::name(wire::SessionState::offline)) return session;
  RESCUE_CHECK(impl::advance(session, SessionEvent::applet_lost, wire::Party::broker, now));
  RESCUE_CHECK(store::sessions::update(tx, session));
  impl::Event event{
      .type = EventType::session_offline, .actor = "broker", .session = id, .technician = owner_of(session)};
  event.data.add("silent", fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(silent).count()));
  RESCUE_CHECK(impl::record(tx, event, now));
  return session;
}

base::Result<store::Session> SessionDesk::applet_back(store::Transaction& tx, const base::Guid& id,
                                                      base::WallTime now) const {
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  const bool was_away = session.state == wire::name(wire::SessionState::offline) ||
                        session.state == wire::name(wire::SessionState::rebooting);
  if (session.ended_at || !was_away) return session;
  // Its technicians go on, where some are still in it; else it waits, as it did before.
  RESCUE_TRY(const auto grants, store::grants::current(tx, id));
  RESCUE_CHECK(grants.empty() ? impl::advance(session, SessionEvent::applet_back, wire::Party::applet, now)
                              : impl::advance(session, SessionEvent::link_up, wire::Party::broker, now));
  RESCUE_CHECK(store::sessions::update(tx, session));
  impl::Event event{.type = EventType::session_back, .actor = "applet", .session = id, .technician = owner_of(session)};
  event.data.add("state", session.state);
  RESCUE_CHECK(impl::record(tx, event, now));
  return session;
}

}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
// The applet's side of the desk: the first key binds (directory/sessions.hpp).
#include <fmt/format.h>

#include "base/utf8.hpp"
#include "crypto/keys.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/sessions.hpp"
#include "store/sessions.hpp"

namespace rescue::directory {
namespace {
constexpr std::size_t kMaxHostText = 200;

std::string host_text(std::string_view s) { return base::to_display_text(s.substr(0, kMaxHostText)); }

void take_host(store::AppletKey& key, const AppletHello& hello) {
  key.host_name = host_text(hello.host_name);
  key.host_os = host_text(hello.host_os);
  key.host_user = host_text(hello.host_user);
  key.version = host_text(hello.version);
  key.address = host_text(hello.address);
}

base::Result<> record_refused(store::Transaction& tx, const store::Session& session,
                              const crypto::Fingerprint& fingerprint, const AppletHello& hello, base::WallTime now) {
  impl::Event event{.type = store::EventType::session_key_refused,
                    .actor = "applet",
                    .session = session.id,
                    .technician = owner_of(session)};
  event.data.add("fingerprint", base::to_hex(fingerprint))
      .add("address", hello.address)
      .add("host", host_text(hello.host_name));
  return impl::record(tx, event, now);
}

/// The session leaves `created`, its PIN is spent, and nothing can derive its GUID any more.
base::Result<> bind_session(store::Transaction& tx, store::Session& session, base::WallTime now) {
  RESCUE_CHECK(impl::advance(session, wire::SessionEvent::applet_registered, wire::Party::applet, now));
  session.pin_expires_at.reset();
  RESCUE_CHECK(store::sessions::update(tx, session));
  RESCUE_TRY(auto pin, store::pins::find_by_session(tx, session.id));
  if (!pin) return {};
  pin->spent_at = now;
  pin->guid_salt.clear();
  return store::pins::update(tx, *pin);
}

base::Result<> record_registered(store::Transaction& tx, const store::Session& session, const store::AppletKey& key,
                                 base::WallTime now) {
  impl::Event event{.type = store::EventType::session_applet_registered,
                    .actor = "applet",
                    .session = session.id,
                    .technician = owner_of(session)};
  event.data.add("fingerprint", base::to_hex(key.fingerprint))
      .add("key", base::to_base64url(key.spki))
      .add("host", key.host_name)
      .add("os", key.host_os)
      .add("user", key.host_user)
      .add("version", key.version)
      .add("address", key.address);
  return impl::record(tx, event, now);
}
}  // namespace

base::Result<SessionDesk::RegisterOutcome> SessionDesk::register_applet(store::Transaction& tx,
                                                                        const AppletHello& hello,
                                                                        base::WallTime now) const {
  RESCUE_TRY(const auto public_key, crypto::PublicKey::from_spki(hello.spki));
  const auto fingerprint = public_key.fingerprint();
  const auto guid_id = crypto::guid_id(hello.guid.bytes());
  RESCUE_TRY(auto session, store::sessions::find_by_guid_id(tx, guid_id));
  if (!session) return base::fail(Errc::guid_unknown, "register applet");
  if (session->ended_at) return base::fail(Errc::session_ended, "session " + session->id.text());

  RESCUE_TRY(auto bound, store::applet_keys::find(tx, session->id));
  if (bound &&
      !std::equal(fingerprint.begin(), fingerprint.end(), bound->fingerprint.begin(), bound->fingerprint.end())) {
    RESCUE_CHECK(record_refused(tx, *session, fingerprint, hello, now));
    return RegisterOutcome{std::nullopt, session->id};
  }
  const bool first = !bound;
  store::AppletKey key = bound.value_or(store::AppletKey{});
  take_host(key, hello);
  if (first) {
    if (session->pin_expires_at && *session->pin_expires_at <= now)
      return base::fail(Errc::pin_expired, "register applet");
    key.session = session->id;
    key.fingerprint.assign(fingerprint.begin(), fingerprint.end());
    key.spki = hello.spki;
    key.registered_at = now;
    // conflict: the key belongs to another session; session keys are made for one session each.
    RESCUE_CHECK(store::applet_keys::insert(tx, key));
    RESCUE_CHECK(bind_session(tx, *session, now));
    RESCUE_CHECK(record_registered(tx, *session, key, now));
  } else {
    RESCUE_CHECK(store::applet_keys::update_host(tx, key));
  }
  RegisterOutcome out;
  out.session = session->id;
  auto ticket = ticket_for(*session, crypto::Role::applet, key.spki, now);
  out.registered = Registered{std::move(*session), std::move(key), first, std::move(ticket)};
  return out;
}

base::Result<store::Session> SessionDesk::session_of_applet(store::ReadTransaction& tx,
                                                            base::ByteView fingerprint) const {
  RESCUE_TRY(auto session, store::sessions::find_by_applet(tx, fingerprint));
  if (!session) return base::fail(Errc::sign_in_needed, "no session has this applet key");
  if (session->ended_at) return base::fail(Errc::session_ended, "session " + session->id.text());
  return std::move(*session);
}

base::Result<crypto::Ticket> SessionDesk::applet_ticket(store::ReadTransaction& tx, base::ByteView fingerprint,
                                                        base::WallTime now) const {
  RESCUE_TRY(const auto session, session_of_applet(tx, fingerprint));
  RESCUE_TRY(auto key, store::applet_keys::find(tx, session.id));
  if (!key) return base::fail(Errc::not_waiting, "session " + session.id.text());
  return ticket_for(session, crypto::Role::applet, std::move(key->spki), now);
}

crypto::Ticket SessionDesk::ticket_for(const store::Session& session, crypto::Role role, base::Bytes spki,
                                       base::WallTime now) const {
  crypto::Ticket ticket;
  ticket.serial = base::Guid::random(random_);
  ticket.session = session.id;
  ticket.role = role;
  ticket.holder_spki = std::move(spki);
  std::copy_n(session.guid_id.begin(), std::min(session.guid_id.size(), ticket.guid_id.size()), ticket.guid_id.begin());
  ticket.issued = now;
  ticket.not_after = now + policy_.ticket_lifetime;
  return ticket;
}

}  // namespace rescue::directory

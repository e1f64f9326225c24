// SPDX-License-Identifier: Apache-2.0
// The technician's side of the desk: pickup, grants, leases (directory/sessions.hpp).
#include <fmt/format.h>

#include "crypto/keys.hpp"
#include "directory/impl/beside.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/impl/transfer.hpp"
#include "directory/networks.hpp"
#include "directory/presence.hpp"
#include "directory/sessions.hpp"
#include "store/channels.hpp"
#include "store/sessions.hpp"
#include "store/users.hpp"
#include "wire/permission.hpp"

namespace rescue::directory {
namespace {
// A console may have seen a grant that the database lost (restored from a backup), but not a million of them.
constexpr std::uint64_t kMaxGenerationJump = 1'000'000;

crypto::KeyKind console_kind(crypto::Profile profile) {
  return profile == crypto::Profile::aes256_sha ? crypto::KeyKind::rsa2048 : crypto::KeyKind::p256;
}
crypto::Profile profile_of(crypto::KeyKind kind) {
  return kind == crypto::KeyKind::rsa2048 ? crypto::Profile::aes256_sha : crypto::Profile::modern;
}

base::Result<store::AppletKey> applet_of(store::ReadTransaction& tx, const store::Session& session) {
  RESCUE_TRY(auto key, store::applet_keys::find(tx, session.id));
  if (!key) return base::fail(Errc::not_waiting, "session " + session.id.text());
  return std::move(*key);
}

/// Without an RSA key at both ends the grant would be of no use: the ends could never meet.
base::Result<> check_applet_for_aes256_sha(const store::AppletKey& applet) {
  RESCUE_TRY(const auto key, crypto::PublicKey::from_spki(applet.spki));
  if (key.kind() == crypto::KeyKind::rsa2048) return {};
  return base::fail(
      base::Errc::conflict,
      "profile aes256-sha needs an RSA key in the applet too, and this one has none: pick up with the profile "
      "modern, or have the user start 'rescue-applet --profile aes256-sha' with a new PIN");
}

/// Whether `who` may take it now: nobody has it, it is on its way to `who` or to a channel, or it is `who` who has it
/// and is not in it.
bool is_free(const store::Session& session, const Principal& who) {
  if (!session.technician || session.transfer_channel || session.transfer_to == who.id) return true;
  const auto state = wire::parse_session_state(session.state);
  return *session.technician == who.id &&
         (state == wire::SessionState::waiting || state == wire::SessionState::on_hold ||
          state == wire::SessionState::transferring);
}

/// What taking it is by the table, and in the log beside session.picked_up.
struct Taking {
  wire::SessionEvent step = wire::SessionEvent::picked_up;
  std::optional<store::EventType> event;
};
Taking taking(const store::Session& session, const Principal& who) {
  const bool own = session.technician == who.id;
  const auto state = wire::parse_session_state(session.state);
  if (own && state == wire::SessionState::on_hold)
    return {wire::SessionEvent::resumed, store::EventType::session_resumed};
  if (state != wire::SessionState::transferring) return {};
  if (own) return {wire::SessionEvent::picked_up, store::EventType::session_resumed};
  return {wire::SessionEvent::transfer_taken, store::EventType::session_transfer_taken};
}

/// Stores nothing.
base::Result<> take(store::Transaction& tx, store::Session& session, const Principal& who, base::WallTime now) {
  RESCUE_TRY(const auto user, store::users::get(tx, who.id));
  RESCUE_CHECK(presence::check_room(tx, user));
  const auto how = taking(session, who);
  RESCUE_CHECK(impl::advance(session, how.step, wire::Party::technician, now));
  if (session.technician != who.id && session.transfer_channel) session.channel = session.transfer_channel;
  session.transfer_to.reset();
  session.transfer_channel.reset();
  session.technician = who.id;
  if (!how.event) return {};
  impl::Event event{.type = *how.event, .actor = who.email, .session = session.id, .technician = who.id};
  if (how.event == store::EventType::session_transfer_taken) {
    RESCUE_TRY(const auto from, impl::email_of(tx, session.transfer_from));
    event.data.add("from", from);
  }
  event.data.add("technician", who.email).add(by_of(who));
  return impl::record(tx, event, now);
}

/// A second technician comes to one who is there, and not to a crowd.
base::Result<> check_join(store::ReadTransaction& tx, const store::Session& session, const Principal& who) {
  RESCUE_TRY(const auto grants, store::grants::current(tx, session.id));
  const auto in_it = [&](const base::Guid& user) {
    return std::ranges::any_of(grants, [&](const store::Grant& g) { return g.technician == user; });
  };
  if (!in_it(*session.technician)) return base::fail(Errc::wrong_state, "its technician is not in it");
  if (grants.size() >= kMaxTechnicians && !in_it(who.id))
    return base::fail(base::Errc::conflict, fmt::format("{} technicians are in it", grants.size()));
  return {};
}

std::optional<store::Grant> newest_of(const std::vector<store::Grant>& grants, const base::Guid& technician) {
  for (auto g = grants.rbegin(); g != grants.rend(); ++g) {
    if (g->technician == technician) return *g;
  }
  return std::nullopt;
}
/// From where the console may enter a gateway, also while no broker can be asked.
base::Result<base::NetworkRule> networks_for(store::ReadTransaction& tx, const Principal& who) {
  RESCUE_TRY(const auto user, store::users::get(tx, who.id));
  return networks::rule_of(tx, user);
}
}  // namespace

base::Result<PickedUp> SessionDesk::pickup(store::Transaction& tx, const PickupRequest& request, const Principal& who,
                                           base::WallTime now) const {
  RESCUE_TRY(auto session, impl::lock_session(tx, request.session));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + session.id.text());
  RESCUE_TRY(const auto applet, applet_of(tx, session));
  const bool join = request.join && session.technician && *session.technician != who.id;
  if (join) {
    RESCUE_CHECK(check_join(tx, session, who));
  } else {
    if (!is_free(session, who)) return base::fail(Errc::already_picked_up, "session " + session.id.text());
    RESCUE_CHECK(take(tx, session, who, now));
  }
  auto wanted = request;
  wanted.join = join;
  return grant_to(tx, std::move(session), wanted, who, now);
}

base::Result<PickedUp> SessionDesk::grant_to(store::Transaction& tx, store::Session session,
                                             const PickupRequest& request, const Principal& who,
                                             base::WallTime now) const {
  RESCUE_TRY(const auto key, crypto::PublicKey::from_spki(request.console_spki));
  if (key.kind() != console_kind(request.profile)) {
    return base::fail(base::Errc::invalid_argument, "console_key: not a key of the kind this profile needs");
  }
  if (request.seen_generation > session.generation + kMaxGenerationJump) {
    return base::fail(base::Errc::invalid_argument, "generation: no such grant was ever made");
  }
  RESCUE_TRY(const auto applet, applet_of(tx, session));
  if (request.profile == crypto::Profile::aes256_sha) RESCUE_CHECK(check_applet_for_aes256_sha(applet));
  RESCUE_TRY(const auto group, store::groups::get(tx, who.group));
  RESCUE_TRY(const auto permissions, impl::permissions_in(tx, session, who.id, group));
  RESCUE_TRY(const auto revoked, store::grants::revoke(tx, session.id, who.id, now));
  static_cast<void>(revoked);
  session.generation = std::max(session.generation, request.seen_generation) + 1;
  RESCUE_CHECK(store::sessions::update(tx, session));
  const auto fingerprint = key.fingerprint();
  store::Grant grant;
  grant.session = session.id;
  grant.generation = session.generation;
  grant.technician = who.id;
  grant.console_fingerprint.assign(fingerprint.begin(), fingerprint.end());
  grant.console_spki = request.console_spki;
  grant.permissions = permissions.bits();
  grant.issued_at = now;
  grant.lease_until = now + policy_.lease;
  if (!who.token.is_none()) grant.sign_in = who.token;
  RESCUE_CHECK(store::grants::insert(tx, grant));

  impl::Event event{
      .type = store::EventType::session_picked_up, .actor = who.email, .session = session.id, .technician = who.id};
  event.data.add("generation", grant.generation)
      .add("permissions", wire::PermissionSet::from_bits(grant.permissions).text())
      .add("fingerprint", base::to_hex(fingerprint))
      .add("join", request.join)
      .add(by_of(who));
  RESCUE_CHECK(impl::record(tx, event, now));
  PickedUp out;
  RESCUE_TRY(out.grant, grant_terms(tx, session, grant, applet.fingerprint));
  out.applet_fingerprint = out.grant.applet_fingerprint;
  out.ticket = ticket_for(session, crypto::Role::console, grant.console_spki, now);
  RESCUE_TRY(out.ticket.networks, networks_for(tx, who));
  out.session = std::move(session);
  return out;
}

base::Result<PickedUp> SessionDesk::renew(store::Transaction& tx, const base::Guid& id, const base::Bytes& console_spki,
                                          const Principal& who, base::WallTime now) const {
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + id.text());
  RESCUE_TRY(const auto grants, store::grants::current(tx, id));
  auto grant = newest_of(grants, who.id);
  if (!grant) return base::fail(Errc::not_your_session, "session " + id.text());
  RESCUE_TRY(const auto key, crypto::PublicKey::from_spki(console_spki));
  RESCUE_TRY(const auto before, crypto::PublicKey::from_spki(grant->console_spki));
  // The kind of the key decides the profile, which is chosen at the pickup and not here.
  if (key.kind() != before.kind())
    return base::fail(base::Errc::invalid_argument, "console_key: of another kind than at the pickup");
  const bool holds = session.technician == who.id;
  // The applet was offline and came back: its technician has it again.
  if (holds && session.state == wire::name(wire::SessionState::waiting)) {
    RESCUE_CHECK(impl::advance(session, wire::SessionEvent::picked_up, wire::Party::technician, now));
    RESCUE_CHECK(store::sessions::update(tx, session));
  }
  if (grant->console_spki != console_spki) {
    // A key that was granted before belongs to a machine from which the technician has since moved on: it must not take
    // the session back by itself. A process that was started anew has a new key.
    RESCUE_TRY(const bool superseded, store::grants::any_for_key(tx, id, who.id, console_spki));
    if (superseded) return base::fail(Errc::not_your_session, "picked up elsewhere since; session " + id.text());
    PickupRequest anew{.session = id, .console_spki = console_spki, .join = !holds, .profile = profile_of(key.kind())};
    return grant_to(tx, std::move(session), anew, who, now);
  }
  RESCUE_TRY(const auto group, store::groups::get(tx, who.group));
  RESCUE_TRY(const auto permissions, impl::permissions_in(tx, session, who.id, group));
  grant->permissions = permissions.bits();
  grant->lease_until = now + policy_.lease;
  if (!who.token.is_none()) grant->sign_in = who.token;
  RESCUE_CHECK(store::grants::update(tx, *grant));
  RESCUE_TRY(const auto applet, applet_of(tx, session));
  PickedUp out;
  RESCUE_TRY(out.grant, grant_terms(tx, session, *grant, applet.fingerprint));
  out.applet_fingerprint = out.grant.applet_fingerprint;
  out.ticket = ticket_for(session, crypto::Role::console, console_spki, now);
  RESCUE_TRY(out.ticket.networks, networks_for(tx, who));
  out.session = std::move(session);
  return out;
}

base::Result<Object> object_of(store::ReadTransaction& tx, const store::Session& session) {
  RESCUE_TRY(const auto owner, store::users::get(tx, owner_of(session)));
  Object out(owner.id, owner.group);
  if (owner.id.text() == store::kVisitorId) out = Object();
  if (session.ended_at) return out;
  out.free = !session.technician;
  out.offered_to = session.transfer_to;
  if (session.channel) {
    RESCUE_TRY(out.queue, store::channels::groups_of(tx, *session.channel));
    if (out.free) out.takers = out.queue;
  }
  if (session.transfer_channel) {
    RESCUE_TRY(out.takers, store::channels::groups_of(tx, *session.transfer_channel));
    out.queue.insert(out.queue.end(), out.takers.begin(), out.takers.end());
  }
  return out;
}

base::Result<Object> SessionDesk::object_for(store::ReadTransaction& tx, const store::Session& session,
                                             const Principal& who) const {
  RESCUE_TRY(auto object, object_of(tx, session));
  RESCUE_TRY(const bool took_part, store::grants::any_of(tx, session.id, who.id));
  if (took_part) object.owner = who.id;
  return object;
}

base::Result<std::vector<crypto::Grant>> SessionDesk::current_grants(store::ReadTransaction& tx, const base::Guid& id,
                                                                     base::WallTime now) const {
  RESCUE_TRY(const auto session, store::sessions::get(tx, id));
  std::vector<crypto::Grant> out;
  if (session.ended_at) return out;
  RESCUE_TRY(const auto grants, store::grants::current(tx, id));
  if (grants.empty()) return out;
  RESCUE_TRY(const auto applet, applet_of(tx, session));
  for (const auto& grant : grants) {
    if (grant.lease_until <= now) continue;
    RESCUE_TRY(auto terms, grant_terms(tx, session, grant, applet.fingerprint));
    out.push_back(std::move(terms));
  }
  return out;
}

base::Result<crypto::Grant> SessionDesk::grant_terms(store::ReadTransaction& tx, const store::Session& session,
                                                     const store::Grant& grant, const base::Bytes& applet) const {
  RESCUE_TRY(const auto user, store::users::get(tx, grant.technician));
  RESCUE_TRY(const auto group, store::groups::get(tx, user.group));
  RESCUE_TRY(const auto key, crypto::PublicKey::from_spki(grant.console_spki));
  crypto::Grant g;
  g.session = session.id;
  g.generation = grant.generation;
  g.technician = user.id;
  g.technician_name = user.name;
  g.technician_email = user.email;
  g.organisation = policy_.organisation;
  g.console_fingerprint = key.fingerprint();
  RESCUE_TRY(g.applet_fingerprint, crypto::to_digest256(applet));
  RESCUE_TRY(g.guid_id, crypto::to_digest256(session.guid_id));
  g.permissions = grant.permissions;
  RESCUE_TRY(const auto rules, impl::rules_in(tx, session, user, group));
  g.single_prompt = rules.single_prompt;
  g.require_sas = rules.require_sas;
  g.consent_timeout = rules.consent_timeout;
  g.inactivity_timeout = rules.inactivity_timeout;
  g.recording = rules.force_recording ? crypto::RecordingRule::forced : crypto::RecordingRule::none;
  g.profile = profile_of(key.kind());
  g.omit_chat_text = rules.omit_chat_text;
  g.issued = grant.issued_at;
  g.lease_until = grant.lease_until;
  return g;
}

}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
// Creation, PIN, notes, ends (directory/sessions.hpp). Registration: session_applet.cpp; pickup and leases:
// session_pickup.cpp.
#include "directory/sessions.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/utf8.hpp"
#include "crypto/hash.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/impl/transfer.hpp"
#include "directory/site_policy.hpp"
#include "store/channels.hpp"
#include "store/gateways.hpp"
#include "store/sessions.hpp"
#include "store/users.hpp"
#include "wire/permission.hpp"

namespace rescue::directory {
namespace {
using store::EventType;
using wire::SessionEvent;

constexpr std::uint64_t kPinSpacePerLive = 100'000;
// With at most 1 in 100,000 of the numbers live, a free one is found at the first draw but for dead PINs that are still
// kept.
constexpr int kPinDraws = 64;
constexpr int kPinDrawsSparingDead = 16;
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kMinSiteSecretBytes = 32;
// How long an ended PIN is remembered, so that its user is told what happened to it.
constexpr std::chrono::hours kPinMemory{24};
constexpr std::chrono::hours kTokenMemory{30 * 24};

std::uint64_t pow10(std::uint32_t n) {
  std::uint64_t v = 1;
  while (n-- > 0) v *= 10;
  return v;
}

base::SecretBytes derive_key(const base::SecretBytes& secret, std::string_view purpose) {
  auto key = crypto::hkdf_sha256(secret.view(), {}, base::as_bytes(purpose), 32);
  RESCUE_ASSERT(key.has_value());  // 32 bytes are always possible
  return std::move(*key);
}

base::Result<> check_text(std::string_view text, std::string_view what, std::size_t max) {
  if (text.size() <= max && base::is_valid_utf8(text)) return {};
  return base::fail(base::Errc::invalid_argument, fmt::format("{}: at most {} bytes of UTF-8 text", what, max));
}

/// Digits alone; spaces and hyphens that people type between them are dropped.
base::Result<std::string> read_pin(std::string_view typed) {
  std::string digits;
  for (const char c : typed.substr(0, 64)) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c != ' ' && c != '-') {
      return base::fail(base::Errc::invalid_argument, "pin: digits only");
    }
  }
  if (digits.size() < kMinPinDigits || digits.size() > kMaxPinDigits) {
    return base::fail(base::Errc::invalid_argument, fmt::format("pin: {} to {} digits", kMinPinDigits, kMaxPinDigits));
  }
  return digits;
}
}  // namespace

std::uint32_t pin_digits_for(std::uint64_t live) {
  std::uint32_t digits = kMinPinDigits;
  while (digits < kMaxPinDigits && live > pow10(digits) / kPinSpacePerLive) ++digits;
  return digits;
}

Actor actor_of(const Principal& who) {
  const bool admin = who.role == store::UserRole::administrator || who.role == store::UserRole::group_administrator;
  auto by = by_of(who);
  return {admin ? wire::Party::administrator : wire::Party::technician, std::move(by.actor), who.id,
          std::move(by.address), std::move(by.via)};
}

SessionDesk::SessionDesk(DeskPolicy policy, base::SecretBytes site_secret, base::RandomSource& random)
    : policy_(std::move(policy)), random_(random) {
  RESCUE_ASSERT(site_secret.view().size() >= kMinSiteSecretBytes);
  guid_key_ = derive_key(site_secret, "rescue-site/guid/1");
  pin_key_ = derive_key(site_secret, "rescue-site/pin/1");
}

base::Result<base::Guid> SessionDesk::derive_guid(const base::Guid& session, base::ByteView salt) const {
  base::Bytes info = base::to_bytes(base::as_bytes("rescue-session-guid/1"));
  base::append(info, session.bytes());
  RESCUE_TRY(const auto key, crypto::hkdf_sha256(guid_key_.view(), salt, info, base::Guid::kSize));
  return base::Guid::from_bytes(key.view());
}

base::Bytes SessionDesk::pin_id(std::string_view pin) const {
  const auto mac = crypto::hmac_sha256(pin_key_.view(), base::as_bytes(pin));
  return {mac.begin(), mac.end()};
}

base::Result<std::string> SessionDesk::assign_pin(store::Transaction& tx, const base::Guid& session,
                                                  const base::Bytes& salt, base::WallTime now) const {
  RESCUE_TRY(const auto live, store::pins::count_live(tx, now));
  store::Pin row;
  row.session = session;
  row.guid_salt = salt;
  row.digits = pin_digits_for(live);
  row.created_at = now;
  row.expires_at = now + policy_.pin_lifetime;
  for (int draw = 0; draw < kPinDraws; ++draw) {
    auto pin = fmt::format("{:0{}}", random_.below(pow10(row.digits)), row.digits);
    row.pin_id = pin_id(pin);
    RESCUE_TRY(const auto there, store::pins::find(tx, row.pin_id));
    if (there) {
      // A number that was just used by others would confuse them; reuse it only when the draws run out.
      if (draw < kPinDrawsSparingDead) continue;
      RESCUE_TRY(const bool free, store::pins::forget_dead(tx, row.pin_id, now));
      if (!free) continue;
    }
    RESCUE_CHECK(store::pins::insert(tx, row));
    return pin;
  }
  return base::fail(base::Errc::conflict, "no free PIN");
}

base::Result<base::Bytes> SessionDesk::insert_new(store::Transaction& tx, store::Session& session) const {
  base::Bytes salt(kSaltBytes);
  random_.fill(salt);
  RESCUE_TRY(const auto guid, derive_guid(session.id, salt));
  const auto guid_id = crypto::guid_id(guid.bytes());
  session.guid_id.assign(guid_id.begin(), guid_id.end());
  RESCUE_CHECK(store::sessions::insert(tx, session));
  return salt;
}

base::Result<CreatedSession> SessionDesk::create(store::Transaction& tx, const NewSession& wanted, const Principal& who,
                                                 base::WallTime now) const {
  RESCUE_CHECK(check_text(wanted.note, "note", kMaxNoteBytes));
  RESCUE_CHECK(check_text(wanted.customer, "customer", kMaxCustomerBytes));
  RESCUE_TRY(const auto group, store::groups::get(tx, who.group));
  if (!wanted.channel && !wire::PermissionSet::from_bits(group.permissions).has(wire::Permission::private_sessions)) {
    return base::fail(Errc::permission_missing, "private_sessions");
  }
  CreatedSession out;
  auto& s = out.session;
  s.id = wanted.id;
  s.kind = wanted.channel ? "channel" : "private";
  s.channel = wanted.channel;
  s.state = wire::name(wire::SessionState::created);
  s.note = wanted.note;
  s.customer = wanted.customer;
  s.created_at = s.state_since = now;
  s.created_by = who.id;
  s.pin_expires_at = now + policy_.pin_lifetime;
  RESCUE_TRY(const auto salt, insert_new(tx, s));
  RESCUE_TRY(out.pin, assign_pin(tx, s.id, salt, now));
  impl::Event event{.type = EventType::session_created, .actor = who.email, .session = s.id, .technician = who.id};
  event.data.add("kind", s.kind);
  if (wanted.channel) {
    RESCUE_TRY(const auto channel, store::channels::get(tx, *wanted.channel));
    event.data.add("channel", channel.name);
  }
  event.data.add("note", s.note).add(by_of(who));
  event.search_text = s.note;
  RESCUE_CHECK(impl::record(tx, event, now));
  return out;
}

base::Result<Redeemed> SessionDesk::redeem_pin(store::Transaction& tx, std::string_view typed, std::string_view address,
                                               base::WallTime now, base::ByteView browser) const {
  RESCUE_TRY(const auto digits, read_pin(typed));
  RESCUE_TRY(auto pin, store::pins::find(tx, pin_id(digits)));
  if (!pin) return base::fail(Errc::pin_unknown, "");
  if (pin->spent_at) return base::fail(Errc::pin_spent, "");
  if (pin->expires_at <= now) return base::fail(Errc::pin_expired, "");
  RESCUE_TRY(auto session, store::sessions::lock(tx, pin->session));
  if (session.ended_at || pin->guid_salt.empty()) return base::fail(Errc::session_ended, "");
  Redeemed out;
  RESCUE_TRY(out.guid, derive_guid(session.id, pin->guid_salt));
  // The download takes its time: a PIN redeemed in its last minute still leaves enough to register.
  out.not_after = std::max(pin->expires_at, now + policy_.pin_lifetime);
  pin->redeemed_at = now;
  if (!browser.empty()) pin->browser = base::to_bytes(browser);
  RESCUE_CHECK(store::pins::update(tx, *pin));
  session.pin_expires_at = out.not_after;
  RESCUE_CHECK(store::sessions::update(tx, session));
  impl::Event event{
      .type = EventType::session_pin_redeemed, .actor = "user", .session = session.id, .technician = owner_of(session)};
  event.data.add("address", address);
  RESCUE_CHECK(impl::record(tx, event, now));
  out.session = std::move(session);
  return out;
}

base::Result<store::Session> SessionDesk::end(store::Transaction& tx, const base::Guid& id, SessionEvent how,
                                              const Actor& actor, std::string_view reason, base::WallTime now) const {
  RESCUE_CHECK(check_text(reason, "reason", kMaxReasonBytes));
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  return impl::end_session(tx, std::move(session), how, actor, reason, now);
}

base::Result<store::Session> SessionDesk::note(store::Transaction& tx, const base::Guid& id, std::string_view text,
                                               const Actor& actor, base::WallTime now) const {
  RESCUE_CHECK(check_text(text, "note", kMaxNoteBytes));
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  session.note = text;
  RESCUE_CHECK(store::sessions::update(tx, session));
  impl::Event event{
      .type = EventType::session_noted, .actor = actor.name, .session = id, .technician = owner_of(session)};
  event.data.add("text", text).add(By(actor.name, actor.address, actor.via));
  event.search_text = text;
  RESCUE_CHECK(impl::record(tx, event, now));
  return session;
}

base::Result<store::Session> SessionDesk::step(store::Transaction& tx, const base::Guid& id, SessionEvent event,
                                               wire::Party by, base::WallTime now) const {
  RESCUE_TRY(auto session, impl::lock_session(tx, id));
  if (session.ended_at) return base::fail(Errc::session_ended, "session " + id.text());
  const auto before = session.state;
  RESCUE_CHECK(impl::advance(session, event, by, now));
  if (session.state != before) RESCUE_CHECK(store::sessions::update(tx, session));
  return session;
}

base::Result<std::vector<store::Session>> SessionDesk::sweep(store::Transaction& tx, base::WallTime now,
                                                             std::size_t limit) const {
  const auto stale = [&](wire::SessionState state, std::chrono::seconds age) {
    return store::sessions::stale(tx, wire::name(state), now - age, limit);
  };
  RESCUE_TRY(const auto hold_limit, site_policy::duration(tx, Setting::session_hold_limit));
  RESCUE_TRY(const auto transfer_limit, site_policy::duration(tx, Setting::session_transfer_limit));
  RESCUE_TRY(auto pins, store::sessions::with_expired_pin(tx, now, limit));
  RESCUE_TRY(auto waiting, stale(wire::SessionState::waiting, policy_.waiting_limit));
  RESCUE_TRY(auto held, stale(wire::SessionState::on_hold, hold_limit));
  RESCUE_TRY(auto lapsed, store::sessions::with_lapsed_lease(tx, now - policy_.lapsed_limit, limit));
  const Actor clock{wire::Party::broker, "broker", std::nullopt};
  RESCUE_TRY(auto moving, stale(wire::SessionState::transferring, transfer_limit));
  for (auto& session : moving) RESCUE_CHECK(impl::return_transfer(tx, session, clock, "nobody took it in time", now));
  std::vector<store::Session> ended;
  const auto end_all = [&](std::vector<store::Session>& sessions, std::string_view reason) -> base::Result<> {
    for (auto& session : sessions) {
      if (ended.size() >= limit) break;
      const auto same = [&](const store::Session& e) { return e.id == session.id; };
      if (std::any_of(ended.begin(), ended.end(), same)) continue;
      RESCUE_TRY(auto done, impl::end_session(tx, std::move(session), SessionEvent::time_out, clock, reason, now));
      ended.push_back(std::move(done));
    }
    return {};
  };
  RESCUE_CHECK(end_all(pins, "no applet came before the PIN expired"));
  RESCUE_CHECK(end_all(waiting, "no technician came"));
  RESCUE_CHECK(end_all(held, "nobody went on with it"));
  RESCUE_CHECK(end_all(lapsed, "the technician's lease ran out"));
  for (auto forget : {store::pins::purge(tx, now - kPinMemory), store::tokens::purge(tx, now - kTokenMemory),
                      store::enrolment_tokens::purge(tx, now - kTokenMemory)}) {
    if (!forget) return base::fail(std::move(forget).error());
  }
  return ended;
}

}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/change_feed.hpp"

#include <boost/json/serialize.hpp>

#include "base/log.hpp"
#include "daemons/broker/services.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {

constexpr std::size_t kLogPage = 500;

std::string log_text(const store::LogEvent& event) {
  return json::serialize(json::object{{"type", "log"}, {"event", event_view(event)}});
}

void warn(std::string_view what, const base::Error& error) {
  base::log(base::LogLevel::warn, "broker", what, {{"what", error.message()}});
}

struct OwnedEvent {
  store::LogEvent event;
  std::optional<base::Guid> owner;  // of its session
};

base::Result<std::vector<OwnedEvent>> owned_tail(store::ReadTransaction& tx, std::int64_t after) {
  RESCUE_TRY(auto events, store::log::tail(tx, after, kLogPage));
  std::vector<OwnedEvent> out;
  for (auto& event : events) {
    std::optional<base::Guid> owner;
    if (event.session) {
      RESCUE_TRY(const auto session, store::sessions::get(tx, *event.session));
      owner = directory::owner_of(session);
    }
    out.push_back({std::move(event), owner});
  }
  return out;
}

}  // namespace

ChangeFeed::ChangeFeed(Services& services) : s_(services), thread_("feed", 1, 1 << 20) {}

base::Result<> ChangeFeed::start() {
  RESCUE_TRY(told_log_, s_.store->read_now([](store::ReadTransaction& tx) { return store::log::newest_id(tx); }));
  return {};
}

void ChangeFeed::stop() { thread_.stop(); }

void ChangeFeed::committed(const std::vector<store::Change>& changes) {
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& change : changes) {
      switch (change.kind) {
        case store::Change::Kind::user: pending_.users.insert(change.id); break;
        case store::Change::Kind::session:
        case store::Change::Kind::grant: pending_.sessions.insert(change.id); break;
        case store::Change::Kind::gateway: pending_.gateways = true; break;
        case store::Change::Kind::log: pending_.log = true; break;
      }
    }
  }
  schedule();
}

void ChangeFeed::session_touched(const base::Guid& session) {
  {
    const std::scoped_lock lock(mutex_);
    pending_.sessions.insert(session);
  }
  schedule();
}

void ChangeFeed::schedule() {
  {
    const std::scoped_lock lock(mutex_);
    if (scheduled_) return;
    scheduled_ = true;
  }
  thread_.post([this] { drain(); });
}

void ChangeFeed::drain() {
  Pending pending;
  {
    const std::scoped_lock lock(mutex_);
    std::swap(pending, pending_);
    scheduled_ = false;
  }
  if (pending.log) tell_log();
  for (const auto& id : pending.sessions) tell_session(id);
  if (pending.gateways) tell_gateways();
  if (!pending.users.empty()) recheck_receivers();
}

void ChangeFeed::tell_log() {
  for (;;) {
    auto events = s_.store->read_now([this](store::ReadTransaction& tx) { return owned_tail(tx, told_log_); });
    if (!events) return warn("log could not be read for its receivers", events.error());
    for (const auto& [event, owner] : *events) {
      s_.counters.events_dropped += s_.events.log_event(owner, log_text(event));
      told_log_ = event.id;
    }
    if (events->size() < kLogPage) return;
  }
}

void ChangeFeed::tell_session(const base::Guid& id) {
  struct Found {
    store::Session session;
    json::object view;
    AppletTruth truth;
  };
  const auto now = s_.clock.wall();
  auto found = s_.store->read_now([&](store::ReadTransaction& tx) -> base::Result<Found> {
    RESCUE_TRY(auto session, store::sessions::get(tx, id));
    RESCUE_TRY(auto view, session_view(tx, session, s_.is_online()));
    AppletTruth truth;
    truth.ended = session.ended_at.has_value();
    truth.ended_by = session.ended_by;
    truth.end_reason = session.end_reason;
    if (!truth.ended && s_.applets.online(id)) {
      RESCUE_TRY(const auto grants, s_.desk.current_grants(tx, id, now));
      for (const auto& grant : grants) {
        RESCUE_TRY(auto envelope, signed_grant(s_, grant));
        truth.grants.push_back({grant.technician, grant.generation, grant.lease_until, std::move(envelope)});
      }
    }
    return Found{std::move(session), std::move(view), std::move(truth)};
  });
  if (!found) return warn("session could not be read for its receivers", found.error());
  s_.applets.sync(id, found->truth);
  const auto text = json::serialize(json::object{{"type", "session"}, {"session", std::move(found->view)}});
  s_.counters.events_dropped += s_.events.session_changed(directory::owner_of(found->session), text);
  if (found->truth.ended) {
    s_.gateways.kick(id);
    s_.applets.forget(id);
  }
}

void ChangeFeed::tell_gateways() {
  s_.applets.announce_gateways([this](const base::Guid& session) -> std::optional<std::string> {
    auto list = s_.store->read_now([&](store::ReadTransaction& tx) { return gateways_for(s_, tx, session); });
    if (!list) return std::nullopt;
    return json::serialize(json::object{{"gateways", std::move(*list)}});
  });
}

base::Result<std::int64_t> ChangeFeed::replay(const Receiver& receiver, std::int64_t after) {
  std::size_t sent = 0;
  while (after < told_log_) {
    RESCUE_TRY(const auto events,
               s_.store->read_now([&](store::ReadTransaction& tx) { return owned_tail(tx, after); }));
    if (events.empty()) break;
    for (const auto& [event, owner] : events) {
      if (event.id > told_log_) return told_log_;  // the next round tells it to everybody
      after = event.id;
      if (!may_see_log(receiver, owner)) continue;
      if (++sent > kMaxReplay) return base::fail(base::Errc::too_large, "too far behind");
      receiver.socket->send_text(log_text(event));
    }
  }
  return after;
}

void ChangeFeed::subscribe(Receiver receiver, std::optional<std::int64_t> after,
                           std::function<void(std::uint64_t)> subscribed) {
  thread_.post([this, r = std::move(receiver), after, done = std::move(subscribed)]() mutable {
    if (after && r.log) {
      if (const auto replayed = replay(r, *after); !replayed) {
        r.socket->close(net::CloseCode::policy, "too far behind: read GET /log first, then come with a later 'after'");
        return;
      }
    }
    // The sign-in may have ended between the upgrade and now.
    if (!may_listen(r.who)) return r.socket->close(net::CloseCode::policy, "signed out");
    done(s_.events.add(std::move(r)));
  });
}

bool ChangeFeed::may_listen(const directory::Principal& who) {
  const auto now = s_.clock.wall();
  const auto good = s_.store->read_now([&](store::ReadTransaction& tx) -> base::Result<bool> {
    RESCUE_TRY(const auto token, store::tokens::find(tx, who.token_hash));
    if (!token || token->revoked_at || token->expires_at <= now) return false;
    RESCUE_TRY(const auto user, store::users::get(tx, who.id));
    return !user.disabled && !user.removed_at && user.role == who.role;
  });
  return good.value_or(true);  // a database that cannot be read signs nobody out
}

void ChangeFeed::recheck_receivers() {
  s_.events.recheck([this](const directory::Principal& who) { return may_listen(who); });
}

void ChangeFeed::ping_events() {
  thread_.post([this] {
    recheck_receivers();
    s_.counters.events_dropped += s_.events.ping();
  });
}

void ChangeFeed::ping_applets() {
  thread_.post([this] { s_.applets.ping(); });
}

}  // namespace rescue::broker

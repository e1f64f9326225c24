// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/change_feed.hpp"

#include <algorithm>
#include <map>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "daemons/broker/console_network.hpp"
#include "daemons/broker/services.hpp"
#include "directory/networks.hpp"
#include "directory/sign_in_sessions.hpp"
#include "store/channels.hpp"

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

base::Result<AppletTruth::Person> person(store::ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(const auto user, store::users::get(tx, id));
  return AppletTruth::Person{user.name, user.email};
}

/// How the session stands, for the one who is helped.
base::Result<> add_standing(store::ReadTransaction& tx, const store::Session& session,
                            const std::vector<crypto::Grant>& grants, AppletTruth& to) {
  to.state = session.state;
  if (session.technician) {
    RESCUE_TRY(to.technician, person(tx, *session.technician));
  }
  if (session.transfer_to) {
    RESCUE_TRY(const auto next, person(tx, *session.transfer_to));
    to.to = next.name;
  } else if (session.transfer_channel) {
    RESCUE_TRY(const auto channel, store::channels::get(tx, *session.transfer_channel));
    to.to = channel.name;
  }
  for (const auto& grant : grants) {
    const AppletTruth::Person one{grant.technician_name, grant.technician_email};
    to.people.insert(grant.technician == session.technician ? to.people.begin() : to.people.end(), one);
  }
  return {};
}

struct OwnedEvent {
  store::LogEvent event;
  directory::Object session;  // nobody's without one
};

base::Result<std::vector<OwnedEvent>> owned_tail(store::ReadTransaction& tx, std::int64_t after) {
  RESCUE_TRY(auto events, store::log::tail(tx, after, kLogPage));
  std::map<base::Guid, directory::Object> objects;  // by session: neighbours are often of one
  std::vector<OwnedEvent> out;
  for (auto& event : events) {
    directory::Object object;
    if (event.session) {
      auto at = objects.find(*event.session);
      if (at == objects.end()) {
        RESCUE_TRY(const auto session, store::sessions::get(tx, *event.session));
        RESCUE_TRY(const auto owned, directory::object_of(tx, session));
        at = objects.emplace(*event.session, owned).first;
      }
      object = at->second;
    }
    out.push_back({std::move(event), object});
  }
  return out;
}

/// Whether from where somebody may come can be another after this event.
bool may_move_networks(const store::LogEvent& event) {
  using store::EventType;
  const bool of_somebody = event.type == EventType::policy_changed || event.type == EventType::group_changed ||
                           event.type == EventType::user_changed;
  if (!of_somebody) return false;
  const bool other_group = event.type == EventType::user_changed && event.data.contains("\"group\"");
  return other_group || event.data.contains("allowed_networks");
}

void say_behind(const Receiver& receiver, std::int64_t after, std::int64_t through) {
  receiver.socket->send_text(fmt::format(R"({{"type":"behind","after":{},"through":{}}})", after, through));
}

void refuse(const Receiver& receiver, const base::Error& error) {
  warn("receiver could not be told the past", error);
  receiver.socket->close(net::CloseCode::try_later, "the past could not be read; come again");
}

}  // namespace

ChangeFeed::ChangeFeed(Services& services) : s_(services), thread_("feed", 1, 1 << 20) {}

base::Result<> ChangeFeed::start() {
  RESCUE_TRY(const auto newest,
             s_.store->read_now([](store::ReadTransaction& tx) { return store::log::newest_id(tx); }));
  told_log_ = newest;
  return {};
}

void ChangeFeed::stop() { thread_.stop(); }

void ChangeFeed::committed(const std::vector<store::Change>& changes) {
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& change : changes) {
      switch (change.kind) {
        case store::Change::Kind::user:
          pending_.users.insert(change.id);
          break;
        case store::Change::Kind::session:
        case store::Change::Kind::grant:
          pending_.sessions.insert(change.id);
          break;
        case store::Change::Kind::gateway:
          pending_.gateways = true;
          break;
        case store::Change::Kind::group:
        case store::Change::Kind::channel:
          break;
        case store::Change::Kind::log:
          pending_.log = true;
          break;
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

void ChangeFeed::user_touched(const base::Guid& user) {
  {
    const std::scoped_lock lock(mutex_);
    pending_.users.insert(user);
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
  Pending again;
  again.log = pending.log && !tell_log();
  for (const auto& id : pending.sessions)
    if (!tell_session(id)) again.sessions.insert(id);
  again.gateways = pending.gateways && !tell_gateways();
  if (!pending.users.empty()) recheck_receivers(&pending.users);
  const std::scoped_lock lock(mutex_);
  pending_.log |= again.log;
  pending_.gateways |= again.gateways;
  pending_.sessions.merge(again.sessions);
}

bool ChangeFeed::tell_log() {
  for (;;) {
    const std::int64_t told = told_log_;
    const auto events = s_.store->read_now([told](store::ReadTransaction& tx) { return owned_tail(tx, told); });
    if (!events) {
      warn("log could not be read for its receivers", events.error());
      return false;
    }
    bool networks_changed = false;
    bool rules_changed = false;  // of a group or of all: who listens may no longer be allowed where it is
    for (const auto& [event, session] : *events) {
      networks_changed |= may_move_networks(event);
      rules_changed |= event.type == store::EventType::policy_changed || event.type == store::EventType::group_changed;
      s_.counters.events_dropped += s_.events.log_event(session, log_text(event));
      told_log_ = event.id;
    }
    if (rules_changed) recheck_receivers(nullptr);
    if (networks_changed) recheck_consoles();
    if (events->size() < kLogPage) return true;
  }
}

bool ChangeFeed::tell_session(const base::Guid& id) {
  struct Found {
    directory::Object object;
    json::object view;
    AppletTruth truth;
    std::vector<base::Guid> taking_part;
  };
  const auto now = s_.clock.wall();
  auto found = s_.store->read_now([&](store::ReadTransaction& tx) -> base::Result<Found> {
    RESCUE_TRY(auto session, store::sessions::get(tx, id));
    RESCUE_TRY(const auto object, directory::object_of(tx, session));
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
      RESCUE_CHECK(add_standing(tx, session, grants, truth));
    }
    // Also those who were in it: what ends their part is told to them as well.
    RESCUE_TRY(auto taking_part, store::grants::technicians_of(tx, id));
    return Found{object, std::move(view), std::move(truth), std::move(taking_part)};
  });
  if (!found) {
    warn("session could not be read for its receivers", found.error());
    return found.error().code == base::Errc::not_found;
  }
  s_.applets.sync(id, found->truth);
  const auto text = json::serialize(json::object{{"type", "session"}, {"session", std::move(found->view)}});
  s_.counters.events_dropped += s_.events.session_changed(found->object, text, found->taking_part);
  if (found->truth.ended) {
    s_.gateways.kick(id);
    s_.applets.forget(id);
  }
  return true;
}

bool ChangeFeed::tell_gateways() {
  const auto rows = s_.store->read_now([](store::ReadTransaction& tx) { return store::gateways::list(tx); });
  if (!rows) {
    warn("gateways could not be read for the applets", rows.error());
    return false;
  }
  s_.applets.announce_gateways([&](const base::Guid& session) {
    return json::serialize(json::object{{"gateways", places_view(s_.gateways.places(*rows, session))}});
  });
  return true;
}

base::Result<> ChangeFeed::replay(const Receiver& receiver, std::int64_t after, std::int64_t through) {
  if (through - after > kMaxReplay) {
    say_behind(receiver, after, through);
    return {};
  }
  std::size_t bytes = 0;
  while (after < through) {
    RESCUE_TRY(const auto events,
               s_.store->read_now([&](store::ReadTransaction& tx) { return owned_tail(tx, after); }));
    if (events.empty()) break;
    for (const auto& [event, session] : events) {
      if (event.id > through) return {};
      if (may_see_log(receiver, session)) {
        auto text = log_text(event);
        bytes += text.size();
        if (bytes > kReplayBytes) {
          say_behind(receiver, after, through);
          return {};
        }
        receiver.socket->send_text(std::move(text));  // a full queue ends the connection: nothing is missing unseen
      }
      after = event.id;
    }
  }
  return {};
}

void ChangeFeed::subscribe(Receiver receiver, std::optional<std::int64_t> after,
                           std::function<void(std::uint64_t)> subscribed) {
  if (!after || !receiver.log) {
    thread_.post([this, r = std::move(receiver), done = std::move(subscribed)]() mutable {
      join(std::move(r), std::nullopt, done);
    });
    return;
  }
  const auto socket = receiver.socket;
  auto catch_up = [this, r = std::move(receiver), from = *after, done = std::move(subscribed)]() mutable {
    const std::int64_t through = told_log_;
    if (const auto told = replay(r, from, through); !told) return refuse(r, told.error());
    thread_.post([this, r = std::move(r), reached = std::max(from, through), done = std::move(done)]() mutable {
      join(std::move(r), reached, done);
    });
  };
  if (!s_.fast.post(std::move(catch_up))) socket->close(net::CloseCode::try_later, "the broker is busy");
}

void ChangeFeed::join(Receiver receiver, std::optional<std::int64_t> after,
                      const std::function<void(std::uint64_t)>& subscribed) {
  const std::int64_t through = told_log_;
  if (after) {
    if (const auto told = replay(receiver, *after, through); !told) return refuse(receiver, told.error());
  }
  // The sign-in may have ended between the upgrade and now.
  if (!may_listen(receiver.who)) return receiver.socket->close(net::CloseCode::policy, "signed out");
  receiver.socket->send_text(fmt::format(R"({{"type":"ready","through":{}}})", through));
  subscribed(s_.events.add(std::move(receiver)));
}

bool ChangeFeed::may_listen(const directory::Principal& who) {
  if (who.local) return true;
  const auto now = s_.clock.wall();
  const auto good = s_.store->read_now([&](store::ReadTransaction& tx) -> base::Result<bool> {
    RESCUE_TRY(const auto token, store::tokens::find(tx, who.token_hash));
    if (!token) return false;
    RESCUE_TRY(const auto user, store::users::get(tx, who.id));
    RESCUE_TRY(const auto live, directory::sign_ins::check(tx, *token, user, now));
    if (!live) return false;
    const auto from = directory::networks::check(tx, user, who.address);
    if (!from && from.error().code == directory::Errc::network_not_allowed) return false;
    RESCUE_CHECK(from);
    return !user.disabled && !user.removed_at && user.role == who.role && user.group == who.group;
  });
  return good.value_or(true);  // a database that cannot be read signs nobody out
}

void ChangeFeed::recheck_receivers(const std::set<base::Guid>* of) {
  s_.events.recheck(
      [&](const directory::Principal& who) { return (of != nullptr && !of->contains(who.id)) || may_listen(who); });
}

/// A console that is no longer allowed where it is loses its way: everything of its session is to be admitted anew,
/// which the others are within a second, and which its ticket does not help with.
void ChangeFeed::recheck_consoles() {
  std::set<base::Guid> moved;
  for (const auto& console : s_.gateways.consoles()) {
    if (moved.contains(console.session)) continue;
    const auto stays = s_.store->read_now([&](store::ReadTransaction& tx) -> base::Result<bool> {
      return console_may_stay(tx, console.session, console.fingerprint, console.remote);
    });
    if (stays.value_or(true)) continue;
    moved.insert(console.session);
    s_.gateways.kick(console.session);
  }
}

void ChangeFeed::ping_events() {
  thread_.post([this] {
    drain();
    recheck_receivers(nullptr);
    s_.counters.events_dropped += s_.events.ping();
  });
}

void ChangeFeed::ping_applets() {
  thread_.post([this] {
    drain();
    s_.applets.ping();
  });
}

}  // namespace rescue::broker

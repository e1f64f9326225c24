// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/events_hub.hpp"

#include <algorithm>

namespace rescue::broker {
using directory::Verb;

bool may_see_log(const Receiver& receiver, const directory::Object& session) {
  return receiver.log && directory::authorize(receiver.who, Verb::events_log, session).has_value();
}

bool may_see_session(const Receiver& receiver, const directory::Object& session) {
  return receiver.sessions && directory::authorize(receiver.who, Verb::events_sessions, session).has_value();
}

std::uint64_t EventsHub::add(Receiver receiver) {
  const std::scoped_lock lock(mutex_);
  receivers_.emplace(next_, std::move(receiver));
  return next_++;
}

void EventsHub::remove(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  receivers_.erase(id);
}

std::size_t EventsHub::count() const {
  const std::scoped_lock lock(mutex_);
  return receivers_.size();
}

std::size_t EventsHub::send(const std::string& text, const std::function<bool(const Receiver&)>& wanted) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(receivers_, [&](const auto& entry) {
    const auto& receiver = entry.second;
    if (!wanted(receiver) || receiver.socket->send_text(text)) return false;
    receiver.socket->close(net::CloseCode::try_later, "too slow");
    return true;
  });
}

std::size_t EventsHub::session_changed(const directory::Object& session, const std::string& text,
                                       const std::vector<base::Guid>& taking_part) {
  return send(text, [&](const Receiver& r) {
    if (may_see_session(r, session)) return true;
    return std::ranges::find(taking_part, r.who.id) != taking_part.end() && may_see_session(r, r.who.id);
  });
}

std::size_t EventsHub::log_event(const directory::Object& session, const std::string& text) {
  return send(text, [&session](const Receiver& r) { return may_see_log(r, session); });
}

std::size_t EventsHub::ping() {
  return send(R"({"type":"ping"})", [](const Receiver&) { return true; });
}

void EventsHub::recheck(const std::function<bool(const directory::Principal&)>& keep) {
  // Outside the lock: `keep` reads the database.
  std::vector<std::pair<std::uint64_t, Receiver>> all;
  {
    const std::scoped_lock lock(mutex_);
    all.assign(receivers_.begin(), receivers_.end());
  }
  for (const auto& [id, receiver] : all) {
    if (keep(receiver.who)) continue;
    receiver.socket->close(net::CloseCode::policy, "signed out");
    remove(id);
  }
}

void EventsHub::close_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, receiver] : receivers_)
    receiver.socket->close(net::CloseCode::going_away, "the broker is going down");
}

}  // namespace rescue::broker

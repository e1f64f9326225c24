// SPDX-License-Identifier: Apache-2.0
// Queues: visitors of channels, hold, transfer, technicians beside each other, presence, and why a session is as it is.
#include "audit/explain.hpp"
#include "daemons/broker/channel_visits.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/requests_queues.hpp"
#include "daemons/broker/views.hpp"
#include "directory/channels.hpp"
#include "directory/presence.hpp"
#include "store/users.hpp"
#include "wire/session_state.hpp"

#include <map>

namespace rescue::broker {
namespace json = boost::json;
namespace presence = directory::presence;
using directory::Verb;
namespace {

/// Events from which audit::explain tells, at most; what flapped more often is told up to there.
constexpr std::size_t kMaxExplained = 5000;

/// What happens to the session of the path in one transaction, and how it looks afterwards.
template <typename F>
Answer with_session(Services& s, Call& c, Verb verb, F change) {
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto id, session_param(c));
    RESCUE_TRY(const auto session, find_session(tx, id));
    RESCUE_TRY(const auto object, directory::object_of(tx, session));
    RESCUE_CHECK(directory::authorize(c.who(), verb, object));
    RESCUE_TRY(const store::Session changed, change(tx, session));
    return session_view(tx, changed, s.is_online());
  }));
  return Reply{.body = json::object{{"session", std::move(view)}}};
}

/// The same by somebody who takes part in it, or is asked to.
template <typename F>
Answer with_session_of_others(Services& s, Call& c, Verb verb, F change) {
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto id, session_param(c));
    RESCUE_CHECK(directory::authorize(c.who(), verb, c.who().id));
    RESCUE_TRY(const store::Session changed, change(tx, id));
    return session_view(tx, changed, s.is_online());
  }));
  return Reply{.body = json::object{{"session", std::move(view)}}};
}

/// Whom `named` names. Who reaches some accounts alone is not told which others there are.
base::Result<base::Guid> colleague(store::ReadTransaction& tx, const Call& c, std::string_view named) {
  const auto user = directory::accounts::find(tx, named);
  if (user) return user->id;
  const bool sees_all = directory::reach(c.who(), Verb::session_transfer) == directory::Reach::any;
  if (user.error().code == directory::Errc::user_not_found && !sees_all)
    return base::fail(base::Errc::denied, "a transfer to somebody who is no colleague");
  return base::fail(user.error());
}

json::object colleague_view(const presence::Colleague& colleague) {
  const auto& user = colleague.user;
  return {{"id", user.id.text()},
          {"email", user.email},
          {"name", user.name},
          {"presence", store::to_string(user.presence)},
          {"presence_at", time_view(user.presence_at)},
          {"sessions", colleague.sessions},
          {"max_sessions", user.max_sessions}};
}

std::vector<store::EventType> explained_types() {
  using enum store::EventType;
  return {session_created,
          session_applet_registered,
          session_picked_up,
          session_held,
          session_resumed,
          session_transferred,
          session_transfer_taken,
          session_transfer_returned,
          session_offline,
          session_back,
          session_technician_left,
          session_rebooting,
          session_closed,
          session_timed_out,
          link_up,
          link_down,
          transport_changed};
}

json::object explanation_view(const audit::Explanation& told) {
  json::array states, paths, technicians;
  for (const auto& span : told.states) {
    const auto state = wire::parse_session_state(span.state);
    states.push_back(json::object{{"state", span.state},
                                  {"meaning", state ? wire::meaning(*state) : std::string_view()},
                                  {"since", base::to_rfc3339(span.since)},
                                  {"until", time_view(span.until)},
                                  {"by", span.by},
                                  {"why", span.why}});
  }
  for (const auto& span : told.paths)
    paths.push_back(json::object{{"end", store::to_string(span.end)},
                                 {"technician", span.technician},
                                 {"path", span.path},
                                 {"since", base::to_rfc3339(span.since)},
                                 {"until", time_view(span.until)},
                                 {"why", span.why}});
  for (const auto& part : told.technicians)
    technicians.push_back(json::object{{"technician", part.technician},
                                       {"joined", part.joined},
                                       {"since", base::to_rfc3339(part.since)},
                                       {"until", time_view(part.until)},
                                       {"why", part.why}});
  return {{"states", std::move(states)}, {"paths", std::move(paths)}, {"technicians", std::move(technicians)}};
}

}  // namespace

base::Result<directory::Redeemed> open_visit(Services& s, const Call& c, directory::ChannelVisit visit) {
  const auto now = s.clock.steady();
  if (const auto verdict = s.visit_guard.check(c.address, now); !verdict.allowed) {
    s.visit_guard.count_refused();
    return base::fail(Errc::rate_limited, "");
  }
  s.visit_guard.failed(c.address, now);  // each costs, also a right one: there is nothing to guess here
  visit.id = base::Guid::random(s.random);
  visit.address = c.address;
  auto opened = s.store->write_now([&](store::Transaction& tx) { return s.desk.visit_channel(tx, visit, c.now); });
  if (opened) ++s.counters.sessions_created;
  return opened;
}

Answer open_channel_session(Services& s, Call& c) {
  RESCUE_TRY(auto visit, read_channel_visit(c.request.body));
  RESCUE_TRY(const auto opened, open_visit(s, c, std::move(visit)));
  RESCUE_TRY(const auto envelope, signed_invite(s, opened.guid, c.now, opened.not_after));
  return Reply{.status = 201, .body = json::object{{"invite", base::to_base64url(envelope)}}};
}

Answer hold_session(Services& s, Call& c) {
  RESCUE_TRY(const auto reason, read_reason(c.request.body));
  return with_session(s, c, Verb::session_hold, [&](store::Transaction& tx, const store::Session& session) {
    return s.desk.hold(tx, session.id, reason, c.who(), c.now);
  });
}

Answer transfer_session(Services& s, Call& c) {
  RESCUE_TRY(const auto body, read_transfer(c.request.body));
  return with_session(s, c, Verb::session_transfer,
                      [&](store::Transaction& tx, const store::Session& session) -> base::Result<store::Session> {
                        directory::TransferTarget to;
                        if (body.to) {
                          RESCUE_TRY(to.user, colleague(tx, c, *body.to));
                        } else {
                          RESCUE_TRY(const auto channel, directory::channels::find(tx, *body.channel));
                          to.channel = channel.id;
                        }
                        return s.desk.transfer(tx, session.id, to, body.comment, c.who(), c.now);
                      });
}

Answer decline_transfer(Services& s, Call& c) {
  RESCUE_TRY(const auto reason, read_reason(c.request.body));
  return with_session_of_others(s, c, Verb::session_decline, [&](store::Transaction& tx, const base::Guid& session) {
    return s.desk.decline(tx, session, reason, c.who(), c.now);
  });
}

Answer leave_session(Services& s, Call& c) {
  RESCUE_TRY(const auto reason, read_reason(c.request.body));
  return with_session_of_others(s, c, Verb::session_leave, [&](store::Transaction& tx, const base::Guid& session) {
    return s.desk.leave(tx, session, reason, c.who(), c.now);
  });
}

/// A console says "console" of itself; whose it was is what it signed in as.
base::Result<> name_consoles(store::ReadTransaction& tx, std::vector<store::LogEvent>& events) {
  std::map<base::Guid, std::string> names;
  for (auto& event : events) {
    if (event.source != store::EventSource::console || !event.origin) continue;
    auto [at, fresh] = names.try_emplace(*event.origin);
    if (fresh) {
      RESCUE_TRY(auto user, store::users::get(tx, *event.origin));
      at->second = std::move(user.email);
    }
    event.actor = at->second;
  }
  return {};
}

Answer explain_session(Services& s, Call& c) {
  store::FarRead how{.limit = std::chrono::ceil<std::chrono::milliseconds>(s.settings.log_query_limit),
                     .abandoned = c.request.client_gone};
  auto out = s.store->read_far_now(std::move(how), [&](store::ReadTransaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto id, session_param(c));
    RESCUE_TRY(const auto session, find_session(tx, id));
    RESCUE_TRY(const auto object, s.desk.object_for(tx, session, c.who()));
    RESCUE_CHECK(directory::authorize(c.who(), Verb::log_query, object));
    store::LogFilter filter;
    filter.session = id;
    filter.types = explained_types();
    std::vector<store::LogEvent> events;
    std::string cursor;
    do {
      RESCUE_TRY(auto page, store::log::query(tx, filter, store::LogOrder::oldest_first, cursor, store::kMaxPage));
      std::ranges::move(page.items, std::back_inserter(events));
      cursor = page.next_cursor;
    } while (!cursor.empty() && events.size() < kMaxExplained);
    RESCUE_CHECK(name_consoles(tx, events));
    auto view = explanation_view(audit::explain(events, session));
    RESCUE_TRY(view["session"], session_view(tx, session, s.is_online()));
    view["complete"] = cursor.empty();
    return view;
  });
  if (!out && out.error().code == base::Errc::timed_out) return base::fail(Errc::query_too_slow, "");
  if (!out) return base::fail(out.error());
  return Reply{.body = std::move(*out)};
}

Answer set_presence(Services& s, Call& c) {
  RESCUE_TRY(const auto wanted, read_presence(c.request.body));
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_CHECK(directory::authorize(c.who(), Verb::presence, c.who().id));
    RESCUE_TRY(const auto user, presence::set(tx, c.who(), wanted, c.now));
    RESCUE_TRY(const auto held, store::sessions::count_held(tx, user.id));
    return colleague_view({user, held});
  }));
  return Reply{.body = json::object{{"presence", std::move(view)}}};
}

Answer list_presence(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {}));
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::array> {
    RESCUE_CHECK(directory::authorize(c.who(), Verb::presence, c.who().id));
    RESCUE_TRY(const auto colleagues, presence::colleagues(tx, c.who()));
    json::array rows;
    for (const auto& one : colleagues) rows.push_back(colleague_view(one));
    return rows;
  }));
  return Reply{.body = json::object{{"technicians", std::move(out)}}};
}

}  // namespace rescue::broker

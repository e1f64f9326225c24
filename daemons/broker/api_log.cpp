// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "audit/intake.hpp"
#include "audit/query.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker {
namespace json = boost::json;
using directory::Verb;
namespace {

Answer accepted(Services& s, const base::Result<audit::IntakeResult>& taken) {
  if (!taken) return base::fail(taken.error());
  s.counters.log_events += taken->stored;
  return Reply{.body = json::object{{"accepted_through", taken->accepted_through}}};
}

/// Whoever takes part in a colleague's session writes a log of it as well.
base::Result<bool> holds_grant(store::ReadTransaction& tx, const base::Guid& session, const base::Guid& technician) {
  RESCUE_TRY(const auto grants, store::grants::current(tx, session));
  return std::ranges::any_of(grants, [&](const store::Grant& g) { return g.technician == technician; });
}

/// Which technician's events a query asks for. A technician's own is what a query without technician and session means.
base::Result<> authorize_query(store::ReadTransaction& tx, const Call& c, const std::string& technician,
                               store::LogFilter& filter) {
  if (!technician.empty()) {
    RESCUE_TRY(const auto user, directory::accounts::find(tx, technician));
    filter.technician = user.id;
  }
  if (directory::reach(c.who().role, Verb::log_query) == directory::Reach::any)
    return directory::authorize(c.who(), Verb::log_query);
  if (filter.session) {
    auto session = store::sessions::get(tx, *filter.session);
    if (!session && session.error().code == base::Errc::not_found)
      return base::fail(directory::Errc::session_not_found, "session " + filter.session->text());
    if (!session) return base::fail(session.error());
    RESCUE_CHECK(directory::authorize(c.who(), Verb::log_query, directory::owner_of(*session)));
    if (!filter.technician) return {};
  } else if (!filter.technician) {
    filter.technician = c.who().id;
  }
  return directory::authorize(c.who(), Verb::log_query, filter.technician);
}

base::Result<audit::QueryText> query_text(const Call& c) {
  constexpr std::size_t kMostTypes = 1000;
  constexpr std::size_t kShort = 64;
  audit::QueryText q;
  RESCUE_TRY(q.session, text_query(c, "session", kShort));
  RESCUE_TRY(q.type, text_query(c, "type", kMostTypes));
  RESCUE_TRY(q.source, text_query(c, "source", kShort));
  RESCUE_TRY(q.since, text_query(c, "since", kShort));
  RESCUE_TRY(q.until, text_query(c, "until", kShort));
  RESCUE_TRY(q.text, text_query(c, "text", audit::kMaxSearchBytes));
  RESCUE_TRY(const auto order, text_query(c, "order", kShort));
  if (order == "asc") q.order = "oldest";
  else if (!order.empty() && order != "desc") return base::fail(base::Errc::invalid_argument, "parameter 'order' must be asc or desc");
  return q;
}

}  // namespace

Answer send_console_log(Services& s, Call& c) {
  RESCUE_TRY(const auto events, read_log_intake(c.request.body));
  RESCUE_TRY(const auto id, session_param(c));
  return accepted(s, s.store->write_now([&](store::Transaction& tx) -> base::Result<audit::IntakeResult> {
    auto session = store::sessions::get(tx, id);
    if (!session && session.error().code == base::Errc::not_found)
      return base::fail(directory::Errc::session_not_found, "session " + id.text());
    if (!session) return base::fail(session.error());
    const auto owner = directory::owner_of(*session);
    RESCUE_TRY(const bool takes_part, holds_grant(tx, id, c.who().id));
    RESCUE_CHECK(directory::authorize(c.who(), Verb::session_log_write, takes_part ? c.who().id : owner));
    const audit::Sender sender{id, store::EventSource::console, owner, c.who().id, c.who().email};
    return audit::take(tx, sender, events, c.now);
  }));
}

Answer send_applet_log(Services& s, Call& c) {
  RESCUE_TRY(const auto events, read_log_intake(c.request.body));
  return accepted(s, s.store->write_now([&](store::Transaction& tx) -> base::Result<audit::IntakeResult> {
    // Also of an ended session: the last events are on their way when it ends.
    RESCUE_TRY(const auto session, store::sessions::find_by_applet(tx, c.fingerprint()));
    if (!session) return base::fail(base::Errc::sign_in_needed, "no session has this key");
    const audit::Sender sender{session->id, store::EventSource::applet, directory::owner_of(*session), std::nullopt, "user"};
    return audit::take(tx, sender, events, c.now);
  }));
}

Answer query_log(Services& s, Call& c) {
  RESCUE_CHECK(only_query(
      c, {"session", "technician", "type", "source", "since", "until", "text", "order", "after", "limit", "cursor"}));
  RESCUE_TRY(const auto limit, limit_query(c));
  RESCUE_TRY(const auto cursor, text_query(c, "cursor", 400));
  RESCUE_TRY(const auto technician, text_query(c, "technician", directory::kMaxEmailBytes));
  RESCUE_TRY(const auto text, query_text(c));
  RESCUE_TRY(auto query, audit::parse_query(text, c.now));
  RESCUE_TRY(query.filter.after, integer_query(c, "after", 0, static_cast<std::int64_t>(audit::kMaxSeq)));
  RESCUE_TRY(const auto page, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<store::Page<store::LogEvent>> {
    RESCUE_CHECK(authorize_query(tx, c, technician, query.filter));
    return audit::query(tx, query, cursor, limit);
  }));
  json::array events;
  for (const auto& event : page.items) events.push_back(event_view(event));
  return Reply{.body = json::object{{"events", std::move(events)}, {"next_cursor", cursor_view(page.next_cursor)}}};
}

}  // namespace rescue::broker

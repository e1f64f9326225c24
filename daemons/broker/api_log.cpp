// SPDX-License-Identifier: Apache-2.0
#include "audit/intake.hpp"
#include "audit/query.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"

namespace rescue::broker {
namespace json = boost::json;
using directory::Verb;
namespace {

Answer accepted(Services& s, const audit::Sender& sender, std::span<const audit::IncomingEvent> events,
                const base::Result<audit::IntakeResult>& taken) {
  if (!taken) return base::fail(taken.error());
  s.counters.log_events += taken->stored;
  if (taken->stored > 0) s.recordings.heard(sender, events, s.clock.steady());
  return Reply{.body = json::object{{"accepted_through", taken->accepted_through}}};
}

/// What an end has spooled while it could not reach the broker may come after the session's end, but not for ever.
base::Result<> check_not_too_late(const Services& s, const Call& c, const store::Session& session) {
  if (!session.ended_at || c.now - *session.ended_at <= s.settings.late_log) return {};
  return base::fail(directory::Errc::session_ended, "too late for its log: session " + session.id.text());
}

/// Which events a query may be answered with. Without technician and session: a technician's own, a group
/// administrator's those of the group.
base::Result<> authorize_query(Services& s, store::ReadTransaction& tx, const Call& c, const std::string& technician,
                               store::LogFilter& filter) {
  if (!technician.empty()) {
    RESCUE_TRY(filter.technician, named_technician(tx, c, technician, Verb::log_query));
  }
  const auto reach = directory::reach(c.who(), Verb::log_query);
  if (reach == directory::Reach::any) return directory::authorize(c.who(), Verb::log_query);
  if (filter.session) {
    RESCUE_TRY(const auto session, find_session(tx, *filter.session));
    RESCUE_TRY(const auto object, s.desk.object_for(tx, session, c.who()));
    return directory::authorize(c.who(), Verb::log_query, object);
  }
  if (filter.technician) return {};  // named_technician() has looked at it
  if (reach == directory::Reach::group)
    filter.group = c.who().group;
  else
    filter.technician = c.who().id;
  return directory::authorize(c.who(), Verb::log_query, directory::Object(filter.technician, filter.group));
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
  if (order == "asc")
    q.order = "oldest";
  else if (!order.empty() && order != "desc")
    return base::fail(base::Errc::invalid_argument, "parameter 'order' must be asc or desc");
  return q;
}

}  // namespace

Answer send_console_log(Services& s, Call& c) {
  RESCUE_TRY(const auto events, read_log_intake(c.request.body));
  RESCUE_TRY(const auto id, session_param(c));
  audit::Sender sender;
  const auto taken = s.store->write_now([&](store::Transaction& tx) -> base::Result<audit::IntakeResult> {
    RESCUE_TRY(const auto session, find_session(tx, id));
    // Whoever takes or took part in a colleague's session writes a log of it as well: its own console's, by origin.
    RESCUE_TRY(const auto object, s.desk.object_for(tx, session, c.who()));
    RESCUE_CHECK(directory::authorize(c.who(), Verb::session_log_write, object));
    RESCUE_CHECK(check_not_too_late(s, c, session));
    sender = {id, store::EventSource::console, directory::owner_of(session), c.who().id, c.who().email};
    return audit::take(tx, sender, events, c.now);
  });
  return accepted(s, sender, events, taken);
}

Answer send_applet_log(Services& s, Call& c) {
  RESCUE_TRY(const auto events, read_log_intake(c.request.body));
  audit::Sender sender;
  const auto taken = s.store->write_now([&](store::Transaction& tx) -> base::Result<audit::IntakeResult> {
    RESCUE_TRY(const auto session, store::sessions::find_by_applet(tx, c.fingerprint()));
    if (!session) return base::fail(base::Errc::sign_in_needed, "no session has this key");
    RESCUE_CHECK(check_not_too_late(s, c, *session));
    sender = {session->id, store::EventSource::applet, directory::owner_of(*session), std::nullopt, "user"};
    return audit::take(tx, sender, events, c.now);
  });
  return accepted(s, sender, events, taken);
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
  store::FarRead how{.limit = std::chrono::ceil<std::chrono::milliseconds>(s.settings.log_query_limit),
                     .abandoned = c.request.client_gone};
  const auto page = s.store->read_far_now(
      std::move(how), [&](store::ReadTransaction& tx) -> base::Result<store::Page<store::LogEvent>> {
        RESCUE_CHECK(authorize_query(s, tx, c, technician, query.filter));
        return audit::query(tx, query, cursor, limit);
      });
  if (!page && page.error().code == base::Errc::timed_out) return base::fail(Errc::query_too_slow, "");
  if (!page) return base::fail(page.error());
  json::array events;
  for (const auto& event : page->items) events.push_back(event_view(event));
  return Reply{.body = json::object{{"events", std::move(events)}, {"next_cursor", cursor_view(page->next_cursor)}}};
}

}  // namespace rescue::broker

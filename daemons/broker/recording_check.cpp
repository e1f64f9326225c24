// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/recording_check.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "audit/intake.hpp"
#include "base/log.hpp"
#include "store/log.hpp"
#include "store/users.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {
using audit::RecordingWatch;

/// Of one session's log; a longer one is recalled from what it says last, which decides.
constexpr std::size_t kRecallPages = 20;
constexpr std::size_t kSessionsAtATime = 200;

base::Result<> recall(Services& s, store::ReadTransaction& tx, const base::Guid& session) {
  store::LogFilter filter;
  filter.session = session;
  using enum store::EventType;
  filter.types = {view_started, view_ended, control_started, control_ended, link_up, link_down};
  std::vector<store::LogEvent> events;
  std::string cursor;
  for (std::size_t n = 0; n < kRecallPages; ++n) {
    RESCUE_TRY(auto page, store::log::query(tx, filter, store::LogOrder::newest_first, cursor, store::kMaxPage));
    std::ranges::move(page.items, std::back_inserter(events));
    cursor = page.next_cursor;
    if (cursor.empty()) break;
  }
  const auto now = s.clock.steady();
  for (const auto& e : std::views::reverse(events))
    s.recordings.heard(session, e.source, store::to_string(e.type), e.actor, e.data, now);
  return {};
}

/// Nothing: the session or the technician is gone.
base::Result<std::optional<bool>> forced_for(const Services& s, store::ReadTransaction& tx,
                                             const RecordingWatch::Run& run) {
  RESCUE_TRY(const auto session, store::sessions::get(tx, run.session));
  if (session.ended_at) return std::nullopt;
  RESCUE_TRY(const auto user, store::users::find_by_email(tx, run.technician));
  if (!user) return std::nullopt;
  RESCUE_TRY(const auto group, store::groups::get(tx, user->group));
  if (group.force_recording) return true;
  // Beside a technician whose group wants it, one of another group is recorded too: what the grant says counts.
  const auto grants = s.desk.current_grants(tx, run.session, s.clock.wall());
  return grants && std::ranges::any_of(*grants, [&](const crypto::Grant& g) {
           return g.technician == user->id && g.recording == crypto::RecordingRule::forced;
         });
}

base::Result<> raise(Services& s, store::Transaction& tx, const RecordingWatch::Run& run) {
  RESCUE_TRY(const auto user, store::users::find_by_email(tx, run.technician));
  const auto quiet = std::chrono::duration_cast<std::chrono::microseconds>(s.clock.steady() - run.quiet_since);
  const json::object data{{"reason", "recording_missing"},
                          {"technician", run.technician},
                          {"doing", run.controls ? "control" : "view"},
                          {"quiet_us", quiet.count()}};
  store::NewEvent event;
  event.session = run.session;
  if (user) event.technician = user->id;
  event.time = s.clock.wall();
  event.type = store::EventType::alert;
  event.actor = "broker";
  event.data = json::serialize(data);
  if (auto done = audit::record(tx, event, s.clock.wall()); !done) return base::fail(done.error());
  return {};
}

base::Result<> look_at(Services& s, const RecordingWatch::Run& run) {
  const auto forced = s.store->read_now([&](store::ReadTransaction& tx) { return forced_for(s, tx, run); });
  if (!forced) return base::fail(forced.error());
  if (!*forced) {
    s.recordings.forget(run.session);
    return {};
  }
  if (!s.recordings.judge(run, **forced, s.clock.steady())) return {};
  base::log(base::LogLevel::warn, "broker", "no recording is heard of where one is forced",
            {{"session", run.session.text()}, {"technician", run.technician}});
  return s.store->write_now([&](store::Transaction& tx) { return raise(s, tx, run); });
}

}  // namespace

base::Result<> recall_recordings(Services& s) {
  store::SessionFilter filter;
  filter.live_only = true;
  std::string cursor;
  do {
    RESCUE_TRY(const auto page,
               s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<store::Page<store::Session>> {
                 RESCUE_TRY(auto sessions, store::sessions::list(tx, filter, cursor, kSessionsAtATime));
                 for (const auto& session : sessions.items)
                   if (session.technician) RESCUE_CHECK(recall(s, tx, session.id));
                 return sessions;
               }));
    cursor = page.next_cursor;
  } while (!cursor.empty());
  return {};
}

void check_recordings(Services& s) {
  for (const auto& run : s.recordings.overdue(s.clock.steady()))
    if (auto done = look_at(s, run); !done)
      base::log(base::LogLevel::warn, "broker", "recordings were not checked", {{"what", done.error().message()}});
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
// Views, replies and time. Commands: session_agent_commands.cpp; events of the core: session_agent_events.cpp;
// recording: session_agent_recording.cpp.
#include "client/session_agent.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace rescue::client {
namespace json = boost::json;

SessionAgent::SessionAgent(session::ConsoleSession& core, AgentInfo info, AgentHooks hooks, base::Clock& clock)
    : core_(core), info_(std::move(info)), hooks_(std::move(hooks)), clock_(clock), files_(core, info_.session) {
  // A file that the user sends unasked goes to the folder that was named at the start.
  files_.set_directory(0, info_.receive_dir);
}
SessionAgent::~SessionAgent() = default;

void SessionAgent::view_joined(ViewId view) { views_[view]; }

void SessionAgent::view_left(ViewId view) {
  views_.erase(view);
  std::erase_if(pending_, [&](const Pending& p) { return p.view == view; });
  if (holder_ == view) {
    // Nobody holds the keys that this view pressed.
    core_.release_input(now());
    holder_ = ViewId(0);
    broadcast("input", {{"held", false}});
  }
}

void SessionAgent::on_line(ViewId view, std::string_view line) {
  drain();  // what has happened comes before what is asked for
  auto command = parse_command(line);
  if (!command) {
    hooks_.send(view, error_line(command.error().id, command.error().error));
    return;
  }
  const auto mine = std::ranges::count(pending_, view, &Pending::view);
  if (static_cast<std::size_t>(mine) >= kPendingPerView) {
    hooks_.send(view, error_line(command->id, base::Error(base::Errc::too_large, "too many commands are under way")));
    return;
  }
  execute(view, std::move(*command));
}

void SessionAgent::reply(const Pending& p, json::object fields) {
  hooks_.send(p.view, result_line(p.command.id, std::move(fields)));
}
void SessionAgent::fail(const Pending& p, const base::Error& error) {
  hooks_.send(p.view, error_line(p.command.id, error));
}

void SessionAgent::answer(ViewId view, const ScriptCommand& c, const base::Result<json::object>& result) {
  hooks_.send(view, result ? result_line(c.id, *result) : error_line(c.id, result.error()));
}
void SessionAgent::answer(ViewId view, const ScriptCommand& c, const base::Result<void>& result) {
  hooks_.send(view, result ? result_line(c.id, {}) : error_line(c.id, result.error()));
}

SessionAgent::Pending& SessionAgent::wait_for(ViewId view, ScriptCommand c, Await await, base::Duration patience) {
  Pending p;
  p.view = view;
  p.command = std::move(c);
  p.await = await;
  p.since = clock_.steady();
  p.deadline = p.since + patience;
  pending_.push_back(std::move(p));
  return pending_.back();
}

void SessionAgent::settle(const std::function<bool(const Pending&)>& match,
                          const std::function<void(const Pending&)>& finish) {
  std::vector<Pending> found;
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (!match(*it)) {
      ++it;
      continue;
    }
    found.push_back(std::move(*it));
    it = pending_.erase(it);
  }
  for (const auto& p : found) finish(p);
}

void SessionAgent::broadcast(std::string_view name, json::object fields, ViewId except) {
  const auto line = event_line(name, fields);
  fields["event"] = json::string_view(name.data(), name.size());
  std::vector<ViewId> waiting;
  for (auto& [id, view] : views_) {
    if (id == except) continue;
    hooks_.send(id, line);
    view.past.push_back(fields);
    if (view.past.size() > kRememberedEvents) view.past.pop_front();
    waiting.push_back(id);
  }
  // A waiting command takes the event out of its view's memory.
  for (auto id : waiting) {
    std::vector<Pending> retry;
    settle([&](const Pending& p) { return p.view == id && p.await == Await::event; },
           [&](const Pending& p) { retry.push_back(p); });
    for (auto& p : retry) {
      const auto deadline = p.deadline;
      const auto before = pending_.size();
      wait_event(id, std::move(p.command));
      if (pending_.size() > before) pending_.back().deadline = deadline;
    }
  }
}

void SessionAgent::tick() {
  tick_files();
  const auto at = clock_.steady();
  settle([&](const Pending& p) { return at >= p.deadline; },
         [&](const Pending& p) {
           switch (p.await) {
             case Await::link:
               fail(p, base::Error(Errc::not_linked, fmt::format("{}: the supported machine is not connected",
                                                                 verb_name(p.command.verb))));
               break;
             case Await::event:
               fail(p, base::Error(base::Errc::timed_out, fmt::format("no event '{}'", p.command.text("for"))));
               break;
             case Await::first_picture:
               fail(p, base::Error(base::Errc::timed_out,
                                   core_.viewing() && screen_.under_way()
                                       ? "view: the first picture is not complete yet; the view goes on"
                                       : "view: no answer"));
               break;
             case Await::whole_picture:
               fail(p, base::Error(
                           base::Errc::timed_out,
                           "screenshot: the picture did not become complete; a longer \"timeout\" waits for more"));
               break;
             default:
               fail(p, base::Error(base::Errc::timed_out, fmt::format("{}: no answer", verb_name(p.command.verb))));
           }
         });
  watch_recorder();
  drain();
}

void SessionAgent::on_path(const std::string& path, const std::string& why) {
  if (path == path_ && why.empty()) return;
  if (!path_.empty() && !path.empty() && path != path_) log_event("transport.changed", {{"from", path_}, {"to", path}});
  path_ = path;
  json::object fields{{"path", path.empty() ? json::value(nullptr) : json::value(path)}};
  if (!why.empty()) fields["why"] = why;
  broadcast("path", std::move(fields));
}

void SessionAgent::alert(const std::string& reason) {
  log_event("alert", {{"reason", reason}});
  broadcast("alert", {{"message", reason}});
}

void SessionAgent::on_grant(wire::PermissionSet granted, bool recording_forced, bool omit_chat_text) {
  info_.recording_forced = recording_forced;
  core_.on_grant(granted, recording_forced, omit_chat_text, now());
  rule_changed();
  drain();
}

void SessionAgent::on_site_ends(session::EndedBy by, const std::string& reason) {
  core_.on_site_ends(by, reason, now());
  drain();
}

void SessionAgent::stop() {
  if (recorder_) static_cast<void>(stop_recording());
  settle([](const Pending&) { return true; },
         [&](const Pending& p) { fail(p, base::Error(Errc::session_over, "the session has ended")); });
}

void SessionAgent::log_event(std::string type, json::object data) {
  LogEvent e;
  e.time = base::to_rfc3339(clock_.wall());
  e.type = std::move(type);
  e.actor = info_.technician;
  e.data = json::serialize(data);
  // What concerns the recording itself has its own place in it.
  if (recorder_ && !e.type.starts_with("recording.")) recorder_->event(e.type, std::move(data));
  hooks_.log(std::move(e));
}

json::object SessionAgent::state(ViewId view) const {
  json::object permissions;
  for (auto p : wire::all_permissions()) {
    const auto name = wire::name(p);
    permissions[json::string_view(name.data(), name.size())] = wire::session::EnumNameConsentState(core_.state(p));
  }
  json::array displays;
  for (const auto& d : core_.displays())
    displays.push_back({{"id", d.id},
                        {"x", d.x},
                        {"y", d.y},
                        {"width", d.width},
                        {"height", d.height},
                        {"primary", d.primary},
                        {"name", d.name}});
  json::object out{{"session", info_.session},
                   {"technician", info_.technician},
                   {"linked", core_.link_up()},
                   {"path", path_.empty() ? json::value(nullptr) : json::value(path_)},
                   {"permissions", std::move(permissions)},
                   {"digits", sas_.outcome == wire::session::SasOutcome::none ? json::value(nullptr)
                                                                              : json::value(digits_view())},
                   {"displays", std::move(displays)},
                   {"viewing", core_.viewing()},
                   {"controlling", core_.controlling()},
                   {"input", holder_ == ViewId(0) ? "free"
                             : holder_ == view    ? "mine"
                                                  : "taken"},
                   {"views", views_.size()},
                   {"frames", screen_.frames()},
                   {"spooled", hooks_.spooled()},
                   {"ended", ended_}};
  if (screen_.has_picture()) out["picture"] = {{"width", screen_.size().width}, {"height", screen_.size().height}};
  if (recorder_)
    out["recording"] = {
        {"path", recorder_->path()}, {"failing", gap_since_.has_value()}, {"forced", info_.recording_forced}};
  return out;
}

}  // namespace rescue::client

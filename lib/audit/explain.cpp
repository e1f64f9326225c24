// SPDX-License-Identifier: Apache-2.0
#include "audit/explain.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "wire/session_state.hpp"

namespace rescue::audit {
namespace {
namespace json = boost::json;
using store::EventSource;
using store::EventType;
using store::LogEvent;
using wire::SessionState;

/// Fields of an event's data as text; absent ones are empty.
class Data {
 public:
  explicit Data(const std::string& text) {
    json::error_code error;
    auto value = json::parse(text, error);
    if (!error && value.is_object()) fields_ = std::move(value.as_object());
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto* value = fields_.if_contains(json::string_view(name.data(), name.size()));
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  }
  [[nodiscard]] bool flag(std::string_view name) const {
    const auto* value = fields_.if_contains(json::string_view(name.data(), name.size()));
    return value != nullptr && value->is_bool() && value->as_bool();
  }

 private:
  json::object fields_;
};

std::string with(std::string_view what, std::string_view detail) {
  return detail.empty() ? std::string(what) : fmt::format("{}: {}", what, detail);
}

struct Step {
  std::string state;
  std::string why;
};
std::string word(SessionState state) { return std::string(wire::name(state)); }

std::string why_created(const Data& data) {
  if (const auto channel = data.text("channel"); !channel.empty()) return "for channel " + channel;
  return "with a PIN";
}

std::string why_transferred(const Data& data) {
  const auto channel = data.text("channel");
  return with("to " + (channel.empty() ? data.text("to") : "channel " + channel), data.text("comment"));
}

/// Where an event leads; nothing for one that moves no state.
std::optional<Step> step_of(const LogEvent& event, const Data& data, std::string_view state) {
  switch (event.type) {
    case EventType::session_created:
      return Step{word(SessionState::created), why_created(data)};
    case EventType::session_applet_registered:
      return Step{word(SessionState::waiting), with("the applet registered", data.text("host"))};
    case EventType::session_picked_up:
      if (data.flag("join")) return std::nullopt;
      return Step{word(SessionState::active), "picked up"};
    case EventType::session_held:
      return Step{word(SessionState::on_hold), with("put aside", data.text("reason"))};
    case EventType::session_resumed:
      return Step{word(SessionState::active), "taken up again"};
    case EventType::session_transferred:
      return Step{word(SessionState::transferring), why_transferred(data)};
    case EventType::session_transfer_taken:
      return Step{word(SessionState::active), "the transfer was taken"};
    case EventType::session_transfer_returned:
      return Step{word(SessionState::on_hold), with("the transfer came back", data.text("reason"))};
    case EventType::session_offline:
      return Step{word(SessionState::offline), with("nothing was heard of the applet", data.text("silent"))};
    case EventType::session_back:
      return Step{data.text("state"), "the applet is back"};
    case EventType::session_rebooting:
      return Step{word(SessionState::rebooting), "the machine restarts"};
    case EventType::session_closed:
      return Step{data.text("state"), with("by the " + data.text("by"), data.text("reason"))};
    case EventType::session_timed_out:
      return Step{word(SessionState::timed_out), data.text("reason")};
    case EventType::link_down:
      if (state != wire::name(SessionState::active)) return std::nullopt;
      return Step{word(SessionState::reconnecting), with("the link broke", data.text("reason"))};
    case EventType::link_up:
      if (state != wire::name(SessionState::reconnecting) && state != wire::name(SessionState::rebooting))
        return std::nullopt;
      return Step{word(SessionState::active), with("the ends met again", data.text("path"))};
    default:
      return std::nullopt;
  }
}

class Account {
 public:
  void take(const LogEvent& event) {
    const Data data(event.data);
    if (auto step = step_of(event, data, state()); step && !step->state.empty() && !of_a_second(event, data))
      enter(std::move(step->state), event.time, event.actor, std::move(step->why));
    take_path(event, data);
    take_part(event, data);
  }

  void finish(const store::Session& now) {
    if (now.state != state()) enter(now.state, now.state_since, "broker", "as the site knows it now");
    const auto parsed = wire::parse_session_state(now.state);
    if (!parsed || !wire::is_final(*parsed)) return;
    const auto over = now.ended_at.value_or(now.state_since);
    for (auto& path : out_.paths)
      if (!path.until) path.until = std::max(over, path.since);
    leave({}, over, "the session ended");
  }
  [[nodiscard]] Explanation result() && { return std::move(out_); }

 private:
  [[nodiscard]] std::string state() const { return out_.states.empty() ? std::string() : out_.states.back().state; }

  void enter(std::string state, base::WallTime at, const std::string& by, std::string why) {
    if (!out_.states.empty()) {
      // The technician who has it comes again, or an end tells late what the site knew: the state goes on.
      if (out_.states.back().state == state) return;
      at = std::max(at, out_.states.back().since);  // clocks of ends differ
      out_.states.back().until = at;
    }
    out_.states.push_back({std::move(state), at, std::nullopt, by, std::move(why)});
  }

  /// A link to the console of who takes part beside the one who has it: its end moves no state.
  [[nodiscard]] bool of_a_second(const LogEvent& event, const Data& data) const {
    if (event.type != EventType::link_up && event.type != EventType::link_down) return false;
    const auto whose = technician_of(event, data);
    const auto joined = [&](const Part& part) { return part.technician == whose && part.joined; };
    const auto has_it = [&](const Part& part) { return part.technician == whose && !part.joined && !part.until; };
    return std::ranges::any_of(out_.technicians, joined) && std::ranges::none_of(out_.technicians, has_it);
  }

  static std::string technician_of(const LogEvent& event, const Data& data) {
    return event.source == EventSource::console ? event.actor : data.text("technician");
  }

  void take_path(const LogEvent& event, const Data& data) {
    std::string path;
    std::string why = data.text("reason");
    if (event.type == EventType::link_up) {
      path = data.text("path");
      if (path.empty()) path = "link";
    } else if (event.type == EventType::link_down) {
      path = "none";
    } else if (event.type == EventType::transport_changed) {
      path = data.text("to");
      if (const auto from = data.text("from"); why.empty() && !from.empty()) why = "moved from " + from;
    } else {
      return;
    }
    const auto technician = technician_of(event, data);
    for (auto& span : out_.paths)
      if (!span.until && span.end == event.source && span.technician == technician)
        span.until = std::max(event.time, span.since);
    out_.paths.push_back({event.source, technician, std::move(path), event.time, std::nullopt, std::move(why)});
  }

  void take_part(const LogEvent& event, const Data& data) {
    switch (event.type) {
      case EventType::session_picked_up: {
        const auto same = [&](const Part& part) { return part.technician == event.actor && !part.until; };
        if (std::ranges::any_of(out_.technicians, same)) return;  // came again with a new key
        out_.technicians.push_back({event.actor, data.flag("join"), event.time, std::nullopt, {}});
        return;
      }
      case EventType::session_technician_left:
        return leave(data.text("technician"), event.time, with("left", data.text("reason")));
      case EventType::session_held:
        return leave({}, event.time, with("put on hold", data.text("reason")));
      case EventType::session_transferred:
        return leave({}, event.time, "transferred " + why_transferred(data));
      default:
        return;
    }
  }

  /// `technician` empty: everybody.
  void leave(const std::string& technician, base::WallTime at, const std::string& why) {
    for (auto& part : out_.technicians) {
      if (part.until || (!technician.empty() && part.technician != technician)) continue;
      part.until = std::max(at, part.since);
      part.why = why;
    }
  }

  Explanation out_;
};

}  // namespace

Explanation explain(std::span<const LogEvent> events, const store::Session& now) {
  Account account;
  for (const auto& event : events) account.take(event);
  account.finish(now);
  return std::move(account).result();
}

}  // namespace rescue::audit

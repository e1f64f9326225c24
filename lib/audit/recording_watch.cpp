// SPDX-License-Identifier: Apache-2.0
#include "audit/recording_watch.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>

namespace rescue::audit {
namespace {
namespace json = boost::json;

constexpr std::array<std::string_view, 6> kOfApplet = {"view.started",  "view.ended", "control.started",
                                                       "control.ended", "link.up",    "link.down"};
constexpr std::string_view kTip = "recording.tip";

/// An applet has one core per technician, and what the applet or the user ends names in its data whose it was.
std::string technician_of(std::string_view actor, std::string_view data) {
  json::error_code why;
  const auto value = json::parse(json::string_view(data.data(), data.size()), why);
  if (!why && value.is_object())
    if (const auto* named = value.get_object().if_contains("technician"); named != nullptr && named->is_string())
      return std::string(named->get_string());
  return std::string(actor);
}
}  // namespace

void RecordingWatch::heard(const Sender& sender, std::span<const IncomingEvent> events, base::SteadyTime now) {
  // Which technician a console is, it does not decide itself.
  const bool console = sender.source == store::EventSource::console;
  for (const auto& e : events)
    heard(sender.session, sender.source, e.type, console || e.actor.empty() ? sender.default_actor : e.actor, e.data,
          now);
}

void RecordingWatch::heard(const base::Guid& session, store::EventSource source, std::string_view type,
                           std::string_view actor, std::string_view data, base::SteadyTime now) {
  // Each end is believed about what it does itself.
  if (source == store::EventSource::console && type == kTip) return take({session, std::string(actor)}, type, now);
  if (source != store::EventSource::applet || std::ranges::find(kOfApplet, type) == kOfApplet.end()) return;
  take({session, technician_of(actor, data)}, type, now);
}

void RecordingWatch::take(const Key& key, std::string_view type, base::SteadyTime now) {
  const std::scoped_lock lock(mutex_);
  auto found = entries_.find(key);
  if (type == "view.started" || type == "control.started") {
    if (found == entries_.end()) {
      std::size_t others = 0;
      for (auto e = entries_.lower_bound({key.first, ""}); e != entries_.end() && e->first.first == key.first; ++e)
        ++others;
      if (others >= kWatchedTechniciansMax) return;
      found = entries_.emplace(key, Entry()).first;
      found->second.quiet_since = now;
    }
    (type == "view.started" ? found->second.views : found->second.controls) = true;
    return;
  }
  if (found == entries_.end()) return;
  auto& entry = found->second;
  if (type == kTip) {
    entry.quiet_since = now;
    entry.told = false;
  } else if (type == "link.up" || type == "link.down") {
    entry.linked = type == "link.up";
    if (entry.linked) entry.quiet_since = now;
  } else {
    (type == "view.ended" ? entry.views : entry.controls) = false;
    if (!entry.views && !entry.controls) entries_.erase(found);
  }
}

std::vector<RecordingWatch::Run> RecordingWatch::overdue(base::SteadyTime now) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Run> out;
  for (const auto& [key, e] : entries_)
    if (e.linked && !e.told && now - e.quiet_since > patience_)
      out.push_back({key.first, key.second, e.views, e.controls, e.quiet_since});
  return out;
}

bool RecordingWatch::judge(const Run& run, bool forced, base::SteadyTime now) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find({run.session, run.technician});
  if (found == entries_.end() || found->second.quiet_since != run.quiet_since) return false;  // it goes on, or is over
  auto& entry = found->second;
  const bool just_come = std::exchange(entry.unforced, !forced) && forced;
  if (!forced || just_come) {
    entry.quiet_since = now;
    return false;
  }
  entry.told = true;
  return true;
}

void RecordingWatch::forget(const base::Guid& session) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(entries_, [&](const auto& e) { return e.first.first == session; });
}

std::size_t RecordingWatch::watched() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

}  // namespace rescue::audit

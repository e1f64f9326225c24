// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/status_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wire/session_state.hpp"

namespace rescue::applet::fltk {
namespace {
using session::Activity;
using wire::SessionState;

/// Sees and controls, the most frequent pair, in few words; then the rest in the order of the activities.
std::vector<std::string> phrases(const session::ActivitySet& on) {
  std::vector<std::string> out;
  if (on.has(Activity::view) && on.has(Activity::control))
    out.emplace_back("sees and controls this computer");
  else if (on.has(Activity::view))
    out.emplace_back("sees your screen");
  else if (on.has(Activity::control))
    out.emplace_back("controls this computer");
  for (const auto a : session::all_activities())
    if (on.has(a) && a != Activity::view && a != Activity::control) out.emplace_back(session::what_goes_on(a));
  return out;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return out;
}

bool has(const std::vector<Participant>& people, const Participant& p) {
  return std::ranges::any_of(people, [&](const auto& other) { return other.email == p.email; });
}
std::string who(const Participant& p) { return p.name.empty() ? p.email : p.name; }
}  // namespace

std::string activity_text(std::span<const PersonView* const> people) {
  std::string out;
  bool anything = false;
  for (const auto* person : people) {
    const auto what = phrases(person->status.on);
    anything = anything || !what.empty();
    if (what.empty() && people.size() == 1) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : " · ", person->name, what.empty() ? "takes part" : joined(what));
  }
  return anything ? out : "";
}

std::string recorded_text(std::string_view organisation) {
  return fmt::format("It will be recorded: {} wants that.", organisation.empty() ? "the organisation" : organisation);
}

std::string standing_text(const Standing& standing) {
  const auto name = standing.technician.empty() ? std::string("The technician") : standing.technician;
  switch (standing.state) {
    case SessionState::on_hold:
      return name + " has put the session on hold and will be back.";
    case SessionState::transferring:
      return standing.to.empty() ? name + " hands the session over."
                                 : fmt::format("{} hands the session over to {}.", name, standing.to);
    default:
      return {};
  }
}

std::vector<std::string> standing_news(const Standing& before, const Standing& now) {
  std::vector<std::string> out;
  // The first one is seen to come: by the link.
  for (const auto& p : now.people)
    if (now.people.size() > 1 && !has(before.people, p))
      out.push_back(fmt::format("{} <{}> is taking part.", who(p), p.email));
  for (const auto& p : before.people)
    if (!now.people.empty() && !has(now.people, p)) out.push_back(fmt::format("{} no longer takes part.", who(p)));
  const bool moved = before.state != now.state || before.technician != now.technician || before.to != now.to;
  if (!moved) return out;
  if (auto text = standing_text(now); !text.empty()) out.push_back(std::move(text));
  if (now.state == SessionState::active) {
    const auto name = now.technician.empty() ? std::string("The technician") : now.technician;
    if (before.state == SessionState::on_hold) out.push_back(name + " goes on with the session.");
    if (before.state == SessionState::transferring) out.push_back(name + " has the session now.");
  }
  return out;
}

}  // namespace rescue::applet::fltk

// SPDX-License-Identifier: Apache-2.0
#include "directory/presence.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "directory/impl/event.hpp"
#include "store/sessions.hpp"
#include "store/users.hpp"

namespace rescue::directory::presence {
namespace {

constexpr std::size_t kNamedAway = 5;  // of a whole channel

bool sees_everybody(const Principal& who) {
  return who.role == store::UserRole::administrator || who.role == store::UserRole::service;
}

bool is_there(const store::User& user) { return user.presence != store::Presence::away; }

std::string away_text(const store::User& user) {
  if (!user.presence_at) return user.email + " is away";
  return fmt::format("{} is away since {}", user.email, base::to_rfc3339(*user.presence_at));
}

base::Result<std::vector<store::User>> everybody(store::ReadTransaction& tx) {
  RESCUE_TRY(auto page, store::users::list(tx, {}, kMaxColleagues));
  std::erase_if(page.items, [](const store::User& user) { return user.disabled; });
  return std::move(page.items);
}

/// Also one of another group, when the session's channel is theirs.
base::Result<bool> is_in_reach(store::ReadTransaction& tx, const Principal& who, const store::Session& session,
                               const store::User& user) {
  if (sees_everybody(who)) return true;
  const auto is_user = [&](const store::User& other) { return other.id == user.id; };
  RESCUE_TRY(const auto beside, store::users::beside(tx, who.group, kMaxColleagues));
  if (std::ranges::any_of(beside, is_user)) return true;
  if (!session.channel) return false;
  RESCUE_TRY(const auto members, store::users::of_channel(tx, *session.channel, kMaxColleagues));
  return std::ranges::any_of(members, is_user);
}

}  // namespace

base::Result<store::User> set(store::Transaction& tx, const Principal& who, store::Presence presence,
                              base::WallTime now) {
  RESCUE_TRY(auto user, store::users::get(tx, who.id));
  const bool same = user.presence == presence && user.presence_at;
  if (same) return user;
  user.presence = presence;
  user.presence_at = now;
  RESCUE_CHECK(store::users::update(tx, user));
  impl::Event event{.type = store::EventType::user_presence_changed, .actor = who.email, .technician = who.id};
  event.data.add("presence", store::to_string(presence)).add(by_of(who));
  RESCUE_CHECK(impl::record(tx, event, now));
  return user;
}

bool can_hold(store::UserRole role) { return role != store::UserRole::auditor; }

base::Result<std::vector<Colleague>> colleagues(store::ReadTransaction& tx, const Principal& who) {
  RESCUE_TRY(auto users, sees_everybody(who) ? everybody(tx) : store::users::beside(tx, who.group, kMaxColleagues));
  std::vector<Colleague> out;
  for (auto& user : users) {
    if (!can_hold(user.role)) continue;
    RESCUE_TRY(const auto held, store::sessions::count_held(tx, user.id));
    out.push_back({std::move(user), held});
  }
  return out;
}

base::Result<> check_room(store::ReadTransaction& tx, const store::User& user) {
  if (user.max_sessions == 0) return {};
  RESCUE_TRY(const auto held, store::sessions::count_held(tx, user.id));
  if (held < user.max_sessions) return {};
  return base::fail(Errc::too_many_sessions, fmt::format("{} holds {} of {}", user.email, held, user.max_sessions));
}

base::Result<store::User> receiver(store::ReadTransaction& tx, const Principal& who, const store::Session& session,
                                   const base::Guid& id) {
  RESCUE_TRY(auto user, store::users::get(tx, id));
  RESCUE_TRY(const bool in_reach, is_in_reach(tx, who, session, user));
  if (!in_reach) return base::fail(base::Errc::denied, "a transfer to somebody who is no colleague");
  if (!can_hold(user.role) || user.disabled || user.removed_at)
    return base::fail(base::Errc::invalid_argument, fmt::format("to: {} cannot hold sessions", user.email));
  if (!is_there(user)) return base::fail(Errc::technician_away, away_text(user));
  RESCUE_CHECK(check_room(tx, user));
  return user;
}

base::Result<> check_anybody(store::ReadTransaction& tx, const store::Channel& channel) {
  RESCUE_TRY(auto members, store::users::of_channel(tx, channel.id, kMaxColleagues));
  std::erase_if(members, [](const store::User& user) { return !can_hold(user.role); });
  if (members.empty())
    return base::fail(Errc::channel_not_found, fmt::format("nobody belongs to channel '{}'", channel.name));
  if (std::ranges::any_of(members, is_there)) return {};
  std::string text;
  for (std::size_t i = 0; i < std::min(members.size(), kNamedAway); ++i)
    text += (i == 0 ? "" : ", ") + away_text(members[i]);
  if (members.size() > kNamedAway) text += fmt::format(", and {} others", members.size() - kNamedAway);
  return base::fail(Errc::technician_away, fmt::format("channel '{}': {}", channel.name, text));
}

}  // namespace rescue::directory::presence

// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/call.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "directory/accounts.hpp"
#include "directory/groups.hpp"

namespace rescue::broker {

base::Result<base::Guid> session_param(const Call& call) {
  const auto id = base::Guid::parse(call.request.param("session"));
  if (!id) return base::fail(directory::Errc::session_not_found, "session");
  return *id;
}

base::Result<store::Session> find_session(store::ReadTransaction& tx, const base::Guid& id) {
  auto session = store::sessions::get(tx, id);
  if (!session && session.error().code == base::Errc::not_found)
    return base::fail(directory::Errc::session_not_found, "session " + id.text());
  return session;
}

base::Result<store::User> named_user(store::ReadTransaction& tx, const Call& call, std::string_view named,
                                     directory::Verb verb) {
  auto user = directory::accounts::find(tx, named);
  if (user)
    RESCUE_CHECK(directory::authorize_account(call.who(), verb, *user));
  else if (user.error().code == directory::Errc::user_not_found)
    RESCUE_CHECK(directory::authorize(call.who(), verb));
  return user;
}

base::Result<store::Group> named_group(store::ReadTransaction& tx, const Call& call, std::string_view named,
                                       directory::Verb verb) {
  auto group = directory::groups::find(tx, named);
  if (group)
    RESCUE_CHECK(directory::authorize(call.who(), verb, directory::Object(std::nullopt, group->id)));
  else if (group.error().code == directory::Errc::group_not_found)
    RESCUE_CHECK(directory::authorize(call.who(), verb));
  return group;
}

base::Result<base::Guid> named_technician(store::ReadTransaction& tx, const Call& call, std::string_view named,
                                          directory::Verb verb) {
  const auto user = directory::accounts::find(tx, named);
  if (user) {
    RESCUE_CHECK(directory::authorize(call.who(), verb, directory::Object(user->id, user->group)));
    return user->id;
  }
  if (user.error().code == directory::Errc::user_not_found) RESCUE_CHECK(directory::authorize(call.who(), verb));
  return base::fail(user.error());
}

base::Result<std::optional<std::int64_t>> integer_query(const Call& call, std::string_view name, std::int64_t min,
                                                        std::int64_t max) {
  const auto text = call.request.query_value(name);
  if (!text) return std::nullopt;
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (ec != std::errc{} || end != text->data() + text->size() || n < min || n > max) {
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("parameter '{}' must be a whole number, {} to {}", name, min, max));
  }
  return n;
}

base::Result<std::string> text_query(const Call& call, std::string_view name, std::size_t max) {
  const auto text = call.request.query_value(name);
  if (!text) return std::string();
  if (text->size() > max)
    return base::fail(base::Errc::invalid_argument, fmt::format("parameter '{}' is longer than {} bytes", name, max));
  return std::string(*text);
}

base::Result<std::size_t> limit_query(const Call& call) {
  constexpr std::int64_t kMostRows = 500;
  constexpr std::int64_t kRows = 100;
  RESCUE_TRY(const auto limit, integer_query(call, "limit", 1, kMostRows));
  return static_cast<std::size_t>(limit.value_or(kRows));
}

base::Result<> only_query(const Call& call, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : call.request.query) {
    if (std::ranges::find(known, name) == known.end()) {
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("parameter '{}' is not known here", base::to_display_text(name.substr(0, 64))));
    }
  }
  return {};
}

boost::json::value cursor_view(const std::string& next_cursor) {
  if (next_cursor.empty()) return nullptr;
  return boost::json::value(next_cursor);
}

}  // namespace rescue::broker

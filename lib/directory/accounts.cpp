// SPDX-License-Identifier: Apache-2.0
#include "directory/accounts.hpp"

#include <fmt/format.h>

#include "base/ip.hpp"
#include "base/utf8.hpp"
#include "directory/authorization.hpp"
#include "directory/impl/changes.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/regrant.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/impl/sign_in_lock.hpp"
#include "store/sign_ins.hpp"
#include "store/users.hpp"

namespace rescue::directory {
namespace {
using store::EventType;
using store::User;
using store::UserRole;

/// Valid UTF-8 that a terminal or dialog shows as it is: no control characters, no overrides of direction.
bool is_plain_line(std::string_view s) { return base::is_valid_utf8(s) && base::to_display_text(s) == s; }

/// Code points that show as a space or as nothing (Unicode: White_Space, Default_Ignorable_Code_Point). In an address
/// they would make another account look like this one.
bool is_blank(char32_t c) {
  return c == 0x20 || c == 0xa0 || c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x1680 ||
         c == 0x17b4 || c == 0x17b5 || (c >= 0x180b && c <= 0x180f) || (c >= 0x2000 && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0x3164 ||
         (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfff8) ||
         (c >= 0x1bca0 && c <= 0x1bca3) || (c >= 0x1d173 && c <= 0x1d17a) || (c >= 0xe0000 && c <= 0xe0fff);
}
bool has_blank(std::string_view s) {
  for (std::size_t at = 0; at < s.size();)
    if (is_blank(base::next_code_point(s, at))) return true;
  return false;
}

base::Error email_or(const base::Error& e, std::string_view email) {
  if (e.code == base::Errc::conflict) return {Errc::email_taken, fmt::format("'{}'", email)};
  return e;
}

bool can_administer(const User& u) { return u.role == UserRole::administrator && !u.disabled && !u.removed_at; }

/// Before `user`, who can administer now, is changed so that it cannot.
base::Result<> keep_an_administrator(store::ReadTransaction& tx, const User& user) {
  if (!can_administer(user)) return {};
  RESCUE_TRY(const auto n, store::users::count_administrators(tx));
  if (n <= 1) return base::fail(Errc::last_administrator, fmt::format("'{}'", user.email));
  return {};
}

base::Result<User> get(store::ReadTransaction& tx, const base::Guid& id) {
  auto user = store::users::get(tx, id);
  if (!user && user.error().code == base::Errc::not_found) return base::fail(Errc::user_not_found, id.text());
  if (user && user->removed_at) return base::fail(Errc::user_not_found, id.text());
  return user;
}

impl::Json about(const User& user) {
  impl::Json data;
  data.add("user", user.id.text()).add("email", user.email);
  return data;
}

base::Result<User> save(store::Transaction& tx, User user, EventType type, const By& by, impl::Json data,
                        base::WallTime now) {
  if (auto done = store::users::update(tx, user); !done) return base::fail(email_or(done.error(), user.email));
  data.add(by);
  RESCUE_CHECK(impl::record(tx, {.type = type, .actor = by.actor, .data = std::move(data)}, now));
  return user;
}

base::Result<store::Group> group_of(store::ReadTransaction& tx, const base::Guid& id) {
  auto group = store::groups::get(tx, id);
  if (!group && group.error().code == base::Errc::not_found) return base::fail(Errc::group_not_found, id.text());
  return group;
}

base::Error no_password() {
  return {base::Errc::invalid_argument, "password: a service account has none, it shows API tokens"};
}

/// `user` with another role; what differs.
base::Result<> change_role(store::Transaction& tx, User& user, UserRole role, impl::Changes& changes) {
  if (role == user.role) return {};
  if (role == UserRole::service || user.role == UserRole::service)
    return base::fail(base::Errc::invalid_argument, "role: people and service accounts do not become each other");
  if (role != UserRole::administrator) RESCUE_CHECK(keep_an_administrator(tx, user));
  changes.add("role", store::to_string(user.role), store::to_string(role));
  user.role = role;
  return {};
}

/// After a change of role or group: what the account has going follows.
base::Result<> follow(store::Transaction& tx, const User& before, const User& user, const By& by, base::WallTime now) {
  if (reach(user.role, Verb::session_ticket) == Reach::none &&
      reach(before.role, Verb::session_ticket) != Reach::none) {
    RESCUE_TRY(const auto ended, impl::end_sessions_of(tx, user.id, by, "the role has no sessions", now));
    static_cast<void>(ended);
  }
  if (user.group == before.group) return {};
  RESCUE_TRY(const auto group, group_of(tx, user.group));
  return impl::regrant(tx, user, group, by, now);
}

/// Ends what the account is in; returns the event data with the number of sessions that ended.
base::Result<impl::Json> end_all(store::Transaction& tx, const User& user, const By& by, std::string_view reason,
                                 base::WallTime now) {
  RESCUE_TRY(const auto tokens, store::tokens::revoke_all(tx, user.id, now));
  RESCUE_TRY(const auto sessions, impl::end_sessions_of(tx, user.id, by, reason, now));
  auto data = about(user);
  data.add("sign_ins_ended", tokens).add("sessions_ended", sessions);
  return data;
}
}  // namespace

base::Result<> check_email(std::string_view email) {
  const auto at = email.find('@');
  const bool good = email.size() <= kMaxEmailBytes && at != std::string_view::npos && at > 0 && at + 1 < email.size() &&
                    email.find('@', at + 1) == std::string_view::npos && is_plain_line(email) && !has_blank(email);
  if (good) return {};
  return base::fail(base::Errc::invalid_argument, "email: not an e-mail address of at most 254 bytes");
}

base::Result<> check_line(std::string_view text, std::string_view what, std::size_t max) {
  if (!text.empty() && text.size() <= max && is_plain_line(text)) return {};
  return base::fail(base::Errc::invalid_argument,
                    fmt::format("{}: 1 to {} bytes of UTF-8 text on one line", what, max));
}

namespace accounts {

base::Result<User> create(store::Transaction& tx, const NewUser& wanted, const By& by, base::WallTime now) {
  RESCUE_CHECK(check_email(wanted.email));
  RESCUE_CHECK(check_line(wanted.name, "name"));
  RESCUE_TRY(const auto group, wanted.group ? group_of(tx, *wanted.group) : store::groups::get_default(tx));
  if (wanted.role == UserRole::service && wanted.password) return base::fail(no_password());
  User user;
  user.id = wanted.id;
  user.email = wanted.email;
  user.name = wanted.name;
  user.role = wanted.role;
  user.group = group.id;
  user.created_at = now;
  user.must_change_password = wanted.must_change_password;
  if (wanted.password) {
    user.password_hash = wanted.password->text();
    user.password_changed_at = now;
  }
  if (auto done = store::users::insert(tx, user); !done) return base::fail(email_or(done.error(), user.email));
  auto data = about(user);
  data.add("role", store::to_string(user.role)).add("group", group.name).add(by);
  RESCUE_CHECK(impl::record(tx, {.type = EventType::user_created, .actor = by.actor, .data = std::move(data)}, now));
  return user;
}

base::Result<User> find(store::ReadTransaction& tx, std::string_view id_or_email) {
  if (const auto id = base::Guid::parse(id_or_email)) return get(tx, *id);
  RESCUE_TRY(auto user, store::users::find_by_email(tx, id_or_email));
  if (!user) return base::fail(Errc::user_not_found, fmt::format("'{}'", base::to_display_text(id_or_email)));
  return std::move(*user);
}

base::Result<User> change(store::Transaction& tx, const base::Guid& id, const UserChange& wanted, const By& by,
                          base::WallTime now) {
  RESCUE_TRY(auto user, get(tx, id));
  impl::Changes changes;
  const User before = user;
  if (wanted.email) RESCUE_CHECK(check_email(*wanted.email));
  if (wanted.name) RESCUE_CHECK(check_line(*wanted.name, "name"));
  changes.set("email", user.email, wanted.email);
  changes.set("name", user.name, wanted.name);
  if (wanted.role) RESCUE_CHECK(change_role(tx, user, *wanted.role, changes));
  if (wanted.group && *wanted.group != user.group) {
    RESCUE_TRY(const auto from, group_of(tx, user.group));
    RESCUE_TRY(const auto to, group_of(tx, *wanted.group));
    changes.add("group", from.name, to.name);
    user.group = to.id;
  }
  if (wanted.max_sessions && *wanted.max_sessions > kMaxSessionsLimit)
    return base::fail(base::Errc::invalid_argument, fmt::format("max_sessions: 0 to {}", kMaxSessionsLimit));
  changes.set("max_sessions", user.max_sessions, wanted.max_sessions);
  if (wanted.allowed_networks) {
    const auto rule = base::NetworkRule::parse(*wanted.allowed_networks);
    if (!rule) return base::fail(base::Errc::invalid_argument, "allowed_networks: " + rule.error().message());
    changes.set("allowed_networks", user.allowed_networks, std::optional(rule->texts()));
  }
  if (user == before) return user;
  // An invitation was for what the account was then; whoever holds it is not to have what it became.
  if (user.role != before.role || user.email != before.email) RESCUE_CHECK(store::invitations::remove_all(tx, user.id));
  auto data = about(before);
  data.add_json("changes", changes.text());
  RESCUE_TRY(auto saved, save(tx, std::move(user), EventType::user_changed, by, std::move(data), now));
  RESCUE_CHECK(follow(tx, before, saved, by, now));
  return saved;
}

base::Result<User> disable(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto user, get(tx, id));
  if (user.disabled) return user;
  RESCUE_CHECK(keep_an_administrator(tx, user));
  user.disabled = true;
  RESCUE_CHECK(store::invitations::remove_all(tx, user.id));  // nor is it good again when the account is
  RESCUE_TRY(auto data, end_all(tx, user, by, "account disabled", now));
  return save(tx, std::move(user), EventType::user_disabled, by, std::move(data), now);
}

base::Result<User> enable(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto user, get(tx, id));
  if (!user.disabled) return user;
  user.disabled = false;
  auto data = about(user);
  return save(tx, std::move(user), EventType::user_enabled, by, std::move(data), now);
}

base::Result<User> unlock(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto user, get(tx, id));
  RESCUE_TRY(const bool shut, impl::is_shut(tx, user, now));
  if (!shut) return user;
  RESCUE_CHECK(impl::forget_failures(tx, user));
  auto data = about(user);
  return save(tx, std::move(user), EventType::user_unlocked, by, std::move(data), now);
}

base::Result<User> remove(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto user, get(tx, id));
  RESCUE_CHECK(keep_an_administrator(tx, user));
  RESCUE_TRY(auto data, end_all(tx, user, by, "account removed", now));
  user.removed_at = now;
  user.password_hash.clear();
  user.totp_secret.clear();
  user.totp_confirmed_at.reset();
  RESCUE_CHECK(store::recovery_codes::replace(tx, user.id, {}));
  return save(tx, std::move(user), EventType::user_removed, by, std::move(data), now);
}

base::Result<User> reset_password(store::Transaction& tx, const base::Guid& id, const HashedPassword& password,
                                  const By& by, base::WallTime now) {
  RESCUE_TRY(auto user, get(tx, id));
  if (user.role == UserRole::service) return base::fail(no_password());
  RESCUE_TRY(const auto ended, store::tokens::revoke_all(tx, user.id, now));
  RESCUE_CHECK(store::invitations::remove_all(tx, user.id));
  if (!user.password_hash.empty())
    RESCUE_CHECK(store::password_history::add(tx, user.id, user.password_hash, now, kMaxPasswordHistory));
  user.password_hash = password.text();
  user.password_changed_at = now;
  user.must_change_password = true;
  auto data = about(user);
  data.add("sign_ins_ended", ended);
  return save(tx, std::move(user), EventType::user_password_reset, by, std::move(data), now);
}

}  // namespace accounts
}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "daemons/broker/handlers.hpp"
#include "daemons/broker/invitation_view.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"
#include "directory/accounts.hpp"
#include "directory/invitations.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace accounts = directory::accounts;
namespace {

using directory::Verb;

/// "{user}" is an id or an e-mail address.
base::Result<store::User> user_to_manage(store::ReadTransaction& tx, const Call& c) {
  return named_user(tx, c, c.request.param("user"), Verb::user_manage);
}

/// The group that the account is to be in, if the caller may put accounts there.
base::Result<store::Group> group_for(store::ReadTransaction& tx, const Call& c, const std::optional<std::string>& named) {
  if (named) return named_group(tx, c, *named, Verb::user_manage);
  if (directory::reach(c.who(), Verb::user_manage) == directory::Reach::group)
    return store::groups::get(tx, c.who().group);
  return store::groups::get_default(tx);
}

base::Result<> check_role(const Call& c, store::UserRole role) {
  if (directory::may_administer(c.who().role, role)) return {};
  return base::fail(base::Errc::denied, std::string("role ") + std::string(store::to_string(role)));
}

Answer user_reply(Services& s, const store::User& user) {
  RESCUE_TRY(auto view, user_view(*s.store, user));
  return Reply{.body = json::object{{"user", std::move(view)}}};
}

/// disable, enable, unlock and remove have one form.
using Change = base::Result<store::User> (*)(store::Transaction&, const base::Guid&, const directory::By&,
                                             base::WallTime);
base::Result<store::User> change_named(Services& s, Call& c, Change change) {
  return s.store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto user, user_to_manage(tx, c));
    return change(tx, user.id, c.by(), c.now);
  });
}

Answer changed(Services& s, Call& c, Change change) {
  RESCUE_TRY(const auto user, change_named(s, c, change));
  return user_reply(s, user);
}

base::Result<directory::PasswordPolicy> policy(Services& s) {
  return s.store->read_now([](store::ReadTransaction& tx) { return directory::password_policy(tx); });
}

}  // namespace

Answer list_users(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {"group", "role", "limit", "cursor"}));
  RESCUE_TRY(const auto limit, limit_query(c));
  RESCUE_TRY(const auto cursor, text_query(c, "cursor", 400));
  RESCUE_TRY(const auto group, text_query(c, "group", directory::kMaxNameBytes));
  RESCUE_TRY(const auto role, text_query(c, "role", 40));
  store::UserFilter filter;
  if (!role.empty() && !(filter.role = store::parse_user_role(role)))
    return base::fail(base::Errc::invalid_argument, "parameter 'role' must be a role");
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    if (!group.empty()) {
      RESCUE_TRY(const auto named, named_group(tx, c, group, Verb::user_list));
      filter.group = named.id;
    } else if (directory::reach(c.who(), Verb::user_list) == directory::Reach::group) {
      filter.group = c.who().group;
    }
    RESCUE_CHECK(directory::authorize(c.who(), Verb::user_list, directory::Object(std::nullopt, filter.group)));
    RESCUE_TRY(const auto page, store::users::list(tx, cursor, limit, filter));
    json::array users;
    for (const auto& user : page.items) {
      RESCUE_TRY(auto view, user_view(tx, user));
      users.push_back(std::move(view));
    }
    return json::object{{"users", std::move(users)}, {"next_cursor", cursor_view(page.next_cursor)}};
  }));
  return Reply{.body = std::move(out)};
}

Answer create_user(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_new_user(c.request.body));
  RESCUE_CHECK(directory::check_email(body.email));
  RESCUE_CHECK(check_role(c, body.role));
  // A service account shows API tokens and has no password.
  if (body.invite && body.password)
    return base::fail(base::Errc::invalid_argument, "invite: whoever is invited sets the password alone");
  const bool made_here = !body.password && !body.invite && body.role != store::UserRole::service;
  std::optional<directory::HashedPassword> hash;
  RESCUE_TRY(const auto rules, policy(s));
  if (made_here) body.password = directory::make_initial_password(s.random);
  if (body.password) {
    const std::array personal{body.email, body.name};
    RESCUE_CHECK(directory::check_password(rules, *body.password, personal));
    RESCUE_TRY(hash, directory::HashedPassword::hash(*body.password, rules.cost));
  }
  accounts::NewUser user{base::Guid::random(s.random), body.email, body.name, body.role, std::move(hash), made_here};
  std::optional<directory::invitations::Made> invitation;
  RESCUE_TRY(const auto created, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto group, group_for(tx, c, body.group));
    RESCUE_CHECK(directory::authorize(c.who(), Verb::user_manage, directory::Object(std::nullopt, group.id)));
    user.group = group.id;
    RESCUE_TRY(auto made, accounts::create(tx, user, c.by(), c.now));
    if (body.invite) {
      RESCUE_TRY(invitation, directory::invitations::create(tx, made, c.who().id, c.by(), s.random, c.now));
    }
    return made;
  }));
  RESCUE_TRY(auto view, user_view(*s.store, created));
  json::object out{{"user", std::move(view)}};
  if (made_here) out["initial_password"] = *body.password;
  if (invitation) out["invitation"] = invitation_view(s, *invitation);
  return Reply{.status = 201, .body = std::move(out)};
}

Answer get_user(Services& s, Call& c) {
  RESCUE_TRY(const auto user, s.store->read_now([&](store::ReadTransaction& tx) {
    return named_user(tx, c, c.request.param("user"), Verb::user_list);
  }));
  return user_reply(s, user);
}

Answer change_user(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_user_change(c.request.body));
  if (body.change.email) RESCUE_CHECK(directory::check_email(*body.change.email));
  if (body.change.role) RESCUE_CHECK(check_role(c, *body.change.role));
  RESCUE_TRY(const auto user, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto named, user_to_manage(tx, c));
    if (body.group) {
      RESCUE_TRY(const auto group, group_for(tx, c, body.group));
      body.change.group = group.id;
    }
    return accounts::change(tx, named.id, body.change, c.by(), c.now);
  }));
  return user_reply(s, user);
}

Answer remove_user(Services& s, Call& c) {
  RESCUE_TRY(const auto user, change_named(s, c, accounts::remove));
  return Reply{};
}

Answer disable_user(Services& s, Call& c) { return changed(s, c, accounts::disable); }
Answer enable_user(Services& s, Call& c) { return changed(s, c, accounts::enable); }
Answer unlock_user(Services& s, Call& c) { return changed(s, c, accounts::unlock); }

Answer reset_password(Services& s, Call& c) {
  RESCUE_TRY(const auto rules, policy(s));
  const auto password = directory::make_initial_password(s.random);
  RESCUE_TRY(const auto hash, directory::HashedPassword::hash(password, rules.cost));
  RESCUE_TRY(const auto user, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto named, user_to_manage(tx, c));
    return accounts::reset_password(tx, named.id, hash, c.by(), c.now);
  }));
  RESCUE_TRY(auto view, user_view(*s.store, user));
  return Reply{.body = json::object{{"user", std::move(view)}, {"initial_password", password}}};
}

}  // namespace rescue::broker

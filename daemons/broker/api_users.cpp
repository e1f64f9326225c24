// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace accounts = directory::accounts;
namespace {

/// "{user}" is an id or an e-mail address.
base::Result<store::User> named_user(store::ReadTransaction& tx, const Call& c) {
  return accounts::find(tx, c.request.param("user"));
}

Reply user_reply(const store::User& user) { return Reply{.body = json::object{{"user", user_view(user)}}}; }

/// disable, enable, unlock and remove have one form.
using Change = base::Result<store::User> (*)(store::Transaction&, const base::Guid&, const directory::By&,
                                             base::WallTime);
base::Result<store::User> change_named(Services& s, Call& c, Change change) {
  return s.store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto user, named_user(tx, c));
    return change(tx, user.id, c.by(), c.now);
  });
}

Answer changed(Services& s, Call& c, Change change) {
  RESCUE_TRY(const auto user, change_named(s, c, change));
  return user_reply(user);
}

base::Result<directory::PasswordPolicy> policy(Services& s) {
  return s.store->read_now([](store::ReadTransaction& tx) { return directory::password_policy(tx); });
}

}  // namespace

Answer list_users(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {"limit", "cursor"}));
  RESCUE_TRY(const auto limit, limit_query(c));
  RESCUE_TRY(const auto cursor, text_query(c, "cursor", 400));
  RESCUE_TRY(const auto page,
             s.store->read_now([&](store::ReadTransaction& tx) { return store::users::list(tx, cursor, limit); }));
  json::array users;
  for (const auto& user : page.items) users.push_back(user_view(user));
  return Reply{.body = json::object{{"users", std::move(users)}, {"next_cursor", cursor_view(page.next_cursor)}}};
}

Answer create_user(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_new_user(c.request.body));
  RESCUE_CHECK(directory::check_email(body.email));
  RESCUE_TRY(const auto rules, policy(s));
  const bool made_here = !body.password;
  if (made_here) body.password = directory::make_initial_password(s.random);
  const std::array personal{body.email, body.name};
  RESCUE_CHECK(directory::check_password(rules, *body.password, personal));
  RESCUE_TRY(auto hash, directory::HashedPassword::hash(*body.password, rules.cost));
  const accounts::NewUser user{
      base::Guid::random(s.random), body.email, body.name, body.role, std::move(hash), made_here};
  RESCUE_TRY(const auto created,
             s.store->write_now([&](store::Transaction& tx) { return accounts::create(tx, user, c.by(), c.now); }));
  json::object out{{"user", user_view(created)}};
  if (made_here) out["initial_password"] = *body.password;
  return Reply{.status = 201, .body = std::move(out)};
}

Answer get_user(Services& s, Call& c) {
  RESCUE_TRY(const auto user, s.store->read_now([&](store::ReadTransaction& tx) { return named_user(tx, c); }));
  return user_reply(user);
}

Answer change_user(Services& s, Call& c) {
  RESCUE_TRY(const auto change, read_user_change(c.request.body));
  if (change.email) RESCUE_CHECK(directory::check_email(*change.email));
  RESCUE_TRY(const auto user, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto named, named_user(tx, c));
    return accounts::change(tx, named.id, change, c.by(), c.now);
  }));
  return user_reply(user);
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
    RESCUE_TRY(const auto named, named_user(tx, c));
    return accounts::reset_password(tx, named.id, hash, c.by(), c.now);
  }));
  return Reply{.body = json::object{{"user", user_view(user)}, {"initial_password", password}}};
}

}  // namespace rescue::broker

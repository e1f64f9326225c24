// SPDX-License-Identifier: Apache-2.0
// API tokens of service accounts.
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests_groups.hpp"
#include "daemons/broker/views_groups.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace service_accounts = directory::service_accounts;
using directory::Verb;
namespace {

base::Result<base::Guid> token_param(const Call& c) {
  const auto id = base::Guid::parse(c.request.param("token"));
  if (!id) return base::fail(directory::Errc::token_not_found, "token");
  return *id;
}

}  // namespace

Answer list_tokens(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {"user", "limit", "cursor"}));
  RESCUE_TRY(const auto limit, limit_query(c));
  RESCUE_TRY(const auto cursor, text_query(c, "cursor", 400));
  RESCUE_TRY(const auto named, text_query(c, "user", directory::kMaxEmailBytes));
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    RESCUE_CHECK(directory::authorize(c.who(), Verb::token_list));
    store::tokens::Filter filter;
    filter.kind = store::TokenKind::api;
    if (!named.empty()) {
      RESCUE_TRY(const auto user, directory::accounts::find(tx, named));
      filter.user = user.id;
    }
    RESCUE_TRY(const auto page, store::tokens::list(tx, filter, c.now, cursor, limit));
    json::array tokens;
    for (const auto& token : page.items) {
      RESCUE_TRY(auto view, token_view(tx, token));
      tokens.push_back(std::move(view));
    }
    return json::object{{"tokens", std::move(tokens)}, {"next_cursor", cursor_view(page.next_cursor)}};
  }));
  return Reply{.body = std::move(out)};
}

Answer create_token(Services& s, Call& c) {
  RESCUE_TRY(auto wanted, read_new_token(c.request.body));
  wanted.id = base::Guid::random(s.random);
  RESCUE_TRY(auto out, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_CHECK(directory::authorize(c.who(), Verb::token_manage));
    RESCUE_TRY(const auto account, directory::accounts::find(tx, c.request.param("user")));
    RESCUE_TRY(const auto made, service_accounts::create_token(tx, account, wanted, c.by(), s.random, c.now));
    RESCUE_TRY(auto view, token_view(tx, made.token));
    return json::object{{"token", std::move(view)}, {"secret", made.text}};
  }));
  return Reply{.status = 201, .body = std::move(out)};
}

Answer revoke_token(Services& s, Call& c) {
  RESCUE_TRY(const auto id, token_param(c));
  RESCUE_TRY(const auto token, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::Token> {
    RESCUE_CHECK(directory::authorize(c.who(), Verb::token_manage));
    return service_accounts::revoke_token(tx, id, c.by(), c.now);
  }));
  s.feed.user_touched(token.user);
  return Reply{};
}

}  // namespace rescue::broker

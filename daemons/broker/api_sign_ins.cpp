// SPDX-License-Identifier: Apache-2.0
// Sign-ins: listed and ended, one's own and those of others.
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views_sign_in.hpp"
#include "directory/accounts.hpp"
#include "directory/sign_in_sessions.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace sign_ins = directory::sign_ins;
namespace {

using directory::Verb;

/// Whose sign-ins the caller is shown.
base::Result<store::tokens::Filter> filter_for(store::ReadTransaction& tx, const Call& c, const std::string& named) {
  store::tokens::Filter filter;
  filter.kind = store::TokenKind::sign_in;
  if (!named.empty()) {
    RESCUE_TRY(const auto user, named_user(tx, c, named, Verb::sign_in_list));
    filter.user = user.id;
    return filter;
  }
  const auto reach = directory::reach(c.who(), Verb::sign_in_list);
  if (reach == directory::Reach::own) filter.user = c.who().id;
  if (reach == directory::Reach::group) filter.group = c.who().group;
  RESCUE_CHECK(directory::authorize(c.who(), Verb::sign_in_list, directory::Object(filter.user, filter.group)));
  return filter;
}

}  // namespace

Answer list_sign_ins(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {"user", "limit", "cursor"}));
  RESCUE_TRY(const auto limit, limit_query(c));
  RESCUE_TRY(const auto cursor, text_query(c, "cursor", 400));
  RESCUE_TRY(const auto named, text_query(c, "user", directory::kMaxEmailBytes));
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto filter, filter_for(tx, c, named));
    RESCUE_TRY(const auto page, store::tokens::list(tx, filter, c.now, cursor, limit));
    json::array rows;
    for (const auto& token : page.items) {
      RESCUE_TRY(const auto user, store::users::get(tx, token.user));
      RESCUE_TRY(const auto live, sign_ins::check(tx, token, user, c.now));
      if (!live) continue;  // idle for too long, and about to be ended
      RESCUE_TRY(auto view, sign_in_view(tx, token, user));
      rows.push_back(std::move(view));
    }
    return json::object{{"sign_ins", std::move(rows)}, {"next_cursor", cursor_view(page.next_cursor)}};
  }));
  return Reply{.body = std::move(out)};
}

Answer end_sign_in(Services& s, Call& c) {
  const auto id = base::Guid::parse(c.request.param("sign_in"));
  if (!id) return base::fail(directory::Errc::token_not_found, "sign-in");
  RESCUE_TRY(const auto ended, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::Token> {
    RESCUE_TRY(const auto token, sign_ins::find(tx, *id, c.now));
    RESCUE_TRY(const auto user, store::users::get(tx, token.user));
    RESCUE_CHECK(directory::authorize_account(c.who(), Verb::sign_in_end, user));
    return sign_ins::end(tx, *id, c.by(), c.now);
  }));
  return Reply{};
}

Answer sign_out_user(Services& s, Call& c) {
  RESCUE_TRY(const auto ended, s.store->write_now([&](store::Transaction& tx) -> base::Result<std::uint64_t> {
    RESCUE_TRY(const auto user, named_user(tx, c, c.request.param("user"), Verb::sign_in_end));
    return sign_ins::end_all(tx, user.id, c.by(), c.now);
  }));
  return Reply{.body = json::object{{"sign_ins_ended", ended}}};
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
#include "directory/service_accounts.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "crypto/token.hpp"
#include "directory/accounts.hpp"
#include "directory/authorization.hpp"
#include "directory/impl/changes.hpp"
#include "directory/impl/event.hpp"
#include "store/users.hpp"

namespace rescue::directory::service_accounts {
namespace {
using store::EventType;
using store::Token;

base::Result<> check_scopes(const std::vector<std::string>& wanted) {
  const auto known = all_scopes();
  if (wanted.empty()) return base::fail(base::Errc::invalid_argument, "scopes: at least one");
  for (const auto& scope : wanted) {
    if (std::ranges::find(known, scope) == known.end())
      return base::fail(base::Errc::invalid_argument, fmt::format("scopes: must be of {}", fmt::join(known, ", ")));
  }
  return {};
}

base::Result<> check_new(store::ReadTransaction& tx, const store::User& account, const NewToken& wanted,
                         base::WallTime now) {
  if (account.role != store::UserRole::service)
    return base::fail(base::Errc::invalid_argument, "user: API tokens are for service accounts");
  if (account.disabled) return base::fail(Errc::account_disabled, fmt::format("'{}'", account.email));
  RESCUE_CHECK(check_line(wanted.name, "name"));
  RESCUE_CHECK(check_scopes(wanted.scopes));
  if (wanted.lifetime < kMinTokenLifetime || wanted.lifetime > kMaxTokenLifetime)
    return base::fail(base::Errc::invalid_argument, "expires_in: 60 seconds to 366 days");
  store::tokens::Filter own;
  own.user = account.id;
  own.kind = store::TokenKind::api;
  RESCUE_TRY(const auto live, store::tokens::list(tx, own, now, {}, kMaxTokens));
  if (live.items.size() >= kMaxTokens)
    return base::fail(base::Errc::conflict,
                      fmt::format("'{}' has {} tokens, as many as it can have", account.email, kMaxTokens));
  return {};
}

impl::Json about(const Token& token) {
  impl::Json data;
  data.add("token", token.id.text()).add("user", token.user.text()).add("name", token.device);
  return data;
}
}  // namespace

base::Result<CreatedToken> create_token(store::Transaction& tx, const store::User& account, const NewToken& wanted,
                                        const By& by, base::RandomSource& random, base::WallTime now) {
  RESCUE_CHECK(check_new(tx, account, wanted, now));
  auto secret = crypto::make_bearer_token(random);
  Token token;
  token.hash.assign(secret.hash.begin(), secret.hash.end());
  token.user = account.id;
  token.device = wanted.name;
  token.created_at = token.last_used_at = now;
  token.expires_at = now + wanted.lifetime;
  token.id = wanted.id;
  token.kind = store::TokenKind::api;
  token.scopes = wanted.scopes;
  std::ranges::sort(token.scopes);
  const auto twice = std::ranges::unique(token.scopes);
  token.scopes.erase(twice.begin(), twice.end());
  token.address = by.address;
  RESCUE_CHECK(store::tokens::insert(tx, token));
  auto data = about(token);
  data.add_json("scopes", impl::json_of(token.scopes)).add("expires_at", base::to_rfc3339(token.expires_at)).add(by);
  RESCUE_CHECK(impl::record(tx, {.type = EventType::token_created, .actor = by.actor, .data = std::move(data)}, now));
  return CreatedToken{std::move(token), std::move(secret.text)};
}

base::Result<Token> find_token(store::ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(auto token, store::tokens::find_by_id(tx, id));
  if (!token || token->kind != store::TokenKind::api) return base::fail(Errc::token_not_found, id.text());
  return std::move(*token);
}

base::Result<Token> revoke_token(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto token, find_token(tx, id));
  if (token.revoked_at) return token;
  RESCUE_CHECK(store::tokens::revoke(tx, token.hash, now));
  token.revoked_at = now;
  auto data = about(token);
  data.add(by);
  RESCUE_CHECK(impl::record(tx, {.type = EventType::token_revoked, .actor = by.actor, .data = std::move(data)}, now));
  return token;
}

}  // namespace rescue::directory::service_accounts

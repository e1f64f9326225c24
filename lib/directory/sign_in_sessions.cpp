// SPDX-License-Identifier: Apache-2.0
#include "directory/sign_in_sessions.hpp"

#include <algorithm>

#include "crypto/token.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/second_factor.hpp"
#include "directory/site_policy.hpp"
#include "store/sessions.hpp"
#include "store/users.hpp"

namespace rescue::directory::sign_ins {
namespace {
using store::Token;
using store::TokenKind;
using store::User;

/// The shortest of what counts for this user; zero: no limit.
base::Result<std::chrono::seconds> idle_limit(store::ReadTransaction& tx, const User& user) {
  RESCUE_TRY(auto limit, site_policy::duration(tx, Setting::sign_in_idle));
  if (user.role != store::UserRole::technician && user.role != store::UserRole::group_administrator) return limit;
  RESCUE_TRY(const auto group, store::groups::get(tx, user.group));
  const auto inactivity = group.inactivity_timeout;
  if (inactivity.count() > 0 && (limit.count() == 0 || inactivity < limit)) limit = inactivity;
  return limit;
}

/// Whether the user takes part in a session now: its console renews the lease as long as it runs.
base::Result<bool> in_session(store::ReadTransaction& tx, const base::Guid& user, base::WallTime now) {
  RESCUE_TRY(const auto sessions, store::grants::sessions_of(tx, user));
  for (const auto& session : sessions) {
    RESCUE_TRY(const auto grants, store::grants::current(tx, session));
    if (std::ranges::any_of(grants, [&](const auto& g) { return g.technician == user && g.lease_until > now; }))
      return true;
  }
  return false;
}

base::Result<> end_sessions_of(store::Transaction& tx, const Token& token, const User& user, const By& by,
                               std::string_view reason, base::WallTime now) {
  RESCUE_TRY(const auto ids, store::grants::sessions_by_sign_in(tx, token.id));
  const bool own = by.actor == user.email;
  const Actor actor{
      .party = own ? wire::Party::broker : wire::Party::administrator, .name = by.actor, .user = std::nullopt};
  for (const auto& id : ids) {
    RESCUE_TRY(auto session, store::sessions::lock(tx, id));
    if (session.technician == user.id) {
      RESCUE_TRY(const auto done,
                 impl::end_session(tx, std::move(session), wire::SessionEvent::abort, actor, reason, now));
      static_cast<void>(done);
    } else {
      RESCUE_TRY(const auto revoked, store::grants::revoke(tx, id, user.id, now));
      static_cast<void>(revoked);
    }
  }
  return {};
}

base::Result<> log_end(store::Transaction& tx, const Token& token, const User& user, const By& by,
                       std::string_view reason, base::WallTime now) {
  impl::Json data;
  data.add("token", token.id.text()).add("user", user.id.text()).add("email", user.email);
  data.add("device", token.device).add("reason", reason).add(by);
  return impl::record(
      tx,
      {.type = store::EventType::auth_sign_in_ended, .actor = by.actor, .data = std::move(data), .technician = user.id},
      now);
}

base::Result<> end_token(store::Transaction& tx, const Token& token, const User& user, const By& by,
                         std::string_view reason, base::WallTime now) {
  RESCUE_CHECK(store::tokens::revoke(tx, token.hash, now));
  tx.changed({store::Change::Kind::user, user.id});  // whoever listens with it is disconnected
  RESCUE_CHECK(end_sessions_of(tx, token, user, by, "sign-in ended", now));
  return log_end(tx, token, user, by, reason, now);
}

std::unexpected<base::Error> unknown(const base::Guid& id) {
  return base::fail(Errc::token_not_found, "sign-in " + id.text());
}
}  // namespace

bool is_by_sso(const store::Token& token) {
  return token.kind == store::TokenKind::sign_in && std::ranges::find(token.scopes, kSsoMark) != token.scopes.end();
}

base::Result<SignedIn> issue(store::Transaction& tx, User user, const NewSignIn& sign_in, base::RandomSource& random,
                             base::WallTime now) {
  RESCUE_TRY(const auto lifetime, site_policy::duration(tx, Setting::sign_in_lifetime));
  RESCUE_TRY(const auto group, store::groups::get(tx, user.group));
  auto made = crypto::make_bearer_token(random);
  Token token;
  token.hash.assign(made.hash.begin(), made.hash.end());
  token.id = base::Guid::random(random);
  token.user = user.id;
  token.device = sign_in.device;
  token.address = sign_in.address;
  token.created_at = token.last_used_at = now;
  token.expires_at = std::min(now + lifetime, sign_in.not_after.value_or(base::WallTime::max()));
  if (sign_in.proof == Proof::sso) token.scopes.emplace_back(kSsoMark);
  token.must_enrol_mfa = group.require_mfa && sign_in.proof == Proof::password && !SecondFactor::enrolled(user);
  RESCUE_CHECK(store::tokens::insert(tx, token));
  return SignedIn{std::move(made.text), token.expires_at, std::move(user), token.must_enrol_mfa};
}

base::Result<std::optional<base::WallTime>> idle_end(store::ReadTransaction& tx, const Token& token, const User& user) {
  if (token.kind != TokenKind::sign_in) return std::nullopt;
  RESCUE_TRY(const auto limit, idle_limit(tx, user));
  if (limit.count() == 0) return std::nullopt;
  return std::min(token.last_used_at + limit, token.expires_at);
}

base::Result<std::optional<base::WallTime>> check(store::ReadTransaction& tx, const Token& token, const User& user,
                                                  base::WallTime now) {
  if (token.revoked_at || token.expires_at <= now || user.disabled || user.removed_at) return std::nullopt;
  const base::WallTime due = token.last_used_at + kUseResolution;
  if (token.kind != TokenKind::sign_in) return due;
  RESCUE_TRY(const auto limit, idle_limit(tx, user));
  if (limit.count() == 0) return due;
  if (now >= token.last_used_at + limit) {
    RESCUE_TRY(const bool busy, in_session(tx, user.id, now));
    if (!busy) return std::nullopt;
  }
  return std::min<base::WallTime>(due, token.last_used_at + base::Duration(limit) / 4);
}

base::Result<> touch(store::Transaction& tx, const Principal& who, base::WallTime now) {
  RESCUE_TRY(const auto token, store::tokens::find(tx, who.token_hash));
  if (!token || token->revoked_at) return {};
  return store::tokens::used(tx, who.token_hash, now);
}

base::Result<Token> find(store::ReadTransaction& tx, const base::Guid& id, base::WallTime now) {
  RESCUE_TRY(auto token, store::tokens::find_by_id(tx, id));
  if (!token || token->kind != TokenKind::sign_in) return unknown(id);
  RESCUE_TRY(const auto user, store::users::get(tx, token->user));
  RESCUE_TRY(const auto live, check(tx, *token, user, now));
  if (!live) return unknown(id);
  return std::move(*token);
}

base::Result<Token> end(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto token, find(tx, id, now));
  RESCUE_TRY(const auto user, store::users::get(tx, token.user));
  RESCUE_CHECK(end_token(tx, token, user, by, "ended", now));
  return token;
}

base::Result<std::uint64_t> end_all(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(const auto user, store::users::get(tx, id));
  std::uint64_t ended = 0;
  std::string cursor;
  do {
    RESCUE_TRY(const auto page,
               store::tokens::list(tx, {id, std::nullopt, TokenKind::sign_in}, now, cursor, store::kMaxPage));
    for (const auto& token : page.items) {
      RESCUE_CHECK(end_token(tx, token, user, by, "ended", now));
      ++ended;
    }
    cursor = page.next_cursor;
  } while (!cursor.empty());
  return ended;
}

base::Result<std::vector<base::Guid>> end_idle(store::Transaction& tx, base::WallTime now, std::size_t limit) {
  RESCUE_TRY(const auto site, site_policy::duration(tx, Setting::sign_in_idle));
  RESCUE_TRY(const auto candidates, store::tokens::idle(tx, site, now, limit));
  std::vector<base::Guid> users;
  for (const auto& token : candidates) {
    RESCUE_TRY(const auto user, store::users::get(tx, token.user));
    RESCUE_TRY(const auto live, check(tx, token, user, now));
    if (live) continue;
    RESCUE_CHECK(end_token(tx, token, user, By("rescue-broker"), "inactivity", now));
    users.push_back(user.id);
  }
  return users;
}

}  // namespace rescue::directory::sign_ins

// SPDX-License-Identifier: Apache-2.0
#include "directory/invitations.hpp"

#include <fmt/format.h>

#include "crypto/token.hpp"
#include "directory/impl/event.hpp"
#include "directory/site_policy.hpp"
#include "store/sign_ins.hpp"
#include "store/users.hpp"

namespace rescue::directory::invitations {
namespace {
std::unexpected<base::Error> invalid() { return base::fail(Errc::invitation_invalid, ""); }
}  // namespace

base::Result<Made> create(store::Transaction& tx, const store::User& user, const base::Guid& created_by, const By& by,
                          base::RandomSource& random, base::WallTime now) {
  if (user.role == store::UserRole::service)
    return base::fail(base::Errc::invalid_argument, "a service account has no password, it shows API tokens");
  if (user.disabled) return base::fail(Errc::account_disabled, fmt::format("'{}'", user.email));
  RESCUE_TRY(const auto lifetime, site_policy::duration(tx, Setting::invitation_lifetime));
  auto token = crypto::make_bearer_token(random, crypto::kInvitationPrefix);
  store::Invitation row;
  row.hash = base::Bytes(token.hash.begin(), token.hash.end());
  row.user = user.id;
  row.created_by = created_by;
  row.created_at = now;
  row.expires_at = now + lifetime;
  RESCUE_CHECK(store::invitations::insert(tx, row));
  impl::Json data;
  data.add("user", user.id.text()).add("email", user.email).add("expires_at", base::to_rfc3339(row.expires_at)).add(by);
  RESCUE_CHECK(
      impl::record(tx, {.type = store::EventType::user_invited, .actor = by.actor, .data = std::move(data)}, now));
  return Made{std::move(token.text), row.expires_at};
}

std::string link(std::string_view public_url, std::string_view code) {
  while (public_url.ends_with('/')) public_url.remove_suffix(1);
  return fmt::format("{}/invite#{}", public_url, code);
}

base::Result<store::User> find(store::ReadTransaction& tx, std::string_view code, base::WallTime now) {
  const auto hash = crypto::hash_bearer_token(code, crypto::kInvitationPrefix);
  if (!hash) return invalid();
  RESCUE_TRY(const auto row, store::invitations::find(tx, *hash));
  if (!row || row->used_at || row->expires_at <= now) return invalid();
  RESCUE_TRY(auto user, store::users::get(tx, row->user));
  if (user.removed_at || user.disabled || user.role == store::UserRole::service) return invalid();
  return user;
}

base::Result<store::User> use(store::Transaction& tx, std::string_view code, base::WallTime now) {
  RESCUE_TRY(auto user, find(tx, code, now));
  const auto hash = crypto::hash_bearer_token(code, crypto::kInvitationPrefix);
  RESCUE_TRY(const bool unused, store::invitations::use(tx, hash.value(), now));
  if (!unused) return invalid();
  return user;
}

}  // namespace rescue::directory::invitations

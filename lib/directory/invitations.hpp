// SPDX-License-Identifier: Apache-2.0
// One-time invitations: with one a person sets the password of an account, so that nobody else ever has it. The code is
// shown once, stored hashed, travels in the fragment of a link (which browsers send to nobody), works once and until it
// expires. SignIn::accept_invitation takes it.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::invitations {

struct Made {
  std::string code;  // secret, shown once: "rsi_…"
  base::WallTime expires_at;
};
/// An invitation for the account, in the place of an earlier one; setting invitation.lifetime. A password that the
/// account has stays until it is accepted. Logs user.invited. invalid_argument for service accounts, account_disabled.
/// `created_by`: the account of who invites, or store::kLocalAdministratorId.
[[nodiscard]] base::Result<Made> create(store::Transaction& tx, const store::User& user, const base::Guid& created_by,
                                        const By& by, base::RandomSource& random, base::WallTime now);
/// "https://site.example/invite#rsi_…"
[[nodiscard]] std::string link(std::string_view public_url, std::string_view code);

/// Whose invitation it is. invitation_invalid: unknown, used, expired, or the account is disabled or removed.
[[nodiscard]] base::Result<store::User> find(store::ReadTransaction& tx, std::string_view code, base::WallTime now);
/// find, and it is used from now on.
[[nodiscard]] base::Result<store::User> use(store::Transaction& tx, std::string_view code, base::WallTime now);

}  // namespace rescue::directory::invitations

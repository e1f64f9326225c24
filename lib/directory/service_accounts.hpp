// SPDX-License-Identifier: Apache-2.0
// Service accounts: accounts of programs. They have no password; what they show is an API token, made by an
// administrator, that expires, says in scopes what it is good for, and is stored as a hash.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::service_accounts {

inline constexpr std::size_t kMaxTokens = 50;  // that live, of one account
inline constexpr std::chrono::hours kTokenLifetime{24 * 90};
inline constexpr std::chrono::minutes kMinTokenLifetime{1};
inline constexpr std::chrono::hours kMaxTokenLifetime{24 * 366};

struct NewToken {
  base::Guid id;
  std::string name;                 // for lists and log
  std::vector<std::string> scopes;  // of all_scopes(), at least one
  std::chrono::seconds lifetime{kTokenLifetime};
};
struct CreatedToken {
  store::Token token;
  std::string text;  // secret, shown once
};
/// invalid_argument (an account of a person, a name or scope that is none, a lifetime out of bounds), account_disabled,
/// conflict beyond kMaxTokens.
[[nodiscard]] base::Result<CreatedToken> create_token(store::Transaction& tx, const store::User& account,
                                                      const NewToken& token, const By& by, base::RandomSource& random,
                                                      base::WallTime now);
/// token_not_found, also for the token of a sign-in. Revoking twice changes nothing and logs nothing.
[[nodiscard]] base::Result<store::Token> revoke_token(store::Transaction& tx, const base::Guid& id, const By& by,
                                                      base::WallTime now);
/// A token of a service account, live or not. token_not_found.
[[nodiscard]] base::Result<store::Token> find_token(store::ReadTransaction& tx, const base::Guid& id);

}  // namespace rescue::directory::service_accounts

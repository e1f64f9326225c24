// SPDX-License-Identifier: Apache-2.0
// What signing in and changing a password share.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "store/model.hpp"
#include "store/users.hpp"

namespace rescue::directory::impl {

/// A refusal is an outcome and no error of the mutation: its log event must be committed.
template <typename T>
using Outcome = base::Result<T>;

inline void wipe(std::string& secret) { base::wipe({reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()}); }

/// The account as it is now, if it is still the one whose password was checked.
inline base::Result<std::optional<store::User>> same_account(store::Transaction& tx,
                                                             const std::optional<store::User>& read) {
  if (!read) return std::nullopt;
  RESCUE_TRY(auto user, store::users::get(tx, read->id));
  if (user.removed_at || user.password_hash != read->password_hash) return std::nullopt;
  return user;
}

}  // namespace rescue::directory::impl

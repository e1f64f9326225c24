// SPDX-License-Identifier: Apache-2.0
// Accounts: made, changed, disabled, removed. Each function is one mutation with its log event; `by` is who did it and
// from where. Functions over a transaction; they check the rules of accounts, not who may call them
// (authorization.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "directory/passwords.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory {

inline constexpr std::size_t kMaxEmailBytes = 254;  // RFC 5321 section 4.5.3.1.3 less the angle brackets
inline constexpr std::size_t kMaxNameBytes = 200;

/// One "@" with something on both sides, valid UTF-8 without control, space and invisible characters, at most
/// kMaxEmailBytes.
[[nodiscard]] base::Result<> check_email(std::string_view email);
/// 1 to `max` bytes of valid UTF-8 without control characters and overrides of direction; `what` names the field in the
/// error.
[[nodiscard]] base::Result<> check_line(std::string_view text, std::string_view what, std::size_t max = kMaxNameBytes);

namespace accounts {

struct NewUser {
  base::Guid id;
  std::string email;
  std::string name;
  store::UserRole role = store::UserRole::technician;
  std::optional<HashedPassword> password;  // none: no sign-in by password until one is set
  bool must_change_password = false;       // true for initial passwords
  std::optional<base::Guid> group = {};    // none: the default one
};
/// email_taken, group_not_found, invalid_argument, also for a service account with a password.
[[nodiscard]] base::Result<store::User> create(store::Transaction& tx, const NewUser& user, const By& by,
                                               base::WallTime now);
/// By GUID text or e-mail address; removed users are not found. user_not_found.
[[nodiscard]] base::Result<store::User> find(store::ReadTransaction& tx, std::string_view id_or_email);

struct UserChange {
  std::optional<std::string> email;
  std::optional<std::string> name;
  std::optional<store::UserRole> role;
  std::optional<base::Guid> group = {};
  std::optional<std::vector<std::string>> allowed_networks = {};  // as base::NetworkRule::parse takes them
  std::optional<std::uint32_t> max_sessions = {};  // held at a time; 0: any number
};
inline constexpr std::uint32_t kMaxSessionsLimit = 1000;
/// email_taken, last_administrator, user_not_found, group_not_found; invalid_argument for a person that would become a
/// service account, or the other way. A new role counts from the next request on; what the account is in ends when the
/// role has no sessions. A new group's terms are those of the account's live grants in the same transaction.
[[nodiscard]] base::Result<store::User> change(store::Transaction& tx, const base::Guid& id, const UserChange& change,
                                               const By& by, base::WallTime now);
/// Ends every sign-in at once, revokes the account's grants and closes the sessions it holds or has waiting.
/// last_administrator. Disabling twice changes nothing and logs nothing; so with the next three.
[[nodiscard]] base::Result<store::User> disable(store::Transaction& tx, const base::Guid& id, const By& by,
                                                base::WallTime now);
[[nodiscard]] base::Result<store::User> enable(store::Transaction& tx, const base::Guid& id, const By& by,
                                               base::WallTime now);
[[nodiscard]] base::Result<store::User> unlock(store::Transaction& tx, const base::Guid& id, const By& by,
                                               base::WallTime now);
/// disable, and the e-mail address is free again. The row stays for the log. last_administrator.
[[nodiscard]] base::Result<store::User> remove(store::Transaction& tx, const base::Guid& id, const By& by,
                                               base::WallTime now);
/// A new initial password that has to be changed at the next sign-in; ends every sign-in; does not unlock.
/// invalid_argument for a service account.
[[nodiscard]] base::Result<store::User> reset_password(store::Transaction& tx, const base::Guid& id,
                                                       const HashedPassword& password, const By& by,
                                                       base::WallTime now);

}  // namespace accounts
}  // namespace rescue::directory

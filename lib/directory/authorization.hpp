// SPDX-License-Identifier: Apache-2.0
// Who may do what: one table of role and verb. The broker asks here before it does anything for a signed-in user; no
// other place decides by role. What one technician may do inside a session is the grant's business, not this table's.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"

namespace rescue::directory {

/// Whoever a valid bearer token stands for.
struct Principal {
  base::Guid id;
  std::string email;
  std::string name;
  store::UserRole role = store::UserRole::technician;
  base::Guid group;
  bool must_change_password = false;
  base::Bytes token_hash;  // of the token that was shown
};

enum class Verb : std::uint8_t {
  own_account,  // whoami, change the own password, sign out
  user_list,    // see accounts
  user_manage,  // add, change, disable, enable, unlock, reset password, remove
  session_create,
  session_list,    // object: the technician whose sessions are listed; none: everybody's
  session_read,    // object: SessionDesk::owner_for
  session_pickup,  // object of this and what follows, where nothing else is said: owner_of the session
  session_join,    // take part in a colleague's session. Whoever knows its id has been told it
  session_ticket,  // reconnect, renew the lease
  session_close,
  session_note,
  session_log_write,  // object: SessionDesk::owner_for, also after the end
  log_query,          // object: the technician whose events are asked for; of one session: owner_for; none: everybody's
  events_sessions,    // live session changes, object as session_list
  events_log,         // live log events, object as log_query
  gateway_list,
  gateway_manage,  // enrol, drain, resume, remove
};
inline constexpr std::size_t kVerbs = static_cast<std::size_t>(Verb::gateway_manage) + 1;
[[nodiscard]] std::string_view to_string(Verb verb);  // "session.pickup"

enum class Reach : std::uint8_t { none, own, any };
/// The table itself.
[[nodiscard]] Reach reach(store::UserRole role, Verb verb);

/// `owner`: whose object it is; nullopt: nobody's in particular, which only Reach::any covers.
/// password_change_required for all but own_account while the principal has to change the password; base::Errc::denied.
[[nodiscard]] base::Result<> authorize(const Principal& who, Verb verb, const std::optional<base::Guid>& owner = {});

/// Who holds a session, or made it while nobody holds it. For one caller's question: SessionDesk::owner_for.
[[nodiscard]] base::Guid owner_of(const store::Session& session);

}  // namespace rescue::directory

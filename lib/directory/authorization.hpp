// SPDX-License-Identifier: Apache-2.0
// Who may do what: one table of role and verb. The broker asks here before it does anything for a signed-in user; no
// other place decides by role. What one technician may do inside a session is the grant's business, not this table's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "directory/by.hpp"
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
  bool must_enrol_mfa = false;
  base::Guid token{};  // its id
  store::TokenKind kind = store::TokenKind::sign_in;
  std::vector<std::string> scopes{};  // of an API token
  std::string token_name{};           // of an API token
  std::string address{};              // where the call comes from; empty: this machine
  bool local = false;                 // whoever has the broker's machine, without token
  base::WallTime use_due_at{};        // from when on a use of the token is to be written down
};

/// For the log events of what they change.
[[nodiscard]] By by_of(const Principal& who);

enum class Verb : std::uint8_t {
  own_account,  // whoami, change the own password and second factor, sign out
  user_list,    // see accounts; object: the account's group
  user_manage,  // add, change, invite, disable, enable, unlock, reset, remove; object: the account's group
  group_list,
  group_manage,  // object: the group; making one is nobody's in particular
  channel_list,  // object: a group that is assigned to it
  channel_manage,
  token_list,
  token_manage,  // API tokens of service accounts
  sign_in_list,  // object: whose sign-ins, and the group
  sign_in_end,
  policy_read,  // the site's settings, and why something is allowed
  policy_manage,
  sso_manage,  // the identity provider's side
  provision,   // apply and export
  session_create,
  session_list,    // object: the technician whose sessions are listed; none: everybody's
  session_read,    // object: SessionDesk::object_for
  session_pickup,  // object of this and what follows, where nothing else is said: object_of the session
  session_join,    // take part in a colleague's session. Whoever knows its id has been told it
  session_ticket,  // reconnect, renew the lease
  session_close,
  session_note,
  session_hold,       // put the own session aside
  session_transfer,   // give it to somebody else
  session_decline,    // send a transfer back. To whom it was offered is the desk's business
  session_leave,      // end the own part in a colleague's session. Who is in one is the desk's business
  presence,           // say whether one is there, and see whether colleagues are
  session_log_write,  // object: SessionDesk::object_for, also after the end
  log_query,        // object: the technician whose events are asked for; of one session: object_for; none: everybody's
  events_sessions,  // live session changes, object as session_list
  events_log,       // live log events, object as log_query
  gateway_list,
  gateway_manage,  // enrol, drain, resume, remove
};
inline constexpr std::size_t kVerbs = static_cast<std::size_t>(Verb::gateway_manage) + 1;
[[nodiscard]] std::string_view to_string(Verb verb);  // "session.pickup"
/// What an API token needs for it: "sessions"; empty: nothing.
[[nodiscard]] std::string_view scope_of(Verb verb);
/// Every scope there is, each once.
[[nodiscard]] std::vector<std::string_view> all_scopes();

enum class Reach : std::uint8_t { none, own, group, any };
/// The table itself.
[[nodiscard]] Reach reach(store::UserRole role, Verb verb);
/// reach() of the principal's role, or none when it shows an API token without the scope.
[[nodiscard]] Reach reach(const Principal& who, Verb verb);

/// Whose thing it is, and of which group; nullopt: nobody's in particular, which only Reach::any covers. What follows
/// is of sessions alone: a queue lets in people that it does not belong to.
struct Object {
  std::optional<base::Guid> owner;
  std::optional<base::Guid> group;
  std::vector<base::Guid> queue{};         // groups whose members see it in their channel while it lives
  std::optional<base::Guid> offered_to{};  // a transfer waits for this user
  std::vector<base::Guid> takers{};        // groups whose members may pick it up now
  bool free = false;                       // nobody holds it: takers may also close it and replace its note
  Object(std::optional<base::Guid> o = {}, std::optional<base::Guid> g = {})  // NOLINT(google-explicit-constructor)
      : owner(o), group(g) {}
  Object(const base::Guid& o) : owner(o) {}  // NOLINT(google-explicit-constructor)
};

/// Reach::own covers what `who` owns; Reach::group that, and what belongs to the group `who` is in, or waits for it.
/// Reach::own also covers what a queue opens: seeing its sessions, and taking those that wait for somebody.
/// password_change_required and mfa_enrolment_required for all but own_account while the principal owes them;
/// scope_missing; base::Errc::denied.
[[nodiscard]] base::Result<> authorize(const Principal& who, Verb verb, const Object& object = {});

/// What changing the setting of that name needs: those of single sign-on say who may come in as whom, and are for those
/// who choose the identity provider, by whichever request they are changed.
[[nodiscard]] Verb verb_of_setting(std::string_view name);

/// Whether somebody of role `who` may make, change and end accounts of the role `account`, and give that role. A group
/// administrator cares for technicians alone. A service makes no administrators and no services: who stole its token
/// could not stay.
[[nodiscard]] bool may_administer(store::UserRole who, store::UserRole account);
/// authorize() for user_list, user_manage, sign_in_list and sign_in_end on one account: its group decides and, for
/// verbs that change it, may_administer. Nobody manages the own account; the own sign-ins are one's own.
[[nodiscard]] base::Result<> authorize_account(const Principal& who, Verb verb, const store::User& account);

/// Who holds a session, or made it while nobody holds it. For one caller's question: SessionDesk::object_for.
[[nodiscard]] base::Guid owner_of(const store::Session& session);

}  // namespace rescue::directory

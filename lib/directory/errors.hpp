// SPDX-License-Identifier: Apache-2.0
// Refusals of the directory. The names are those of the HTTP API; what callers get beside them is base::Errc and
// store::Errc.
#pragma once

#include "base/error.hpp"

namespace rescue::directory {

enum class Errc : int {
  user_not_found = 1,
  session_not_found,
  gateway_not_found,
  sign_in_failed,            // unknown account, wrong password or locked account: told apart in the log alone
  sign_in_needed,            // no token, an unknown, expired or revoked one
  account_disabled,          // right password, but an administrator disabled the account
  password_change_required,  // signed in, but the password has to be changed first
  password_too_weak,         // below the site's minimum strength, too short or too long; the context says which
  email_taken,
  last_administrator,  // would leave the site without anybody who can administer it
  pin_unknown,
  pin_expired,
  pin_spent,          // an applet has registered with it
  guid_unknown,       // no live session has this authentication GUID
  key_already_bound,  // another applet key registered first
  already_picked_up,
  not_waiting,  // no applet has registered yet
  session_ended,
  wrong_state,              // the transition table has no such step from here
  not_your_session,         // another technician holds it
  enrolment_token_invalid,  // unknown, used, expired, or for another gateway name
  name_taken,
  permission_missing,      // the technician's group does not allow it
  code_needed,             // right password; a code of the second factor is missing
  mfa_enrolment_required,  // signed in, but a second factor has to be set up first
  network_not_allowed,     // not from this address
  scope_missing,           // the API token does not have the scope for it
  sso_required,            // members of this group do not sign in by password
  sso_refused,             // what the identity provider sent was not accepted; the context names the rule
  group_not_found,
  channel_not_found,
  token_not_found,
  group_in_use,        // it has members, or is the default group
  invitation_invalid,  // unknown, used or expired
  request_id_reused,   // the same id came before with another request
  too_many_sessions,   // the technician holds as many as allowed
  technician_away,     // nobody of those it should go to is there
  channel_in_use,      // sessions wait in it
  code_wrong,          // the code of the second factor is wrong, was used, or is too old
};
const base::ErrorDomain& error_domain(Errc);

}  // namespace rescue::directory

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
  permission_missing,  // the technician's group does not allow it
};
const base::ErrorDomain& error_domain(Errc);

}  // namespace rescue::directory

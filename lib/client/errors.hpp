// SPDX-License-Identifier: Apache-2.0
// What the broker may refuse, by the names of its API, and what this side adds. Exit codes follow man rescue(1).
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace rescue::client {

enum class Errc : int {
  sign_in_needed = 1,  // no token, or one that the broker does not accept
  denied,              // this account may not do that
  account_disabled,
  account_locked,
  password_change_required,
  password_too_weak,   // the broker says by how much, or that it was used before
  invitation_invalid,  // unknown, used or expired
  sso_required,        // the account's group signs in through the identity provider
  sso_refused,         // the site accepted nothing of what the identity provider sent
  session_not_found,
  user_not_found,
  gateway_not_found,
  not_found,  // something else that the API has no name for here
  conflict,
  already_picked_up,
  key_already_bound,
  pin_spent,
  pin_unknown,
  pin_expired,
  invalid_argument,  // the broker names the field
  too_large,
  rate_limited,
  unavailable,             // the broker is there but cannot serve now
  timed_out,               // a request that came too slowly, or a query that takes too long
  bad_answer,              // not what the API says
  session_over,            // the session has ended
  not_linked,              // the supported machine is not connected now
  input_taken,             // another view holds pointer and keyboard
  recording_failed,        // the recording cannot be written
  input_held,              // the user is being asked something: input would be dropped
  code_needed,             // a code of the second factor is missing or wrong
  mfa_enrolment_required,  // a second factor has to be set up first
  network_not_allowed,     // not from where this end is
  scope_missing,           // the API token is not made for it
  group_not_found,
  channel_not_found,
  token_not_found,
  group_in_use,       // somebody is in it, or new accounts get it
  request_id_reused,  // it came before with another request
  too_many_sessions,  // the technician holds as many as allowed
  technician_away,    // nobody of those it should go to is there
  channel_in_use,     // sessions wait in it
};
const base::ErrorDomain& error_domain(Errc);

/// The Errc for an API error name ("SESSION_NOT_FOUND"), else by HTTP status.
[[nodiscard]] Errc errc_of(std::string_view api_name, unsigned status);
/// True for errors of this room: their context is the whole message.
[[nodiscard]] bool is_client_error(const base::Error& error);
/// "context" for client errors, else Error::message().
[[nodiscard]] std::string message_of(const base::Error& error);

}  // namespace rescue::client

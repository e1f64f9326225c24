// SPDX-License-Identifier: Apache-2.0
#include "client/errors.hpp"

#include <algorithm>
#include <array>

namespace rescue::client {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::sign_in_needed), "SIGN_IN_NEEDED", "sign in with 'rescue login'", Exit::sign_in_needed, false},
    ErrorEntry{int(Errc::denied), "DENIED", "not allowed", Exit::denied, false},
    ErrorEntry{int(Errc::account_disabled), "ACCOUNT_DISABLED", "the account is disabled", Exit::denied, false},
    ErrorEntry{int(Errc::account_locked), "ACCOUNT_LOCKED", "the account is locked after failed sign-ins", Exit::denied,
               false},
    ErrorEntry{int(Errc::password_change_required), "PASSWORD_CHANGE_REQUIRED",
               "the password must be changed first with 'rescue passwd'", Exit::denied, false},
    ErrorEntry{int(Errc::password_too_weak), "PASSWORD_TOO_WEAK", "choose a stronger password", Exit::usage, false},
    ErrorEntry{int(Errc::invitation_invalid), "INVITATION_INVALID", "the invitation is unknown, used or expired",
               Exit::denied, false},
    ErrorEntry{int(Errc::sso_required), "SSO_REQUIRED", "sign in through the identity provider: rescue login --sso",
               Exit::denied, false},
    ErrorEntry{int(Errc::sso_refused), "SSO_REFUSED", "the sign-in through the identity provider was refused",
               Exit::verification_failed, false},
    ErrorEntry{int(Errc::session_not_found), "SESSION_NOT_FOUND", "no such session", Exit::not_found, false},
    ErrorEntry{int(Errc::user_not_found), "USER_NOT_FOUND", "no such user", Exit::not_found, false},
    ErrorEntry{int(Errc::gateway_not_found), "GATEWAY_NOT_FOUND", "no such gateway", Exit::not_found, false},
    ErrorEntry{int(Errc::not_found), "NOT_FOUND", "not found", Exit::not_found, false},
    ErrorEntry{int(Errc::conflict), "CONFLICT", "conflicts with the present state", Exit::conflict, false},
    ErrorEntry{int(Errc::already_picked_up), "ALREADY_PICKED_UP", "another technician has it", Exit::conflict, false},
    ErrorEntry{int(Errc::key_already_bound), "KEY_ALREADY_BOUND", "bound to another key", Exit::conflict, false},
    ErrorEntry{int(Errc::pin_spent), "PIN_SPENT", "the PIN was used already", Exit::conflict, false},
    ErrorEntry{int(Errc::pin_unknown), "PIN_UNKNOWN", "no such PIN", Exit::not_found, false},
    ErrorEntry{int(Errc::pin_expired), "PIN_EXPIRED", "the PIN has expired", Exit::timed_out, false},
    ErrorEntry{int(Errc::invalid_argument), "INVALID_ARGUMENT", "not a valid value", Exit::usage, false},
    ErrorEntry{int(Errc::too_large), "TOO_LARGE", "too large", Exit::failed, false},
    ErrorEntry{int(Errc::rate_limited), "RATE_LIMITED", "too many requests; try again later", Exit::denied, true},
    ErrorEntry{int(Errc::unavailable), "UNAVAILABLE", "the broker cannot serve now", Exit::unreachable, true},
    ErrorEntry{int(Errc::timed_out), "TIMED_OUT", "timed out", Exit::timed_out, true},
    ErrorEntry{int(Errc::bad_answer), "BAD_ANSWER", "the broker's answer is not understood", Exit::failed, false},
    ErrorEntry{int(Errc::session_over), "SESSION_OVER", "the session has ended", Exit::conflict, false},
    ErrorEntry{int(Errc::not_linked), "NOT_LINKED", "the supported machine is not connected", Exit::unreachable, true},
    ErrorEntry{int(Errc::input_taken), "INPUT_TAKEN", "another view holds pointer and keyboard", Exit::conflict, true},
    ErrorEntry{int(Errc::recording_failed), "RECORDING_FAILED", "the recording cannot be written", Exit::failed, true},
    ErrorEntry{int(Errc::code_needed), "CODE_NEEDED", "a code of the second factor is needed", Exit::sign_in_needed,
               false},
    ErrorEntry{int(Errc::mfa_enrolment_required), "MFA_ENROLMENT_REQUIRED",
               "a second factor must be set up first with 'rescue mfa enroll'", Exit::denied, false},
    ErrorEntry{int(Errc::network_not_allowed), "NETWORK_NOT_ALLOWED", "not allowed from this network", Exit::denied,
               false},
    ErrorEntry{int(Errc::scope_missing), "SCOPE_MISSING", "the API token does not have the scope for it", Exit::denied,
               false},
    ErrorEntry{int(Errc::group_not_found), "GROUP_NOT_FOUND", "no such group", Exit::not_found, false},
    ErrorEntry{int(Errc::channel_not_found), "CHANNEL_NOT_FOUND", "no such channel", Exit::not_found, false},
    ErrorEntry{int(Errc::token_not_found), "TOKEN_NOT_FOUND", "no such token", Exit::not_found, false},
    ErrorEntry{int(Errc::group_in_use), "GROUP_IN_USE", "the group has members or is the default one", Exit::conflict,
               false},
    ErrorEntry{int(Errc::request_id_reused), "REQUEST_ID_REUSED", "the request id was used for another request",
               Exit::conflict, false},
    ErrorEntry{int(Errc::too_many_sessions), "TOO_MANY_SESSIONS", "the technician holds as many sessions as allowed",
               Exit::conflict, true},
    ErrorEntry{int(Errc::technician_away), "TECHNICIAN_AWAY", "nobody is there to take it", Exit::conflict, true},
    ErrorEntry{int(Errc::channel_in_use), "CHANNEL_IN_USE", "sessions wait in the channel", Exit::conflict, true},
    ErrorEntry{int(Errc::input_held), "INPUT_HELD", "the user is being asked something", Exit::conflict, true},
};
constexpr base::ErrorDomain kDomain{"client", kEntries};

Errc by_status(unsigned status) {
  switch (status) {
    case 400:
      return Errc::invalid_argument;
    case 401:
      return Errc::sign_in_needed;
    case 403:
      return Errc::denied;
    case 404:
    case 410:
      return Errc::not_found;
    case 408:
      return Errc::timed_out;
    case 409:
      return Errc::conflict;
    case 413:
      return Errc::too_large;
    case 429:
      return Errc::rate_limited;
    default:
      return status >= 500 ? Errc::unavailable : Errc::bad_answer;
  }
}
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

Errc errc_of(std::string_view api_name, unsigned status) {
  const auto it = std::ranges::find(kEntries, api_name, &ErrorEntry::name);
  return it != kEntries.end() ? static_cast<Errc>(it->value) : by_status(status);
}

bool is_client_error(const base::Error& error) { return &error.code.domain() == &kDomain; }

std::string message_of(const base::Error& error) {
  return is_client_error(error) && !error.context.empty() ? error.context : error.message();
}

}  // namespace rescue::client

// SPDX-License-Identifier: Apache-2.0
#include "directory/errors.hpp"

#include <array>

namespace rescue::directory {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::user_not_found), "USER_NOT_FOUND", "no such user", Exit::not_found, false},
    ErrorEntry{int(Errc::session_not_found), "SESSION_NOT_FOUND", "no such session", Exit::not_found, false},
    ErrorEntry{int(Errc::gateway_not_found), "GATEWAY_NOT_FOUND", "no such gateway", Exit::not_found, false},
    ErrorEntry{int(Errc::sign_in_failed), "SIGN_IN_NEEDED",
               "e-mail address or password is wrong, or the account is locked", Exit::sign_in_needed, false},
    ErrorEntry{int(Errc::sign_in_needed), "SIGN_IN_NEEDED", "sign in first", Exit::sign_in_needed, false},
    ErrorEntry{int(Errc::account_disabled), "ACCOUNT_DISABLED", "the account is disabled", Exit::denied, false},
    ErrorEntry{int(Errc::password_change_required), "PASSWORD_CHANGE_REQUIRED", "the password has to be changed first",
               Exit::denied, false},
    ErrorEntry{int(Errc::password_too_weak), "PASSWORD_TOO_WEAK", "choose a stronger password", Exit::usage, false},
    ErrorEntry{int(Errc::email_taken), "CONFLICT", "another user has this e-mail address", Exit::conflict, false},
    ErrorEntry{int(Errc::last_administrator), "CONFLICT", "the site would be left without an administrator",
               Exit::conflict, false},
    ErrorEntry{int(Errc::pin_unknown), "PIN_UNKNOWN", "no session has this PIN", Exit::not_found, false},
    ErrorEntry{int(Errc::pin_expired), "PIN_EXPIRED", "this PIN has expired", Exit::timed_out, false},
    ErrorEntry{int(Errc::pin_spent), "PIN_SPENT", "this PIN has been used", Exit::conflict, false},
    ErrorEntry{int(Errc::guid_unknown), "SESSION_NOT_FOUND", "no session is meant for this applet", Exit::not_found,
               false},
    ErrorEntry{int(Errc::key_already_bound), "KEY_ALREADY_BOUND", "another applet has registered for this session",
               Exit::conflict, false},
    ErrorEntry{int(Errc::already_picked_up), "ALREADY_PICKED_UP", "a technician has this session", Exit::conflict,
               false},
    ErrorEntry{int(Errc::not_waiting), "CONFLICT", "no applet has come for this session yet", Exit::conflict, true},
    ErrorEntry{int(Errc::session_ended), "CONFLICT", "the session has ended", Exit::conflict, false},
    ErrorEntry{int(Errc::wrong_state), "CONFLICT", "not possible in the session's present state", Exit::conflict,
               false},
    ErrorEntry{int(Errc::not_your_session), "DENIED", "another technician holds this session", Exit::denied, false},
    ErrorEntry{int(Errc::enrolment_token_invalid), "DENIED",
               "the enrolment token is unknown, used, expired or for another name", Exit::denied, false},
    ErrorEntry{int(Errc::name_taken), "CONFLICT", "the name or key is in use", Exit::conflict, false},
    ErrorEntry{int(Errc::permission_missing), "DENIED", "the technician's group does not allow it", Exit::denied,
               false},
    ErrorEntry{int(Errc::code_needed), "CODE_NEEDED", "a code of the second factor is needed", Exit::sign_in_needed,
               false},
    ErrorEntry{int(Errc::mfa_enrolment_required), "MFA_ENROLMENT_REQUIRED", "a second factor has to be set up first",
               Exit::denied, false},
    ErrorEntry{int(Errc::network_not_allowed), "NETWORK_NOT_ALLOWED", "not allowed from this network", Exit::denied,
               false},
    ErrorEntry{int(Errc::scope_missing), "SCOPE_MISSING", "the API token does not have the scope for it", Exit::denied,
               false},
    ErrorEntry{int(Errc::sso_required), "SSO_REQUIRED", "sign in through the identity provider", Exit::denied, false},
    ErrorEntry{int(Errc::sso_refused), "SSO_REFUSED", "the identity provider's response was refused",
               Exit::verification_failed, false},
    ErrorEntry{int(Errc::group_not_found), "GROUP_NOT_FOUND", "no such group", Exit::not_found, false},
    ErrorEntry{int(Errc::channel_not_found), "CHANNEL_NOT_FOUND", "no such channel", Exit::not_found, false},
    ErrorEntry{int(Errc::token_not_found), "TOKEN_NOT_FOUND", "no such token", Exit::not_found, false},
    ErrorEntry{int(Errc::group_in_use), "GROUP_IN_USE", "the group has members or is the default one", Exit::conflict,
               false},
    ErrorEntry{int(Errc::invitation_invalid), "INVITATION_INVALID", "the invitation is unknown, used or expired",
               Exit::denied, false},
    ErrorEntry{int(Errc::too_many_sessions), "TOO_MANY_SESSIONS", "the technician holds as many sessions as allowed",
               Exit::conflict, true},
    ErrorEntry{int(Errc::technician_away), "TECHNICIAN_AWAY", "nobody is there to take it", Exit::conflict, true},
    ErrorEntry{int(Errc::channel_in_use), "CHANNEL_IN_USE", "sessions wait in the channel", Exit::conflict, true},
    ErrorEntry{int(Errc::code_wrong), "CODE_NEEDED", "the code of the second factor is wrong, was used, or is too old",
               Exit::sign_in_needed, false},
    ErrorEntry{int(Errc::request_id_reused), "REQUEST_ID_REUSED", "this request id came before with another request",
               Exit::conflict, false},
};
constexpr base::ErrorDomain kDomain{"directory", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

}  // namespace rescue::directory

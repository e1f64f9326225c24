// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/api_error.hpp"

#include <array>

#include "base/log.hpp"
#include "crypto/errors.hpp"
#include "directory/errors.hpp"
#include "store/errors.hpp"

namespace rescue::broker {
namespace {

using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::rate_limited), "RATE_LIMITED", "too many tries; wait a moment", Exit::denied, true},
    ErrorEntry{int(Errc::unavailable), "UNAVAILABLE", "the broker is busy or going down", Exit::unreachable, true},
    ErrorEntry{int(Errc::no_certificate), "SIGN_IN_NEEDED", "a client certificate is needed", Exit::sign_in_needed,
               false},
    ErrorEntry{int(Errc::query_too_slow), "TIMED_OUT",
               "the query takes too long; narrow it by session, technician, type or time", Exit::timed_out, true},
};
constexpr base::ErrorDomain kDomain{"broker", kEntries};

struct Row {
  base::ErrorCode code;
  unsigned status;
  std::string_view name;  // empty: the code's own
};

const auto& rows() {
  using D = directory::Errc;
  using B = base::Errc;
  using C = crypto::Errc;
  static const std::array kRows{
      Row{Errc::rate_limited, 429, {}},
      Row{Errc::unavailable, 503, {}},
      Row{Errc::no_certificate, 401, {}},
      Row{Errc::query_too_slow, 503, {}},
      Row{D::user_not_found, 404, {}},
      Row{D::session_not_found, 404, {}},
      Row{D::gateway_not_found, 404, {}},
      Row{D::sign_in_failed, 401, {}},
      Row{D::sign_in_needed, 401, {}},
      Row{D::account_disabled, 403, {}},
      Row{D::password_change_required, 403, {}},
      Row{D::password_too_weak, 400, {}},
      Row{D::email_taken, 409, {}},
      Row{D::last_administrator, 409, {}},
      Row{D::pin_unknown, 404, {}},
      Row{D::pin_expired, 410, {}},
      Row{D::pin_spent, 409, {}},
      Row{D::guid_unknown, 404, {}},
      Row{D::key_already_bound, 409, {}},
      Row{D::already_picked_up, 409, {}},
      Row{D::not_waiting, 409, {}},
      Row{D::session_ended, 409, {}},
      Row{D::wrong_state, 409, {}},
      Row{D::not_your_session, 403, {}},
      Row{D::enrolment_token_invalid, 403, {}},
      Row{D::name_taken, 409, {}},
      Row{D::permission_missing, 403, {}},
      Row{D::code_needed, 403, {}},
      Row{D::code_wrong, 401, {}},
      Row{D::mfa_enrolment_required, 403, {}},
      Row{D::network_not_allowed, 403, {}},
      Row{D::scope_missing, 403, {}},
      Row{D::sso_required, 403, {}},
      Row{D::sso_refused, 403, {}},
      Row{D::group_not_found, 404, {}},
      Row{D::channel_not_found, 404, {}},
      Row{D::token_not_found, 404, {}},
      Row{D::group_in_use, 409, {}},
      Row{D::invitation_invalid, 403, {}},
      Row{D::too_many_sessions, 409, {}},
      Row{D::technician_away, 409, {}},
      Row{D::channel_in_use, 409, {}},
      Row{D::request_id_reused, 409, {}},
      Row{B::invalid_argument, 400, {}},
      Row{B::bad_format, 400, "INVALID_ARGUMENT"},
      Row{B::too_large, 413, {}},
      Row{B::not_found, 404, {}},
      Row{B::conflict, 409, {}},
      Row{B::denied, 403, {}},
      Row{B::sign_in_needed, 401, {}},
      Row{B::timed_out, 503, "UNAVAILABLE"},
      Row{B::canceled, 503, "UNAVAILABLE"},  // its client has left
      Row{B::no_space, 503, "UNAVAILABLE"},
      Row{C::key_malformed, 400, "INVALID_ARGUMENT"},
      Row{C::key_unsupported, 400, "INVALID_ARGUMENT"},
      Row{C::signature_invalid, 400, "INVALID_ARGUMENT"},
      Row{store::Errc::overloaded, 503, "UNAVAILABLE"},
      Row{store::Errc::stopped, 503, "UNAVAILABLE"},
  };
  return kRows;
}

}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

ApiError api_error(const base::Error& error) {
  for (const auto& row : rows()) {
    if (!(row.code == error.code)) continue;
    std::string name(row.name.empty() ? error.code.name() : row.name);
    const bool unavailable = name == "UNAVAILABLE";
    return {row.status, std::move(name), unavailable ? "the broker cannot do this now; try again" : error.message(),
            unavailable || error.retryable()};
  }
  return {500, "INTERNAL", "the broker failed; its log has the details under this request id", false};
}

net::HttpResponse error_response(const base::Error& error, std::string_view request_id) {
  const auto told = api_error(error);
  if (told.status >= 500) {
    base::log(told.status == 500 ? base::LogLevel::error : base::LogLevel::warn, "broker", "request failed",
              {{"request_id", request_id}, {"error", error.code.name()}, {"what", error.message()}});
  }
  return net::HttpResponse::error(told.status, told.name, told.message, told.retryable, request_id);
}

}  // namespace rescue::broker

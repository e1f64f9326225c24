// SPDX-License-Identifier: Apache-2.0
#include "applet/core/errors.hpp"

#include <array>

namespace rescue::applet {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::pin_unknown), "PIN_UNKNOWN", "the site does not know this PIN", Exit::not_found, false},
    ErrorEntry{int(Errc::pin_expired), "PIN_EXPIRED", "this PIN has expired; ask for a new one", Exit::timed_out,
               false},
    ErrorEntry{int(Errc::pin_spent), "PIN_SPENT", "this PIN was used already; ask for a new one", Exit::conflict,
               false},
    ErrorEntry{int(Errc::key_already_bound), "KEY_ALREADY_BOUND", "another computer has taken this session",
               Exit::conflict, false},
    ErrorEntry{int(Errc::session_not_found), "SESSION_NOT_FOUND", "the site does not know this session",
               Exit::not_found, false},
    ErrorEntry{int(Errc::session_ended), "SESSION_ENDED", "the session is over", Exit::conflict, false},
    ErrorEntry{int(Errc::rate_limited), "RATE_LIMITED", "too many tries; wait a minute", Exit::denied, true},
    ErrorEntry{int(Errc::unavailable), "UNAVAILABLE", "the site is busy", Exit::unreachable, true},
    ErrorEntry{int(Errc::refused), "REFUSED", "the site refused", Exit::denied, false},
    ErrorEntry{int(Errc::bad_answer), "BAD_ANSWER", "the site's answer makes no sense", Exit::failed, false},
};
constexpr base::ErrorDomain kDomain{"applet", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

Errc errc_of(std::string_view name, unsigned status) {
  for (const auto& entry : kEntries)
    if (entry.name == name) return static_cast<Errc>(entry.value);
  if (name == "GUID_UNKNOWN" || name == "SIGN_IN_NEEDED" || status == 401) return Errc::session_not_found;
  if (name == "CONFLICT") return Errc::session_ended;  // an applet's requests meet no other
  if (status == 429) return Errc::rate_limited;
  if (status == 408 || status >= 500) return Errc::unavailable;
  return Errc::refused;
}

}  // namespace rescue::applet

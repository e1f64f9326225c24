// SPDX-License-Identifier: Apache-2.0
#include "peer/errors.hpp"

#include <array>

namespace rescue::peer {

const base::ErrorDomain& error_domain(Errc) {
  using base::Exit;
  static constexpr std::array<base::ErrorEntry, 10> kEntries{{
      {static_cast<int>(Errc::gateway_protocol), "GATEWAY_PROTOCOL", "the gateway broke the protocol", Exit::failed,
       true},
      {static_cast<int>(Errc::gateway_refused), "GATEWAY_REFUSED", "the gateway cannot take the connection now",
       Exit::unreachable, true},
      {static_cast<int>(Errc::ticket_refused), "TICKET_REFUSED", "the gateway did not accept the ticket", Exit::denied,
       true},
      {static_cast<int>(Errc::not_admitted), "NOT_ADMITTED", "the site does not admit this end to the session",
       Exit::denied, true},
      {static_cast<int>(Errc::holder_refused), "HOLDER_REFUSED", "the ticket belongs to another key or session",
       Exit::verification_failed, false},
      {static_cast<int>(Errc::wrong_applet), "WRONG_APPLET", "the other end is not the applet of this session",
       Exit::verification_failed, true},
      {static_cast<int>(Errc::wrong_console), "WRONG_CONSOLE", "no grant allows this console",
       Exit::verification_failed, true},
      {static_cast<int>(Errc::grant_invalid), "GRANT_INVALID", "the grant is not valid for this applet",
       Exit::verification_failed, false},
      {static_cast<int>(Errc::replaced), "REPLACED", "the technician came back with another key", Exit::conflict,
       false},
      {static_cast<int>(Errc::network_refused), "NETWORK_NOT_ALLOWED",
       "this network is not allowed to reach the session", Exit::denied, true},
  }};
  static constexpr base::ErrorDomain kDomain{"peer", kEntries};
  return kDomain;
}

}  // namespace rescue::peer

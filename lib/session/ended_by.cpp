// SPDX-License-Identifier: Apache-2.0
#include "session/ended_by.hpp"

#include "wire/session_state.hpp"

namespace rescue::session {

wire::session::EndedBy ended_by(std::string_view party) {
  using wire::session::EndedBy;
  switch (wire::parse_party(party).value_or(wire::Party::broker)) {
    case wire::Party::none:
      return EndedBy::none;
    case wire::Party::user:
      return EndedBy::user;
    case wire::Party::technician:
      return EndedBy::technician;
    case wire::Party::administrator:
      return EndedBy::administrator;
    case wire::Party::broker:
      return EndedBy::broker;
    case wire::Party::applet:
      return EndedBy::applet;
    case wire::Party::console:
      return EndedBy::console;
  }
  return EndedBy::broker;
}

}  // namespace rescue::session

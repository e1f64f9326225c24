// SPDX-License-Identifier: Apache-2.0
// The digits that the technician reads out to the user (man rescue-protocol(7), SHORT AUTHENTICATION STRING).
#include "client/session_agent.hpp"

namespace rescue::client {
namespace json = boost::json;

json::object SessionAgent::digits_view() const {
  return {{"digits", sas_.digits.empty() ? json::value(nullptr) : json::value(sas_.digits)},
          {"state", wire::session::EnumNameSasOutcome(sas_.outcome)},
          {"attempts_left", sas_.attempts_left}};
}

void SessionAgent::on_desk(const session::SasChanged& e) {
  sas_ = e;
  broadcast("digits", digits_view());
}

}  // namespace rescue::client

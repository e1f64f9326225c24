// SPDX-License-Identifier: Apache-2.0
// What a session's process reads from the broker's answers.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "client/broker_api.hpp"
#include "peer/console_peer.hpp"

namespace rescue::client::impl {

/// `answer`: Pickup or TicketRenewal.
base::Result<peer::Admission> admission_of(const auto& answer) {
  if (answer.gateways.empty()) return base::fail(base::Errc::unreachable, "the site has no gateway");
  peer::Admission out;
  out.ticket = answer.ticket;
  out.gateway_ca_pin = answer.gateway_ca_pin;
  for (const auto& g : answer.gateways) out.gateways.emplace_back(g.id, net::Endpoint(g.host, g.port));
  return out;
}

/// Id of who holds the session; "" for nobody.
inline std::string technician_of(const boost::json::object& session) {
  const auto* t = session.if_contains("technician");
  return t != nullptr && t->is_object() ? text_field(t->as_object(), "id").value_or("") : "";
}

/// Number of the session's newest grant; 0 from a broker that does not say.
inline std::uint64_t generation_of(const boost::json::object& session) {
  const auto* n = session.if_contains("generation");
  boost::system::error_code ec;
  const auto value = n != nullptr ? n->to_number<std::uint64_t>(ec) : 0;
  return ec ? 0 : value;
}

/// Whether the technician is in the session: not after it was put aside or given away, or after leaving it.
inline bool takes_part(const boost::json::object& session, std::string_view email) {
  const auto in_it = array_field(session, "technicians");
  return !in_it || std::ranges::any_of(*in_it, [&](const boost::json::value& one) {
           return one.is_object() && text_field(one.as_object(), "email").value_or("") == email;
         });
}

}  // namespace rescue::client::impl

// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/console_network.hpp"

#include <algorithm>

#include "directory/networks.hpp"
#include "net/endpoint.hpp"
#include "store/users.hpp"

namespace rescue::broker {

bool from_allowed_network(store::ReadTransaction& tx, const base::Guid& technician, std::string_view remote) {
  const auto user = store::users::get(tx, technician);
  if (!user) return false;
  const auto rule = directory::networks::rule_of(tx, *user);
  if (!rule) return false;
  if (!rule->restricts()) return true;
  const auto at = net::Endpoint::parse(remote);
  if (!at) return false;
  const auto address = base::IpAddress::parse(at->host);
  return address && rule->allows(*address);
}

bool console_may_stay(store::ReadTransaction& tx, const base::Guid& session, base::ByteView fingerprint,
                      std::string_view remote) {
  const auto grants = store::grants::current(tx, session);
  if (!grants) return true;
  const auto holds = [&](const store::Grant& g) { return std::ranges::equal(g.console_fingerprint, fingerprint); };
  const auto grant = std::ranges::find_if(*grants, holds);
  return grant == grants->end() || from_allowed_network(tx, grant->technician, remote);
}

}  // namespace rescue::broker

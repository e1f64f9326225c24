// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "crypto/gateway_certificate.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"
#include "directory/gateways.hpp"
#include "net/endpoint.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace gateways = directory::gateways;
namespace {

json::object gateway_view(const Services& s, const store::Gateway& gateway) {
  const auto load = s.gateways.load_of(gateway.id);
  json::array addresses;
  for (const auto& address : gateway.addresses) addresses.emplace_back(address);
  const auto first = gateway.addresses.empty() ? base::Result<net::Endpoint>(net::Endpoint())
                                               : net::Endpoint::parse(gateway.addresses.front());
  json::object out{{"id", gateway.id.text()},
                   {"name", gateway.name},
                   {"host", first ? first->host : ""},
                   {"port", first ? first->port : 0},
                   {"addresses", std::move(addresses)},
                   {"fingerprint", base::to_hex(gateway.fingerprint)},
                   {"draining", gateway.draining},
                   {"connected", load.connected},
                   {"enrolled_at", base::to_rfc3339(gateway.enrolled_at)},
                   {"last_seen_at", time_view(gateway.last_seen_at)},
                   {"pairs", nullptr},
                   {"waiting", nullptr}};
  if (load.connected) {
    out["pairs"] = load.pairs;
    out["waiting"] = load.waiting;
  }
  return out;
}

/// "{gateway}" is an id or a name.
base::Result<store::Gateway> named_gateway(store::ReadTransaction& tx, const Call& c) {
  const auto named = c.request.param("gateway");
  RESCUE_TRY(const auto rows, store::gateways::list(tx));
  for (const auto& row : rows)
    if (row.name == named || row.id.text() == named) return row;
  return base::fail(directory::Errc::gateway_not_found, "gateway");
}

Answer set_draining(Services& s, Call& c, bool draining) {
  RESCUE_TRY(const auto gateway, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::Gateway> {
    RESCUE_TRY(const auto named, named_gateway(tx, c));
    return gateways::set_draining(tx, named.id, draining, c.by(), c.now);
  }));
  s.gateways.drain(gateway.id, draining);
  return Reply{.body = json::object{{"gateway", gateway_view(s, gateway)}}};
}

/// The names that a gateway's certificate is for: the hosts of its addresses, not what its request says.
base::Result<crypto::ServerNames> names_of(const std::vector<std::string>& addresses) {
  std::vector<std::string> hosts;
  for (const auto& address : addresses) {
    RESCUE_TRY(auto endpoint, net::Endpoint::parse(address));
    hosts.push_back(std::move(endpoint.host));
  }
  return crypto::ServerNames::from(hosts);
}

}  // namespace

Answer create_gateway_token(Services& s, Call& c) {
  RESCUE_TRY(const auto name, read_gateway_name(c.request.body));
  RESCUE_TRY(const auto made, s.store->write_now([&](store::Transaction& tx) {
    return gateways::invite(tx, name, c.who(), s.random, c.now);
  }));
  return Reply{.status = 201,
               .body = json::object{{"token", made.token}, {"expires_at", base::to_rfc3339(made.expires_at)}}};
}

Answer enroll_gateway(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_enroll(c.request.body));
  RESCUE_TRY(const auto identity, crypto::PublicKey::from_spki(body.public_key));
  RESCUE_TRY(const auto request, crypto::read_csr(body.csr_pem));
  RESCUE_TRY(const auto names, names_of(body.addresses));
  const gateways::Enrolment enrolment{base::Guid::random(s.random),
                                      body.token,
                                      body.name,
                                      body.addresses,
                                      identity.spki(),
                                      base::to_bytes(request.key.fingerprint())};
  RESCUE_TRY(const auto gateway,
             s.store->write_now([&](store::Transaction& tx) { return gateways::enroll(tx, enrolment, c.now); }));
  RESCUE_TRY(const auto leaf, crypto::issue_gateway_certificate(s.site.ca_key, s.site.ca, request.key, names, c.now));
  json::array keys;
  for (const auto& key : s.site.token_keys) {
    RESCUE_TRY(const auto raw, key.raw_ed25519());
    keys.emplace_back(base::to_base64url(raw));
  }
  return Reply{.status = 201,
               .body = json::object{{"id", gateway.id.text()},
                                    {"certificate_pem", leaf.pem()},
                                    {"ca_pem", s.site.ca.pem()},
                                    {"token_keys", std::move(keys)}}};
}

Answer list_gateways(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {}));
  RESCUE_TRY(const auto rows, s.store->read_now([](store::ReadTransaction& tx) { return store::gateways::list(tx); }));
  json::array out;
  for (const auto& row : rows) out.push_back(gateway_view(s, row));
  return Reply{.body = json::object{{"gateways", std::move(out)}}};
}

Answer drain_gateway(Services& s, Call& c) { return set_draining(s, c, true); }
Answer resume_gateway(Services& s, Call& c) { return set_draining(s, c, false); }

Answer remove_gateway(Services& s, Call& c) {
  RESCUE_TRY(const auto id, s.store->write_now([&](store::Transaction& tx) -> base::Result<base::Guid> {
    RESCUE_TRY(const auto named, named_gateway(tx, c));
    RESCUE_CHECK(gateways::remove(tx, named.id, c.by(), c.now));
    return named.id;
  }));
  s.gateways.close(id, "removed");
  return Reply{};
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
#include "directory/gateways.hpp"

#include <charconv>

#include <fmt/format.h>

#include "crypto/keys.hpp"
#include "crypto/token.hpp"
#include "directory/accounts.hpp"
#include "directory/impl/event.hpp"
#include "store/gateways.hpp"

namespace rescue::directory::gateways {
namespace {
using store::EventType;
using store::Gateway;

impl::Json about(const Gateway& gateway) {
  impl::Json data;
  data.add("gateway", gateway.id.text()).add("name", gateway.name);
  return data;
}

base::Result<Gateway> get(store::ReadTransaction& tx, const base::Guid& id) {
  auto gateway = store::gateways::get(tx, id);
  const bool gone = gateway ? gateway->removed_at.has_value() : gateway.error().code == base::Errc::not_found;
  if (gone) return base::fail(Errc::gateway_not_found, id.text());
  return gateway;
}

base::Result<Gateway> save(store::Transaction& tx, Gateway gateway, EventType type, const By& by, impl::Json data,
                           base::WallTime now) {
  RESCUE_CHECK(store::gateways::update(tx, gateway));
  data.add(by);
  RESCUE_CHECK(impl::record(tx, {.type = type, .actor = by.actor, .data = std::move(data)}, now));
  return gateway;
}

/// "host:port" with a port from 1 to 65535.
base::Result<> check_addresses(const std::vector<std::string>& addresses) {
  if (addresses.empty() || addresses.size() > kMaxAddresses) {
    return base::fail(base::Errc::invalid_argument, fmt::format("addresses: 1 to {}", kMaxAddresses));
  }
  for (const auto& address : addresses) {
    RESCUE_CHECK(check_line(address, "address", 261));
    const auto colon = address.rfind(':');
    unsigned port = 0;
    if (colon != std::string::npos && colon > 0)
      std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
    if (port == 0 || port > 65535 || address.substr(colon + 1) != std::to_string(port)) {
      return base::fail(base::Errc::invalid_argument, fmt::format("address '{}': not host:port", address));
    }
  }
  return {};
}
}  // namespace

base::Result<EnrolmentInvitation> invite(store::Transaction& tx, std::string_view gateway_name, const Principal& who,
                                         base::RandomSource& random, base::WallTime now) {
  RESCUE_CHECK(check_line(gateway_name, "name"));
  RESCUE_TRY(const auto all, store::gateways::list(tx));
  for (const auto& gateway : all) {
    if (gateway.name == gateway_name) return base::fail(Errc::name_taken, fmt::format("gateway '{}'", gateway_name));
  }
  auto token = crypto::make_bearer_token(random);
  const base::WallTime expires = now + kEnrolmentLifetime;
  RESCUE_CHECK(store::enrolment_tokens::insert(tx, {base::Bytes(token.hash.begin(), token.hash.end()),
                                                    std::string(gateway_name), who.id, now, expires, std::nullopt}));
  impl::Json data;
  data.add("name", gateway_name).add(by_of(who));
  RESCUE_CHECK(
      impl::record(tx, {.type = EventType::gateway_invited, .actor = who.email, .data = std::move(data)}, now));
  return EnrolmentInvitation{std::move(token.text), expires};
}

base::Result<Gateway> enroll(store::Transaction& tx, const Enrolment& wanted, base::WallTime now) {
  const auto hash = crypto::hash_bearer_token(wanted.token);
  if (!hash) return base::fail(Errc::enrolment_token_invalid, "enrol");
  RESCUE_TRY(const auto token, store::enrolment_tokens::find(tx, *hash));
  if (!token || token->used_at || token->expires_at <= now || token->gateway_name != wanted.name) {
    return base::fail(Errc::enrolment_token_invalid, "enrol");
  }
  RESCUE_CHECK(check_addresses(wanted.addresses));
  RESCUE_TRY(const auto key, crypto::PublicKey::from_spki(wanted.identity_spki));
  const auto fingerprint = key.fingerprint();
  RESCUE_CHECK(store::enrolment_tokens::use(tx, *hash, now));
  Gateway gateway;
  gateway.id = wanted.id;
  gateway.name = wanted.name;
  gateway.addresses = wanted.addresses;
  gateway.spki = wanted.identity_spki;
  gateway.fingerprint.assign(fingerprint.begin(), fingerprint.end());
  gateway.server_fingerprint = wanted.server_fingerprint;
  gateway.enrolled_at = now;
  if (auto done = store::gateways::insert(tx, gateway); !done) {
    if (done.error().code == base::Errc::conflict)
      return base::fail(Errc::name_taken, fmt::format("gateway '{}'", gateway.name));
    return base::fail(done.error());
  }
  auto data = about(gateway);
  data.add("fingerprint", base::to_hex(gateway.fingerprint));
  RESCUE_CHECK(
      impl::record(tx, {.type = EventType::gateway_enrolled, .actor = gateway.name, .data = std::move(data)}, now));
  return gateway;
}

base::Result<Gateway> authenticate(store::ReadTransaction& tx, base::ByteView fingerprint) {
  RESCUE_TRY(auto gateway, store::gateways::find_by_fingerprint(tx, fingerprint));
  if (!gateway) return base::fail(Errc::sign_in_needed, "no gateway has this key");
  return std::move(*gateway);
}

base::Result<Gateway> connected(store::Transaction& tx, const base::Guid& id, const std::vector<std::string>& addresses,
                                base::WallTime now) {
  RESCUE_TRY(auto gateway, get(tx, id));
  if (!addresses.empty()) {
    RESCUE_CHECK(check_addresses(addresses));
    gateway.addresses = addresses;
  }
  gateway.last_seen_at = now;
  auto data = about(gateway);
  const auto actor = gateway.name;
  return save(tx, std::move(gateway), EventType::gateway_connected, actor, std::move(data), now);
}

base::Result<> lost(store::Transaction& tx, const base::Guid& id, std::string_view why, base::WallTime now) {
  // A gateway that was removed is lost, too: its connection is being ended for it.
  RESCUE_TRY(auto gateway, store::gateways::get(tx, id));
  gateway.last_seen_at = now;
  auto data = about(gateway);
  data.add("reason", why);
  const auto actor = gateway.name;
  if (auto done = save(tx, std::move(gateway), EventType::gateway_lost, actor, std::move(data), now); !done) {
    return base::fail(done.error());
  }
  return {};
}

base::Result<Gateway> set_draining(store::Transaction& tx, const base::Guid& id, bool draining, const By& by,
                                   base::WallTime now) {
  RESCUE_TRY(auto gateway, get(tx, id));
  if (gateway.draining == draining) return gateway;
  gateway.draining = draining;
  auto data = about(gateway);
  data.add("draining", draining);
  return save(tx, std::move(gateway), EventType::gateway_drained, by, std::move(data), now);
}

base::Result<> remove(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto gateway, get(tx, id));
  gateway.removed_at = now;
  auto data = about(gateway);
  if (auto done = save(tx, std::move(gateway), EventType::gateway_removed, by, std::move(data), now); !done) {
    return base::fail(done.error());
  }
  return {};
}

}  // namespace rescue::directory::gateways

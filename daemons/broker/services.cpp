// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/services.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace rescue::broker {
namespace json = boost::json;
namespace {

directory::DeskPolicy desk_policy(const BrokerSettings& s) {
  const auto seconds = [](base::Duration d) { return std::chrono::ceil<std::chrono::seconds>(d); };
  directory::DeskPolicy out;
  out.organisation = s.organisation;
  out.pin_lifetime = seconds(s.pin_lifetime);
  out.lease = seconds(s.lease);
  out.ticket_lifetime = seconds(s.ticket_lifetime);
  out.waiting_limit = seconds(s.waiting_limit);
  out.lapsed_limit = seconds(s.lapsed_limit);
  return out;
}

}  // namespace

Services::Services(BrokerSettings s, SiteState state, std::unique_ptr<store::Store> database, const base::Clock& c,
                   base::RandomSource& r)
    : settings(std::move(s)),
      site(std::move(state)),
      store(std::move(database)),
      clock(c),
      random(r),
      desk(desk_policy(settings), site.secret.copy(), random),
      login_guard(settings.login_per_address, settings.rate_refill),
      pin_guard(settings.pin_per_address, settings.rate_refill),
      visit_guard(settings.visits_per_address, settings.rate_refill),
      applets(clock.steady()),
      recordings(settings.recording_patience),
      hashing("hashing", kHashThreads, kSlowQueue),
      fast("fast", settings.workers, kFastQueue),
      slow("slow", kSlowThreads, kSlowQueue),
      log_queries("log", kLogThreads, kLogQueue),
      second_factor(site.secret.view(), random),
      sign_in(
          *store,
          [this](std::move_only_function<void()> work) {
            // The slow lane bounds how many sign-ins are under way, so this queue never fills before that one.
            hashing.post(std::move(work));
          },
          clock, random),
      sso(site.secret.view(), random),
      feed(*this),
      public_url(settings.public_url),
      own_certificate(certified_by_site(site.server, site.ca)) {
  sign_in.set_second_factor(&second_factor);
}

Services::~Services() {
  feed.stop();
  log_queries.stop();
  slow.stop();
  fast.stop();
  store->close();
  hashing.stop();
}

IsOnline Services::is_online() {
  return [this](const base::Guid& session) { return applets.online(session); };
}

json::array places_view(const std::vector<GatewayPlace>& places) {
  json::array out;
  for (const auto& place : places) {
    out.push_back(json::object{{"id", place.id.text()},
                               {"name", place.name},
                               {"host", place.host},
                               {"port", place.port},
                               {"fingerprint", base::to_hex(place.fingerprint)}});
  }
  return out;
}

base::Result<> add_gateways(json::object& to, Services& s, store::ReadTransaction& tx, const base::Guid& session) {
  RESCUE_TRY(auto rows, store::gateways::list(tx));
  to["gateways"] = places_view(s.gateways.places(std::move(rows), session));
  to["gateway_ca_pin"] = base::to_hex(s.site.ca_pin());
  return {};
}

base::Result<base::Bytes> signed_invite(const Services& s, const base::Guid& guid, base::WallTime issued,
                                        base::WallTime not_after) {
  const auto trust = s.own_certificate ? crypto::BrokerTrust::site_ca : crypto::BrokerTrust::system;
  const crypto::Invite invite{guid,   s.public_url, s.site.ca_pin(), s.site.token_keys, s.settings.organisation,
                              issued, not_after,    trust};
  return crypto::make_invite(invite, s.site.token_key);
}

base::Result<std::string> signed_ticket(const Services& s, const crypto::Ticket& ticket) {
  RESCUE_TRY(const auto envelope, crypto::make_ticket(ticket, s.site.token_key));
  return base::to_base64url(envelope);
}

base::Result<std::string> signed_grant(const Services& s, const crypto::Grant& grant) {
  RESCUE_TRY(const auto envelope, crypto::make_grant(grant, s.site.token_key));
  return base::to_base64url(envelope);
}

}  // namespace rescue::broker

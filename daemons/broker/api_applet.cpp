// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"

namespace rescue::broker {
namespace json = boost::json;

Answer redeem_pin(Services& s, Call& c) {
  RESCUE_TRY(const auto pin, read_pin(c.request.body));
  RESCUE_TRY(const auto redeemed,
             s.store->write_now([&](store::Transaction& tx) { return s.desk.redeem_pin(tx, pin, c.address, c.now); }));
  RESCUE_TRY(const auto envelope, signed_invite(s, redeemed.guid, c.now, redeemed.not_after));
  return Reply{.body = json::object{{"invite", base::to_base64url(envelope)}}};
}

Answer register_applet(Services& s, Call& c) {
  RESCUE_TRY(auto hello, read_register(c.request.body));
  if (!c.request.peer_key) return base::fail(Errc::no_certificate, "register the applet");
  hello.spki = *c.request.peer_key;
  hello.address = c.address;
  struct Outcome {
    directory::SessionDesk::RegisterOutcome registered;
    json::object places;
  };
  RESCUE_TRY(auto outcome, s.store->write_now([&](store::Transaction& tx) -> base::Result<Outcome> {
    RESCUE_TRY(auto registered, s.desk.register_applet(tx, hello, c.now));
    json::object places;
    RESCUE_CHECK(add_gateways(places, s, tx, registered.session));
    return Outcome{std::move(registered), std::move(places)};
  }));
  const auto& registered = outcome.registered.registered;
  if (!registered) {
    ++s.counters.keys_refused;
    return base::fail(directory::Errc::key_already_bound, "register the applet");
  }
  RESCUE_TRY(auto ticket, signed_ticket(s, registered->ticket));
  auto out = std::move(outcome.places);
  out["session_id"] = registered->session.id.text();
  out["ticket"] = std::move(ticket);
  out["organisation"] = s.settings.organisation;
  return Reply{.body = std::move(out)};
}

Answer renew_applet_ticket(Services& s, Call& c) {
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto ticket, s.desk.applet_ticket(tx, c.fingerprint(), c.now));
    RESCUE_TRY(auto text, signed_ticket(s, ticket));
    json::object answer{{"ticket", std::move(text)}};
    RESCUE_CHECK(add_gateways(answer, s, tx, ticket.session));
    return answer;
  }));
  return Reply{.body = std::move(out)};
}

Answer end_from_applet(Services& s, Call& c) {
  RESCUE_TRY(const auto end, read_applet_end(c.request.body));
  const directory::Actor user{wire::Party::user, "user", std::nullopt};
  // Inactivity is seen by the applet: that is a clock's end, and nobody's wish.
  const directory::Actor applet{wire::Party::applet, "applet", std::nullopt};
  RESCUE_TRY(const auto ended, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::Session> {
    RESCUE_TRY(const auto session, s.desk.session_of_applet(tx, c.fingerprint()));
    return s.desk.end(tx, session.id, end.inactive ? wire::SessionEvent::time_out : wire::SessionEvent::close,
                      end.inactive ? applet : user, end.reason, c.now);
  }));
  return Reply{};
}

Answer restart_from_applet(Services& s, Call& c) {
  RESCUE_TRY(const auto starts, read_restart(c.request.body));
  RESCUE_TRY(const auto stepped, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::Session> {
    RESCUE_TRY(const auto session, s.desk.session_of_applet(tx, c.fingerprint()));
    return s.desk.applet_restarts(tx, session.id, starts, c.now);
  }));
  return Reply{};
}

}  // namespace rescue::broker

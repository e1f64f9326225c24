// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "daemons/broker/handlers.hpp"
#include "daemons/broker/version.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {

void write_server(MetricsText& text, const net::HttpServerCounters& n) {
  text.counter("rescue_broker_connections_accepted", "Connections accepted.", n.accepted);
  text.gauge("rescue_broker_connections", "Connections open now.", static_cast<double>(n.open));
  text.counter("rescue_broker_handshakes_failed", "TLS handshakes that failed.", n.handshake_failed);
  text.counter("rescue_broker_connections_refused", "Connections over the caps.", n.refused_full);
  text.counter("rescue_broker_timeouts", "Connections ended by a time-out.", n.timed_out);
  text.counter("rescue_broker_bad_requests", "Requests that were not HTTP, too large, or too many at once.",
               n.bad_requests);
  text.counter("rescue_broker_requests_refused_busy", "Requests refused because others held all memory for them.",
               n.refused_busy);
  text.gauge("rescue_broker_request_bytes", "Memory that requests under way hold, of 67108864 bytes.",
             static_cast<double>(n.request_bytes));
}

}  // namespace

Answer healthz(Services&, Call&) { return Reply{.body = json::object{{"status", "ok"}, {"version", kVersion}}}; }

Answer readyz(Services& s, Call&) {
  const bool database =
      s.store->read_now([](store::ReadTransaction& tx) { return store::sessions::count_live(tx); }).has_value();
  const bool ready = database && !s.draining();
  return Reply{.status = ready ? 200U : 503U,
               .body = json::object{{"status", ready ? "ready" : "not_ready"},
                                    {"checks", json::object{{"database", database}, {"accepting", !s.draining()}}}}};
}

Answer metrics(Services& s, Call&) {
  RESCUE_TRY(const auto live,
             s.store->read_now([](store::ReadTransaction& tx) { return store::sessions::count_live(tx); }));
  MetricsText text;
  s.request_metrics.write(text);
  write_server(text, s.server_counters());
  text.gauge("rescue_broker_sessions", "Sessions that have not ended.", static_cast<double>(live));
  text.gauge("rescue_broker_applets", "Applets connected now.", static_cast<double>(s.applets.connected_count()));
  text.gauge("rescue_broker_gateways", "Gateways connected now.", static_cast<double>(s.gateways.connected_count()));
  text.gauge("rescue_broker_event_receivers", "Receivers of /events now.", static_cast<double>(s.events.count()));
  text.gauge("rescue_broker_queue", "Requests that wait for a thread.",
             static_cast<double>(s.fast.queued() + s.slow.queued() + s.log_queries.queued()));
  const auto& n = s.counters;
  text.counter("rescue_broker_sessions_created", "Sessions created.", n.sessions_created);
  text.counter("rescue_broker_pickups", "Sessions picked up or joined.", n.pickups);
  text.counter("rescue_broker_downloads", "Applets downloaded.", n.downloads);
  text.counter("rescue_broker_keys_refused", "Applet keys refused because another one was bound.", n.keys_refused);
  text.counter("rescue_broker_log_events", "Log events taken from consoles and applets.", n.log_events);
  text.counter("rescue_broker_event_receivers_dropped", "Receivers of /events that were too slow.", n.events_dropped);
  text.counter("rescue_broker_admitted", "Ends admitted to a gateway.", n.admitted);
  text.counter("rescue_broker_not_admitted", "Ends refused at a gateway.", n.not_admitted);
  text.counter("rescue_broker_logins_limited", "Sign-ins refused by the guessing limit.", s.login_guard.refused());
  text.counter("rescue_broker_pins_limited", "PINs refused by the guessing limit.", s.pin_guard.refused());
  return Reply{.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
               .text = std::move(text).finish()};
}

}  // namespace rescue::broker

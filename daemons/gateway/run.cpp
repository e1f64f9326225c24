// SPDX-License-Identifier: Apache-2.0
// rescue-gateway run: opens the state, serves until it is told to stop, drains.
#include <csignal>
#include <cstdlib>
#include <ostream>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/log.hpp"
#include "daemons/gateway/broker_link.hpp"
#include "daemons/gateway/program.hpp"
#include "daemons/gateway/settings_table.hpp"
#include "daemons/gateway/state.hpp"
#include "net/http_server.hpp"
#include "net/signals.hpp"

namespace rescue::gateway {
namespace {
namespace asio = boost::asio;
namespace json = boost::json;
using base::Result;

constexpr std::chrono::milliseconds kDrainPoll{50};
constexpr std::chrono::days kCertificateWarning{30};

base::LogLevel level_of(const std::string& name) {
  if (name == "debug") return base::LogLevel::debug;
  if (name == "warn") return base::LogLevel::warn;
  return name == "error" ? base::LogLevel::error : base::LogLevel::info;
}

/// What the running program is made of, in the order in which it is built.
struct Running {
  const StateFolder& folder;
  const GatewaySettings& settings;
  cli::Env& env;
  net::IoContext& context;
  BrokerLink& link;
  DataPlane& plane;
  net::HttpServer& metrics;
  const GatewayState& state;
  std::atomic<std::int64_t>& certificate_expires_s;
};

void note_certificate(const crypto::Certificate& leaf, base::WallTime now, std::atomic<std::int64_t>& expires_s) {
  expires_s = std::chrono::duration_cast<std::chrono::seconds>(leaf.not_after().time_since_epoch()).count();
  const bool soon = leaf.not_after() - now < kCertificateWarning;
  base::log(soon ? base::LogLevel::warn : base::LogLevel::info, "gateway",
            soon ? "certificate ends soon" : "certificate loaded", {{"not_after", base::to_rfc3339(leaf.not_after())}});
}

Result<crypto::TlsContext> load_tls(const StateFolder& folder, base::WallTime now,
                                    std::atomic<std::int64_t>& expires_s) {
  RESCUE_TRY(const auto identity, folder.server_identity());
  RESCUE_TRY(auto tls, crypto::gateway_server_context(identity));
  note_certificate(identity.chain.front(), now, expires_s);
  return tls;
}

void reload_certificate(const Running& r) {
  auto tls = load_tls(r.folder, r.env.clock->wall(), r.certificate_expires_s);
  if (tls)
    r.plane.set_tls(*std::move(tls));
  else
    base::log(base::LogLevel::error, "gateway", "certificate not reloaded", {{"why", tls.error().message()}});
}

std::shared_ptr<const net::Router> metrics_router(std::function<std::string()> metrics, std::function<bool()> ready) {
  auto router = std::make_shared<net::Router>();
  const auto plain = [](std::function<net::HttpResponse()> make) -> net::HttpHandler {
    return [make = std::move(make)](net::HttpRequest&) -> asio::awaitable<net::HttpResponse> { co_return make(); };
  };
  router->http(net::Method::get, "/metrics", plain([metrics = std::move(metrics)] {
                 return net::HttpResponse(200, "application/openmetrics-text; version=1.0.0; charset=utf-8", metrics());
               }));
  router->http(net::Method::get, "/healthz", plain([] { return net::HttpResponse::text(200, "ok\n"); }));
  router->http(net::Method::get, "/readyz", plain([ready = std::move(ready)] {
                 return ready() ? net::HttpResponse::text(200, "ready\n") : net::HttpResponse::text(503, "draining\n");
               }));
  return router;
}

void print_ready(const Running& r) {
  json::object line{{"ready", true},
                    {"name", r.state.name},
                    {"listen", r.plane.local().text()},
                    {"metrics", r.metrics.local().text()},
                    {"pid", ::getpid()}};
  if (const auto* pin = std::get_if<crypto::TrustPin>(&r.state.trust)) line["ca_pin"] = base::to_hex(pin->pin);
  *r.env.out << json::serialize(line) << std::endl;
}

/// A second signal while the first one's drain goes on.
asio::awaitable<void> end_at_once_on(net::SignalWatcher& signals) {
  for (;;) {
    auto next = signals.next();
    const int signal = co_await std::move(next);
    if (signal == 0) co_return;
    if (signal != SIGHUP) std::_Exit(static_cast<int>(base::Exit::interrupted));
  }
}

asio::awaitable<void> wait_for_end(const Running& r, net::SignalWatcher& signals) {
  for (;;) {
    auto next = signals.next();
    const int signal = co_await std::move(next);
    if (signal != SIGHUP) co_return;
    reload_certificate(r);
  }
}

/// Until nobody is left, and a little over the grace for the last cuts to be told to the broker.
asio::awaitable<void> drain(const Running& r) {
  base::log(base::LogLevel::info, "gateway", "draining", {{"grace_ms", r.settings.drain_grace.count()}});
  r.plane.drain(r.settings.drain_grace, true);
  const auto last =
      r.env.clock->steady() + r.settings.drain_grace + r.settings.data_plane.timeouts.closing + std::chrono::seconds(1);
  do {
    auto resting = net::sleep_for(kDrainPoll);
    co_await std::move(resting);
  } while (!r.plane.is_idle() && r.env.clock->steady() < last);
}

asio::awaitable<Result<int>> serve(Running& r) {
  net::SignalWatcher signals(r.context.executor(), {SIGINT, SIGTERM, SIGHUP});
  net::TaskGroup watching(r.context.executor());
  r.metrics.start();
  r.link.start(r.plane);
  print_ready(r);
  auto waiting = wait_for_end(r, signals);
  co_await std::move(waiting);

  watching.spawn("second signal", end_at_once_on(signals));
  auto draining = drain(r);
  co_await std::move(draining);
  auto leaving = r.link.stop();
  co_await std::move(leaving);
  auto stopping = r.metrics.stop(std::chrono::seconds(0));
  co_await std::move(stopping);
  signals.close();
  auto ending = watching.join();
  co_await std::move(ending);
  base::log(base::LogLevel::info, "gateway", "stopped", {});
  co_return 0;
}

Result<BrokerLinkOptions> link_options(const GatewayState& state, const StateFolder& folder,
                                       const GatewaySettings& settings) {
  RESCUE_TRY(const auto broker, net::Origin::parse(state.broker_url));
  RESCUE_TRY(const auto identity, folder.identity_key());
  BrokerLinkOptions out{broker, state.trust, identity, state.name, state.addresses, 0, {}};
  out.capacity_pairs = static_cast<std::uint32_t>(settings.data_plane.limits.connections / 2);
  out.keys_changed = [&folder](const std::vector<crypto::PublicKey>& keys) {
    if (const auto saved = folder.save_token_keys(keys); !saved)
      base::log(base::LogLevel::error, "gateway", "token keys not saved", {{"why", saved.error().message()}});
  };
  return out;
}
}  // namespace

Result<int> run_command(const cli::Parsed& parsed, cli::Env& env) {
  RESCUE_TRY(const auto path, state_folder(parsed, env));
  RESCUE_TRY(const auto loaded, load_settings(parsed, env, path));
  RESCUE_TRY(const auto settings, gateway_settings(loaded));
  if (parsed.on("dump-config")) *env.out << loaded.dump();
  if (parsed.on("check-config") || parsed.on("dump-config")) return 0;
  base::set_log_level(level_of(settings.log_level));
  const StateFolder folder(path);
  RESCUE_TRY(const auto state, folder.load());
  RESCUE_TRY(auto keys, folder.token_keys());
  std::atomic<std::int64_t> expires_s{0};
  RESCUE_TRY(auto tls, load_tls(folder, env.clock->wall(), expires_s));
  RESCUE_TRY(auto options, link_options(state, folder, settings));

  TokenKeys token_keys(std::move(keys));
  net::IoContext context;
  BrokerLink link(context.executor(), std::move(options), token_keys, *env.clock, *env.random);
  RESCUE_TRY(const auto plane,
             DataPlane::start(settings.data_plane, std::move(tls), token_keys, link, *env.clock, *env.random));
  const auto metrics = [&] {
    return open_metrics(plane->counters(), {link.connected(), plane->is_draining(), expires_s});
  };
  net::HttpServerOptions http;
  http.listen = settings.metrics;
  http.log_room = "gateway";
  RESCUE_TRY(const auto server,
             net::HttpServer::create(context, std::nullopt,
                                     metrics_router(metrics, [&] { return !plane->is_draining(); }), http));
  Running running{folder, settings, env, context, link, *plane, *server, state, expires_s};
  return context.run(serve(running));
}

}  // namespace rescue::gateway

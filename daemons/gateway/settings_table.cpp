// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/settings_table.hpp"

#include <sys/resource.h>

#include <thread>

namespace rescue::gateway {
namespace {
using config::Key;
using config::Type;

constexpr std::int64_t kMillisecond = 1'000;  // bounds of durations are microseconds
constexpr std::int64_t kHour = 3'600'000 * kMillisecond;
constexpr std::int64_t kDay = 24 * kHour;
// Descriptors that are not clients: listeners, pipes, the broker's connection, metrics, logs.
constexpr std::size_t kOtherDescriptors = 256;

constexpr std::string_view kLogLevels[] = {"debug", "info", "warn", "error"};

bool is_listen(std::string_view value) {
  const auto endpoint = net::Endpoint::parse(value);
  return endpoint && net::IpAddress::parse(endpoint->host).has_value();
}
bool is_prefix(std::string_view value) { return net::IpPrefix::parse(value).has_value(); }
constexpr config::Constraint between(std::int64_t min, std::int64_t max) { return {.min = min, .max = max}; }
constexpr config::Constraint kNumericAddress{.check = is_listen, .rule = "a numeric address and a port"};
constexpr config::Constraint kWait = between(10 * kMillisecond, kHour);

constexpr Key kKeys[] = {
    {"listen", Type::text, "127.0.0.1:8444",
     "Numeric address and port for applets and consoles; port 0 takes a free one.", false, kNumericAddress},
    {"metrics", Type::text, "127.0.0.1:0", "Numeric address and port of /metrics, /healthz and /readyz, without TLS.",
     false, kNumericAddress},
    {"front", Type::text, "",
     "The broker's address: what is not for the gateway is passed on there, with a PROXY v2 header. For one port 443 "
     "on one "
     "machine.",
     false, kNumericAddress},
    {"trusted_proxies",
     Type::text_list,
     "",
     "Networks from which a PROXY protocol header (version 2) names the client, such as a load balancer's.",
     false,
     {.check = is_prefix, .rule = "a network such as 10.0.0.0/8"}},
    {"threads", Type::integer, "1", "Threads that relay; 0 takes one per core.", false, between(0, 256)},
    {"log_level", Type::text, "info", "Least severe level that is logged.", false, {.choices = kLogLevels}},
    {"drain_grace", Type::duration, "30s", "How long joined pairs may go on after SIGTERM.", false, between(0, kDay)},
    {"timeout.tls", Type::duration, "10s", "From a connection's start to the end of the TLS handshake.", false, kWait},
    {"timeout.hello", Type::duration, "10s", "From then to the client's Hello.", false, kWait},
    {"timeout.admitting", Type::duration, "5s", "For the broker's word; after it the ticket alone decides.", false,
     kWait},
    {"timeout.waiting_silence", Type::duration, "60s", "A waiting client that sends no Ping for this long is dropped.",
     false, kWait},
    {"timeout.waiting_longest", Type::duration, "24h", "The longest that a client may wait for a partner.", false,
     between(10 * kMillisecond, 7 * kDay)},
    {"timeout.leaving", Type::duration, "10s", "From Joined to the client's close_notify.", false, kWait},
    {"timeout.pair_idle", Type::duration, "10m", "A pair without a byte for this long is cut.", false,
     between(10 * kMillisecond, 7 * kDay)},
    {"timeout.half_closed", Type::duration, "60s", "A pair with one end closed and no byte for this long is cut.",
     false, kWait},
    {"timeout.dead_peer", Type::duration, "20s",
     "A peer that acknowledges nothing, or takes nothing, for this long while bytes wait is dead (TCP_USER_TIMEOUT).",
     false, kWait},
    {"limit.connections", Type::integer, "0", "Client connections in all; 0 takes what the descriptor limit allows.",
     false, between(0, 10'000'000)},
    {"limit.connections_per_address", Type::integer, "2048", "Client connections of one address.", false,
     between(1, 10'000'000)},
    {"limit.unauthenticated_per_address", Type::integer, "256",
     "Connections of one address that have not said who they are.", false, between(1, 1'000'000)},
    {"limit.waiting_per_end", Type::integer, "8", "Connections of one end of one session that may wait.", false,
     between(1, 1'000)},
};
constexpr config::KeyTable kTable("RESCUE_GATEWAY", kKeys);
}  // namespace

const config::KeyTable& key_table() { return kTable; }

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur == RLIM_INFINITY ? 1'000'000 : limit.rlim_cur;
}

base::Result<GatewaySettings> gateway_settings(const config::Settings& s) {
  const auto wait = [&](std::string_view key) { return std::chrono::ceil<Milliseconds>(s.duration(key)); };
  GatewaySettings out;
  auto& plane = out.data_plane;
  RESCUE_TRY(plane.listen, net::Endpoint::parse(s.text("listen")));
  RESCUE_TRY(out.metrics, net::Endpoint::parse(s.text("metrics")));
  if (!s.text("front").empty()) {
    RESCUE_TRY(auto backend, net::Endpoint::parse(s.text("front")));
    plane.front_backend = std::move(backend);
  }
  for (const auto& network : s.list("trusted_proxies")) {
    RESCUE_TRY(auto prefix, net::IpPrefix::parse(network));
    plane.trusted_proxies.push_back(prefix);
  }
  plane.threads = static_cast<unsigned>(s.integer("threads"));
  if (plane.threads == 0) plane.threads = std::max(1U, std::thread::hardware_concurrency());
  out.log_level = s.text("log_level");
  out.drain_grace = std::chrono::ceil<Milliseconds>(s.duration("drain_grace"));
  plane.timeouts.tls = wait("timeout.tls");
  plane.timeouts.hello = wait("timeout.hello");
  plane.timeouts.admitting = wait("timeout.admitting");
  plane.timeouts.waiting_silence = wait("timeout.waiting_silence");
  plane.timeouts.waiting_longest = wait("timeout.waiting_longest");
  plane.timeouts.leaving = wait("timeout.leaving");
  plane.timeouts.pair_idle = wait("timeout.pair_idle");
  plane.timeouts.half_closed = wait("timeout.half_closed");
  plane.timeouts.dead_peer = wait("timeout.dead_peer");
  const auto descriptors = raise_descriptor_limit();
  const auto count = [&](std::string_view key) { return static_cast<std::size_t>(s.integer(key)); };
  plane.limits.connections = count("limit.connections");
  if (plane.limits.connections == 0)
    plane.limits.connections = descriptors > 2 * kOtherDescriptors ? descriptors - kOtherDescriptors : descriptors / 2;
  plane.limits.connections_per_address = count("limit.connections_per_address");
  plane.limits.unauthenticated_per_address = count("limit.unauthenticated_per_address");
  plane.limits.waiting_per_end = count("limit.waiting_per_end");
  return out;
}

}  // namespace rescue::gateway

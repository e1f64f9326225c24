// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/counters.hpp"

namespace rescue::gateway {
namespace {
struct Row {
  Metric metric;
  std::string_view name;
  bool gauge;
  std::string_view help;
};
constexpr Row kRows[] = {
    {Metric::handshaking, "handshaking", true, "Connections in outer TLS or before the answer to their Hello."},
    {Metric::waiting, "waiting", true, "Authenticated ends without a partner."},
    {Metric::pairs, "pairs", true, "Joined pairs being relayed."},
    {Metric::fronted, "fronted", true, "Connections passed on to the broker."},
    {Metric::pipes, "pipes", true, "Pipes that exist for zero-copy relay."},
    {Metric::stalled, "stalled_directions", true, "Directions whose reader does not take what is held for it."},
    {Metric::accepted, "connections_accepted", false, "TCP connections accepted."},
    {Metric::over_limit, "connections_over_limit", false, "Connections closed before TLS because a limit was reached."},
    {Metric::tls_failed, "tls_failed", false, "Outer TLS handshakes that failed."},
    {Metric::admitted, "admitted", false, "Ends admitted."},
    {Metric::admitted_offline, "admitted_offline", false,
     "Ends admitted by their ticket alone while the broker was away."},
    {Metric::joined, "pairs_joined", false, "Pairs joined."},
    {Metric::bytes_to_applet, "bytes_to_applet", false, "Bytes relayed to applets."},
    {Metric::bytes_to_console, "bytes_to_console", false, "Bytes relayed to consoles."},
    {Metric::front_connections, "front_connections", false, "Connections that the front passed to the broker."},
    {Metric::front_bytes, "front_bytes", false, "Bytes that the front moved."},
    {Metric::front_unreachable, "front_unreachable", false, "Front connections that the broker did not take."},
    {Metric::pipes_refused, "pipes_refused", false, "Pipes that the kernel refused; bytes were copied instead."},
    {Metric::turns_cut, "turns_cut", false, "Turns ended by their byte limit so that others get theirs."},
    {Metric::accept_paused, "accept_paused", false, "Times that accepting paused for want of descriptors."},
};

void header(std::string& out, std::string_view name, bool gauge, std::string_view help) {
  out += fmt::format("# HELP rescue_gateway_{0} {2}\n# TYPE rescue_gateway_{0} {1}\n", name,
                     gauge ? "gauge" : "counter", help);
}
void gauge(std::string& out, std::string_view name, std::string_view help, std::int64_t value) {
  header(out, name, true, help);
  out += fmt::format("rescue_gateway_{} {}\n", name, value);
}
}  // namespace

void Counters::add_to(CounterValues& sum) const {
  for (std::size_t i = 0; i < set_.values.size(); ++i) sum.values[i] += set_.values[i].load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < set_.refused.size(); ++i)
    sum.refused[i] += set_.refused[i].load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < set_.ended.size(); ++i) sum.ended[i] += set_.ended[i].load(std::memory_order_relaxed);
}

std::string open_metrics(const CounterValues& values, const MetricsExtra& extra) {
  std::string out;
  for (const auto& row : kRows) {
    header(out, row.name, row.gauge, row.help);
    out += fmt::format("rescue_gateway_{}{} {}\n", row.name, row.gauge ? "" : "_total", values[row.metric]);
  }
  header(out, "refused", false, "Ends refused after TLS, by reason.");
  for (std::size_t i = 0; i < kRefuseReasons; ++i)
    out += fmt::format("rescue_gateway_refused_total{{reason=\"{}\"}} {}\n",
                       wire::handoff::EnumNameRefuseReason(static_cast<wire::handoff::RefuseReason>(i)),
                       values.refused[i]);
  header(out, "pairs_ended", false, "Pairs ended, by how.");
  for (std::size_t i = 0; i < kPairEnds; ++i)
    out += fmt::format("rescue_gateway_pairs_ended_total{{end=\"{}\"}} {}\n",
                       wire::gateway::EnumNamePairEnd(static_cast<wire::gateway::PairEnd>(i)), values.ended[i]);
  gauge(out, "broker_connected", "1 while the broker's connection stands.", extra.broker_connected ? 1 : 0);
  gauge(out, "draining", "1 while no new ends are taken.", extra.draining ? 1 : 0);
  gauge(out, "certificate_expiry_seconds", "End of the server certificate's validity, seconds since 1970.",
        extra.certificate_expires_s);
  return out + "# EOF\n";
}

}  // namespace rescue::gateway

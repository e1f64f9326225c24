// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/metrics.hpp"

#include <fmt/format.h>

namespace rescue::broker {

void MetricsText::head(std::string_view name, std::string_view type, std::string_view help) {
  out_ += fmt::format("# TYPE {0} {1}\n# HELP {0} {2}\n", name, type, help);
}

void MetricsText::sample(std::string_view name_and_labels, double value) {
  out_ += fmt::format("{} {}\n", name_and_labels, value);
}

void MetricsText::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  head(name, "counter", help);
  out_ += fmt::format("{}_total {}\n", name, value);
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value) {
  head(name, "gauge", help);
  sample(name, value);
}

std::string MetricsText::finish() && {
  out_ += "# EOF\n";
  return std::move(out_);
}

void RequestMetrics::count(std::string_view method, unsigned status, std::chrono::microseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  const std::scoped_lock lock(mutex_);
  ++by_status_[fmt::format("method=\"{}\",status=\"{}\"", method, status)];
  ++buckets_[bucket];
  sum_s_ += seconds;
}

void RequestMetrics::write(MetricsText& text) const {
  const std::scoped_lock lock(mutex_);
  text.head("rescue_broker_requests", "counter", "Finished requests by method and status.");
  for (const auto& [labels, n] : by_status_)
    text.sample(fmt::format("rescue_broker_requests_total{{{}}}", labels), static_cast<double>(n));
  text.head("rescue_broker_request_seconds", "histogram", "Time from a request's head to its answer.");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    below += buckets_[i];
    const auto bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : std::string("+Inf");
    text.sample(fmt::format("rescue_broker_request_seconds_bucket{{le=\"{}\"}}", bound), static_cast<double>(below));
  }
  text.sample("rescue_broker_request_seconds_count", static_cast<double>(below));
  text.sample("rescue_broker_request_seconds_sum", sum_s_);
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
// relay_bench site DIR
// relay_bench LOAD proxy FRONT BACK PID ARGS…        LOAD: bulk PAIRS SECONDS | messages PAIRS SECONDS | ping TALKING
// SECONDS relay_bench LOAD gateway ADDRESS DIR PID ARGS…           setup PAIRS THREADS | idle PAIRS | waiting ENDS
// Prints one JSON line. Driven by run.py.
#include <csignal>
#include <cstdio>

#include <sys/resource.h>

#include "loads.hpp"

namespace {
using namespace rescue;

unsigned number(const std::string& text) { return static_cast<unsigned>(std::stoul(text)); }
double per(double value, double count) { return count > 0 ? value / count : 0; }

void run(const std::string& load, perf::PairSource& source, pid_t relay, const std::vector<std::string>& args) {
  if (load == "bulk") {
    const auto r = perf::run_bulk(source, relay, number(args.at(0)), std::stod(args.at(1)), true);
    std::printf("{\"cpu_s_per_gb\":%.4f,\"gb_per_s\":%.3f}\n", per(r.relay_cpu_s, r.gigabytes),
                per(r.gigabytes, r.seconds));
  } else if (load == "messages") {
    const auto r = perf::run_messages(source, relay, number(args.at(0)), std::stod(args.at(1)));
    std::printf("{\"us_per_message\":%.3f,\"messages\":%llu}\n",
                per(r.relay_cpu_s * 1e6, static_cast<double>(r.messages)), static_cast<unsigned long long>(r.messages));
  } else if (load == "ping") {
    const auto r = perf::run_ping(source, number(args.at(0)), std::stod(args.at(1)));
    std::printf("{\"median_us\":%.0f,\"p99_us\":%.0f}\n", r.median_us, r.p99_us);
  } else if (load == "setup") {
    const auto r = perf::run_setup(source, relay, number(args.at(0)), number(args.at(1)));
    std::printf("{\"us_per_pair\":%.1f,\"pairs_per_s\":%.0f}\n", per(r.relay_cpu_s * 1e6, r.pairs),
                per(r.pairs, r.seconds));
  } else if (load == "idle") {
    const auto r = perf::run_idle(source, relay, number(args.at(0)));
    std::printf("{\"fresh_kb\":%.2f,\"used_kb\":%.2f,\"descriptors\":%.1f}\n", r.fresh_kb, r.used_kb, r.descriptors);
  } else if (load == "waiting") {
    std::printf("{\"waiting_kb\":%.2f}\n", perf::run_waiting(source, relay, number(args.at(0))));
  } else {
    perf::die("unknown load '" + load + "'");
  }
}
}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 2 && args[0] == "site") {
    rescue::perf::make_site(args[1]);
    return 0;
  }
  if (args.size() < 6) rescue::perf::die("see the head of relay_bench.cpp");
  const auto first = rescue::net::Endpoint::parse(args[2]).value();
  // Never destroyed: the proxy's accepting thread uses it to the end.
  auto* source =
      (args[1] == "gateway" ? rescue::perf::through_gateway(first, args[3])
                            : rescue::perf::through_proxy(first, rescue::net::Endpoint::parse(args[3]).value()))
          .release();
  run(args[0], *source, std::stoi(args[4]), {args.begin() + 5, args.end()});
  return 0;
}

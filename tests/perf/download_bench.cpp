// SPDX-License-Identifier: Apache-2.0
// download_bench FOLDER PROGRAM SYSTEM CHAIN.pem KEY.pem SECONDS THREADS: downloads through the broker's own handler,
// with all that it does but the network: the browser's cookie looked up, the GUID derived, the invite signed, the
// program stamped and signed, the event written durably. Prints as JSON what one costs, and one page that offers it.
#include <ctime>
#include <fstream>

#include <fmt/format.h>

#include "base/log.hpp"
#include "daemons/broker/handlers.hpp"
#include "directory/accounts.hpp"

namespace {
using namespace rescue;

constexpr int kSessions = 400;
constexpr int kPerSession = 25;  // of the thirty that one session may have at once

double seconds_of(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

struct Cost {
  double cpu_ms = 0, per_wall_s = 0;
  std::uint64_t made = 0;
};

/// Calls `handler` for one cookie after the other, in `threads`, until the time or the sessions are over.
Cost measure(broker::Services& s, broker::Handler handler, const std::vector<std::string>& cookies,
             const std::string& system, double seconds, int threads, std::size_t& bytes) {
  std::atomic<std::uint64_t> next = 0, made = 0;
  std::atomic<std::size_t> size = 0;
  const double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const auto work = [&] {
    while (seconds_of(CLOCK_MONOTONIC) - wall < seconds) {
      const auto turn = next++;
      if (turn >= cookies.size() * kPerSession) return;
      net::HttpRequest request;
      request.method = net::Method::post;
      request.path = request.target = "/download";
      request.headers.add("Cookie", cookies[turn % cookies.size()]);
      request.query = {{"system", system}};
      request.body = "system=" + system;
      broker::Call call{request, "127.0.0.1", s.clock.wall()};
      const auto reply = handler(s, call);
      if (!reply || reply->status != 200) {
        fmt::print(stderr, "refused: {}\n", reply ? std::to_string(reply->status) : reply.error().message());
        std::exit(1);
      }
      std::size_t total = reply->text.size();
      for (const auto& piece : reply->more) total += piece.bytes.size();
      size = total;
      ++made;
    }
  };
  std::vector<std::jthread> pool;
  for (int n = 0; n < threads; ++n) pool.emplace_back(work);
  pool.clear();
  bytes = size;
  const double cpu_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu, wall_s = seconds_of(CLOCK_MONOTONIC) - wall;
  return {cpu_s * 1e3 / static_cast<double>(made), static_cast<double>(made) / wall_s, made};
}

/// Cookies of browsers that have redeemed a PIN each.
base::Result<std::vector<std::string>> visitors(broker::Services& s) {
  const auto now = s.clock.wall();
  RESCUE_TRY(const auto user, s.store->write_now([&](store::Transaction& tx) {
    const directory::accounts::NewUser wanted{.id = base::Guid::random(s.random),
                                              .email = "ada@example.org",
                                              .name = "Ada",
                                              .role = store::UserRole::technician,
                                              .password = {}};
    return directory::accounts::create(tx, wanted, directory::By("bench"), now);
  }));
  directory::Principal who;
  who.id = user.id;
  who.email = user.email;
  who.group = user.group;
  std::vector<std::string> out;
  for (int n = 0; n < kSessions; ++n) {
    const auto cookie = broker::visit::make_cookie(s.random);
    RESCUE_TRY(const auto redeemed,
               s.store->write_now([&](store::Transaction& tx) -> base::Result<directory::Redeemed> {
                 const directory::NewSession fresh{.id = base::Guid::random(s.random), .note = {}};
                 RESCUE_TRY(const auto created, s.desk.create(tx, fresh, who, now));
                 return s.desk.redeem_pin(tx, created.pin, "", now, cookie.browser);
               }));
    static_cast<void>(redeemed);
    out.push_back(cookie.header.substr(0, cookie.header.find(';')));
  }
  return out;
}

base::Result<> run(char** argv) {
  const std::filesystem::path folder = argv[1];
  const std::string system = argv[3];
  const double seconds = std::atof(argv[6]);
  const int threads = std::atoi(argv[7]);
  const auto& clock = base::system_clock();
  auto& random = base::system_random();
  RESCUE_TRY(const auto loaded, config::load(broker::key_table(), {}));
  RESCUE_TRY(auto site, broker::open_site(folder, {}, random, clock.wall()));
  RESCUE_TRY(auto store, store::Store::open({.path = site.database(), .far_readers = 1}));
  broker::Services s(broker::broker_settings(loaded), std::move(site), std::move(store), clock, random);
  s.store->on_commit([](const std::vector<store::Change>&) {});
  s.public_url = "https://help.example.org";
  broker::AppletFiles::Sources sources;
  sources.files.at(system == "windows-x86_64" ? 1 : 0) = argv[2];
  sources.signing_chain = argv[4];
  sources.signing_key = argv[5];
  sources.info = {"Rescue", "https://help.example.org/"};
  RESCUE_CHECK(s.applet_files.open(std::move(sources), clock.wall()));
  RESCUE_TRY(s.visit_site, broker::visit::make_site(s.settings, "rescue-applet"));
  RESCUE_TRY(const auto cookies, visitors(s));
  std::size_t bytes = 0, page = 0;
  const auto pages = measure(s, broker::ready_page, cookies, system, seconds, threads, page);
  const auto got = measure(s, broker::download_applet, cookies, system, seconds, threads, bytes);
  fmt::print(
      "{{\"size\": {}, \"made\": {}, \"cpu_ms\": {:.3f}, \"per_cpu_s\": {:.0f}, \"per_wall_s\": {:.0f}, "
      "\"page_cpu_ms\": "
      "{:.3f}}}\n",
      bytes, got.made, got.cpu_ms, 1e3 / got.cpu_ms, got.per_wall_s, pages.cpu_ms);
  return {};
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  base::set_log_level(base::LogLevel::error);
  const auto done = run(argv);
  if (!done) fmt::print(stderr, "{}\n", done.error().message());
  return done ? 0 : 1;
}

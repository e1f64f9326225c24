// SPDX-License-Identifier: Apache-2.0
// rescue-broker run: opens the site, serves until it is told to stop, ends in order.
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <ostream>
#include <sys/file.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "cli/exit.hpp"
#include "crypto/tls.hpp"
#include "daemons/broker/caller.hpp"
#include "daemons/broker/program.hpp"
#include "daemons/broker/recording_check.hpp"
#include "daemons/broker/routes.hpp"
#include "daemons/broker/upkeep.hpp"
#include "net/signals.hpp"

namespace rescue::broker {
namespace asio = boost::asio;
namespace {

/// Two brokers on one folder would each know half of the connections.
class FolderLock {
 public:
  [[nodiscard]] static base::Result<FolderLock> take(const std::filesystem::path& folder) {
    const auto path = folder / "broker.lock";
    const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) return base::fail(base::errno_error(fmt::format("open '{}'", path.string())));
    FolderLock out(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
      return base::fail(base::Errc::conflict, fmt::format("another broker serves '{}'", folder.string()));
    return out;
  }
  FolderLock(FolderLock&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

base::LogLevel level_of(const std::string& name) {
  if (name == "debug") return base::LogLevel::debug;
  if (name == "warn") return base::LogLevel::warn;
  return name == "error" ? base::LogLevel::error : base::LogLevel::info;
}

/// Bytes; anybody can ask for any path, and somebody reads the log on a terminal.
constexpr std::size_t kLongestLoggedPath = 256;
constexpr std::size_t kLongestLoggedMethod = 16;

/// Health checks and scrapes come every few seconds and say nothing.
bool is_noise(const net::HttpRequest& request) {
  return request.path == "/healthz" || request.path == "/readyz" || request.path == "/metrics";
}

void note_request(Services& s, const net::HttpRequest& request, const net::HttpResponse& response,
                  std::chrono::microseconds took) {
  s.request_metrics.count(net::method_name(request.method), response.status, took);
  base::log(is_noise(request) ? base::LogLevel::debug : base::LogLevel::info, "broker", "request",
            {{"request_id", request.request_id},
             {"method", std::string_view(request.method_text).substr(0, kLongestLoggedMethod)},
             {"path", base::to_display_text(std::string_view(request.path).substr(0, kLongestLoggedPath))},
             {"status", response.status},
             {"ms", static_cast<double>(took.count()) / 1000.0},
             {"address", request.local_peer ? local_actor(request.local_peer->uid) : request.remote_address.text()}});
}

base::Result<net::HttpServerOptions> server_options(const BrokerSettings& settings) {
  net::HttpServerOptions out;
  RESCUE_TRY(out.listen, net::Endpoint::parse(settings.listen));
  for (const auto& network : settings.trusted_proxies) {
    RESCUE_TRY(auto prefix, net::IpPrefix::parse(network));
    out.trusted_proxies.push_back(prefix);
  }
  out.log_room = "broker";
  return out;
}

/// For programs of this machine: whoever may read the site's keys anyway.
std::string admin_socket(const Services& s) { return (s.site.folder / "admin.sock").string(); }

base::Result<std::unique_ptr<net::HttpServer>> local_server(net::IoContext& context, const Services& s,
                                                            std::shared_ptr<const net::Router> router) {
  net::HttpServerOptions options;
  options.listen_local = admin_socket(s);
  options.log_room = "broker";
  options.max_connections_per_address = options.max_connections;  // all of them have the one address of this machine
  options.request_memory_per_address = options.request_memory;
  return net::HttpServer::create(context, std::nullopt, std::move(router), std::move(options));
}

/// What clients are told when no public_url is set.
std::string url_of(net::Endpoint listen) {
  if (listen.host == "0.0.0.0" || listen.host == "::") {
    base::log(base::LogLevel::warn, "broker", "public_url is not set; clients are told to come to localhost", {});
    listen.host = "localhost";
  }
  return "https://" + listen.text();
}

/// How to start an applet that is installed already.
std::string installed_command(const Services& s) {
  const auto pin = s.own_certificate ? " --ca-pin " + base::to_hex(s.site.ca_pin()) : std::string();
  return fmt::format("rescue-applet --server {}{} --pin DIGITS", s.public_url, pin);
}

base::Result<> open_pages(Services& s, const std::filesystem::path& self) {
  const auto& set = s.settings.applets;
  const auto file = [&self](const std::string& named, System system) {
    return named.empty() ? installed_applet(self, system) : std::filesystem::path(named);
  };
  AppletFiles::Sources sources;
  sources.files = {file(set.linux_x86_64, System::linux_x86_64), file(set.windows_x86_64, System::windows_x86_64)};
  sources.signing_chain = set.signing_chain;
  sources.signing_key = set.signing_key;
  sources.info = {s.settings.organisation, s.public_url};
  RESCUE_CHECK(s.applet_files.open(std::move(sources), s.clock.wall()));
  RESCUE_TRY(s.visit_site, visit::make_site(s.settings, installed_command(s)));
  return {};
}

void print_ready(std::ostream& out, const Services& s, const net::Endpoint& listen) {
  out << boost::json::serialize(boost::json::object{{"ready", true},
                                                    {"listen", listen.text()},
                                                    {"admin_socket", admin_socket(s)},
                                                    {"ca_pin", base::to_hex(s.site.ca_pin())},
                                                    {"pid", ::getpid()}})
      << std::endl;
}

/// Told once: a site without administrator serves nobody.
void hint_at_init(cli::Env& env, Services& s) {
  const auto administrators = s.store->read_now(store::users::count_administrators);
  if (!administrators || *administrators > 0) return;
  *env.err << fmt::format(
                  "This site has no administrator yet. Make the first one, in another terminal, with:\n"
                  "  rescue-broker init --state '{}' --admin-email EMAIL --admin-name NAME --password-stdin\n",
                  s.site.folder.string())
           << std::flush;
}

/// A second signal while the first one's drain goes on: at once. The database is safe at any moment.
asio::awaitable<void> end_at_once_on(net::SignalWatcher& signals) {
  for (;;) {
    auto next = signals.next();
    const int signal = co_await std::move(next);
    if (signal == 0) co_return;
    if (signal != SIGHUP) std::_Exit(cli::exit_code(base::Exit::interrupted));
  }
}

/// Returns at SIGINT or SIGTERM.
asio::awaitable<void> wait_for_end(Services& s, net::HttpServer& server, net::SignalWatcher& signals) {
  for (;;) {
    auto next = signals.next();
    const int signal = co_await std::move(next);
    if (signal != SIGHUP) co_return;
    reload_certificate(s, server);
    s.fast.post([&s] { s.applet_files.look(s.clock.wall(), true); });
  }
}

asio::awaitable<base::Result<int>> serve(Services& s, net::IoContext& context, net::HttpServer& server,
                                         net::HttpServer& local, cli::Env& env) {
  net::SignalWatcher signals(context.executor(), {SIGINT, SIGTERM, SIGHUP});
  net::TaskGroup upkeep(context.executor());
  net::TaskGroup watching(context.executor());
  server.start();
  local.start();
  start_upkeep(s, server, upkeep);
  print_ready(*env.out, s, server.local());
  hint_at_init(env, s);
  auto waiting = wait_for_end(s, server, signals);
  co_await std::move(waiting);

  base::log(base::LogLevel::info, "broker", "draining", {{"grace_s", s.settings.drain_grace.count() / 1'000'000}});
  s.drain();
  watching.spawn("second signal", end_at_once_on(signals));
  auto ending_upkeep = upkeep.stop(std::chrono::seconds(0));
  co_await std::move(ending_upkeep);
  s.events.close_all();
  s.applets.close_all();
  s.gateways.close_all("the broker is going down");
  auto stopping = server.stop(s.settings.drain_grace);
  co_await std::move(stopping);
  auto stopping_local = local.stop(std::chrono::seconds(0));
  co_await std::move(stopping_local);
  signals.close();
  auto ending = watching.join();
  co_await std::move(ending);
  base::log(base::LogLevel::info, "broker", "stopped", {});
  co_return cli::exit_code(base::Exit::ok);
}

base::Result<int> run_site(const cli::Parsed& parsed, cli::Env& env) {
  RESCUE_TRY(const auto folder, state_folder(parsed, env));
  RESCUE_TRY(const auto loaded, load_settings(parsed, env, folder));
  auto settings = broker_settings(loaded);
  base::set_log_level(level_of(settings.log_level));
  RESCUE_TRY(auto options, server_options(settings));
  RESCUE_CHECK(prepare_folder(folder));
  RESCUE_TRY(const auto lock, FolderLock::take(folder));
  RESCUE_TRY(auto site, open_site(folder, {}, *env.random, env.clock->wall()));
  RESCUE_TRY(auto store, store::Store::open({.path = site.database(), .far_readers = kLogThreads}));
  RESCUE_TRY(auto tls, tls_context(site.server));

  net::IoContext context;
  Services services(std::move(settings), std::move(site), std::move(store), *env.clock, *env.random);
  services.sso.use_helper(saml::find_helper(env.self));
  services.store->on_commit(
      [&services](const std::vector<store::Change>& changes) { services.feed.committed(changes); });
  RESCUE_CHECK(services.feed.start());
  RESCUE_CHECK(recall_recordings(services));
  const auto router = make_router(services);
  RESCUE_TRY(const auto server,
             net::HttpServer::create(context, std::move(tls), router, std::move(options)));
  RESCUE_TRY(const auto local, local_server(context, services, router));
  if (services.public_url.empty()) services.public_url = url_of(server->local());
  RESCUE_CHECK(open_pages(services, env.self));
  services.server_counters = [&server] { return server->counters(); };
  const auto note = [&services](const net::HttpRequest& request, const net::HttpResponse& response,
                                std::chrono::microseconds took) { note_request(services, request, response, took); };
  server->observe(note);
  local->observe(note);
  auto outcome = context.run(serve(services, context, *server, *local, env));
  services.server_counters = [] { return net::HttpServerCounters{}; };
  return outcome;
}

}  // namespace

int run_command(const cli::Parsed& parsed, cli::Env& env) {
  const auto done = run_site(parsed, env);
  if (!done) return cli::print_error(env, "rescue-broker", done.error(), parsed.text("output") == "json");
  return *done;
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/loop.hpp"

#include <csignal>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "daemons/gateway/socket.hpp"

namespace rescue::gateway {
namespace {
constexpr int kMaxEvents = 256;
constexpr int kMaxAccepts = 64;  // in one turn; handshakes of those that are in come first
// Out of descriptors: accepting again at once would spin.
constexpr std::chrono::milliseconds kAcceptPause{100};
}  // namespace

Loop::Loop(DataPlaneShared& shared, std::shared_ptr<Mailbox> mailbox, Fd listener, crypto::TlsContext tls)
    : shared_(shared),
      mailbox_(std::move(mailbox)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      listener_(std::move(listener)),
      tls_(std::move(tls)),
      timers_(shared.clock.steady()),
      pipes_(shared.options.limits.pipe_bytes, shared.options.limits.pipes, counters_),
      gathering_(shared.options.limits.gather_from_pairs, shared.clock.steady()),
      scratch_(shared.options.limits.copy_bytes),
      parts_{epoll_.get(), timers_, pipes_, counters_, gathering_, shared.options, scratch_, shared.clock.steady()} {
  // What is accepted inherits the listener's options: seven system calls less for each client.
  tune_socket(listener_.get(), shared.options);
  accepting_.loop = pausing_.loop = mail_.loop = draining_timer_.loop = this;
  RESCUE_ASSERT(parts_.watch(mailbox_->fd(), EPOLLIN, &mail_) && parts_.watch(listener_.get(), EPOLLIN, &accepting_));
}

Loop::~Loop() { mailbox_->close(); }

void Loop::run() {
  // Writing to a socket whose reader is gone raises SIGPIPE in this thread; blocked, it stays an errno.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  mailbox_->read_here();
  while (!stopped_) turn();
}

void Loop::turn() {
  if (gathering_.on() && run_queue_.empty())
    std::this_thread::sleep_for(parts_.now + shared_.options.limits.gather_period - shared_.clock.steady());
  int timeout_ms = -1;
  if (!run_queue_.empty()) {
    timeout_ms = 0;
  } else if (const auto next = timers_.next()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - shared_.clock.steady());
    timeout_ms = static_cast<int>(std::max<std::int64_t>(0, left.count()));
  }
  epoll_event events[kMaxEvents];
  const int n = ::epoll_wait(epoll_.get(), events, kMaxEvents, timeout_ms);
  parts_.now = shared_.clock.steady();
  gathering_.turn(parts_.now);
  for (int i = 0; i < n; ++i) static_cast<EventTarget*>(events[i].data.ptr)->on_events(events[i].events);
  timers_.advance(parts_.now);
  for (std::size_t i = run_queue_.size(); i > 0; --i) {
    RelayPair* pair = run_queue_.front();
    run_queue_.pop_front();
    pair->queued = false;
    if (!pair->dead()) pair->run();
  }
  settle();
  std::erase_if(graves_, [](const auto&) { return true; });
}

// Works off what was told during the batch. Each step may tell more.
void Loop::settle() {
  while (!admitted_.empty() || !left_.empty() || !named_.empty() || !decided_.empty() || mailbox_->has_own()) {
    if (mailbox_->has_own()) work_off_mail();
    for (auto* c : std::exchange(named_, {})) {
      if (c->dead()) continue;
      take_client(c->take(), c->address(), c->port());
      proxied_closed(*c);
    }
    for (auto* c : std::exchange(decided_, {})) {
      if (c->dead()) continue;
      const auto refuse = c->refuse_with();
      const auto destination = c->destination();
      Client client = c->take();
      if (destination == Destination::gateway)
        start_handoff(std::move(client), refuse, true);
      else
        pass_to_broker(std::move(client));
      front_closed(*c);
    }
    for (auto* c : std::exchange(admitted_, {})) {
      if (!c->dead()) place(*c);
    }
    for (auto* c : std::exchange(left_, {})) {
      if (!c->dead()) join(*c);
    }
  }
}

void Loop::read_mail() {
  mailbox_->lower_flag();
  work_off_mail();
}

void Loop::work_off_mail() {
  for (auto& task : mailbox_->take()) task(this);
}

void Loop::accept_all() {
  for (int i = 0; i < kMaxAccepts && listener_.is_open(); ++i) {
    SocketAddress from;
    Fd fd(::accept4(listener_.get(), from.get(), from.size_to_fill(), SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.is_open()) {
      const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (!exhausted) return;
      counters_.add(Metric::accept_paused);
      parts_.unwatch(listener_.get());
      timers_.arm(pausing_, parts_.now + kAcceptPause);
      return;
    }
    accept_one(std::move(fd), from.ip(), from.port());
  }
}

void Loop::listen_again() {
  if (listener_.is_open()) parts_.watch(listener_.get(), EPOLLIN, &accepting_);
}

void Loop::accept_one(Fd fd, const net::IpAddress& address, std::uint16_t port) {
  counters_.add(Metric::accepted);
  const auto& proxies = shared_.options.trusted_proxies;
  const auto holds = [&address](const net::IpPrefix& p) { return p.contains(address); };
  if (std::any_of(proxies.begin(), proxies.end(), holds)) return ask_proxy(std::move(fd), address, port);
  take_client(std::move(fd), address, port);
}

// Limits of one address are not the proxy's: all its clients share that one.
void Loop::ask_proxy(Fd fd, const net::IpAddress& proxy, std::uint16_t port) {
  const auto& limits = shared_.options.limits;
  auto entered = shared_.connections.enter(proxy);
  if (entered.in_all > limits.connections + limits.refusal_lane) return counters_.add(Metric::over_limit);  // closes
  auto waiting =
      std::make_unique<ProxiedConnection>(parts_, *this, std::move(fd), std::move(entered.lease), proxy, port);
  auto* raw = waiting.get();
  proxied_.emplace(raw, std::move(waiting));
  raw->start();
}

void Loop::proxied_closed(ProxiedConnection& c) {
  if (auto node = proxied_.extract(&c)) graves_.push_back(std::move(node.mapped()));
}

void Loop::take_client(Fd fd, const net::IpAddress& address, std::uint16_t port) {
  const auto& limits = shared_.options.limits;
  auto entered = shared_.connections.enter(address);
  auto fresh = shared_.unauthenticated.enter(address);
  if (entered.in_all > limits.connections + limits.refusal_lane ||
      fresh.of_address > limits.unauthenticated_per_address) {
    counters_.add(Metric::over_limit);
    return;  // closes
  }
  std::optional<RefuseReason> refuse;
  if (draining_)
    refuse = RefuseReason::draining;
  else if (entered.in_all > limits.connections)
    refuse = RefuseReason::full;
  else if (entered.of_address > limits.connections_per_address)
    refuse = RefuseReason::too_many;
  Client client{std::move(fd), address, port, std::move(entered.lease), std::move(fresh.lease)};
  if (!shared_.options.front_backend) return start_handoff(std::move(client), refuse, false);
  auto front = std::make_unique<FrontConnection>(parts_, *this, std::move(client), refuse);
  auto* raw = front.get();
  fronts_.emplace(raw, std::move(front));
  raw->start();
}

void Loop::start_handoff(Client client, std::optional<RefuseReason> refuse_with, bool watched) {
  auto ssl = crypto::new_ssl(tls_);
  if (!ssl) return;  // out of memory: the client is closed
  const auto id = shared_.next_connection++;
  auto connection = std::make_unique<HandoffConnection>(id, std::move(client), *std::move(ssl), refuse_with);
  auto* raw = connection.get();
  handoffs_.emplace(id, std::move(connection));
  counters_.add(Metric::handshaking);
  raw->attach(parts_, *this, watched);
}

void Loop::pass_to_broker(Client client) {
  counters_.add(Metric::front_connections);
  client.unauthenticated.release();
  auto backend = dial_backend(*shared_.options.front_backend, shared_.options);
  if (!backend) {
    counters_.add(Metric::front_unreachable);
    return;
  }
  std::string header = proxy_header_for(client);
  RelayPair::Side side{std::move(client.fd), std::move(client.lease), std::move(header), true};
  parts_.unwatch(side.fd.get());
  counters_.add(Metric::fronted);
  start_pair({}, std::move(side), *std::move(backend), false);
}

void Loop::front_closed(FrontConnection& c) {
  if (auto node = fronts_.extract(&c)) graves_.push_back(std::move(node.mapped()));
}

void Loop::start_pair(RelayPair::Name name, RelayPair::Side zero, RelayPair::Side one, bool watched) {
  auto pair = std::make_unique<RelayPair>(parts_, *this, name, std::move(zero), std::move(one));
  auto* raw = pair.get();
  pairs_.emplace(raw, std::move(pair));
  if (!name.session.is_none()) sessions_[name.session].pairs.push_back(raw);
  raw->start(watched);
}

void Loop::relay_has_more(RelayPair& pair) {
  if (std::exchange(pair.queued, true)) return;
  run_queue_.push_back(&pair);
}

void Loop::relay_ended(RelayPair& pair, PairEnd end) {
  auto node = pairs_.extract(&pair);
  graves_.push_back(std::move(node.mapped()));
  // A dead pair must not stand in the queue when its memory goes.
  std::erase(run_queue_, &pair);
  if (pair.is_front()) {
    counters_.add(Metric::fronted, -1);
    if (end == PairEnd::gateway_error) counters_.add(Metric::front_unreachable);
    return;
  }
  const PairReport report{
      pair.name().session, pair.name().pair, end,
      pair.bytes_to(0),    pair.bytes_to(1), std::chrono::duration_cast<base::Duration>(parts_.now - pair.started())};
  if (base::log_enabled(base::LogLevel::info))
    base::log(base::LogLevel::info, "gateway", "pair ended",
              {{"session", report.session.text()},
               {"pair", report.pair.text()},
               {"end", wire::gateway::EnumNamePairEnd(end)},
               {"bytes_to_applet", report.bytes_to_applet},
               {"bytes_to_console", report.bytes_to_console},
               {"seconds", static_cast<double>(report.duration.count()) / 1e6}});
  // In this order: a gateway that is being drained leaves its broker when no pair is counted any more.
  shared_.admission.pair_ended(report);
  counters_.ended(end);
  counters_.add(Metric::pairs, -1);
  if (const auto it = sessions_.find(report.session); it != sessions_.end()) std::erase(it->second.pairs, &pair);
  forget_session_if_empty(report.session);
}

}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
#include "peer/console_peer.hpp"

#include "base/assert.hpp"
#include "peer/impl/gateway_rounds.hpp"
#include "peer/impl/sas_keys.hpp"

namespace rescue::peer {

namespace asio = boost::asio;

struct ConsolePeer::Impl : std::enable_shared_from_this<ConsolePeer::Impl> {
  Impl(asio::any_io_executor ex, session::ConsoleSession& c, ConsolePeerOptions o, ConsolePeerHooks h, base::Clock& cl,
       base::RandomSource& r)
      : executor(std::move(ex)),
        random(r),
        core(c),
        options(std::move(o)),
        hooks(std::move(h)),
        clock(cl),
        tasks(executor),
        changed(executor),
        rounds(executor, options.admission, hooks.renew, random),
        sas(random) {
    core.with<session::ConsoleSas>(session::Now::of(clock), [&](session::ConsoleSas& f) { f.connected(sas.keys()); });
    make_runner(options.link_id);
  }

  void make_runner(const base::Guid& link_id) {
    LinkUser user;
    user.pump = [this](link::Link& link, session::Now now) {
      auto result = pump_with_host(link, core, now, hooks.pumped);
      if (result.closed) rounds.close();
      if (result.closed || core.ended()) changed.notify();
      return result;
    };
    user.next_deadline = [this] { return core.next_deadline(); };
    runner = LinkRunner::create(executor, link::Link(link_id), std::move(user), clock);
  }

  /// The applet's machine restarts: the process that answers next has no part of the present link.
  void begin_anew() {
    runner->retire();
    core.on_machine_restarted(session::Now::of(clock));
    make_runner(base::Guid::random(random));
    tasks.spawn("console link clock", LinkRunner::keep_time(runner));
    if (hooks.pumped) hooks.pumped();
  }

  void report(PathState state, std::string gateway, std::optional<base::Error> error = std::nullopt,
              std::string cipher = {}) {
    if (!hooks.path) return;
    PathReport r;
    r.state = state;
    r.gateway = std::move(gateway);
    r.cipher = std::move(cipher);
    r.error = std::move(error);
    hooks.path(r);
  }

  base::Result<> make_context() {
    const auto only = [applet = options.applet](const crypto::Fingerprint& fp) { return fp == applet; };
    RESCUE_TRY(inner, crypto::link_context(crypto::LinkRole::console, options.profile, options.identity, only));
    return {};
  }

  /// A connection on which Waiting was answered. `at_once`: the inner handshake is on its way too.
  asio::awaitable<base::Result<std::unique_ptr<GatewayConnection>>> enter(GatewayAddress gateway, bool at_once) {
    RESCUE_CO_TRY(auto outer, rounds.outer());
    std::unique_ptr<GatewayConnection> connection;
    if (options.called_ahead != nullptr) {
      auto taking = options.called_ahead->take(gateway.at, rounds.gateway_ca_pin());
      connection = co_await std::move(taking);
    }
    for (bool called_now = false;;) {
      if (!connection) {
        auto calling = GatewayConnection::call(gateway, outer);
        RESCUE_CO_TRY(connection, co_await std::move(calling));
        called_now = true;
      }
      HandoffIdentity who(crypto::Role::console, options.identity.key, std::nullopt);
      auto entering = at_once ? connection->admit_early(std::move(who), rounds.ticket(), *inner)
                              : connection->admit(std::move(who), rounds.ticket());
      const auto entered = co_await std::move(entering);
      if (entered) co_return connection;
      // One that was called ahead may have stood too long for the gateway. What that says itself is meant.
      const bool stale = entered.error().code == base::Errc::closed || entered.error().code == base::Errc::io;
      if (called_now || !stale) co_return base::fail(entered.error());
      connection.reset();
    }
  }

  asio::awaitable<base::Result<InnerPath>> meet(GatewayAddress gateway) {
    auto entering = enter(gateway, early);
    RESCUE_CO_TRY(auto at_gateway, co_await std::move(entering));
    // With other gateways to try, the applet may be waiting at one of them.
    const bool may_be_elsewhere = !rounds.only_one();
    const auto patience = may_be_elsewhere ? std::optional(kPairing)
                          : early          ? std::optional(kEarlyPatience)
                                           : std::nullopt;
    auto waiting = at_gateway->wait_joined(patience);
    auto joined = co_await std::move(waiting);
    if (!joined && early && !may_be_elsewhere && joined.error().code == base::Errc::timed_out) {
      // The applet is away: wait for it as one that can ping.
      early = false;
      at_gateway.reset();
      auto again = enter(std::move(gateway), false);
      RESCUE_CO_TRY(at_gateway, co_await std::move(again));
      auto patient = at_gateway->wait_joined(std::nullopt);
      joined = co_await std::move(patient);
    }
    if (!joined) co_return base::fail(std::move(joined).error());
    auto securing = at_gateway->secure(crypto::LinkRole::console, options.profile, *inner);
    co_return co_await std::move(securing);
  }

  static asio::awaitable<void> make_paths(std::shared_ptr<Impl> self) {
    auto& s = *self;
    while (!s.runner->over()) {
      auto gateway = co_await s.rounds.next();
      if (!gateway) {
        if (!s.stopping) s.failure = std::move(gateway).error();
        break;
      }
      const auto where = gateway->at.text();
      s.report(PathState::connecting, where);
      auto meeting = s.meet(std::move(*gateway));
      auto path = co_await std::move(meeting);
      if (!path) {
        const bool impostor = path.error().code == crypto::Errc::peer_unexpected;
        auto error = impostor ? base::Error(Errc::wrong_applet, path.error().context) : path.error();
        s.rounds.failed(error);
        // A connection that just broke may be all that a gateway of an earlier version has to say to Hello with
        // goodbye.
        s.early = s.early && &error.code.domain() == &error_domain(Errc::gateway_refused);
        s.report(impostor ? PathState::refused : PathState::failed, where, std::move(error));
        continue;
      }
      s.report(PathState::up, where, std::nullopt, path->peer.version + " " + path->peer.cipher);
      if (const auto binding = sas_binding(*path, s.options.applet, s.options.identity.fingerprint())) s.sas.add(*binding);
      s.early = true;
      if (s.options.called_ahead != nullptr) s.options.called_ahead->drop();
      const auto since = s.clock.steady();
      base::Bytes nothing;
      auto running = LinkRunner::run_path(s.runner, s.tasks, std::move(path->stream), std::move(nothing));
      auto end = co_await std::move(running);
      s.rounds.ended(std::chrono::duration_cast<base::Duration>(s.clock.steady() - since));
      s.report(PathState::down, where, std::move(end.error));
      if (s.core.machine_restarts() && !s.core.ended() && !s.runner->over()) s.begin_anew();
    }
    s.done = true;
    s.changed.notify();
  }

  /// What run() returns once the link is over.
  [[nodiscard]] base::Result<> verdict() const {
    if (failure) return base::fail(*failure);
    const auto& closed = runner->closed();
    if (!closed || closed->orderly) return {};
    const auto code = static_cast<link::CloseCode>(closed->code);
    if (code == link::CloseCode::done || code == link::CloseCode::session_ended) return {};
    return base::fail(base::Errc::closed, "the other end closed the link: " + closed->text);
  }

  asio::any_io_executor executor;
  base::RandomSource& random;
  session::ConsoleSession& core;
  ConsolePeerOptions options;
  ConsolePeerHooks hooks;
  base::Clock& clock;
  net::TaskGroup tasks;
  net::Signal changed;
  GatewayRounds rounds;
  ConsoleSasBook sas;
  std::shared_ptr<LinkRunner> runner;
  std::optional<crypto::TlsContext> inner;
  std::optional<base::Error> failure;
  bool early = true;  // the applet is expected to wait at the gateway
  bool started = false;
  bool stopping = false;
  bool done = false;   // no more paths
  bool ended = false;  // run() is over
  bool gone = false;   // the peer was destroyed
};

ConsolePeer::ConsolePeer(asio::any_io_executor executor, session::ConsoleSession& core, ConsolePeerOptions options,
                         ConsolePeerHooks hooks, base::Clock& clock, base::RandomSource& random)
    : impl_(std::make_shared<Impl>(std::move(executor), core, std::move(options), std::move(hooks), clock, random)) {}

ConsolePeer::~ConsolePeer() {
  RESCUE_ASSERT(!impl_->started || impl_->ended);
  impl_->gone = true;
  impl_->runner->retire();
}

asio::awaitable<base::Result<>> ConsolePeer::run() {
  const auto self = impl_;
  auto& s = *self;
  RESCUE_CO_CHECK(s.make_context());
  s.started = true;
  s.tasks.spawn("console link clock", LinkRunner::keep_time(s.runner));
  s.tasks.spawn("console paths", Impl::make_paths(self));
  while (!s.done && !s.stopping) co_await s.changed.wait();
  // A core that was ended says so to the other end, if there is a path.
  const auto until = std::chrono::steady_clock::now() + kFarewell.after;
  while (!s.done && s.core.ended() && s.runner->link().current_path() && std::chrono::steady_clock::now() < until)
    (void)co_await s.changed.wait_until(until);
  co_await s.tasks.stop(std::chrono::microseconds(0));
  s.ended = true;
  auto verdict = s.verdict();
  s.runner->retire();
  co_return verdict;
}

void ConsolePeer::kick() { impl_->runner->kick(); }

void ConsolePeer::post(std::move_only_function<void(session::ConsoleSession&, session::Now)> command) {
  net::post_on(impl_->executor, [self = impl_, command = std::move(command)]() mutable {
    if (self->ended || self->gone) return;
    command(self->core, session::Now::of(self->clock));
    self->runner->kick();
  });
}

void ConsolePeer::stop() {
  impl_->stopping = true;
  impl_->rounds.close();
  impl_->runner->kick();
  impl_->changed.notify();
}

bool ConsolePeer::linked() const { return impl_->core.link_up(); }
std::optional<base::Duration> ConsolePeer::rtt() const { return impl_->runner->link().rtt(); }

}  // namespace rescue::peer

// SPDX-License-Identifier: Apache-2.0
// The applet's connections: waiting at a gateway, and letting in who comes there with a grant.
#include <fmt/format.h>

#include "link/frame.hpp"
#include "peer/impl/applet_peer_impl.hpp"

namespace rescue::peer {

namespace asio = boost::asio;

namespace {

/// Enough for a RESUME frame and the little that may have come behind it.
constexpr std::size_t kFirstRead = 1024;

struct CountIn {
  explicit CountIn(std::size_t& n) : count(n) { ++count; }
  ~CountIn() { --count; }
  CountIn(const CountIn&) = delete;
  CountIn& operator=(const CountIn&) = delete;
  std::size_t& count;
};

/// Somebody was there and was not who it had to be, in contrast to a connection that broke.
bool is_incident(const base::Error& e) { return e.exit() == base::Exit::verification_failed; }

}  // namespace

void AppletPeer::Impl::report_waiting(PathState state, std::string gateway, std::optional<base::Error> error) {
  if (!hooks.waiting) return;
  PathReport r;
  r.state = state;
  r.gateway = std::move(gateway);
  r.error = std::move(error);
  hooks.waiting(r);
}

void AppletPeer::Impl::report_path(const TechnicianPtr& t, PathState state, const InnerPath& path,
                                   std::optional<base::Error> error) {
  if (!hooks.path) return;
  PathReport r;
  r.state = state;
  r.gateway = path.gateway;
  r.cipher = path.peer.version + " " + path.peer.cipher;
  r.error = std::move(error);
  hooks.path(t->number, r);
}

asio::awaitable<void> AppletPeer::Impl::keep_waiting(std::shared_ptr<Impl> self) {
  auto& s = *self;
  for (;;) {
    auto gateway = co_await s.rounds.next();
    if (!gateway) {
      if (!s.stopping) s.failure = std::move(gateway).error();
      break;
    }
    const auto where = gateway->at.text();
    s.report_waiting(PathState::connecting, where);
    HandoffIdentity who(crypto::Role::applet, s.options.identity.key, s.options.guid);
    auto outer = s.rounds.outer();
    if (!outer) {
      s.failure = std::move(outer).error();
      break;
    }
    auto opening = GatewayConnection::open(std::move(*gateway), std::move(*outer), std::move(who), s.rounds.ticket());
    auto opened = co_await std::move(opening);
    if (!opened) {
      s.rounds.failed(opened.error());
      s.report_waiting(is_incident(opened.error()) ? PathState::refused : PathState::failed, where, opened.error());
      continue;
    }
    const std::shared_ptr<GatewayConnection> connection = std::move(*opened);
    s.waiting_at = connection;
    s.report_waiting(PathState::up, where);
    const auto since = s.clock.steady();
    auto waiting = connection->wait_joined(std::nullopt);
    auto joined = co_await std::move(waiting);
    s.waiting_at.reset();
    if (!joined) {
      s.rounds.ended(std::chrono::duration_cast<base::Duration>(s.clock.steady() - since));
      s.report_waiting(PathState::failed, where, std::move(joined).error());
      continue;
    }
    s.rounds.ended(kLasting);  // the next one waits at the same place at once
    if (s.accepting >= kAcceptingMax) {
      s.report_waiting(PathState::refused, where, base::Error(base::Errc::too_large, "consoles on their way in"));
      continue;
    }
    s.tasks.spawn("applet accept", accept(self, connection));
  }
  s.done = true;
  s.changed.notify();
}

/// Of the newest grant without a link: a console that is linked does not knock.
crypto::Profile AppletPeer::Impl::expected_profile() const {
  const crypto::Grant* newest = nullptr;
  for (const auto& id : book.technicians()) {
    const auto* g = book.of(id);
    const auto t = find_console(g->console_fingerprint);
    if (t && t->core.link_up()) continue;
    if (newest == nullptr || g->issued > newest->issued) newest = g;
  }
  return newest == nullptr ? crypto::Profile::modern : newest->profile;
}

asio::awaitable<base::Result<InnerPath>> AppletPeer::Impl::secure(GatewayConnection& connection) {
  const auto profile = expected_profile();
  // Any key may finish the handshake, as its grant may still be on the way from the site; nothing is read before
  // grant_of().
  const auto any = [](const crypto::Fingerprint&) { return true; };
  RESCUE_CO_TRY(auto inner, crypto::link_context(crypto::LinkRole::applet, profile, options.identity, any));
  auto securing = connection.secure(crypto::LinkRole::applet, profile, std::move(inner));
  RESCUE_CO_TRY(auto path, co_await std::move(securing));
  RESCUE_CO_TRY(const auto grant, co_await grant_of(path.peer.fingerprint));
  if (grant.profile != profile) co_return base::fail(Errc::wrong_console, "the grant asks for another TLS profile");
  co_return path;
}

asio::awaitable<base::Result<crypto::Grant>> AppletPeer::Impl::grant_of(crypto::Fingerprint console) {
  const auto until = std::chrono::steady_clock::now() + kGrantWait.after;
  for (;;) {
    if (const auto* g = book.find(console, clock.wall())) co_return *g;
    if (std::chrono::steady_clock::now() >= until)
      co_return base::fail(Errc::wrong_console, fmt::format("console key {}", base::to_hex(console)));
    (void)co_await grants_changed.wait_until(until);
  }
}

asio::awaitable<base::Result<base::Guid>> AppletPeer::Impl::first_frame(net::ByteStream& stream, base::Bytes& read) {
  for (;;) {
    RESCUE_CO_TRY(const auto resume, link::peek_resume(read));
    if (resume) co_return resume->link_id;
    const auto have = read.size();
    read.resize(have + kFirstRead);
    const auto n = co_await stream.read_some(base::MutableByteView(read).subspan(have));
    read.resize(have + n.value_or(0));
    if (!n) co_return base::fail(n.error());
    if (*n == 0) co_return base::fail(base::Errc::closed, "console left before the first frame");
  }
}

base::Result<AppletPeer::Impl::TechnicianPtr> AppletPeer::Impl::technician_for(const crypto::Grant& grant,
                                                                               const base::Guid& link_id) {
  if (auto t = find_console(grant.console_fingerprint)) {
    if (!t->runner->over() && t->runner->link().id() == link_id) return t;
    end(t, "the technician's program began again");
  }
  if (technicians.size() >= kTechniciansMax)
    return base::fail(base::Errc::too_large, fmt::format("more than {} technicians at a time", kTechniciansMax));
  return add(grant, link_id);
}

asio::awaitable<void> AppletPeer::Impl::accept(std::shared_ptr<Impl> self,
                                               std::shared_ptr<GatewayConnection> connection) {
  auto& s = *self;
  const auto where = connection->gateway().at.text();
  TechnicianPtr technician;
  InnerPath path;
  base::Bytes first;
  {
    const CountIn in(s.accepting);
    auto securing = s.secure(*connection);
    auto secured = co_await std::move(securing);
    if (!secured) {
      s.report_waiting(is_incident(secured.error()) ? PathState::refused : PathState::failed, where, secured.error());
      co_return;
    }
    path = std::move(*secured);
    auto reading = s.first_frame(*path.stream, first);
    const auto link_id = co_await net::with_timeout(std::move(reading), kFirstFrame);
    if (!link_id) {
      s.report_waiting(PathState::failed, where, link_id.error());
      co_return;
    }
    // Time has passed: only a grant that stands now counts.
    const auto* grant = s.book.find(path.peer.fingerprint, s.clock.wall());
    auto found = grant != nullptr ? s.technician_for(*grant, *link_id)
                                  : base::fail(Errc::wrong_console, "the grant ended meanwhile");
    if (!found) {
      s.report_waiting(PathState::refused, where, std::move(found).error());
      co_return;
    }
    technician = std::move(*found);
    s.prepare_sas(*technician, path);
  }
  s.report_path(technician, PathState::up, path);
  ++technician->running;
  auto running = LinkRunner::run_path(technician->runner, s.tasks, std::move(path.stream), std::move(first));
  auto end = co_await std::move(running);
  --technician->running;
  s.report_path(technician, PathState::down, path, std::move(end.error));
  technician->changed.notify();
}

}  // namespace rescue::peer

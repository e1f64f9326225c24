// SPDX-License-Identifier: Apache-2.0
#include "peer/applet_peer.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "peer/impl/applet_peer_impl.hpp"

namespace rescue::peer {

namespace asio = boost::asio;

namespace {

GrantBook::Owner owner_of(const AppletPeerOptions& o) {
  return {o.session, crypto::guid_id(o.guid.bytes()), o.identity.fingerprint(), o.token_keys};
}

}  // namespace

AppletPeer::Impl::Impl(asio::any_io_executor ex, AppletPeerOptions o, AppletPeerHooks h, base::Clock& c,
                       base::RandomSource& r)
    : executor(std::move(ex)),
      options(std::move(o)),
      hooks(std::move(h)),
      clock(c),
      random(r),
      tasks(executor),
      rounds(executor, options.admission, hooks.renew, random),
      book(owner_of(options)),
      receipts(options.identity.key, options.session, options.receipts),
      grants_changed(executor),
      changed(executor) {
  for (const auto& t : options.restored) {
    book.seen(t.technician, t.generation);
    if (t.sas_confirmed) options.confirmed_consoles.insert(t.console);
  }
}

AppletPeer::Impl::TechnicianPtr AppletPeer::Impl::find(TechnicianNumber number) const {
  const auto it = std::ranges::find_if(technicians, [&](const auto& t) { return t->number == number; });
  return it == technicians.end() ? nullptr : *it;
}

/// The newest of that key: an ended one may still be saying goodbye.
AppletPeer::Impl::TechnicianPtr AppletPeer::Impl::find_console(const crypto::Fingerprint& console) const {
  for (auto it = technicians.rbegin(); it != technicians.rend(); ++it)
    if ((*it)->console == console && !(*it)->core.ended()) return *it;
  return nullptr;
}

void AppletPeer::Impl::end(const TechnicianPtr& t, std::string_view reason) {
  t->core.on_site_ends(wire::session::EndedBy::broker, reason, now());
  t->runner->kick();
}

AppletPeer::Impl::TechnicianPtr AppletPeer::Impl::add(const crypto::Grant& grant, base::Guid link_id) {
  auto core = options.core;
  const auto before = std::ranges::find_if(options.restored, [&](const TechnicianStanding& r) {
    return r.technician == grant.technician && r.console == grant.console_fingerprint;
  });
  if (before != options.restored.end()) {
    core.restored = std::move(before->consent);
    options.restored.erase(before);  // once
  }
  const auto t =
      std::make_shared<Technician>(TechnicianNumber(next_number++), grant, std::move(core), receipts, now(), executor);
  LinkUser user;
  user.pump = [this, t = t.get()](link::Link& link, session::Now at) {
    auto result = pump_with_host(link, t->core, at, [&] { hooks.pumped(t->number, t->core); });
    if (result.closed || t->core.ended()) t->changed.notify();
    if (t->core.sas_confirmed()) options.confirmed_consoles.insert(t->console);
    share_hold();
    return result;
  };
  user.next_deadline = [t = t.get()] { return t->core.next_deadline(); };
  t->runner = LinkRunner::create(executor, link::Link(link_id), std::move(user), clock);
  technicians.push_back(t);
  hooks.joined(t->number, t->core, grant);
  tasks.spawn("technician's clock", LinkRunner::keep_time(t->runner));
  tasks.spawn("technician", watch(shared_from_this(), t));
  return t;
}

void AppletPeer::Impl::prepare_sas(Technician& t, const InnerPath& path) {
  auto& confirmed = options.confirmed_consoles;
  t.core.with<session::AppletSas>(now(), [&](session::AppletSas& sas) {
    if (sas.is_connected()) return;
    auto binding = sas_binding(path, options.identity.fingerprint(), t.console);
    if (binding)
      sas.connected(applet_sas_keys(*binding, random));
    else
      base::log(base::LogLevel::error, "peer", "no digits for this connection", {{"why", binding.error().message()}});
    if (confirmed.contains(t.console)) sas.known_pair();
  });
}

void AppletPeer::Impl::share_hold() {
  const auto version = options.core.hold->version();
  if (std::exchange(hold_seen, version) == version) return;
  for (const auto& t : technicians) t->runner->kick();
}

asio::awaitable<void> AppletPeer::Impl::watch(std::shared_ptr<Impl> self, TechnicianPtr t) {
  std::optional<base::SteadyTime> give_up;  // of a core that has ended
  while (!t->runner->over()) {
    const auto now = self->now();
    const bool connected = t->runner->link().current_path().has_value();
    std::optional<base::SteadyTime> wake;
    if (t->core.ended()) {
      if (!give_up) give_up = now.steady + kEndedUnheard;
      if (now.steady >= *give_up) {
        if (!connected) break;
        t->runner->link().close(link::CloseCode::session_ended, "the session has ended");
        t->runner->kick();
        give_up = now.steady + kFarewell.after;
      }
      wake = give_up;
    } else if (!connected) {
      const auto* grant = self->book.find(t->console, now.wall);
      if (grant == nullptr) {
        self->end(t, "the grant ended and was not renewed");
        continue;
      }
      wake = now.steady + (grant->lease_until - now.wall);
    }
    if (!wake)
      co_await t->changed.wait();
    else
      (void)co_await t->changed.wait_until(std::chrono::steady_clock::now() + (*wake - now.steady));
  }
  while (t->running > 0) co_await t->changed.wait();
  self->remove(t);
}

void AppletPeer::Impl::remove(const TechnicianPtr& t) {
  if (std::erase(technicians, t) == 0) return;
  t->runner->retire();
  hooks.left(t->number);
  changed.notify();
}

AppletPeer::AppletPeer(asio::any_io_executor executor, AppletPeerOptions options, AppletPeerHooks hooks,
                       base::Clock& clock, base::RandomSource& random)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options), std::move(hooks), clock, random)) {
  RESCUE_ASSERT(impl_->hooks.joined && impl_->hooks.pumped && impl_->hooks.left);
}

AppletPeer::~AppletPeer() {
  RESCUE_ASSERT(!impl_->started || impl_->ended);
  impl_->ended = true;
}

asio::awaitable<base::Result<>> AppletPeer::run() {
  const auto self = impl_;
  auto& s = *self;
  s.started = true;
  s.tasks.spawn("applet waiting", Impl::keep_waiting(self));
  while (!s.done && !s.stopping) co_await s.changed.wait();
  // Who has been told goodbye may hear it.
  const auto until = std::chrono::steady_clock::now() + s.grace;
  const auto leaving = [](const auto& t) { return t->core.ended() && t->runner->link().current_path(); };
  while (std::ranges::any_of(s.technicians, leaving) && std::chrono::steady_clock::now() < until)
    (void)co_await s.changed.wait_until(until);
  co_await s.tasks.stop(std::chrono::microseconds(0));
  while (!s.technicians.empty()) {
    const auto last = s.technicians.back();
    s.remove(last);
  }
  s.ended = true;
  if (s.failure) co_return base::fail(*s.failure);
  co_return base::Result<>{};
}

base::Result<> AppletPeer::on_grant(base::ByteView envelope) {
  auto& s = *impl_;
  const auto now = s.now();
  RESCUE_TRY(const auto grant, s.book.add(envelope, now.wall));
  for (const auto& t : std::vector(s.technicians)) {
    if (t->id != grant.technician || t->core.ended()) continue;
    if (t->console != grant.console_fingerprint) {
      s.end(t, "continued elsewhere by the technician");
    } else {
      if (auto ok = t->core.on_grant(terms_of(grant, now), now); !ok) return ok;
      t->runner->kick();
    }
  }
  s.grants_changed.notify();
  return {};
}

void AppletPeer::on_revoke(const base::Guid& technician, std::string_view reason) {
  auto& s = *impl_;
  s.book.revoke(technician);
  for (const auto& t : std::vector(s.technicians))
    if (t->id == technician && !t->core.ended()) s.end(t, reason);
}

void AppletPeer::keep_grants_of(const std::vector<base::Guid>& technicians, std::string_view reason) {
  for (const auto& id : impl_->book.technicians())
    if (std::ranges::find(technicians, id) == technicians.end()) on_revoke(id, reason);
}

void AppletPeer::set_gateways(std::vector<GatewayAddress> gateways) {
  auto& s = *impl_;
  const auto here = [&](const GatewayAddress& g) { return g.at == s.waiting_at->gateway().at; };
  const bool moved = s.waiting_at && std::ranges::none_of(gateways, here);
  s.rounds.set_gateways(std::move(gateways));
  if (moved) s.waiting_at->close();
}

void AppletPeer::kick(TechnicianNumber technician) {
  if (const auto t = impl_->find(technician)) t->runner->kick();
}

session::AppletSession* AppletPeer::core(TechnicianNumber technician) {
  const auto t = impl_->find(technician);
  return t ? &t->core : nullptr;
}

std::vector<TechnicianNumber> AppletPeer::technicians() const {
  std::vector<TechnicianNumber> out;
  for (const auto& t : impl_->technicians) out.push_back(t->number);
  return out;
}

const crypto::ReceiptChain::Position& AppletPeer::receipts() const { return impl_->receipts.position(); }

const std::set<crypto::Fingerprint>& AppletPeer::confirmed_consoles() const {
  return impl_->options.confirmed_consoles;
}

std::vector<TechnicianStanding> AppletPeer::standings() const {
  std::vector<TechnicianStanding> out;
  for (const auto& t : impl_->technicians) {
    if (t->core.ended()) continue;
    const auto& consent = t->core.consent();
    out.push_back({t->id, t->console, consent.terms().generation, consent.carried(),
                   impl_->options.confirmed_consoles.contains(t->console)});
  }
  return out;
}

void AppletPeer::stop(base::Duration grace) {
  impl_->grace = grace;
  impl_->stopping = true;
  impl_->rounds.close();
  for (const auto& t : impl_->technicians) t->runner->kick();
  impl_->changed.notify();
}

void AppletPeer::post(TechnicianNumber technician,
                      std::move_only_function<void(session::AppletSession&, session::Now)> call) {
  net::post_on(impl_->executor, [self = impl_, technician, call = std::move(call)]() mutable {
    if (self->ended) return;
    const auto t = self->find(technician);
    if (!t) return;
    call(t->core, self->now());
    t->runner->kick();
  });
}

}  // namespace rescue::peer

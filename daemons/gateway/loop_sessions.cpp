// SPDX-License-Identifier: Apache-2.0
// Admission, waiting, pairing and draining: what a loop does with clients that have said who they are.
#include "base/assert.hpp"
#include "base/log.hpp"
#include "daemons/gateway/loop.hpp"

namespace rescue::gateway {
namespace {
// Reports of tickets that nobody signed: anybody can cause them, so the site hears of one a second at most.
constexpr std::chrono::seconds kUnnamedIncidentPause{1};

std::size_t index_of(crypto::Role role) { return role == crypto::Role::applet ? 0 : 1; }
}  // namespace

void Loop::hello_received(HandoffConnection& c) {
  // Through the mailbox in any case: an answer never runs inside the question.
  shared_.admission.ask(c.applicant(), [mailbox = mailbox_, id = c.id()](Verdict verdict) {
    mailbox->post([id, verdict](Loop* loop) { loop->answer(id, verdict); });
  });
}

void Loop::answer(std::uint64_t connection, Verdict verdict) {
  const auto it = handoffs_.find(connection);
  if (it != handoffs_.end()) it->second->on_admission(verdict);
}

void Loop::place(HandoffConnection& c) {
  counters_.add(Metric::handshaking, -1);
  counters_.add(Metric::admitted);
  Mailbox& home = shared_.loop_of(c.applicant().session);
  if (&home == mailbox_.get()) {
    counters_.add(Metric::waiting);
    c.placed = true;
    return wait(c);
  }
  auto node = handoffs_.extract(c.id());
  c.detach();
  home.post([moved = std::move(node.mapped())](Loop* loop) mutable { loop->adopt(std::move(moved)); });
}

void Loop::adopt(std::unique_ptr<HandoffConnection> connection) {
  auto& c = *connection;
  handoffs_.emplace(c.id(), std::move(connection));
  c.placed = true;
  counters_.add(Metric::waiting);
  c.attach(parts_, *this, false);
  if (!c.dead()) wait(c);
}

void Loop::wait(HandoffConnection& c) {
  if (draining_) return c.refuse(RefuseReason::draining, "the gateway is being drained");
  const auto id = c.applicant().session;
  Session& session = sessions_[id];
  auto& line = session.waiting[index_of(c.applicant().role)];
  if (line.size() >= shared_.options.limits.waiting_per_end) {
    c.refuse(RefuseReason::too_many, "too many connections of this end are waiting");
    return forget_session_if_empty(id);
  }
  line.push_back(&c);
  report_waiting(id, c.applicant().role, line.size());
  match(id, session);
  if (!c.dead()) c.proceed();
}

void Loop::match(const base::Guid& id, Session& session) {
  auto& [applets, consoles] = session.waiting;
  if (applets.empty() || consoles.empty()) return;
  HandoffConnection& applet = *applets.front();
  HandoffConnection& console = *consoles.front();
  applets.erase(applets.begin());
  consoles.erase(consoles.begin());
  report_waiting(id, crypto::Role::applet, applets.size());
  report_waiting(id, crypto::Role::console, consoles.size());
  const auto pair = base::Guid::random(shared_.random);
  applet.on_partner(pair, console);
  // The applet may have failed in that very call, and then has taken its partner along.
  if (!console.dead() && !applet.dead())
    console.on_partner(pair, applet);
  else
    console.abandon();
}

void Loop::join(HandoffConnection& c) {
  HandoffConnection* partner = c.partner();
  if (partner == nullptr) return c.abandon();
  if (!partner->has_left()) return;  // whoever leaves second joins them
  HandoffConnection& applet = c.applicant().role == crypto::Role::applet ? c : *partner;
  HandoffConnection& console = &applet == &c ? *partner : c;
  const RelayPair::Name name{c.applicant().session, c.pair()};
  counters_.add(Metric::waiting, -2);
  counters_.add(Metric::pairs);
  counters_.add(Metric::joined);
  auto zero = applet.release();
  auto one = console.release();
  for (auto* end : {&applet, &console}) graves_.push_back(std::move(handoffs_.extract(end->id()).mapped()));
  if (base::log_enabled(base::LogLevel::info))
    base::log(base::LogLevel::info, "gateway", "pair joined",
              {{"session", name.session.text()}, {"pair", name.pair.text()}});
  shared_.admission.pair_joined(name.session, name.pair);
  start_pair(name, std::move(zero), std::move(one), true);
}

void Loop::stopped(HandoffConnection& c) {
  if (const auto incident = c.take_incident()) report_incident(*incident);
  if (const auto reason = c.refused_for()) {
    counters_.refused(*reason);
    base::log(base::LogLevel::warn, "gateway", "end refused",
              {{"reason", wire::handoff::EnumNameRefuseReason(*reason)}, {"remote", c.applicant().remote_address}});
  }
  stop_waiting(c);
}

void Loop::closed(HandoffConnection& c) {
  auto node = handoffs_.extract(c.id());
  graves_.push_back(std::move(node.mapped()));
  counters_.add(c.placed ? Metric::waiting : Metric::handshaking, -1);
  stop_waiting(c);
  if (HandoffConnection* partner = c.partner()) {
    c.forget_partner();
    partner->forget_partner();
    partner->abandon();
  }
}

void Loop::stop_waiting(HandoffConnection& c) {
  const auto id = c.applicant().session;
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return;
  auto& line = it->second.waiting[index_of(c.applicant().role)];
  if (std::erase(line, &c) > 0) report_waiting(id, c.applicant().role, line.size());
  forget_session_if_empty(id);
}

void Loop::forget_session_if_empty(const base::Guid& id) {
  const auto it = sessions_.find(id);
  if (it != sessions_.end() && it->second.empty()) sessions_.erase(it);
}

void Loop::report_waiting(const base::Guid& id, crypto::Role role, std::size_t waiting) {
  shared_.admission.waiting_changed(id, role, static_cast<unsigned>(waiting));
}

void Loop::report_incident(const IncidentReport& report) {
  if (!report.session) {
    if (parts_.now < next_unnamed_incident_) return;
    next_unnamed_incident_ = parts_.now + kUnnamedIncidentPause;
  }
  shared_.admission.incident(report);
}

void Loop::drain(std::optional<base::SteadyTime> deadline, bool close_listener) {
  draining_ = true;
  if (close_listener && listener_.is_open()) {
    parts_.unwatch(listener_.get());
    listener_.reset();
  }
  std::vector<HandoffConnection*> all;
  for (const auto& [id, c] : handoffs_) all.push_back(c.get());
  for (auto* c : all) {
    if (c->state() != HandoffState::leaving && c->state() != HandoffState::left)
      c->refuse(RefuseReason::draining, "the gateway is being drained");
  }
  if (deadline) timers_.arm(draining_timer_, *deadline);
}

void Loop::drain_ends() {
  std::vector<RelayPair*> all;
  for (const auto& [pair, owned] : pairs_) all.push_back(pair);
  for (auto* pair : all) pair->cut(PairEnd::drained);
}

void Loop::resume() {
  draining_ = false;
  TimerWheel::cancel(draining_timer_);
}

void Loop::kick(const base::Guid& session) {
  const auto it = sessions_.find(session);
  std::vector<HandoffConnection*> handoffs;
  for (const auto& [id, c] : handoffs_) {
    if (c->applicant().session == session) handoffs.push_back(c.get());
  }
  const auto pairs = it == sessions_.end() ? std::vector<RelayPair*>{} : it->second.pairs;
  for (auto* c : handoffs) c->refuse(RefuseReason::not_admitted, "the session has ended");
  for (auto* pair : pairs) pair->cut(PairEnd::kicked);
}

}  // namespace rescue::gateway

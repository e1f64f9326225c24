// SPDX-License-Identifier: Apache-2.0
// What happens during a session: the user's doings, the site's word, technicians coming and going.
#include <fmt/format.h>

#include "applet/core/applet.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "peer/errors.hpp"
#include "session/ended_by.hpp"

namespace rescue::applet {
namespace {
PersonId person_of(peer::TechnicianNumber number) { return PersonId(number.get()); }

std::string closed_text(const SiteClose& close) {
  std::string out =
      close.by.empty() ? "The session has been closed" : fmt::format("The session was closed by the {}", close.by);
  if (!close.reason.empty()) out += ": " + close.reason;
  return base::to_display_text(out + ".");
}
}  // namespace

void Applet::on_network(std::move_only_function<void()> f) { io_.post(std::move(f)); }

void Applet::with_host(PersonId person, const std::function<void(TechnicianHost&)>& f) {
  auto found = hosts_.find(person);
  if (found == hosts_.end()) return;
  f(*found->second);
  // At once, not after the next pump: what the user takes back must stop now.
  found->second->drain(now());
  peer_->kick(peer::TechnicianNumber(person.get()));
}

void Applet::with_each_host(const std::function<void(TechnicianHost&)>& f) {
  std::vector<PersonId> people;
  for (const auto& [person, host] : hosts_) people.push_back(person);
  for (auto person : people) with_host(person, f);
}

// ---- the user

void Applet::question_answered(PersonId person, session::QuestionId question, bool yes,
                               std::vector<base::SecretBytes> values) {
  on_network([this, person, question, yes, values = std::move(values)]() mutable {
    with_host(person, [&](TechnicianHost& host) {
      if (!host.core().question_answered(question, yes, std::move(values), now()))
        base::log(base::LogLevel::info, "applet", "answer not taken: too early or too late",
                  {{"question", question.get()}});
    });
  });
}

void Applet::answered(PersonId person, session::PromptId prompt, session::Answer answer) {
  on_network([=, this] {
    with_host(person, [&](TechnicianHost& host) {
      if (!host.core().user_answers(prompt, answer, now()))
        base::log(base::LogLevel::info, "applet", "answer not taken: too early or too late",
                  {{"prompt", prompt.get()}});
    });
  });
}

void Applet::says(std::string text) {
  on_network([this, text = std::move(text)] {
    bool heard = false;
    with_each_host([&](TechnicianHost& host) { heard |= host.core().user_sends_chat(text, now()).has_value(); });
    if (heard) ui_.show_chat({"", text, now().wall});
  });
}

void Applet::file_picked(PersonId person, std::uint32_t request, std::optional<std::filesystem::path> file) {
  on_network([this, person, request, file = std::move(file)] { files_->offer(person, request, file); });
}

void Applet::cancels_file(PersonId person, session::TransferId transfer) {
  on_network(
      [=, this] { with_host(person, [&](TechnicianHost& host) { host.core().user_cancels_file(transfer, now()); }); });
}

void Applet::revokes(session::Permission permission) {
  on_network([=, this] { with_each_host([&](TechnicianHost& host) { host.core().user_revokes(permission, now()); }); });
}

void Applet::revokes_all() {
  // Input stops in this very call, even if the network thread is busy; the rights follow.
  input_->release_all();
  on_network([this] { with_each_host([&](TechnicianHost& host) { host.core().user_revokes_all(now()); }); });
}

void Applet::ends() {
  input_->release_all();
  on_network([this] {
    Finish why;
    why.ending = {base::Exit::ok, "You have ended the session."};
    why.tell_site = why.tell_people = "ended by the user";
    finish(std::move(why));
  });
}

// ---- the site

void Applet::on_site_event(const SiteEvent& event) {
  if (const auto* grant = std::get_if<SiteGrant>(&event)) {
    if (auto taken = peer_->on_grant(grant->envelope); !taken) {
      base::log(base::LogLevel::warn, "applet", "a grant was refused", {{"why", taken.error().message()}});
      sign_in_refused("a grant", taken.error());
    }
  } else if (const auto* revoke = std::get_if<SiteRevoke>(&event)) {
    peer_->on_revoke(revoke->technician, "the site took the permission back");
  } else if (const auto* synced = std::get_if<SiteSynced>(&event)) {
    peer_->keep_grants_of(synced->technicians, "the site took the permission back");
  } else if (const auto* close = std::get_if<SiteClose>(&event)) {
    with_each_host(
        [&](TechnicianHost& host) { host.core().on_site_ends(session::ended_by(close->by), close->reason, now()); });
    Finish why;
    why.ending = {base::Exit::ok, closed_text(*close)};
    finish(std::move(why));
  } else if (const auto* state = std::get_if<SiteState>(&event)) {
    on_state(*state);
  } else if (const auto* people = std::get_if<SitePeople>(&event)) {
    on_people(*people);
  } else if (const auto* gateways = std::get_if<SiteGateways>(&event)) {
    std::vector<peer::GatewayAddress> list;
    for (const auto& g : gateways->gateways) list.emplace_back(g.id, net::Endpoint(g.host, g.port));
    peer_->set_gateways(std::move(list));
  }
}

// ---- technicians

peer::AppletPeerHooks Applet::peer_hooks() {
  peer::AppletPeerHooks hooks;
  hooks.joined = [this](peer::TechnicianNumber n, session::AppletSession& core, const crypto::Grant& grant) {
    on_joined(n, core, grant);
  };
  hooks.pumped = [this](peer::TechnicianNumber n, session::AppletSession&) {
    if (auto found = hosts_.find(person_of(n)); found != hosts_.end()) found->second->drain(now());
    look_for_inactivity();
  };
  hooks.path = [this](peer::TechnicianNumber n, const peer::PathReport& report) { on_path(n, report); };
  hooks.left = [this](peer::TechnicianNumber n) {
    if (auto found = hosts_.find(person_of(n)); found != hosts_.end()) {
      found->second->drain(now());
      sign_in_ended(*found->second);
    }
    hosts_.erase(person_of(n));
    linked_.erase(person_of(n));
    show_reach();
  };
  hooks.waiting = [this](const peer::PathReport& report) { on_waiting(report); };
  hooks.renew = [this] { return renew_admission(); };
  return hooks;
}

void Applet::on_joined(peer::TechnicianNumber number, session::AppletSession& core, const crypto::Grant& grant) {
  HostServices services{
      ui_,
      *worker_,
      *files_,
      *input_,
      make_capture_,
      [this](PersonId person, SessionCall call) { peer_->post(peer::TechnicianNumber(person.get()), std::move(call)); },
      options_.offer_file,
      [this](const std::string& technician, const session::AuditEvent& event) { audit(technician, event); },
      MachineServices{*scripts_, guard_place(), reboot_services()},
      *file_manager_,
      DeskServices{clipboard_.get(), urls_.get(), slow_.get()}};
  const auto person = person_of(number);
  hosts_[person] = std::make_unique<TechnicianHost>(
      person, core, PersonNames{grant.technician_name, grant.technician_email, grant.organisation}, services);
  sign_in_accepted(grant);
  base::log(base::LogLevel::info, "applet", "a technician is here",
            {{"person", person.get()}, {"email", grant.technician_email}});
}

void Applet::on_path(peer::TechnicianNumber number, const peer::PathReport& report) {
  const bool up = report.state == peer::PathState::up;
  linked_[person_of(number)] = up;
  const std::string why = report.error ? report.error->message() : "";
  base::log(base::LogLevel::info, "applet", "path",
            {{"person", number.get()},
             {"state", peer::name(report.state)},
             {"path", report.path},
             {"gateway", report.gateway},
             {"cipher", report.cipher},
             {"why", why}});
  if (up)
    log_event("transport.changed", "applet",
              fmt::format(R"({{"to":{},"gateway":{},"cipher":{}}})", base::json_quote(report.path),
                          base::json_quote(report.gateway), base::json_quote(report.cipher)));
  show_reach();
}

void Applet::on_waiting(const peer::PathReport& report) {
  waiting_ = report.state == peer::PathState::up;
  trouble_ = report.error ? report.error->message() : "";
  base::log(waiting_ || !report.error ? base::LogLevel::info : base::LogLevel::warn, "applet", "waiting connection",
            {{"state", peer::name(report.state)}, {"gateway", report.gateway}, {"why", trouble_}});
  if (waiting_)
    keep({.event = "connection.waiting", .reason = "for a technician, at gateway " + report.gateway});
  else if (report.state == peer::PathState::refused)
    sign_in_refused("a console", *report.error, report.gateway);
  else if (report.error && report.error->code == peer::Errc::ticket_refused)
    keep({.event = "connection.refused", .reason = "this machine's ticket: " + trouble_, .warning = true});
  show_reach();
}

void Applet::show_reach() {
  const bool up = std::ranges::any_of(linked_, [](const auto& l) { return l.second; });
  if (up)
    ui_.show_reach(Reach::helped, "");
  else if (!linked_.empty())
    ui_.show_reach(Reach::reconnecting, trouble_);
  else if (waiting_)
    ui_.show_reach(Reach::waiting, invite_->organisation);
  else
    ui_.show_reach(Reach::connecting, trouble_);
}

}  // namespace rescue::applet

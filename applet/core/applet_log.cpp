// SPDX-License-Identifier: Apache-2.0
// What the applet writes down: for the site, and for the machine itself.
#include <fmt/format.h>

#include "applet/core/applet.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "wire/permission.hpp"

namespace rescue::applet {

void Applet::audit(const std::string& technician, const session::AuditEvent& event) {
  const auto session = registration_->session.text();
  machine_log_->write(machine_log_entry(session, technician, event));
  // Each technician has a core of an own here: without a name nobody could tell whose view has ended.
  auto told = event;
  if (event.actor != technician && event.find("technician") == nullptr)
    told.data.emplace_back("technician", technician);
  spool_.add(told.time, told.type, told.actor, told.data_json());
  log_changed_.notify();
  end_when_log_is_full();
}

// Nothing happens that could not be written down: a console could else fill the log first and act afterwards.
void Applet::end_when_log_is_full() {
  if (!spool_.full() || std::exchange(log_full_, true)) return;
  base::log(base::LogLevel::error, "applet", "the log of the session is full", {{"events", spool_.next_seq() - 1}});
  keep({.event = "session.log_full", .reason = "nothing more may happen that could not be written down"});
  on_network([this] {
    constexpr std::string_view kReason = "the log of the session is full";
    with_each_host(
        [&](TechnicianHost& host) { host.core().on_site_ends(wire::session::EndedBy::applet, kReason, now()); });
    Finish why;
    why.ending = {base::Exit::failed, "The session has ended: its log is full, and nothing may happen unwritten."};
    why.tell_site = why.tell_people = std::string(kReason);
    finish(std::move(why));
  });
}

void Applet::log_event(std::string_view type, std::string_view actor, const std::string& data_json) {
  spool_.add(now().wall, type, actor, data_json);
  log_changed_.notify();
  end_when_log_is_full();
}

void Applet::keep(MachineLogEntry entry) {
  entry.time = now().wall;
  if (registration_) entry.session = registration_->session.text();
  if (entry.by.empty()) entry.by = "applet";
  machine_log_->write(std::move(entry));
}

void Applet::sign_in_accepted(const crypto::Grant& grant) {
  MachineLogEntry entry;
  entry.event = "sign_in.accepted";
  entry.technician = entry.by = grant.technician_email;
  entry.reason = fmt::format("grant {} of the site allows to ask for {}{}", grant.generation,
                             wire::PermissionSet::from_bits(grant.permissions).text(),
                             grant.recording == crypto::RecordingRule::forced ? ", and must be recorded" : "");
  entry.data = fmt::format(R"({{"name":{},"organisation":{},"key":"{}"}})", base::json_quote(grant.technician_name),
                           base::json_quote(grant.organisation), base::to_hex(grant.console_fingerprint));
  keep(std::move(entry));
}

void Applet::sign_in_refused(const std::string& what, const base::Error& why, const std::string& gateway) {
  MachineLogEntry entry;
  entry.event = "sign_in.refused";
  entry.by = "somebody";
  entry.reason = fmt::format("{}: {}", what, why.message());
  if (!gateway.empty()) entry.data = fmt::format(R"({{"gateway":{}}})", base::json_quote(gateway));
  entry.warning = true;
  keep(std::move(entry));
  log_event(session::audit_type::kAlert, "applet",
            fmt::format(R"({{"reason":{}}})", base::json_quote(fmt::format("refused: {}: {}", what, why.message()))));
}

void Applet::sign_in_ended(const TechnicianHost& host) {
  MachineLogEntry entry;
  entry.event = "sign_in.ended";
  entry.technician = host.names().email;
  entry.reason = "the connection ended";
  if (const auto& ended = host.ended()) {
    entry.by = wire::session::EnumNameEndedBy(ended->by);
    entry.reason = ended->reason;
  }
  keep(std::move(entry));
}

// ---- the user and the machine's log hear of the same

void Applet::look_for_inactivity() {
  const session::SessionEnded* idle = nullptr;
  for (const auto& [person, host] : hosts_) {
    if (!host->ended()) return;  // a colleague goes on
    if (host->ended()->inactive) idle = &*host->ended();
  }
  if (idle == nullptr) return;
  Finish why;
  why.ending = {base::Exit::ok, "The session has ended, because nothing happened for a long time."};
  why.tell_site = idle->reason;
  why.inactive = true;
  finish(std::move(why));
}

void Applet::on_state(const SiteState& state) {
  if (finish_) return;
  const auto before = standing_;
  standing_.state = state.state;
  standing_.technician = state.technician.name.empty() ? state.technician.email : state.technician.name;
  standing_.to = state.to;
  if (standing_ == before) return;
  ui_.show_standing(standing_);
  MachineLogEntry entry;
  entry.event = fmt::format("session.{}", wire::name(state.state));
  entry.technician = state.technician.email;
  entry.by = "site";
  if (!state.to.empty()) entry.reason = "to " + state.to;
  keep(std::move(entry));
}

void Applet::on_people(const SitePeople& people) {
  if (people.people == standing_.people) return;
  standing_.people = people.people;
  ui_.show_standing(standing_);
}

}  // namespace rescue::applet

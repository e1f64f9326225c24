// SPDX-License-Identifier: Apache-2.0
// Restart and accounts; scripts are in console_scripts.cpp.
#include "session/console_machine.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/impl/action_messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using base::Errc;
using base::fail;
using base::Result;
using msg::Outcome;
constexpr std::string_view kOver = "the session or the machine went down";

bool by_user(Outcome o) { return o == Outcome::done || o == Outcome::declined || o == Outcome::timed_out; }
}  // namespace

// ---- restart

Result<std::uint32_t> ConsoleReboot::request() {
  auto& s = session();
  RESCUE_CHECK(s.need(Permission::reboot));
  if (asked_ || going_) return fail(Errc::conflict, "a restart is asked for already");
  asked_ = s.next_request();
  s.audit(audit_type::kRebootAsked, s.technician(),
          {{"request", std::int64_t{*asked_}}, {"kind", std::string("normal")}});
  s.send(wire::Channel::control, messages::reboot_request(*asked_, msg::RebootKind::normal));
  return *asked_;
}

Result<bool> ConsoleReboot::on_message(const msg::SessionMessage& m) {
  const auto* state = m.message_as_RebootState();
  if (state == nullptr) return false;
  // One that was told as begun may yet fail.
  if (going_ && state->outcome() != Outcome::failed) return fail(Errc::bad_format, "a restart of a restart");
  if (!going_ && asked_ != state->request()) return fail(Errc::bad_format, "a restart that nobody asked for");
  if (!asked_) asked_ = state->request();
  changed(state->outcome(), std::string(wire::text(state->detail())));
  return true;
}

void ConsoleReboot::changed(Outcome outcome, std::string detail) {
  auto& s = session();
  const auto request = *asked_;
  going_ = outcome == Outcome::done;
  if (going_)
    s.audit(audit_type::kRebootStarted, s.technician(),
            {{"request", std::int64_t{request}}, {"kind", std::string("normal")}});
  if (!going_ && is_over(outcome))
    s.audit(audit_type::kRebootEnded, by_user(outcome) ? "user" : "applet",
            {{"request", std::int64_t{request}}, {"outcome", std::string(msg::EnumNameOutcome(outcome))}});
  if (is_over(outcome)) asked_.reset();
  s.tell(MachineEvent(RebootChanged{request, outcome, std::move(detail)}));
}

void ConsoleReboot::restarted() {
  if (!std::exchange(going_, false)) return;
  session().audit(audit_type::kRebootEnded, "applet", {{"outcome", std::string("done")}});
}

void ConsoleReboot::refused(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
  if (action == msg::Action::reboot && asked_ == id)
    changed(Outcome::failed, fmt::format("refused: {}", msg::EnumNameRefusalReason(reason)));
}

void ConsoleReboot::session_ended() {
  if (asked_) changed(Outcome::canceled, std::string(kOver));
  going_ = false;
}

// ---- accounts

Result<std::uint32_t> ConsoleCredentials::request(std::string_view reason) {
  auto& s = session();
  RESCUE_CHECK(s.need(Permission::windows_credentials));
  if (asked_) return fail(Errc::conflict, "an account is asked for already");
  if (reason.size() > wire::kDetailMax || !base::is_valid_utf8(reason))
    return fail(Errc::invalid_argument, fmt::format("the reason is no UTF-8 of at most {} bytes", wire::kDetailMax));
  asked_ = s.next_request();
  s.audit(audit_type::kCredentialsAsked, s.technician(), {{"request", std::int64_t{*asked_}}});
  s.send(wire::Channel::control, messages::credentials_request(*asked_, reason));
  return *asked_;
}

Result<bool> ConsoleCredentials::on_message(const msg::SessionMessage& m) {
  const auto* state = m.message_as_CredentialsState();
  if (state == nullptr) return false;
  if (asked_ != state->request()) return fail(Errc::bad_format, "an account that nobody asked for");
  changed(state->outcome(), std::string(wire::text(state->account())), std::string(wire::text(state->detail())));
  return true;
}

void ConsoleCredentials::changed(Outcome outcome, std::string account, std::string detail) {
  auto& s = session();
  const auto request = *asked_;
  if (is_over(outcome)) {
    ConsoleContext::AuditData data{{"request", std::int64_t{request}},
                                   {"outcome", std::string(msg::EnumNameOutcome(outcome))}};
    if (!account.empty()) data.emplace_back("account", account);
    s.audit(audit_type::kCredentialsEnded, by_user(outcome) ? "user" : "applet", std::move(data));
    asked_.reset();
  }
  s.tell(MachineEvent(CredentialsChanged{request, outcome, std::move(account), std::move(detail)}));
}

void ConsoleCredentials::refused(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
  if (action == msg::Action::credentials && asked_ == id)
    changed(Outcome::failed, "", fmt::format("refused: {}", msg::EnumNameRefusalReason(reason)));
}

void ConsoleCredentials::session_ended() {
  if (asked_) changed(Outcome::canceled, "", std::string(kOver));
}

}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/console_machine.hpp"
#include "session/impl/action_messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using base::Errc;
using base::fail;
using base::Result;
using Phase = msg::ScriptPhase;

Result<void> fits(std::string_view text, std::size_t max, std::string_view what) {
  if (!base::is_valid_utf8(text)) return fail(Errc::invalid_argument, fmt::format("{} is not UTF-8", what));
  if (text.size() > max)
    return fail(Errc::too_large, fmt::format("{} of {} bytes, at most {} are allowed", what, text.size(), max));
  return {};
}
}  // namespace

Result<std::uint32_t> ConsoleScripts::run(ScriptOrder order) {
  auto& s = session();
  RESCUE_CHECK(s.need(Permission::deploy_scripts));
  if (order.elevated) RESCUE_CHECK(s.need(Permission::windows_credentials));
  if (order.text.empty()) return fail(Errc::invalid_argument, "the script is empty");
  RESCUE_CHECK(fits(order.text, wire::kScriptTextMax, "script"));
  RESCUE_CHECK(fits(order.name, wire::kScriptNameMax, "name of the script"));
  RESCUE_CHECK(fits(order.interpreter, wire::kScriptNameMax, "interpreter"));
  if (order.arguments.size() > wire::kScriptArgumentsMax)
    return fail(Errc::too_large, fmt::format("more than {} arguments", wire::kScriptArgumentsMax));
  for (const auto& a : order.arguments) RESCUE_CHECK(fits(a, wire::kScriptArgumentMax, "argument"));
  const auto request = s.next_request();
  auto sha256 = base::to_hex(s.digests_of(base::as_bytes(order.text)).sha256);
  s.audit(audit_type::kScriptAsked, s.technician(),
          {{"request", std::int64_t{request}},
           {"name", order.name},
           {"interpreter", order.interpreter},
           {"sha256", sha256},
           {"bytes", static_cast<std::int64_t>(order.text.size())},
           {"elevated", order.elevated}});
  scripts_[request].sha256 = std::move(sha256);
  s.send(wire::Channel::files,
         messages::script_run({request, order.name, order.interpreter, order.text, order.arguments,
                               static_cast<std::uint32_t>(order.timeout.count()), order.elevated}));
  return request;
}

Result<void> ConsoleScripts::kill(std::uint32_t request) {
  if (!scripts_.contains(request)) return fail(Errc::conflict, fmt::format("script {} is not running", request));
  session().send(wire::Channel::files, messages::script_kill(request));
  return {};
}

void ConsoleScripts::taken(std::uint32_t request, std::uint64_t offset) {
  if (scripts_.contains(request)) session().send(wire::Channel::files, messages::script_ack(request, offset));
}

Result<bool> ConsoleScripts::on_message(const msg::SessionMessage& m) {
  if (const auto* state = m.message_as_ScriptState()) {
    RESCUE_CHECK(on_state(*state));
  } else if (const auto* output = m.message_as_ScriptOutput()) {
    RESCUE_CHECK(on_output(*output));
  } else {
    return false;
  }
  return true;
}

Result<void> ConsoleScripts::on_state(const msg::ScriptState& m) {
  const auto it = scripts_.find(m.request());
  if (it == scripts_.end()) return fail(Errc::bad_format, "state of a script that nobody asked for");
  if (m.sha256() != nullptr && base::to_hex(wire::view(m.sha256())) != it->second.sha256)
    return fail(Errc::bad_format, "state of another script");
  ScriptChanged how{m.request(), m.phase(), m.exit_code(), m.signal(), std::string(wire::text(m.detail()))};
  if (m.phase() == Phase::running)
    session().audit(audit_type::kScriptStarted, session().technician(),
                    {{"request", std::int64_t{m.request()}}, {"sha256", it->second.sha256}});
  if (is_over(m.phase()))
    finish(m.request(), std::move(how));
  else
    session().tell(MachineEvent(std::move(how)));
  return {};
}

Result<void> ConsoleScripts::on_output(const msg::ScriptOutput& m) {
  const auto it = scripts_.find(m.request());
  if (it == scripts_.end() || m.offset() != it->second.arrived)
    return fail(Errc::bad_format, "output of a script out of order");
  it->second.arrived += m.data()->size();
  session().tell(MachineEvent(ScriptPrinted{m.request(), m.stream() == msg::ScriptStream::err, m.offset(),
                                            base::to_bytes(wire::view(m.data()))}));
  return {};
}

void ConsoleScripts::finish(std::uint32_t request, ScriptChanged how) {
  const auto it = scripts_.find(request);
  if (it == scripts_.end()) return;
  ConsoleContext::AuditData data{{"request", std::int64_t{request}},
                                 {"sha256", it->second.sha256},
                                 {"outcome", std::string(msg::EnumNameScriptPhase(how.phase))}};
  if (how.phase == Phase::ended && how.signal == 0) data.emplace_back("exit_code", std::int64_t{how.exit_code});
  if (how.signal != 0) data.emplace_back("signal", std::int64_t{how.signal});
  if (!how.detail.empty()) data.emplace_back("detail", how.detail);
  session().audit(audit_type::kScriptEnded, "applet", std::move(data));
  session().tell(MachineEvent(std::move(how)));
  scripts_.erase(it);
}

void ConsoleScripts::refused(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
  if (action != msg::Action::script) return;
  finish(id, {id, Phase::failed, 0, 0, fmt::format("refused: {}", msg::EnumNameRefusalReason(reason))});
}

void ConsoleScripts::session_ended() {
  while (!scripts_.empty()) {
    const auto request = scripts_.begin()->first;
    finish(request, {request, Phase::killed, 0, 0, "the session or the machine went down"});
  }
}

}  // namespace rescue::session

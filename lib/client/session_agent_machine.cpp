// SPDX-License-Identifier: Apache-2.0
// Scripts, restart and accounts of the supported machine, for views.
#include <fstream>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "client/session_agent.hpp"
#include "wire/session_limits.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
namespace ws = wire::session;
using ws::Outcome;
using Phase = ws::ScriptPhase;

/// The user reads a script or a question first; each has a time-out of its own at the supported end.
constexpr auto kForThePerson = session::kConsentTimeoutMax + kAnswer;

base::Result<std::string> read_script(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::fail(base::errno_error(fmt::format("script '{}'", path.string())));
  std::string text(wire::kScriptTextMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return base::fail(base::Errc::io, fmt::format("script '{}'", path.string()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > wire::kScriptTextMax)
    return base::fail(base::Errc::too_large,
                      fmt::format("script '{}': at most {} bytes", path.string(), wire::kScriptTextMax));
  return text;
}

/// Bytes at the end that begin a character and do not finish it.
std::size_t unfinished(std::string_view text) {
  for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size()); ++n) {
    const auto c = static_cast<unsigned char>(text[text.size() - n]);
    if ((c & 0xc0) == 0x80) continue;
    const std::size_t whole = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return whole > n ? n : 0;
  }
  return 0;
}

json::object fields_of(const session::ScriptChanged& e) {
  json::object o{{"script", e.request}, {"state", ws::EnumNameScriptPhase(e.phase)}};
  if (e.phase == Phase::ended && e.signal == 0) o["exit_code"] = e.exit_code;
  if (e.signal != 0) o["signal"] = e.signal;
  if (!e.detail.empty()) o["detail"] = e.detail;
  return o;
}

base::Error outcome_error(Outcome outcome, std::string_view what, const std::string& detail) {
  const auto because = detail.empty() ? std::string() : " (" + base::to_display_text(detail) + ")";
  switch (outcome) {
    case Outcome::timed_out:
      return {base::Errc::timed_out, fmt::format("{}: the user did not answer", what)};
    case Outcome::declined:
      return {base::Errc::denied, fmt::format("{}: the user said no", what)};
    case Outcome::canceled:
      return {base::Errc::canceled, fmt::format("{}: its right has ended{}", what, because)};
    default:
      return {base::Errc::denied, fmt::format("{}: it failed there{}", what, because)};
  }
}
}  // namespace

void SessionAgent::run_script(ViewId view, ScriptCommand c) {
  const auto refuse = [&](base::Error e) { answer(view, c, base::Result<void>(base::fail(std::move(e)))); };
  if (c.has("path") == c.has("text"))
    return refuse({base::Errc::invalid_argument, "run: give either 'path' or 'text'"});
  session::ScriptOrder order;
  if (c.has("path")) {
    const auto path = resolve(view, c.text("path"));
    auto text = read_script(path);
    if (!text) return refuse(text.error());
    order.text = std::move(*text);
    order.name = base::to_valid_utf8(path.filename().string());
  } else {
    order.text = c.text("text");
  }
  order.name = c.text("name", order.name);
  order.interpreter = c.text("interpreter");
  order.elevated = c.boolean("elevated", false);
  if (const auto* list = c.fields.if_contains("arguments")) {
    if (!list->is_array()) return refuse({base::Errc::invalid_argument, "run: 'arguments' needs a list of texts"});
    for (const auto& a : list->as_array()) {
      if (!a.is_string()) return refuse({base::Errc::invalid_argument, "run: 'arguments' needs a list of texts"});
      order.arguments.emplace_back(a.as_string());
    }
  }
  const auto seconds = c.integer("timeout_s", 0);
  if (seconds < 0 || seconds > session::kScriptTimeMax.count())
    return refuse({base::Errc::invalid_argument,
                   fmt::format("run: 'timeout_s' is from 0 to {}", session::kScriptTimeMax.count())});
  order.timeout = std::chrono::seconds(seconds);
  const auto request = core_.with<session::ConsoleScripts>(now(), [&](auto& f) { return f.run(std::move(order)); });
  if (!request) return refuse(request.error());
  const auto patience = kForThePerson + (seconds > 0 ? std::chrono::seconds(seconds) : session::kScriptTimeMax);
  wait_for(view, std::move(c), Await::script, patience).request = *request;
}

void SessionAgent::kill_script(ViewId view, const ScriptCommand& c) {
  const auto request = static_cast<std::uint32_t>(c.integer("script", 0));
  answer(view, c, core_.with<session::ConsoleScripts>(now(), [&](auto& f) { return f.kill(request); }));
}

void SessionAgent::reboot(ViewId view, ScriptCommand c) {
  const auto request = core_.with<session::ConsoleReboot>(now(), [](auto& f) { return f.request(); });
  if (!request) return answer(view, c, base::Result<void>(base::fail(request.error())));
  wait_for(view, std::move(c), Await::reboot, kForThePerson).request = *request;
}

void SessionAgent::credentials(ViewId view, ScriptCommand c) {
  const auto reason = c.text("reason");
  const auto request = core_.with<session::ConsoleCredentials>(now(), [&](auto& f) { return f.request(reason); });
  if (!request) return answer(view, c, base::Result<void>(base::fail(request.error())));
  wait_for(view, std::move(c), Await::credentials, kForThePerson).request = *request;
}

void SessionAgent::on_machine(const session::MachineEvent& e) {
  std::visit([this](const auto& event) { on_machine_event(event); }, e);
}

void SessionAgent::on_machine_event(const session::ScriptChanged& e) {
  broadcast("script", fields_of(e));
  if (!session::is_over(e.phase)) return;
  script_text_.erase({e.request, false});
  script_text_.erase({e.request, true});
  settle([&](const Pending& p) { return p.await == Await::script && p.request == e.request; },
         [&](const Pending& p) {
           const auto because = e.detail.empty() ? std::string() : ": " + base::to_display_text(e.detail);
           if (e.phase == Phase::declined)
             fail(p, base::Error(base::Errc::denied, "run: the user said no" + because));
           else if (e.phase == Phase::failed)
             fail(p, base::Error(base::Errc::denied, "run: it does not run there" + because));
           else
             reply(p, fields_of(e));
         });
}

void SessionAgent::on_machine_event(const session::ScriptPrinted& e) {
  // Lines are text: what is no character of its own yet waits for the rest.
  auto& held = script_text_[{e.request, e.to_stderr}];
  held += base::as_text(e.data);
  const auto keep = unfinished(held);
  const auto whole = base::to_valid_utf8(std::string_view(held).substr(0, held.size() - keep));
  held.erase(0, held.size() - keep);
  if (!whole.empty())
    broadcast("script_output", {{"script", e.request}, {"stream", e.to_stderr ? "err" : "out"}, {"text", whole}});
  core_.with<session::ConsoleScripts>(now(), [&](auto& f) { f.taken(e.request, e.offset + e.data.size()); });
}

void SessionAgent::on_machine_event(const session::RebootChanged& e) {
  json::object fields{{"state", e.outcome == Outcome::done ? "restarting" : ws::EnumNameOutcome(e.outcome)}};
  if (!e.detail.empty()) fields["detail"] = e.detail;
  restarting_ = e.outcome == Outcome::done;
  broadcast("reboot", std::move(fields));
  if (!session::is_over(e.outcome)) return;
  settle([&](const Pending& p) { return p.await == Await::reboot && p.request == e.request; },
         [&](const Pending& p) {
           if (e.outcome == Outcome::done)
             reply(p, {{"state", "restarting"}});
           else
             fail(p, outcome_error(e.outcome, "reboot", e.detail));
         });
}

void SessionAgent::on_machine_event(const session::CredentialsChanged& e) {
  json::object fields{{"state", ws::EnumNameOutcome(e.outcome)}};
  if (!e.account.empty()) fields["account"] = e.account;
  if (!e.detail.empty()) fields["detail"] = e.detail;
  broadcast("credentials", std::move(fields));
  if (!session::is_over(e.outcome)) return;
  settle([&](const Pending& p) { return p.await == Await::credentials && p.request == e.request; },
         [&](const Pending& p) {
           if (e.outcome == Outcome::done)
             reply(p, {{"account", e.account}});
           else
             fail(p, outcome_error(e.outcome, "credentials", e.detail));
         });
}

void SessionAgent::machine_is_back() {
  if (std::exchange(restarting_, false)) broadcast("reboot", {{"state", "back"}});
}

}  // namespace rescue::client

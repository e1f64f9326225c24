// SPDX-License-Identifier: Apache-2.0
#include "session/applet_scripts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/file_transfer.hpp"
#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using base::Errc;
using base::fail;
using base::Result;
using Phase = msg::ScriptPhase;
constexpr auto kRight = Permission::deploy_scripts;

base::Bytes digest_bytes(const std::string& hex) { return base::from_hex(hex).value_or(base::Bytes()); }
}  // namespace

std::string hidden_character(std::string_view script) {
  std::size_t line = 1;
  for (std::size_t at = 0; at < script.size();) {
    const auto c = base::next_code_point(script, at);
    if (c == '\n') ++line;
    // Zero width as well: what looks like one word is two.
    const bool unseen = (c >= 0x200b && c <= 0x200d) || c == 0x2060 || c == 0x00ad || (c >= 0xe0000 && c <= 0xe0fff);
    if (unseen || (base::is_control(c) && c != '\n' && c != '\t' && c != '\r'))
      return fmt::format("U+{:04X} in line {}", static_cast<std::uint32_t>(c), line);
  }
  return "";
}

Result<bool> AppletScripts::on_message(const msg::SessionMessage& m) {
  if (const auto* run = m.message_as_ScriptRun()) {
    RESCUE_CHECK(on_run(*run));
  } else if (const auto* ack = m.message_as_ScriptAck()) {
    RESCUE_CHECK(on_ack(*ack));
  } else if (const auto* kill = m.message_as_ScriptKill()) {
    on_kill(kill->request());
  } else {
    return false;
  }
  return true;
}

bool AppletScripts::allowed(const Script& s) const {
  if (!session().may(kRight)) return false;
  return !s.run.elevated || account_always_ || session().may(Permission::windows_credentials);
}

Result<void> AppletScripts::on_run(const msg::ScriptRun& m) {
  auto& s = session();
  const auto no = [&](msg::RefusalReason reason) { s.refuse(msg::Action::script, m.request(), reason); };
  if (!s.may(kRight)) return no(s.why_not(kRight)), Result<void>();
  if (m.elevated() && !account_always_ && !s.may(Permission::windows_credentials))
    return no(s.why_not(Permission::windows_credentials)), Result<void>();
  if (scripts_.contains(m.request())) return fail(Errc::bad_format, "a number of a script that is not over");
  if (not_before_ && s.now().steady < *not_before_) return no(msg::RefusalReason::too_soon), Result<void>();
  if (scripts_.size() >= kScriptsMax) return no(msg::RefusalReason::busy), Result<void>();

  Script script;
  script.run.request = m.request();
  script.run.interpreter = wire::text(m.interpreter());
  script.run.text = wire::text(m.text());
  if (m.arguments() != nullptr)
    for (const auto* a : *m.arguments()) script.run.arguments.emplace_back(wire::text(a));
  script.run.timeout = m.timeout_s() == 0 ? kScriptTimeDefault : std::chrono::seconds(m.timeout_s());
  script.run.timeout = std::min(script.run.timeout, kScriptTimeMax);
  script.run.elevated = m.elevated();
  script.run.up_to = kScriptWindow;
  script.name = wire::text(m.name());
  script.sha256 = base::to_hex(s.digests_of(base::as_bytes(script.run.text)).sha256);
  s.audit(audit_type::kScriptAsked, s.terms().technician_email,
          {{"request", std::int64_t{m.request()}},
           {"name", script.name},
           {"interpreter", script.run.interpreter},
           {"sha256", script.sha256},
           {"bytes", static_cast<std::int64_t>(script.run.text.size())},
           {"elevated", script.run.elevated}},
          kRight);
  const auto it = scripts_.emplace(m.request(), std::move(script)).first;
  auto& run = it->second.run;
  auto hidden = hidden_character(run.text);
  for (const auto& a : run.arguments)
    if (hidden.empty()) hidden = hidden_character(a);
  // Names stand in one line of what is asked: a second one would be the technician's words in the applet's mouth.
  for (const auto* name : {&run.interpreter, &it->second.name}) {
    if (hidden.empty()) hidden = hidden_character(*name);
    if (hidden.empty() && name->find_first_of("\n\r\t") != std::string::npos) hidden = "a line break in a name";
  }
  if (!hidden.empty())
    return finish(it, {Phase::failed, 0, 0, "it has characters that nobody would see: " + hidden}), Result<void>();
  if (run.elevated && !account_)
    return finish(it, {Phase::failed, 0, 0, "the user has typed no account for it"}), Result<void>();
  const auto question = s.ask_user(question_about(it->second), *this);
  if (question == QuestionId(0)) return finish(it, {Phase::failed, 0, 0, "too many questions wait"}), Result<void>();
  it->second.question = question;
  s.send(Channel::files,
         messages::script_state({m.request(), Phase::asked, 0, 0, "", digest_bytes(it->second.sha256)}));
  return {};
}

Question AppletScripts::question_about(const Script& s) const {
  const auto& t = session().terms();
  Question q;
  q.kind = QuestionKind::script;
  q.heading = s.name.empty() ? "Run this script on your computer?"
                             : fmt::format("Run the script “{}” on your computer?", s.name);
  q.text = fmt::format("{} wants to run it {}. It can do there whatever {} may.", t.technician_name,
                       s.run.elevated ? fmt::format("as administrator, by the account {}", account_.value_or(""))
                                      : std::string("with your rights"),
                       s.run.elevated ? "an administrator" : "you");
  if (!s.run.interpreter.empty()) q.text += fmt::format(" Interpreter: {}.", s.run.interpreter);
  if (!s.run.arguments.empty()) {
    q.detail = "Arguments:\n";
    for (const auto& a : s.run.arguments) q.detail += "  " + a + "\n";
    q.detail += "\nScript:\n";
  }
  q.detail += s.run.text;
  q.yes = "Run";
  q.no = "Do not run";
  return q;
}

Result<void> AppletScripts::on_ack(const msg::ScriptAck& m) {
  const auto it = scripts_.find(m.request());
  if (it == scripts_.end()) return {};  // of one that is over meanwhile
  auto& s = it->second;
  if (m.offset() > s.sent || m.offset() < s.taken)
    return fail(Errc::bad_format, "output of a script that was not sent");
  s.taken = m.offset();
  if (s.running) session().act(TakeScriptOutput{m.request(), s.taken + kScriptWindow});
  return {};
}

void AppletScripts::on_kill(std::uint32_t request) {
  const auto it = scripts_.find(request);
  if (it == scripts_.end()) return;
  if (it->second.question) {
    session().close_question(*it->second.question);
    finish(it, {Phase::killed, 0, 0, "taken back before it ran"});
  } else {
    session().act(EndScript{request, false});
  }
}

void AppletScripts::question_answered(QuestionId id, QuestionAnswer answer) {
  const auto it = std::ranges::find_if(scripts_, [&](const auto& s) { return s.second.question == id; });
  if (it == scripts_.end()) return;
  auto& script = it->second;
  script.question.reset();
  if (answer.how != QuestionAnswer::How::yes) {
    not_before_ = session().now().steady + kReaskDelay;
    const bool silent = answer.how == QuestionAnswer::How::timed_out;
    return finish(it, {Phase::declined, 0, 0, silent ? "the user did not answer" : ""});
  }
  if (!allowed(script) || (script.run.elevated && !account_))
    return finish(it, {Phase::killed, 0, 0, "its right has ended"});
  script.running = true;
  session().act(script.run);
}

void AppletScripts::began(std::uint32_t request) {
  const auto it = scripts_.find(request);
  if (it == scripts_.end()) return;
  auto& s = session();
  s.audit(audit_type::kScriptStarted, s.terms().technician_email,
          {{"request", std::int64_t{request}}, {"sha256", it->second.sha256}, {"elevated", it->second.run.elevated}},
          kRight);
  s.send(Channel::files, messages::script_state({request, Phase::running, 0, 0, "", digest_bytes(it->second.sha256)}));
}

void AppletScripts::output(std::uint32_t request, bool to_stderr, base::ByteView data) {
  const auto it = scripts_.find(request);
  if (it == scripts_.end()) return;
  while (!data.empty()) {
    const auto part = data.first(std::min(data.size(), wire::kScriptOutputMax));
    session().send(Channel::files,
                   messages::script_output(request, to_stderr ? msg::ScriptStream::err : msg::ScriptStream::out,
                                           it->second.sent, part),
                   kRight);
    it->second.sent += part.size();
    data = data.subspan(part.size());
  }
}

void AppletScripts::ended(std::uint32_t request, ScriptResult result) {
  if (const auto it = scripts_.find(request); it != scripts_.end() && it->second.running) finish(it, std::move(result));
}

void AppletScripts::finish(Map::iterator it, ScriptResult result) {
  auto& s = session();
  const auto& script = it->second;
  const auto detail = messages::fit_text(result.detail, wire::kDetailMax);
  AppletContext::AuditData data{{"request", std::int64_t{it->first}},
                                {"sha256", script.sha256},
                                {"outcome", std::string(msg::EnumNameScriptPhase(result.phase))}};
  if (result.phase == Phase::ended && result.signal == 0)
    data.emplace_back("exit_code", std::int64_t{result.exit_code});
  if (result.signal != 0) data.emplace_back("signal", std::int64_t{result.signal});
  if (script.running) data.emplace_back("output_bytes", static_cast<std::int64_t>(script.sent));
  if (!detail.empty()) data.emplace_back("detail", detail);
  const bool by_user = result.phase == Phase::declined;
  s.audit(audit_type::kScriptEnded, by_user ? "user" : "applet", std::move(data),
          script.running ? std::optional(kRight) : std::nullopt);
  s.send(Channel::files, messages::script_state({it->first, result.phase, result.exit_code, result.signal, detail,
                                                 digest_bytes(script.sha256)}));
  scripts_.erase(it);
}

void AppletScripts::end_at_once(Map::iterator it) {
  if (it->second.question) session().close_question(*it->second.question);
  session().drop_actions([request = it->first](const AppletAction& a) {
    const auto* script = std::get_if<ScriptAction>(&a);
    const auto* run = script == nullptr ? nullptr : std::get_if<RunScript>(script);
    return run != nullptr && run->request == request;
  });
  if (it->second.running) session().act(EndScript{it->first, true});
  finish(it, {Phase::killed, 0, 0, "its right has ended"});
}

void AppletScripts::rights_changed() {
  for (auto it = scripts_.begin(); it != scripts_.end();) {
    const auto at = it++;
    if (!allowed(at->second)) end_at_once(at);
  }
}

void AppletScripts::session_ended() {
  while (!scripts_.empty()) end_at_once(scripts_.begin());
}

void AppletScripts::add_activity(ActivitySet& on) const {
  if (std::ranges::any_of(scripts_, [](const auto& s) { return s.second.running; })) on.add(Activity::script);
}

void AppletScripts::set_account(std::optional<std::string> name, bool always) {
  account_ = std::move(name);
  account_always_ = always;
  rights_changed();
}

}  // namespace rescue::session

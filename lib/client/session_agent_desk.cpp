// SPDX-License-Identifier: Apache-2.0
// Addresses for the user and the shared clipboard, for views.
#include <fstream>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "client/session_agent.hpp"
#include "wire/session_limits.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
namespace ws = wire::session;
using session::ConsoleClipboard;
using ws::Outcome;

/// The user reads the address first; the question has a time-out of its own at the supported end.
constexpr auto kForThePerson = session::kConsentTimeoutMax + kAnswer;
/// Longer text goes to a file: a line has its limit, and escapes make text longer.
constexpr std::size_t kInlineMax = kScriptLineMax / 8;

base::Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::fail(base::errno_error(fmt::format("text '{}'", path.string())));
  std::string text(wire::kClipboardTextMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return base::fail(base::Errc::io, fmt::format("text '{}'", path.string()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

base::Result<void> write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return base::fail(base::errno_error(fmt::format("write '{}'", path.string())));
  return {};
}

base::Error url_error(const session::UrlChanged& e) {
  switch (e.outcome) {
    case Outcome::declined:
      return {base::Errc::denied, "url: the user said no"};
    case Outcome::timed_out:
      return {base::Errc::timed_out, "url: the user did not answer"};
    case Outcome::canceled:
      return {base::Errc::canceled, "url: its right has ended"};
    default:
      return {base::Errc::io, fmt::format("url: it did not open ({})", base::to_display_text(e.detail))};
  }
}
}  // namespace

void SessionAgent::send_url(ViewId view, ScriptCommand c) {
  const auto url = c.text("url");
  auto sent = core_.with<session::ConsoleUrls>(now(), [&](auto& f) { return f.send(url); });
  if (!sent) return answer(view, c, base::Result<void>(base::fail(sent.error())));
  wait_for(view, std::move(c), Await::url, kForThePerson).request = *sent;
}

void SessionAgent::share_clipboard(ViewId view, ScriptCommand c) {
  const bool to_applet = c.boolean("to_applet", false), to_console = c.boolean("to_console", false);
  auto sent = core_.with<ConsoleClipboard>(now(), [&](auto& f) { return f.share(to_applet, to_console); });
  if (!sent) return answer(view, c, sent);
  wait_for(view, std::move(c), Await::clipboard_shared, kAnswer);
}

void SessionAgent::set_clipboard(ViewId view, ScriptCommand c) {
  if (c.has("path") == c.has("text"))
    return answer(
        view, c,
        base::Result<void>(base::fail(base::Errc::invalid_argument, "clipboard_set: either 'path' or 'text'")));
  auto text = c.has("path") ? read_text(resolve(view, c.text("path"))) : base::Result<std::string>(c.text("text"));
  if (!text) return answer(view, c, base::Result<void>(base::fail(text.error())));
  auto set = core_.with<ConsoleClipboard>(now(), [&](auto& f) { return f.set_text(std::move(*text)); });
  if (!set) return answer(view, c, base::Result<void>(base::fail(set.error())));
  wait_for(view, std::move(c), Await::clipboard_set, kAnswer).request = *set;
}

void SessionAgent::get_clipboard(ViewId view, ScriptCommand c) {
  const auto offered = core_.with<ConsoleClipboard>(now(), [](auto& f) { return f.offered(); });
  if (!c.has("path") && offered && offered->text_bytes > kInlineMax)
    return answer(view, c,
                  base::Result<void>(base::fail(
                      base::Errc::too_large,
                      fmt::format("clipboard_get: {} bytes; name a file with 'path'", offered->text_bytes))));
  auto asked = core_.with<ConsoleClipboard>(now(), [&](auto& f) { return f.request(); });
  if (!asked) return answer(view, c, base::Result<void>(base::fail(asked.error())));
  wait_for(view, std::move(c), Await::clipboard_text, kAnswer).request = *asked;
}

void SessionAgent::on_desk(const session::UrlChanged& e) {
  json::object fields{{"request", e.request}, {"state", ws::EnumNameOutcome(e.outcome)}};
  if (!e.detail.empty()) fields["detail"] = e.detail;
  broadcast("url", fields);
  if (e.outcome == Outcome::asked) return;
  settle([&](const Pending& p) { return p.await == Await::url && p.request == e.request; },
         [&](const Pending& p) {
           if (e.outcome == Outcome::done)
             reply(p, {{"state", "done"}});
           else
             fail(p, url_error(e));
         });
}

void SessionAgent::on_desk(const session::ClipboardShared& e) {
  const auto now_shared = std::pair(e.to_applet, e.to_console);
  const json::object fields{{"to_applet", e.to_applet}, {"to_console", e.to_console}};
  if (std::exchange(clipboard_told_, now_shared) != now_shared) broadcast("clipboard", fields);
  settle(
      [&](const Pending& p) {
        return p.await == Await::clipboard_shared && p.command.boolean("to_applet", false) == e.to_applet &&
               p.command.boolean("to_console", false) == e.to_console;
      },
      [&](const Pending& p) { reply(p, fields); });
}

void SessionAgent::on_desk(const session::ClipboardOffered& e) {
  broadcast("clipboard_offer", {{"serial", e.serial}, {"text_bytes", e.text_bytes}, {"files", e.files}});
}

void SessionAgent::on_desk(const session::ClipboardTaken& e) {
  settle([&](const Pending& p) { return p.await == Await::clipboard_set && p.request == e.serial; },
         [&](const Pending& p) {
           if (e.set)
             reply(p, {{"serial", e.serial}});
           else
             fail(p, {base::Errc::conflict, "clipboard_set: it did not get there"});
         });
}

void SessionAgent::on_desk(const session::ClipboardArrived& e) {
  settle([&](const Pending& p) { return p.await == Await::clipboard_text && p.request == e.serial; },
         [&](const Pending& p) {
           json::object fields{{"serial", e.serial}, {"bytes", e.text.size()}};
           if (p.command.has("path")) {
             const auto path = resolve(p.view, p.command.text("path"));
             if (auto written = write_text(path, e.text); !written) return fail(p, written.error());
             fields["path"] = path.string();
           } else if (e.text.size() > kInlineMax) {  // more than it offered
             return fail(p, {base::Errc::too_large, "clipboard_get"});
           } else {
             fields["text"] = e.text;
           }
           reply(p, std::move(fields));
         });
}

void SessionAgent::on_desk(const session::ClipboardLost& e) {
  settle([&](const Pending& p) { return p.await == Await::clipboard_text && p.request == e.serial; },
         [&](const Pending& p) {
           fail(p, {base::Errc::not_found, "clipboard_get: what was there is there no more"});
         });
}

bool SessionAgent::desk_refused(const Pending& p, const session::Refused& e) const {
  if (e.action == session::Action::url) return p.await == Await::url && p.request == e.id;
  return e.action == session::Action::clipboard && e.id == 0 && p.await == Await::clipboard_shared;
}

}  // namespace rescue::client

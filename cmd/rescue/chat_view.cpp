// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <functional>
#include <map>
#include <ostream>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "cli/progress.hpp"
#include "cmd/rescue/views.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr const char* kHelp = R"(A line is sent as chat. Commands:
  /view [DISPLAY]      see the desktop (asks the user); then /screenshot FILE
  /unview              stop seeing it
  /control             take pointer and keyboard (asks the user)
  /release             give them back
  /type TEXT           type text there
  /key KEY             press a key: Return, Escape, F5, Control_L, a
  /click X Y [BUTTON]  click there; button 1 left, 2 middle, 3 right
  /send FILE           send a file (asks the user)
  /receive [DIR]       ask the user to choose a file for you
  /ls [FOLDER]         list a folder there, or where files are (asks the user)
  /get PATH            fetch a file or folder         /put FILE FOLDER  bring one there
  /mkdir FOLDER        make one     /mv OLD /NEW  rename     /rm [-r] PATH  remove
  /cancel              stop what is on its way
  /sysinfo [SECTION]   show system information (asks the user)
  /url ADDRESS         let the user open a web page
  /copy TEXT           put text on the user's clipboard    /paste [FILE]  take what the user has copied
  /screenshot FILE     save the desktop as PNG
  /record [DIR]        record to a file (asks the user)     /unrecord  stop
  /run FILE [ARG …]    run a script there once the user has read it; /runas FILE [ARG …] as administrator
  /kill NUMBER         end a script that runs there
  /credentials [WHY]   let the user type an account for /runas, there and for there only
  /reboot              restart the machine (asks the user); the session goes on after it
  /ask PERMISSION      ask for another permission
  /state               what is allowed and running
  /hold [REASON]       put the session aside; 'rescue session resume' goes on
  /transfer WHO [TEXT] give it to a colleague, or to a channel with #NAME; TEXT is for who takes it
  /leave [REASON]      end your part in a colleague's session
  /close [REASON]      end the session for everybody
  /quit                leave; the session goes on
)";

/// "word rest of the line" -> both.
std::pair<std::string, std::string> split(const std::string& line) {
  const auto space = line.find(' ');
  if (space == line.npos) return {line, ""};
  const auto rest = line.find_first_not_of(' ', space);
  return {line.substr(0, space), rest == line.npos ? "" : line.substr(rest)};
}

class ChatView {
 public:
  ChatView(Invocation& in, AgentLink& link) : in_(in), link_(link), input_(client::kScriptLineMax) {}

  base::Result<int> run(const json::object& state) {
    notice(fmt::format("session {}: {}; /help lists commands, /quit leaves", cell_of(state, "session"),
                       cell_of(state, "linked") == "true" ? "connected" : "waiting for the supported machine"));
    if (const auto* digits = state.if_contains("digits"); digits != nullptr && digits->is_object())
      notice(about_digits(digits->get_object()));  // told before this view was there
    show_pending();
    while (!over_) {
      prompt();
      const bool read_more = !input_over_;
      pollfd p[2] = {{link_.fd(), POLLIN, 0}, {read_more ? in_.env.in_fd : -1, POLLIN, 0}};
      if (::poll(p, 2, -1) < 0) {
        if (errno == EINTR) continue;
        return base::fail(base::errno_error("poll"));
      }
      if (p[0].revents != 0) {
        const auto more = link_.fill();
        show_pending();
        if (!more) {
          if (ended_) break;
          return base::fail(more.error());
        }
      }
      if (p[1].revents != 0) RESCUE_CHECK(read_input());
      if (input_over_ && waiting_.empty() && !closing_) break;
    }
    return ended_ || !failed_ ? 0 : failed_->exit() == base::Exit::ok ? 1 : static_cast<int>(failed_->exit());
  }

 private:
  using Then = std::function<void(const json::object&)>;

  // ---- output
  void clear_line() {
    if (in_.env.out_is_tty && prompted_) *in_.env.out << "\r\x1b[K";
    prompted_ = false;
  }
  void prompt() {
    if (!in_.env.out_is_tty || !in_.env.in_is_tty || prompted_) return;
    *in_.env.out << "> " << std::flush;
    prompted_ = true;
  }
  void say(std::string_view text) {
    clear_line();
    *in_.env.out << base::to_display_text(text, true) << '\n' << std::flush;
  }
  void notice(std::string_view text) {
    if (in_.parsed.on("quiet")) return;
    clear_line();
    *in_.env.err << "* " << base::to_display_text(text) << '\n' << std::flush;
  }

  // ---- lines of the background process
  void show_pending() {
    while (auto line = link_.next()) {
      const auto* id = line->if_contains("id");
      if (id != nullptr && id->is_int64() && waiting_.contains(id->as_int64())) {
        auto then = std::move(waiting_.at(id->as_int64()));
        waiting_.erase(id->as_int64());
        if (cell_of(*line, "event") == "error") {
          failed_ = error_of(*line);
          notice(cell_of(*line, "message"));
        } else if (then) {
          then(*line);
        }
      } else {
        show_event(*line);
      }
    }
  }

  void show_event(const json::object& e) {
    const auto name = cell_of(e, "event");
    if (name == "chat")
      say(fmt::format("{}: {}", cell_of(e, "from") == "applet" ? "user" : "another view", cell_of(e, "text")));
    else if (name == "link")
      notice(cell_of(e, "up") == "true" ? "connected" : "connection lost; trying again");
    else if (name == "consent" && cell_of(e, "state") != "asked")
      notice(fmt::format("{}: {}", cell_of(e, "permission"), cell_of(e, "state")));
    else if (name == "digits")
      notice(about_digits(e));
    else if (name == "clipboard_offer" && cell_of(e, "text_bytes") != "0")
      notice(fmt::format("the user has copied {} bytes of text; /paste shows them", cell_of(e, "text_bytes")));
    else if (name == "view" && cell_of(e, "active") == "false")
      notice("view ended: " + cell_of(e, "reason"));
    else if (name == "control")
      notice(cell_of(e, "active") == "false" ? "control ended: " + cell_of(e, "reason")
             : cell_of(e, "held") == "true"  ? "control pauses while the user decides"
                                             : "control runs");
    else if (name == "recording")
      notice(fmt::format("recording {} {}", cell_of(e, "state"), cell_of(e, "message")));
    else if (name == "paused")
      notice(cell_of(e, "message"));
    else if (name == "file" && cell_of(e, "state") != "progress")
      notice(fmt::format("file '{}': {} {}", cell_of(e, "name"), cell_of(e, "state"), cell_of(e, "reason")));
    else if (name == "files" && cell_of(e, "state") == "progress")
      notice(fmt::format("{} {}: {} files, {} bytes so far", cell_of(e, "operation"), cell_of(e, "path"),
                         cell_of(e, "files"), cell_of(e, "bytes")));
    else if (name == "script_output")
      say(fmt::format("{}{}", cell_of(e, "stream") == "err" ? "! " : "", without_end(cell_of(e, "text"))));
    else if (name == "script" && cell_of(e, "state") == "running")
      notice(fmt::format("script {} runs; /kill {} ends it", cell_of(e, "script"), cell_of(e, "script")));
    else if (name == "script" && cell_of(e, "state") == "asked")
      notice(fmt::format("the user reads script {}", cell_of(e, "script")));
    else if (name == "reboot" || name == "credentials")
      notice(fmt::format("{}: {} {}", name, cell_of(e, "state"), cell_of(e, "detail")));
    else if (name == "ended") {
      const auto by = cell_of(e, "by"), reason = cell_of(e, "reason");
      notice(fmt::format("the session was ended by the {}{}{}", by, reason.empty() ? "" : ": ", reason));
      ended_ = over_ = true;
    }
  }

  static std::string about_digits(const json::object& e) {
    const auto state = cell_of(e, "state"), digits = cell_of(e, "digits");
    if (state == "confirmed") return "the user has typed the right digits";
    if (digits.size() != 6)
      return "WARNING: the digits do not fit this connection. Somebody may stand between you and the user: end this.";
    const auto spoken = digits.substr(0, 3) + " " + digits.substr(3);
    if (state == "failed") return "the user did not type the digits";
    if (state == "missed") return "the user typed other digits; read them out once more: " + spoken;
    return "read these digits out to the user, who has to type them: " + spoken;
  }

  // ---- what the person types
  base::Result<> read_input() {
    char buffer[4096];
    const auto n = ::read(in_.env.in_fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) return {};
    if (n <= 0) {
      input_over_ = true;
      if (auto rest = input_.rest(); !rest.empty()) return take(rest);
      return {};
    }
    prompted_ = false;  // the terminal has gone to a new line
    input_.add({buffer, static_cast<std::size_t>(n)});
    for (;;) {
      auto line = input_.next();
      if (!line)
        notice(line.error().message());
      else if (!*line)
        return {};
      else
        RESCUE_CHECK(take(**line));
    }
  }

  base::Result<> take(const std::string& line) {
    if (line.find_first_not_of(" \t") == line.npos) return {};
    if (line.front() != '/') return send("chat", {{"text", line}});
    const auto [word, rest] = split(line);
    if (word == "/help")
      say(kHelp);
    else if (word == "/quit")
      over_ = true;
    else if (word == "/view")
      return view(rest);
    else if (word == "/unview")
      return send("unview", {});
    else if (word == "/control")
      return asked("remote_control", "control", {},
                   [this](const json::object&) { notice("you have pointer and keyboard; /release gives them back"); });
    else if (word == "/release")
      return send("uncontrol", {});
    else if (word == "/type")
      return send("type", {{"text", rest}});
    else if (word == "/key")
      return send("key", {{"keysym", rest}});
    else if (word == "/click")
      return click(rest);
    else if (word == "/send")
      return asked("send_files", "send", {{"path", rest}}, [this](const json::object& r) {
        say(fmt::format("sent {} ({} bytes, sha256 {})", cell_of(r, "name"), cell_of(r, "size"), cell_of(r, "sha256")));
      });
    else if (word == "/receive")
      return asked("receive_files", "receive", rest.empty() ? json::object() : json::object({{"directory", rest}}),
                   [this](const json::object& r) {
                     say(fmt::format("received {} ({} bytes, sha256 {})", cell_of(r, "path"), cell_of(r, "size"),
                                     cell_of(r, "sha256")));
                   });
    else if (word == "/ls")
      return files("fs_list", rest.empty() ? json::object() : json::object({{"path", rest}}));
    else if (word == "/get")
      return files("fs_get", {{"path", rest}});
    else if (word == "/put" || word == "/mv")
      return from_to(word, rest);
    else if (word == "/mkdir")
      return files("fs_make", {{"path", rest}});
    else if (word == "/rm") {
      const bool recursive = rest.starts_with("-r ");
      return files("fs_remove", {{"path", recursive ? split(rest).second : rest}, {"recursive", recursive}});
    } else if (word == "/cancel")
      return send("cancel", {});
    else if (word == "/sysinfo")
      return asked("system_information", "sysinfo",
                   rest.empty() ? json::object() : json::object({{"sections", json::array({json::value(rest)})}}),
                   [this](const json::object& r) { show_sysinfo(r); });
    else if (word == "/url")
      return asked("send_urls", "url", {{"url", rest}}, [this](const json::object&) { notice("it is open there"); });
    else if (word == "/copy")
      return clipboard("clipboard_set", {{"text", rest}},
                       [this](const json::object&) { notice("it is on the clipboard there"); });
    else if (word == "/paste")
      return clipboard("clipboard_get", rest.empty() ? json::object() : json::object({{"path", rest}}),
                       [this](const json::object& r) { say(cell_of(r, r.contains("path") ? "path" : "text")); });
    else if (word == "/screenshot")
      return send("screenshot", {{"path", rest}}, [this](const json::object& r) { say(cell_of(r, "path")); });
    else if (word == "/record")
      return asked("record_session", "record", rest.empty() ? json::object() : json::object({{"directory", rest}}),
                   [this](const json::object& r) { say("recording to " + cell_of(r, "path")); });
    else if (word == "/unrecord")
      return send("unrecord", {}, [this](const json::object& r) {
        say(fmt::format("{} ({} bytes, sha256 {})", cell_of(r, "path"), cell_of(r, "size"), cell_of(r, "sha256")));
      });
    else if (word == "/run" || word == "/runas")
      return run_script(rest, word == "/runas");
    else if (word == "/kill")
      return send("kill", {{"script", std::atoi(rest.c_str())}});
    else if (word == "/credentials")
      return asked("windows_credentials", "credentials", {{"reason", rest}}, [this](const json::object& r) {
        notice("account " + cell_of(r, "account") + " stands for /runas");
      });
    else if (word == "/reboot")
      return asked("reboot", "reboot", {}, [this](const json::object&) { notice("the machine restarts"); });
    else if (word == "/ask")
      return send("ask", {{"permission", rest}},
                  [this](const json::object& r) { notice(cell_of(r, "permission") + ": " + cell_of(r, "state")); });
    else if (word == "/state")
      return send("state", {}, [this](const json::object& r) { show_state(r); });
    else if (word == "/hold" || word == "/leave")
      step(word.substr(1), {{"reason", rest}});
    else if (word == "/transfer")
      transfer(rest);
    else if (word == "/close") {
      closing_ = true;
      return send("close", {{"reason", rest}});
    } else
      notice(fmt::format("no command '{}'; /help lists them", word));
    return {};
  }

  /// A step of the session at the site; the background process hears of it from there.
  void step(std::string_view name, json::object body) {
    const auto done = [&]() -> base::Result<> {
      RESCUE_TRY(auto* api, in_.api());
      RESCUE_TRY(const auto answer,
                 api->post(fmt::format("/sessions/{}/{}", net::encode_component(in_.parsed.positional("ID")), name),
                           std::move(body)));
      return {};
    }();
    if (!done) notice(client::message_of(done.error()));
  }
  void transfer(const std::string& line) {
    const auto [who, comment] = split(line);
    if (who.empty()) return notice("/transfer needs a colleague's e-mail address, or #CHANNEL");
    json::object body{{"comment", comment}};
    if (who.front() == '#')
      body["channel"] = who.substr(1);
    else
      body["to"] = who;
    step("transfer", std::move(body));
  }

  base::Result<> send(std::string_view cmd, json::object fields, Then then = {}) {
    RESCUE_TRY(const auto id, link_.command(cmd, std::move(fields)));
    waiting_[id] = std::move(then);
    return {};
  }

  /// The permission first, then the command.
  base::Result<> asked(std::string_view permission, std::string_view cmd, json::object fields, Then then) {
    return send("ask", {{"permission", json::string_view(permission.data(), permission.size())}},
                [this, cmd, fields = std::move(fields), then = std::move(then)](const json::object&) mutable {
                  if (auto sent = send(cmd, std::move(fields), std::move(then)); !sent) notice(sent.error().message());
                });
  }

  base::Result<> files(std::string_view cmd, json::object fields) {
    return asked("file_manager", cmd, std::move(fields), [this](const json::object& r) { show_files(r); });
  }

  /// Both may have spaces in them; the second is a path there, and begins with '/'.
  base::Result<> from_to(const std::string& word, const std::string& rest) {
    const auto second = rest.rfind(" /");
    if (second == rest.npos) {
      notice(word + " needs two paths; the second begins with '/'");
      return {};
    }
    return files(word == "/put" ? "fs_put" : "fs_rename",
                 {{"path", rest.substr(0, second)}, {"to", rest.substr(second + 1)}});
  }

  void show_files(const json::object& r) {
    if (const auto* entries = r.if_contains("entries")) {
      for (const auto& e : entries->as_array()) {
        const auto& o = e.as_object();
        const auto detail = cell_of(o, "detail");
        say(fmt::format("{:7} {:>12} {:19.19} {}{}", cell_of(o, "kind"), cell_of(o, "size"), cell_of(o, "modified"),
                        cell_of(o, "name"), detail.empty() ? "" : "  (" + detail + ")"));
      }
      if (r.contains("cursor"))
        notice(fmt::format("the first {} of {}; all of them: fs_list of --script", entries->as_array().size(),
                           cell_of(r, "total")));
      return;
    }
    const auto local = cell_of(r, "local");
    say(fmt::format("{} {}: {} files, {} bytes {}{}", cell_of(r, "operation"), cell_of(r, "status"),
                    cell_of(r, "files"), cell_of(r, "bytes"), local,
                    cell_of(r, "detail").empty() ? "" : "; " + cell_of(r, "detail")));
  }

  /// Shared both ways, then the command.
  base::Result<> clipboard(std::string_view cmd, json::object fields, Then then) {
    return asked("clipboard_sync", "clipboard_sync", {{"to_applet", true}, {"to_console", true}},
                 [this, cmd, fields = std::move(fields), then = std::move(then)](const json::object&) mutable {
                   if (auto sent = send(cmd, std::move(fields), std::move(then)); !sent) notice(sent.error().message());
                 });
  }

  base::Result<> view(const std::string& rest) {
    json::object fields;
    if (!rest.empty()) {
      std::int64_t display = 0;
      for (char c : rest) display = c >= '0' && c <= '9' && display < 1'000'000 ? display * 10 + (c - '0') : -1'000'000;
      if (display < 0) {
        notice("/view needs the number of a display; /state lists them");
        return {};
      }
      fields["display"] = display;
    }
    return asked("desktop_view", "view", std::move(fields), [this](const json::object& r) {
      say(fmt::format("viewing display {}, {}x{}; /screenshot FILE saves it", cell_of(r, "display"),
                      cell_of(r, "width"), cell_of(r, "height")));
    });
  }

  static std::string without_end(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  base::Result<> run_script(const std::string& rest, bool elevated) {
    auto [file, more] = split(rest);
    json::array arguments;
    while (!more.empty()) {
      auto [word, left] = split(more);
      arguments.emplace_back(word);
      more = left;
    }
    return asked("deploy_scripts", "run", {{"path", file}, {"arguments", std::move(arguments)}, {"elevated", elevated}},
                 [this](const json::object& r) {
                   const auto code = cell_of(r, "exit_code"), signal = cell_of(r, "signal");
                   notice(fmt::format("script {} {}{}{} {}", cell_of(r, "script"), cell_of(r, "state"),
                                      code.empty() ? "" : ", exit code " + code,
                                      signal.empty() ? "" : ", signal " + signal, cell_of(r, "detail")));
                 });
  }

  base::Result<> click(const std::string& rest) {
    int x = 0, y = 0, button = 1;
    const int got = std::sscanf(rest.c_str(), "%d %d %d", &x, &y, &button);
    if (got < 2 || button < 1 || button > 5) {
      notice("/click X Y [BUTTON]");
      return {};
    }
    RESCUE_CHECK(send("pointer", {{"x", x}, {"y", y}, {"buttons", 1 << (button - 1)}}));
    return send("pointer", {{"x", x}, {"y", y}, {"buttons", 0}});
  }

  void show_sysinfo(const json::object& r) {
    const auto* sections = r.if_contains("sections");
    if (sections == nullptr || !sections->is_object()) return;
    for (const auto& [name, items] : sections->as_object()) {
      say(fmt::format("[{}]", std::string_view(name.data(), name.size())));
      if (!items.is_object()) continue;
      for (const auto& [key, value] : items.as_object())
        say(fmt::format("  {}: {}", std::string_view(key.data(), key.size()),
                        cell_of(items.as_object(), std::string_view(key.data(), key.size()))));
    }
  }

  void show_state(const json::object& r) {
    for (const char* key :
         {"linked", "path", "viewing", "controlling", "input", "views", "spooled", "recording", "displays"})
      if (const auto text = cell_of(r, key); !text.empty()) say(fmt::format("{}: {}", key, text));
    if (const auto* p = r.if_contains("permissions"); p != nullptr && p->is_object())
      for (const auto& [name, state] : p->as_object())
        say(fmt::format("  {}: {}", std::string_view(name.data(), name.size()),
                        state.is_string() ? std::string_view(state.as_string()) : ""));
  }

  Invocation& in_;
  AgentLink& link_;
  client::LineBuffer input_;
  std::map<std::int64_t, Then> waiting_;
  std::optional<base::Error> failed_;
  bool prompted_ = false, over_ = false, ended_ = false, closing_ = false, input_over_ = false;
};

}  // namespace

base::Result<int> run_chat(Invocation& in, AgentLink& link, const json::object& state) {
  return ChatView(in, link).run(state);
}

}  // namespace rescue::program

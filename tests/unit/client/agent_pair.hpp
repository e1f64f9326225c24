// SPDX-License-Identifier: Apache-2.0
// A session agent against the real applet core over real links, in memory and without sockets.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "client/session_agent.hpp"
#include "link/link.hpp"
#include "session/applet_session.hpp"
#include "session/pump.hpp"
#include "support/temp_dir.hpp"

namespace rescue::client::testing {

namespace json = boost::json;
using namespace std::chrono_literals;
using session::Now;

inline session::GrantTerms terms_of(base::Clock& clock, bool forced) {
  session::GrantTerms t;
  t.generation = 1;
  t.technician_name = "Ada";
  t.technician_email = "ada@example.org";
  t.permissions = wire::PermissionSet::all();
  t.recording_forced = forced;
  t.lease_until = clock.steady() + 1h;
  return t;
}
inline session::ConsoleOptions console_options(bool forced) {
  session::ConsoleOptions o;
  o.technician_email = "ada@example.org";
  o.granted = wire::PermissionSet::all();
  o.recording_forced = forced;
  o.hasher = make_file_hasher();
  return o;
}
inline session::AppletOptions applet_options() {
  session::AppletOptions o;
  o.hasher = make_file_hasher();
  o.sign_receipt = [n = std::uint64_t{0}](const session::ReceiptDraft&) mutable {
    return std::optional(session::SignedReceipt{++n, base::to_bytes(base::as_bytes("signed"))});
  };
  return o;
}

/// Lines that one view got, as objects.
struct Lines {
  std::vector<json::object> all;
  [[nodiscard]] const json::object* find(std::string_view event, std::int64_t id = -1) const {
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
      const auto* have = it->if_contains("id");
      const bool id_fits = id < 0 || (have != nullptr && have->is_int64() && have->as_int64() == id);
      if (id_fits && std::string_view(it->at("event").as_string()) == event) return &*it;
    }
    return nullptr;
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& o : all) out += json::serialize(o) + "\n";
    return out;
  }
};

/// `Clock` is a ManualClock, or the system's where a recorder's thread reads it too.
struct AgentPair {
  explicit AgentPair(base::Clock& c, bool forced = false, bool link_now = true, AgentHooks given = {})
      : clock(c),
        applet_link(base::Guid::from_bytes(base::Bytes(16, 9)).value()),
        console_link(base::Guid::from_bytes(base::Bytes(16, 9)).value()),
        applet(applet_options(), terms_of(c, forced), now()),
        console(console_options(forced), now()),
        agent(console, info(forced), hooks(std::move(given)), c) {
    applet.set_displays({{1, 0, 0, 64, 48, 100, true, "left"}}, now());
    agent.view_joined(ViewId(1));
    if (link_now) link_up();
  }
  [[nodiscard]] Now now() const { return Now::of(clock); }
  AgentInfo info(bool forced) {
    AgentInfo i;
    i.session = "0f8fad5b-d9cb-469f-a165-70867728950e";
    i.technician = "ada@example.org";
    i.software = "rescue test";
    i.recording_forced = forced;
    i.receive_dir = dir.path();
    i.record_dir = dir.path() / "recordings";
    return i;
  }
  AgentHooks hooks(AgentHooks h) {
    h.send = [this](ViewId v, const std::string& line) { views[v].all.push_back(json::parse(line).as_object()); };
    h.log = [this](LogEvent e) { log.push_back(std::move(e)); };
    h.close_site = [this](const std::string& reason, const std::function<void(bool)>& done) {
      closed_reason = reason;
      done(true);
    };
    h.wake = [] {};
    h.spooled = [] { return std::size_t{0}; };
    return h;
  }
  void link_up() {
    path += 1;
    applet_link.path_up(path, clock.steady());
    console_link.path_up(path, clock.steady());
    linked = true;
    settle();
  }
  void advance(base::Duration d) {
    if (auto* manual = dynamic_cast<base::ManualClock*>(&clock)) manual->advance(d);
  }

  /// A command of a view, and everything that follows from it.
  void say(const std::string& line, ViewId view = ViewId(1)) {
    agent.on_line(view, line);
    settle();
  }
  Lines& view(std::uint64_t n = 1) { return views[ViewId(n)]; }

  void settle() {
    for (int round = 0; round < 10'000; ++round) {
      bool moved = step();
      if (moved) continue;
      advance(link::kAckDelay);
      applet_link.on_deadline(clock.steady());
      console_link.on_deadline(clock.steady());
      if (!applet_link.has_output(path) && !console_link.has_output(path)) return;
      if (dynamic_cast<base::ManualClock*>(&clock) == nullptr) return;
    }
    FAIL() << "the session does not settle";
  }
  bool step() {
    bool moved = false;
    (void)session::pump(applet_link, applet, now());
    while (auto a = applet.poll_action()) {
      moved = true;
      serve(*a);
    }
    while (applet.poll_audit()) continue;
    moved |= carry(applet_link, console_link);
    (void)session::pump(console_link, console, now());
    agent.drain();
    (void)session::pump(console_link, console, now());
    return carry(console_link, applet_link) || moved;
  }
  bool carry(link::Link& from, link::Link& to) {
    if (!linked) return false;
    const auto bytes = from.poll_output(path, 64 * 1024, clock.steady());
    if (bytes.empty()) return false;
    EXPECT_TRUE(to.on_bytes(path, bytes, clock.steady()));
    return true;
  }

  void serve(const session::AppletAction& action) {
    if (const auto* prompt = std::get_if<session::ShowPrompt>(&action)) {
      prompts.push_back(prompt->prompt);
      if (auto_answer) answer(*auto_answer);
    } else if (const auto* start = std::get_if<session::StartCapture>(&action)) {
      ++captures;
      capture = *start;
      if (answers_views) send_frame(true, start->display);
    } else if (std::holds_alternative<session::KeyframeWanted>(action)) {
      ++keyframes_wanted;
      send_frame(true, 1);
    } else if (const auto* key = std::get_if<session::InjectKey>(&action)) {
      keys.emplace_back(key->keysym, key->down);
    } else if (const auto* text = std::get_if<session::InjectText>(&action)) {
      typed += text->text;
    } else if (std::holds_alternative<session::ReleaseInput>(action)) {
      ++releases;
    } else if (const auto* chat = std::get_if<session::ShowChat>(&action)) {
      applet_chat.push_back(chat->text);
    } else if (const auto* choose = std::get_if<session::ChooseFile>(&action)) {
      auto transfer = applet.file_chosen(choose->request, "from user.txt", user_file.size(), now().wall, now());
      ASSERT_TRUE(transfer);
    } else if (const auto* collect = std::get_if<session::CollectSysinfo>(&action)) {
      (void)applet.sysinfo_collected(collect->request, {{"os", {{"name", "Debian"}}}}, now());
    } else if (const auto* file = std::get_if<session::FileAction>(&action)) {
      serve_file(*file);
    } else if (const auto* end = std::get_if<session::SessionEnded>(&action)) {
      applet_ended = end->reason;
    }
  }
  void serve_file(const session::FileAction& action) {
    if (const auto* open = std::get_if<session::OpenForWrite>(&action))
      applet.file_opened(open->transfer, now());
    else if (const auto* write = std::get_if<session::WriteChunk>(&action)) {
      base::append(applet_file, write->bytes);
      applet.file_written(write->transfer, applet_file.size(), now());
    } else if (const auto* commit = std::get_if<session::CommitFile>(&action))
      applet.file_committed(commit->transfer, now());
    else if (const auto* read = std::get_if<session::ReadChunk>(&action))
      applet.file_chunk(read->transfer, base::as_bytes(user_file).subspan(read->offset, read->bytes), now());
  }
  void answer(bool yes) {
    advance(1s);
    EXPECT_TRUE(applet.user_answers(prompts.back().id, yes, now()));
    advance(1s);
  }
  /// A picture in one colour, or the same once more.
  void send_frame(bool keyframe, std::uint32_t display, screen::Pixel colour = 0x112233) {
    auto frame = screen::Frame::create({64, 48}).value();
    frame.fill({0, 0, 64, 48}, colour);
    const auto packet = encoder.encode(frame, nullptr, keyframe).value();
    if (packet) applet.screen_packet(display, packet->info.keyframe, packet->bytes, now());
  }

  test::TempDir dir;
  base::Clock& clock;
  link::Link applet_link, console_link;
  session::AppletSession applet;
  session::ConsoleSession console;
  std::map<ViewId, Lines> views;
  std::vector<LogEvent> log;
  SessionAgent agent;
  link::PathId path{0};
  bool linked = false;
  std::optional<bool> auto_answer = true;
  bool answers_views = true;  // each view begins with a picture
  std::vector<session::Prompt> prompts;
  screen::Encoder encoder;
  session::StartCapture capture;  // the last
  int captures = 0, keyframes_wanted = 0, releases = 0;
  std::vector<std::pair<std::uint32_t, bool>> keys;
  std::string typed, user_file = "what the user chose", closed_reason, applet_ended;
  base::Bytes applet_file;
  std::vector<std::string> applet_chat;
};

/// Ticks until `done`; the recorder's thread has its own pace, so this is bounded by time, not by rounds.
inline bool tick_until(AgentPair& p, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
    p.agent.tick();
    p.settle();
  }
  return true;
}

/// The user's answers count only after half a second; the clock here is the real one.
inline void allow(AgentPair& p, const std::string& permission) {
  p.auto_answer.reset();
  p.say(R"({"cmd":"ask","permission":")" + permission + "\"}");
  const auto open = p.prompts.size();
  ASSERT_GT(open, 0U);
  ASSERT_TRUE(tick_until(p, [&] { return p.applet.user_answers(p.prompts.back().id, true, p.now()); }));
  p.settle();
}

}  // namespace rescue::client::testing

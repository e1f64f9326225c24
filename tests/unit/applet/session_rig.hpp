// SPDX-License-Identifier: Apache-2.0
// The applet's whole inside without a network: a TechnicianHost with real workers and a real desktop host, linked in
// memory to a console core. Real threads and real time; everything waits for a condition with a deadline.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>

#include <gtest/gtest.h>

#include "applet/core/technician_host.hpp"
#include "link/link.hpp"
#include "screen/codec.hpp"
#include "session/console_session.hpp"
#include "session/pump.hpp"
#include "support/temp_dir.hpp"

namespace rescue::test {
using namespace applet;
using namespace std::chrono_literals;

/// A user who answers prompts as told and remembers what was shown.
class FakeUi final : public Ui {
 public:
  void show_reach(Reach, std::string_view) override {}
  void show_standing(const Standing&) override {}
  void show_person(const PersonView& p) override { person = p; }
  void remove_person(PersonId) override { removed = true; }
  void show_prompt(const PromptView& p) override { prompts.push_back(p); }
  void close_prompt(PersonId, session::PromptId id) override { closed.push_back(id); }
  void ask(const QuestionView& q) override { asked.push_back(q); }
  void close_question(PersonId, session::QuestionId id) override { questions_closed.push_back(id); }
  void show_chat(const ChatLine& line) override { chat.push_back(line); }
  void show_file(const FileView& f) override { files.push_back(f.event); }
  void ask_file(const FileQuestion& q) override { questions.push_back(q); }
  void end(const Ending&) override {}
  void run(UiEvents&) override {}
  PersonView person;
  bool removed = false;
  std::vector<PromptView> prompts;
  std::vector<session::PromptId> closed;
  std::vector<QuestionView> asked;
  std::vector<session::QuestionId> questions_closed;
  std::vector<ChatLine> chat;
  std::vector<session::FileEvent> files;
  std::vector<FileQuestion> questions;
};

struct Rig {
  explicit Rig(CaptureFactory make_capture, std::unique_ptr<desktop::Input> input, desktop::Keysym revoke_key = 0,
               std::vector<std::filesystem::path> file_roots = {})
      : workers(new Worker),
        store(*workers, deliver(), dir.path() / "downloads", random),
        manager_place(new FileManager(store, deliver(), std::move(file_roots))),
        manager(*manager_place),
        keys(std::move(input), revoke_key),
        services{ui,
                 *workers,
                 store,
                 keys,
                 std::move(make_capture),
                 deliver(),
                 {},
                 [this](const std::string&, const session::AuditEvent& e) { audit.push_back(e); },
                 MachineServices{scripts, guard_place(), {}},
                 manager} {
    session::ConsoleOptions options;
    options.technician_email = "ada@example.org";
    options.granted = wire::PermissionSet::all();
    options.hasher = file_hasher();
    console = std::make_unique<session::ConsoleSession>(std::move(options), now());
    session::GrantTerms terms;
    terms.generation = 1;
    terms.technician_name = "Ada Lovelace";
    terms.technician_email = "ada@example.org";
    terms.organisation = "Example Support";
    terms.permissions = wire::PermissionSet::all();
    terms.lease_until = now().steady + 1h;
    session::AppletOptions applet_options;
    applet_options.hasher = file_hasher();
    applet_options.sign_receipt = [n = std::uint64_t{0}](const session::ReceiptDraft&) mutable {
      return std::optional(session::SignedReceipt{++n, base::Bytes{1}});
    };
    core = std::make_unique<session::AppletSession>(std::move(applet_options), terms, now());
    host = std::make_unique<TechnicianHost>(
        PersonId(1), *core, PersonNames{"Ada Lovelace", "ada@example.org", "Example Support"}, services);
    applet_link.path_up(link::PathId(1), now().steady);
    console_link.path_up(link::PathId(1), now().steady);
  }
  ~Rig() {
    host.reset();
    manager_place.reset();
    delete workers;  // before what its jobs refer to
  }

  static session::Now now() { return session::Now::of(base::system_clock()); }
  Deliver deliver() {
    return [this](PersonId, SessionCall call) {
      std::lock_guard lock(mutex);
      calls.push_back(std::move(call));
    };
  }
  /// One round of everything; true when something moved.
  bool turn() {
    std::deque<SessionCall> batch;
    {
      std::lock_guard lock(mutex);
      batch.swap(calls);
    }
    bool moved = !batch.empty();
    for (auto& call : batch) {
      call((*core), now());
      host->drain(now());
    }
    if (auto due = (*core).next_deadline(); due && *due <= now().steady) (*core).on_deadline(now());
    applet_link.on_deadline(now().steady);
    console_link.on_deadline(now().steady);
    std::ignore = session::pump(applet_link, *core, now());
    host->drain(now());
    std::ignore = session::pump(applet_link, *core, now());
    std::ignore = session::pump(console_link, *console, now());
    if (drain_console) moved |= drain_console();
    while (auto e = console->poll_event()) {
      moved = true;
      take(std::move(*e));
    }
    while (console->poll_audit()) {
    }
    std::ignore = session::pump(console_link, *console, now());
    moved |= carry(applet_link, console_link);
    moved |= carry(console_link, applet_link);
    return moved;
  }
  bool carry(link::Link& from, link::Link& to) {
    auto bytes = from.poll_output(link::PathId(1), 256 * 1024, now().steady);
    if (bytes.empty()) return false;
    if (tap) tap(bytes);
    EXPECT_TRUE(to.on_bytes(link::PathId(1), bytes, now().steady));
    return true;
  }
  void take(session::ConsoleEvent event) {
    if (const auto* s = std::get_if<session::ScreenArrived>(&event)) {
      if (!decode_screens)
        held.push_back(*s);
      else
        show(*s);
    } else if (auto* f = std::get_if<session::FileAction>(&event)) {
      console_file(*f);
    }
    events.push_back(std::move(event));
  }
  void show(const session::ScreenArrived& s) {
    auto damage = decoder.decode(s.data);
    if (!damage) {
      ADD_FAILURE() << damage.error().message();
      return console->screen_broken(now());
    }
    ++frames;
    if (decoder.complete()) picture = decoder.canvas();
    console->screen_decoded(s.sequence, now());
  }
  /// The console's disk, in memory.
  void console_file(const session::FileAction& action) {
    if (const auto* open = std::get_if<session::OpenForWrite>(&action)) {
      received_name = open->name;
      received.clear();
      console->file_opened(open->transfer, now());
    } else if (const auto* write = std::get_if<session::WriteChunk>(&action)) {
      base::append(received, write->bytes);
      console->file_written(write->transfer, received.size(), now());
    } else if (const auto* commit = std::get_if<session::CommitFile>(&action)) {
      console->file_committed(commit->transfer, now());
      file_done = true;
    } else if (const auto* read = std::get_if<session::ReadChunk>(&action)) {
      console->file_chunk(read->transfer, base::ByteView(to_send).subspan(read->offset, read->bytes), now());
    }
  }
  /// Turns until `done` is true; false after `limit`.
  bool until(const std::function<bool()>& done, base::Duration limit = 20s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (!turn()) std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  void run_for(base::Duration d) {
    const auto end = std::chrono::steady_clock::now() + d;
    until([&] { return std::chrono::steady_clock::now() >= end; }, d + 10s);
  }
  [[nodiscard]] session::ConsentState state(wire::Permission p) const { return console->state(p); }
  /// Asks, waits for the prompt, answers it as the user would.
  bool ask(wire::Permission p, bool yes) {
    const auto before = ui.prompts.size();
    if (!console->ask(p, now()) || !until([&] { return ui.prompts.size() > before; })) return false;
    run_for(session::kPromptDeafTime + 20ms);
    (*core).user_answers(ui.prompts.back().show.prompt.id, yes, now());
    host->drain(now());
    return until([&] { return state(p) == (yes ? session::ConsentState::granted : session::ConsentState::denied); });
  }
  bool view() {
    return ask(wire::Permission::desktop_view, true) && console->start_view(0, 60, now()) &&
           until([&] { return frames > 0; });
  }
  bool control() {
    if (!ask(wire::Permission::remote_control, true) || !console->start_control(now())) return false;
    return until([&] { return console->controlling() && !console->control_held(); });
  }

  TempDir dir;
  base::SeededRandom random{1};
  std::mutex mutex;
  std::deque<SessionCall> calls;
  FakeUi ui;
  Worker* workers;
  FileStore store;
  std::unique_ptr<FileManager> manager_place;
  FileManager& manager;
  InputWorker keys;
  ScriptRunner scripts;
  HostServices services;
  std::vector<session::AuditEvent> audit;
  link::Link applet_link{base::Guid::from_bytes(base::Bytes(16, 9)).value()};
  link::Link console_link{base::Guid::from_bytes(base::Bytes(16, 9)).value()};
  std::unique_ptr<session::ConsoleSession> console;
  std::unique_ptr<session::AppletSession> core;
  std::unique_ptr<TechnicianHost> host;
  std::vector<session::ConsoleEvent> events;
  screen::Decoder decoder;
  screen::Frame picture;  // the last that was complete
  std::vector<session::ScreenArrived> held;
  bool decode_screens = true;
  int frames = 0;
  std::function<bool()> drain_console;  // takes the console's events and audit events before this does
  std::function<void(base::ByteView)> tap;  // sees all that goes over the link, either way
  std::string received_name;
  base::Bytes received, to_send;
  bool file_done = false;
};

}  // namespace rescue::test

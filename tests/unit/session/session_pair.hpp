// SPDX-License-Identifier: Apache-2.0
// Both ends of a session over real links and an in-memory path, with hosts that answer file actions from memory.
#pragma once

#include <map>

#include "fakes.hpp"
#include "link/link.hpp"
#include "session/pump.hpp"

namespace rescue::session::testing {

/// Bytes that differ from place to place.
inline base::Bytes content(std::size_t n) {
  base::Bytes b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = static_cast<std::uint8_t>(i * 31 + i / 257);
  return b;
}

/// A file system of one end: what is being written, what stands under its final name, what can be read.
struct MemoryFiles {
  struct Partial {
    std::string name;
    base::Bytes bytes;
  };
  std::map<TransferId, Partial> partial;
  std::map<std::string, base::Bytes> final_files;
  std::map<std::string, base::Bytes> kept;  // for another try, by name
  std::map<TransferId, OpenForWrite> opened;
  std::map<TransferId, base::Bytes> sources;
  std::size_t fail_writes_after = SIZE_MAX;

  template <typename Core>
  void act(const FileAction& action, Core& core, Now now) {
    if (const auto* open = std::get_if<OpenForWrite>(&action)) {
      opened[open->transfer] = *open;
      auto left = kept.extract(open->name);
      auto& bytes = partial[open->transfer].bytes;
      partial[open->transfer].name = open->name;
      if (!left.empty()) bytes = std::move(left.mapped());
      core.file_opened(open->transfer, now, bytes.size());
    } else if (const auto* write = std::get_if<WriteChunk>(&action)) {
      auto& file = partial.at(write->transfer);
      ASSERT_EQ(file.bytes.size(), write->offset) << "chunks out of order";
      if (file.bytes.size() + write->bytes.size() > fail_writes_after)
        return core.file_write_failed(write->transfer, FileStop::disk, now);
      base::append(file.bytes, write->bytes);
      core.file_written(write->transfer, file.bytes.size(), now);
    } else if (const auto* commit = std::get_if<CommitFile>(&action)) {
      auto& file = partial.at(commit->transfer);
      final_files[file.name] = std::move(file.bytes);
      partial.erase(commit->transfer);
      core.file_committed(commit->transfer, now);
    } else if (const auto* drop = std::get_if<DropFile>(&action)) {
      const auto it = partial.find(drop->transfer);
      if (it == partial.end()) return;
      if (drop->keep) kept[it->second.name] = std::move(it->second.bytes);
      partial.erase(it);
    } else if (const auto* restart = std::get_if<RestartFile>(&action)) {
      partial.at(restart->transfer).bytes.clear();
    } else if (const auto* read = std::get_if<ReadChunk>(&action)) {
      const auto in = partial.find(read->transfer);
      const auto& source = in != partial.end() ? in->second.bytes : sources.at(read->transfer);
      const auto all = base::ByteView(source);
      const auto from = std::min<std::size_t>(source.size(), read->offset);
      core.file_chunk(read->transfer, all.subspan(from, std::min(read->bytes, all.size() - from)), now);
    }
  }
};

struct SessionPair : TestClock {
  link::Link applet_link;
  link::Link console_link;
  AppletSession applet;
  ConsoleSession console;
  link::PathId path{0};
  bool path_is_up = false;
  MemoryFiles applet_files, console_files;
  std::vector<AppletAction> actions;
  std::vector<ConsoleEvent> events;
  std::vector<AuditEvent> applet_audit, console_audit;
  std::optional<link::LinkClosed> applet_closed, console_closed;
  bool auto_allow = true;
  bool auto_decode = true;
  std::vector<SysinfoSection> info = {{"os", {{"name", "Debian GNU/Linux 12"}}}};

  explicit SessionPair(std::optional<GrantTerms> terms = std::nullopt, ConsoleOptions options = console_options())
      : applet_link(id()),
        console_link(id()),
        applet(applet_options(), terms ? *terms : all_granted(now), now),
        console(std::move(options), now) {
    applet.set_displays(two_displays(), now);
    up();
    settle();
  }
  static base::Guid id() { return *base::Guid::from_bytes(base::Bytes(16, 9)); }

  void up() {
    path += 1;
    applet_link.path_up(path, now.steady);
    console_link.path_up(path, now.steady);
    path_is_up = true;
  }
  void down() {
    applet_link.path_down(path, now.steady);
    console_link.path_down(path, now.steady);
    path_is_up = false;
    settle();
  }
  void wait(base::Duration d) {
    advance(d);
    settle();
  }
  /// Until both ends have nothing more to say or do.
  void settle() {
    for (int round = 0; round < 100'000; ++round) {
      bool moved = step_applet();
      moved |= step_console();
      if (moved) continue;
      advance(link::kAckDelay);
      applet_link.on_deadline(now.steady);
      console_link.on_deadline(now.steady);
      if (!applet_link.has_output(path) && !console_link.has_output(path)) return;
    }
    FAIL() << "the session does not settle";
  }
  bool step_applet() {
    bool moved = false;
    if (auto r = pump(applet_link, applet, now); r.closed) applet_closed = r.closed;
    while (auto a = applet.poll_action()) {
      moved = true;
      serve(*a);
      actions.push_back(std::move(*a));
    }
    while (auto e = applet.poll_audit()) applet_audit.push_back(std::move(*e));
    return transfer(applet_link, console_link) || moved;
  }
  bool step_console() {
    bool moved = false;
    if (auto r = pump(console_link, console, now); r.closed) console_closed = r.closed;
    while (auto e = console.poll_event()) {
      moved = true;
      if (const auto* f = std::get_if<FileAction>(&*e)) console_files.act(*f, console, now);
      if (const auto* s = std::get_if<ScreenArrived>(&*e); s != nullptr && auto_decode)
        console.screen_decoded(s->sequence, now);
      events.push_back(std::move(*e));
    }
    while (auto e = console.poll_audit()) console_audit.push_back(std::move(*e));
    return transfer(console_link, applet_link) || moved;
  }
  bool transfer(link::Link& from, link::Link& to) {
    if (!path_is_up) return false;
    const auto bytes = from.poll_output(path, 64 * 1024, now.steady);
    if (bytes.empty()) return false;
    const auto ok = to.on_bytes(path, bytes, now.steady);
    EXPECT_TRUE(ok) << ok.error().message();
    return true;
  }
  void serve(const AppletAction& action) {
    if (const auto* prompt = std::get_if<ShowPrompt>(&action); prompt != nullptr && auto_allow) {
      advance(1s);
      (void)applet.user_answers(prompt->prompt.id, true, now);
    } else if (const auto* file = std::get_if<FileAction>(&action)) {
      applet_files.act(*file, applet, now);
    } else if (const auto* collect = std::get_if<CollectSysinfo>(&action)) {
      (void)applet.sysinfo_collected(collect->request, info, now);
    }
  }
  void allow(Permission p) {
    ASSERT_TRUE(console.ask(p, now));
    settle();
    ASSERT_EQ(console.state(p), ConsentState::granted) << wire::name(p);
    wait(1s);
  }
  [[nodiscard]] std::vector<std::string> audit_types(const std::vector<AuditEvent>& all) const {
    std::vector<std::string> out;
    for (const auto& e : all) out.emplace_back(e.type);
    return out;
  }
  [[nodiscard]] static const AuditEvent* find_audit(const std::vector<AuditEvent>& all, std::string_view type) {
    for (const auto& e : all)
      if (e.type == type) return &e;
    return nullptr;
  }
};

}  // namespace rescue::session::testing

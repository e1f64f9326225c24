// SPDX-License-Identifier: Apache-2.0
#include "applet/core/machine_log.hpp"

#include <array>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/utf8.hpp"

namespace rescue::applet {
namespace {
constexpr std::chrono::seconds kLastEntries{2};

/// What an event of that name means when its data gives no reason.
struct Meaning {
  std::string_view event, reason;
};
constexpr std::array kMeanings = {
    Meaning{"consent.asked", "asked by the technician"},
    Meaning{"consent.granted", "the user said yes"},
    Meaning{"recording.started", "the technician's program records"},
    Meaning{"recording.ended", "the technician's program records no more"},
    Meaning{"sas.shown", "the user is asked for the technician's digits"},
    Meaning{"sas.confirmed", "the user typed the technician's digits"},
    Meaning{"sas.missed", "the digits were not the technician's: this may be somebody else"},
};

std::string text_of(const session::AuditValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  return std::get<bool>(value) ? "yes" : "no";
}

std::string reason_of(const session::AuditEvent& event) {
  for (const auto* key : {"reason", "why", "what", "outcome"})
    if (const auto* value = event.find(key)) return text_of(*value);
  for (const auto& m : kMeanings)
    if (m.event == event.type) return std::string(m.reason);
  if (const auto* receipt = event.find("receipt"))
    return fmt::format("allowed by the user, receipt {}", text_of(*receipt));
  return event.actor == "user" ? "by the user" : "";
}

/// Of a name from the other side nothing may end the line or the quotes.
std::string in_quotes(std::string_view text) { return base::json_quote(base::to_display_text(text)); }

std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text + "…";
}
}  // namespace

MachineLogEntry machine_log_entry(std::string session, std::string technician, const session::AuditEvent& event) {
  MachineLogEntry out;
  out.time = event.time;
  out.event = event.type;
  out.session = std::move(session);
  out.technician = std::move(technician);
  out.by = event.actor;
  out.reason = reason_of(event);
  const bool chat = event.type == session::audit_type::kChat;
  // The number of a receipt is for people, its bytes are for the site's log.
  auto plain = event;
  std::erase_if(plain.data, [](const auto& field) { return field.first == "signed"; });
  if (!chat) out.data = plain.data_json();
  // Whoever reads it looks for refused sign-ins under one name.
  if (event.type == session::audit_type::kSasMissed) out.event = "sign_in.refused";
  out.warning = out.event == "sign_in.refused" || event.type == session::audit_type::kAlert;
  return out;
}

std::string machine_log_line(const MachineLogEntry& entry, int pid) {
  std::string line = fmt::format("{} rescue-applet[{}]: {}", base::to_rfc3339(entry.time), pid, entry.event);
  if (!entry.session.empty()) line += " session=" + entry.session;
  if (!entry.technician.empty()) line += " technician=" + in_quotes(entry.technician);
  if (!entry.by.empty()) line += " by=" + in_quotes(entry.by);
  if (!entry.reason.empty()) line += " reason=" + in_quotes(entry.reason);
  if (entry.data != "{}") line += " data=" + base::to_display_text(cut(entry.data, kMachineLogDataMax));
  return line;
}

std::filesystem::path default_machine_log_file(const Env& env) {
  if (geteuid() == 0 && !env.var("XDG_STATE_HOME")) return "/var/log/rescue-applet.log";
  if (const auto state = env.var("XDG_STATE_HOME"); state && state->starts_with('/'))
    return std::filesystem::path(*state) / "rescue" / "applet.log";
  if (const auto home = env.var("HOME")) return std::filesystem::path(*home) / ".local/state/rescue/applet.log";
  return {};
}

/// Also the thread's: one that hangs in a dead disk is left behind with it.
struct MachineLog::Shared {
  std::vector<std::unique_ptr<MachineLogSink>> sinks;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<MachineLogEntry> waiting;
  std::uint64_t lost = 0;
  bool busy = false, quit = false, ended = false;

  void run();
  void keep(const MachineLogEntry& entry);
};

void MachineLog::Shared::keep(const MachineLogEntry& entry) {
  for (auto& sink : sinks)
    if (sink->write(entry)) return;
  const std::scoped_lock lock(mutex);
  ++lost;
}

void MachineLog::Shared::run() {
  std::unique_lock lock(mutex);
  std::uint64_t told = 0;
  for (;;) {
    changed.wait(lock, [&] { return !waiting.empty() || quit; });
    if (waiting.empty()) break;
    const auto entry = std::move(waiting.front());
    waiting.pop_front();
    busy = true;
    const auto gone = lost;
    lock.unlock();
    if (gone > told) {
      base::log(base::LogLevel::warn, "applet", "entries of the machine's log were lost", {{"entries", gone}});
      told = gone;
    }
    keep(entry);
    lock.lock();
    busy = false;
    changed.notify_all();
  }
  ended = true;
  changed.notify_all();
}

MachineLog::MachineLog(std::vector<std::unique_ptr<MachineLogSink>> sinks) : shared_(std::make_shared<Shared>()) {
  shared_->sinks = std::move(sinks);
  thread_ = std::thread([shared = shared_] { shared->run(); });
}

MachineLog::~MachineLog() {
  std::unique_lock lock(shared_->mutex);
  shared_->quit = true;
  shared_->changed.notify_all();
  const bool ended = shared_->changed.wait_for(lock, kLastEntries, [&] { return shared_->ended; });
  lock.unlock();
  if (ended)
    thread_.join();
  else
    thread_.detach();
}

void MachineLog::write(MachineLogEntry entry) {
  const std::scoped_lock lock(shared_->mutex);
  if (shared_->waiting.size() >= kMachineLogQueueMax) {
    ++shared_->lost;
    return;
  }
  shared_->waiting.push_back(std::move(entry));
  shared_->changed.notify_all();
}

bool MachineLog::flush(std::chrono::milliseconds at_most) {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, at_most, [&] { return shared_->waiting.empty() && !shared_->busy; });
}

std::unique_ptr<MachineLog> make_machine_log(const std::filesystem::path& file, const Env& env) {
  std::vector<std::unique_ptr<MachineLogSink>> sinks;
  if (file.empty()) sinks.push_back(make_journal_sink());
  const auto where = file.empty() ? default_machine_log_file(env) : file;
  if (!where.empty()) sinks.push_back(make_file_sink(where));
  return std::make_unique<MachineLog>(std::move(sinks));
}

}  // namespace rescue::applet

// SPDX-License-Identifier: Apache-2.0
// The supported machine's own log: who came, was turned away, was allowed what, did what and why it ended; without the
// text of the chat. It stays with the user, whatever the site keeps. journald takes it where it runs (fields
// RESCUE_EVENT, RESCUE_SESSION, RESCUE_TECHNICIAN, RESCUE_BY, RESCUE_REASON, RESCUE_DATA: `journalctl -t
// rescue-applet`), else a plain file, one line an entry.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "applet/core/env.hpp"
#include "base/clock.hpp"
#include "session/audit_event.hpp"

namespace rescue::applet {

/// Entries that wait for a disk or a journal that hangs; more are lost, and their number is told.
inline constexpr std::size_t kMachineLogQueueMax = 2000;
/// Of one entry's data; more is cut off.
inline constexpr std::size_t kMachineLogDataMax = 8 * 1024;
/// The file is put aside as NAME.1 beyond this, in place of an earlier one.
inline constexpr std::uint64_t kMachineLogFileMax = std::uint64_t{4} << 20;

struct MachineLogEntry {
  base::WallTime time{};
  std::string event{};       // "control.started"; the names of the session's log, and sign_in.* and connection.*
  std::string session{};     // empty: before there is one
  std::string technician{};  // e-mail; empty: none concerned
  std::string by{};          // who did it: "user", "applet", "site" or the technician
  std::string reason{};      // in words
  std::string data = "{}";   // JSON object
  bool warning = false;      // for a refused sign-in and what else should be looked at
};

/// An event of a technician's session as this log keeps it.
[[nodiscard]] MachineLogEntry machine_log_entry(std::string session, std::string technician,
                                                const session::AuditEvent& event);
/// The line of the file, without the newline: one line whatever is in it.
[[nodiscard]] std::string machine_log_line(const MachineLogEntry& entry, int pid);

/// Where entries go. One thread at a time; may block.
class MachineLogSink {
 public:
  virtual ~MachineLogSink() = default;
  /// False: it cannot be kept here now.
  [[nodiscard]] virtual bool write(const MachineLogEntry& entry) = 0;
};
/// journald over its socket (systemd.journal-fields(7), "Native Journal Protocol"), by default its well-known one.
[[nodiscard]] std::unique_ptr<MachineLogSink> make_journal_sink(std::filesystem::path socket = {});
/// Appends with mode 0600; makes its folder with 0700. Follows no link in place of the file.
[[nodiscard]] std::unique_ptr<MachineLogSink> make_file_sink(std::filesystem::path file);
/// /var/log/rescue-applet.log for root, else rescue/applet.log under $XDG_STATE_HOME or ~/.local/state; empty where
/// there is neither.
[[nodiscard]] std::filesystem::path default_machine_log_file(const Env& env);

/// Gives each entry to the first sink that takes it, from a thread of its own.
class MachineLog {
 public:
  explicit MachineLog(std::vector<std::unique_ptr<MachineLogSink>> sinks);
  /// Writes what waits, for kLastEntries at most.
  ~MachineLog();
  MachineLog(const MachineLog&) = delete;
  MachineLog& operator=(const MachineLog&) = delete;

  /// Any thread; never blocks.
  void write(MachineLogEntry entry);
  /// True when all that was written before has been taken (or lost); waits for it.
  [[nodiscard]] bool flush(std::chrono::milliseconds at_most);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

/// `file` given: there alone. Else journald, else the default file.
[[nodiscard]] std::unique_ptr<MachineLog> make_machine_log(const std::filesystem::path& file, const Env& env);

}  // namespace rescue::applet

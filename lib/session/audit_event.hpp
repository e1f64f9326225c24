// SPDX-License-Identifier: Apache-2.0
// What a session core hands over for the log. Type names are those of the log's closed list (man rescue-protocol(7),
// LOG).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "session/now.hpp"

namespace rescue::session {

using AuditValue = std::variant<std::string, std::int64_t, bool>;

struct AuditEvent {
  std::uint64_t seq = 0;  // 1, 2, 3 … per core; with session and source it makes intake idempotent
  base::WallTime time;
  std::string_view type;  // a constant below
  std::string actor;      // "user", the technician's e-mail, "applet" or "console"
  std::vector<std::pair<std::string_view, AuditValue>> data;

  [[nodiscard]] const AuditValue* find(std::string_view key) const;
  /// `data` as one JSON object.
  [[nodiscard]] std::string data_json() const;
};

/// Numbers events and keeps them until the shell takes them.
class AuditQueue {
 public:
  explicit AuditQueue(std::uint64_t first_seq) : next_seq_(first_seq) {}
  void add(Now now, std::string_view type, std::string_view actor,
           std::vector<std::pair<std::string_view, AuditValue>> data = {}) {
    events_.push_back({next_seq_++, now.wall, type, std::string(actor), std::move(data)});
  }
  [[nodiscard]] std::optional<AuditEvent> poll() {
    if (events_.empty()) return std::nullopt;
    auto e = std::move(events_.front());
    events_.pop_front();
    return e;
  }

 private:
  std::uint64_t next_seq_;
  std::deque<AuditEvent> events_;
};

namespace audit_type {
inline constexpr std::string_view kLinkUp = "link.up";                  // {}
inline constexpr std::string_view kLinkDown = "link.down";              // {}
inline constexpr std::string_view kChat = "chat.message";               // {text} or {omitted:true, length}
inline constexpr std::string_view kConsentAsked = "consent.asked";      // {permission}; "all" for a single prompt
inline constexpr std::string_view kConsentGranted = "consent.granted";  // {permission}
inline constexpr std::string_view kConsentDenied =
    "consent.denied";  // {permission, reason: user|timed_out|not_in_grant}
inline constexpr std::string_view kConsentRevoked =
    "consent.revoked";                                            // {permission, reason: user|grant|lease|link|site}
inline constexpr std::string_view kViewStarted = "view.started";  // {display}
inline constexpr std::string_view kViewEnded = "view.ended";      // {reason, packets}
inline constexpr std::string_view kControlStarted = "control.started";  // {}
inline constexpr std::string_view kControlEnded = "control.ended";      // {reason, events}
// Files: `resumed_at` where an earlier try had brought a part; `request` of a file manager's, `clipboard: true` of a
// clipboard's.
inline constexpr std::string_view kFileOffered = "file.offered";        // {direction, transfer, name, size}
inline constexpr std::string_view kFileSent = "file.sent";          // {direction, transfer, name, size, md5, sha256}
inline constexpr std::string_view kFileReceived = "file.received";  // same, by the receiving end
inline constexpr std::string_view kFileRefused = "file.refused";    // {direction, transfer, name, size, reason}
inline constexpr std::string_view kFileFailed = "file.failed";      // same, after it was accepted
inline constexpr std::string_view kSysinfoSent = "sysinfo.sent";    // {sections, items}
inline constexpr std::string_view kRecordingStarted = "recording.started";  // applet: {permitted, forced}
inline constexpr std::string_view kRecordingEnded = "recording.ended";      // applet: {}
inline constexpr std::string_view kActionRefused = "action.refused";        // {action, reason}
inline constexpr std::string_view kSasShown = "sas.shown";                  // {}
inline constexpr std::string_view kSasConfirmed = "sas.confirmed";          // {}
inline constexpr std::string_view kSasMissed = "sas.missed";                // {attempts_left}
inline constexpr std::string_view kUrlSent = "url.sent";                    // {request, url}
inline constexpr std::string_view kUrlEnded = "url.ended";                  // {request, url, outcome}
inline constexpr std::string_view kRebootAsked = "reboot.asked";            // {request, kind}
inline constexpr std::string_view kRebootStarted = "reboot.started";        // {request, kind}
inline constexpr std::string_view kRebootEnded = "reboot.ended";            // {outcome}; done: the applet is back
inline constexpr std::string_view kCredentialsAsked = "credentials.asked";  // {request}
inline constexpr std::string_view kCredentialsEnded = "credentials.ended";  // {request, outcome, account}
inline constexpr std::string_view kClipboardStarted = "clipboard.started";  // {to_applet, to_console}
inline constexpr std::string_view kClipboardSent = "clipboard.sent";        // {direction, bytes, files}
inline constexpr std::string_view kClipboardEnded = "clipboard.ended";      // {reason}
inline constexpr std::string_view kScriptAsked =
    "script.asked";  // {request, name, interpreter, sha256, bytes, elevated}
inline constexpr std::string_view kScriptStarted = "script.started";  // {request, name, sha256, elevated}
inline constexpr std::string_view kScriptEnded = "script.ended";  // {request, sha256, outcome, exit_code, output_bytes}
inline constexpr std::string_view kFilesListed = "files.listed";  // {path, entries, outcome}
inline constexpr std::string_view kFilesStarted = "files.started";  // {operation, path, target}
inline constexpr std::string_view kFilesEnded = "files.ended";      // {operation, path, outcome, files, bytes}
inline constexpr std::string_view kRecordingTip = "recording.tip";  // console: {name, chunks, tip}
inline constexpr std::string_view kQuestionAnswered =
    "question.answered";  // {question, answer, permission, receipt, signed}
inline constexpr std::string_view kAlert = "alert";                 // {what}
}  // namespace audit_type

}  // namespace rescue::session

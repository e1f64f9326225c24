// SPDX-License-Identifier: Apache-2.0
// What an applet writes down before a restart of the machine, so that the same session goes on after it: a file that
// only its user can read, good once and for kResumeTime, and an entry of the desktop's autostart that starts the applet
// with it. Both are gone as soon as they were used, whatever came of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "applet/core/env.hpp"
#include "base/bytes.hpp"
#include "base/guid.hpp"
#include "base/result.hpp"
#include "crypto/receipt.hpp"
#include "session/consent.hpp"

namespace rescue::applet {

inline constexpr std::chrono::minutes kResumeTime{30};
inline constexpr std::size_t kResumeFileMax = 32 * 1024 * 1024;  // a log that waits for the site may be 16 MiB
inline constexpr std::string_view kResumeFlag = "--resume-after-reboot";

/// A technician's standing from before.
struct ResumedPerson {
  base::Guid technician;
  std::uint64_t generation = 0;  // of the newest grant: an older one is worth nothing
  crypto::Fingerprint console{};
  session::CarriedConsent consent;
  bool sas_confirmed = false;
};
struct ResumeState {
  base::WallTime written;
  base::WallTime invited;  // when the invite was opened; it need not be good any more
  base::Bytes invite;
  base::SecretBytes key;  // PEM
  crypto::ReceiptChain::Position receipts;
  std::uint64_t next_event = 1;
  std::vector<std::string> events;     // JSON, not yet at the site, oldest first
  std::vector<std::string> arguments;  // of the applet, beside those that say where the session comes from
  std::vector<ResumedPerson> people;
};

struct ResumePlace {
  std::filesystem::path file, entry;  // state, autostart
};
/// $XDG_STATE_HOME/rescue-applet/resume-SESSION and $XDG_CONFIG_HOME/autostart/rescue-applet-SESSION.desktop, or where
/// these are when they are not set. not_found: there is no $HOME.
[[nodiscard]] base::Result<ResumePlace> resume_place(const Env& env, const base::Guid& session);

[[nodiscard]] std::string to_json(const ResumeState& state);
/// bad_format.
[[nodiscard]] base::Result<ResumeState> parse_resume_state(std::string_view json);

/// `json` to the file (0600, folder 0700, on the disk when this returns), and the entry that runs `program` with it.
/// io, and errno's.
[[nodiscard]] base::Result<> write_resume(const ResumePlace& place, std::string_view json,
                                          const std::filesystem::path& program);
/// Removes both.
void remove_resume(const ResumePlace& place);
/// Reads the file after it was removed with its entry: nobody uses it again. not_found; denied: others may read it, or
/// it is not this user's; expired: older than kResumeTime, or from the future; bad_format, too_large.
[[nodiscard]] base::Result<ResumeState> take_resume(const Env& env, const std::filesystem::path& file);

/// The desktop entry (Desktop Entry Specification 1.5).
[[nodiscard]] std::string autostart_entry(const std::filesystem::path& program, const std::filesystem::path& file);
/// The program file of this process; not_found: it was deleted.
[[nodiscard]] base::Result<std::filesystem::path> own_program();

}  // namespace rescue::applet

// SPDX-License-Identifier: Apache-2.0
// The applet's command line: one table from which parsing, --help and the manual's OPTIONS are made and compared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "applet/core/env.hpp"
#include "applet/core/resume_file.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "crypto/keys.hpp"
#include "desktop/keysym.hpp"

namespace rescue::applet {

struct Flag {
  std::string_view name;   // with dashes
  std::string_view value;  // word for the value in help, empty for a switch
  std::string_view help;   // one sentence without full stop
};
[[nodiscard]] std::span<const Flag> flags();

/// For whoever opened a program file whose slot is not as it was made.
inline constexpr std::string_view kDamagedFile =
    "this program file was damaged or changed after it was made for you: do not use it, and download it again";

struct Options {
  std::string server;             // "https://host[:port]"; with `pin`
  std::string ca_pin;             // 64 hex digits, or
  std::filesystem::path ca_file;  // PEM, or neither: the system's store
  std::string pin;
  std::string channel;  // instead of a PIN; with visitor_name and problem, which may be empty
  std::string visitor_name, problem;
  std::filesystem::path invite;                      // instead of server and pin
  std::shared_ptr<const base::SecretBytes> stamped;  // or the invite that this program file carries
  std::string stamp_problem;                         // or why it cannot be used, for the user
  bool headless = false;
  std::filesystem::path scenario;
  std::uint64_t seed = 1;
  std::filesystem::path download_dir;                // resolved: never empty
  std::vector<std::filesystem::path> file_roots;     // of the file manager, absolute; none: the whole file system
  std::filesystem::path offer_file;                  // answers every request for a file
  std::string display;                               // X11, empty: $DISPLAY
  desktop::Keysym revoke_key = 0;                    // kNoSymbol: none
  crypto::KeyKind key_kind = crypto::KeyKind::p256;  // of the session's key; rsa2048 for the profile aes256-sha
  std::filesystem::path machine_log;                 // instead of the journal
  base::LogLevel log_level = base::LogLevel::info;
  std::filesystem::path resume;                // what was written down before a restart of the machine
  std::shared_ptr<const ResumeState> resumed;  // what stood there
  std::vector<std::string> again;              // arguments for after a restart
  bool help = false;
  bool version = false;
};

/// Errors: invalid_argument, the context is a whole sentence for the user. Reads --pin-file and --pin-stdin, and, when
/// no flag names a site, the slot of this program file.
[[nodiscard]] base::Result<Options> parse_options(Args args, const Env& env);
[[nodiscard]] std::string help_text();
/// --download-dir, else $XDG_DOWNLOAD_DIR, else what user-dirs.dirs(5) says, else ~/Downloads.
[[nodiscard]] std::filesystem::path default_download_dir(const Env& env);

}  // namespace rescue::applet

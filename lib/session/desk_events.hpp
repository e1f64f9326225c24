// SPDX-License-Identifier: Apache-2.0
// Addresses and the clipboard: what the supported end's core tells its host, and the technician's end its views.
#pragma once

#include <cstdint>
#include <string>

#include "wire/session_messages.hpp"

namespace rescue::session {

// ---- actions of the supported end
/// The user has said yes: open it with the user's browser; answer with AppletUrls::opened().
struct OpenUrl {
  std::uint32_t request = 0;
  std::string address;  // WebAddress::address
};
/// Which ways the clipboard goes from now on; both false ends it, and takes back what the technician had put there.
struct ShareClipboard {
  bool to_applet = false;
  bool to_console = false;
};
/// This is on the machine's clipboard now; answer with AppletClipboard::taken().
struct SetClipboardText {
  std::uint32_t serial = 0;
  std::string text;
};
/// The technician wants what AppletClipboard::changed() told under this version; answer with text() or gone().
struct ReadClipboard {
  std::uint64_t version = 0;
};

// ---- events of the technician's end
struct UrlChanged {
  std::uint32_t request = 0;
  wire::session::Outcome outcome = wire::session::Outcome::none;
  std::string detail;
};
/// Which ways the clipboard goes now.
struct ClipboardShared {
  bool to_applet = false;
  bool to_console = false;
};
/// What the user has copied can be had (ConsoleClipboard::request); both 0: nothing.
struct ClipboardOffered {
  std::uint32_t serial = 0;
  std::uint64_t text_bytes = 0;
  std::uint32_t files = 0;
};
/// The text of that offer, UTF-8.
struct ClipboardArrived {
  std::uint32_t serial = 0;
  std::string text;
};
/// The user has copied something else meanwhile, or the other end does not give it.
struct ClipboardLost {
  std::uint32_t serial = 0;
};
/// What ConsoleClipboard::set_text() gave this number is on the machine's clipboard, or never will be.
struct ClipboardTaken {
  std::uint32_t serial = 0;
  bool set = false;
};

}  // namespace rescue::session

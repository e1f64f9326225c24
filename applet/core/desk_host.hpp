// SPDX-License-Identifier: Apache-2.0
// Addresses and the clipboard of one technician's session: what the core says, carried out by what all sessions share.
#pragma once

#include "applet/core/machine_clipboard.hpp"
#include "applet/core/url_opener.hpp"

namespace rescue::applet {

/// Null where this machine has none: technicians are told so.
struct DeskServices {
  MachineClipboard* clipboard = nullptr;
  UrlOpener* urls = nullptr;
  Worker* slow = nullptr;  // for what waits for programs of the system; null: the common one
};

/// The core's strand.
class DeskHost {
 public:
  DeskHost(PersonId person, DeskServices services, Deliver deliver)
      : person_(person), services_(services), deliver_(std::move(deliver)) {}
  /// Takes back what the technician had put on the clipboard.
  ~DeskHost();
  DeskHost(const DeskHost&) = delete;
  DeskHost& operator=(const DeskHost&) = delete;

  void act(session::OpenUrl& a);
  void act(const session::ShareClipboard& a);
  void act(session::SetClipboardText& a);
  void act(const session::ReadClipboard& a);

 private:
  PersonId person_;
  DeskServices services_;
  Deliver deliver_;
};

}  // namespace rescue::applet

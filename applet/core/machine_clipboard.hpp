// SPDX-License-Identifier: Apache-2.0
// The machine's one clipboard and the technicians who share it. What a technician put there is taken back when that
// sharing ends; it is told to no technician. What the user copies while somebody shares is kept here, the last of it
// alone, until a technician asks for it or something else is copied.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "applet/core/worker.hpp"
#include "desktop/clipboard.hpp"

namespace rescue::applet {

/// Network thread; the clipboard's own thread comes in through what it was given.
class MachineClipboard {
 public:
  /// `clipboard` may be null: there is none to share, and technicians are told so.
  MachineClipboard(std::unique_ptr<desktop::Clipboard> clipboard, Deliver deliver);
  ~MachineClipboard();
  MachineClipboard(const MachineClipboard&) = delete;
  MachineClipboard& operator=(const MachineClipboard&) = delete;

  void share(PersonId person, bool to_applet, bool to_console);
  void set_text(PersonId person, std::uint32_t serial, std::string text);
  void read(PersonId person, std::uint64_t version);
  /// The person's session is over.
  void forget(PersonId person) { share(person, false, false); }

 private:
  struct Ways {
    bool to_applet = false, to_console = false;
  };
  void copied(desktop::ClipboardContent content);

  std::unique_ptr<desktop::Clipboard> clipboard_;
  Deliver deliver_;
  std::mutex mutex_;  // of what follows
  std::map<PersonId, Ways> sharing_;
  std::optional<PersonId> put_by_;  // whose text is there, or on its way there
  std::uint64_t version_ = 0;
  std::string text_;  // of that version
  bool watching_ = false;
  Worker worker_;  // goes first: its jobs use the rest
};

}  // namespace rescue::applet

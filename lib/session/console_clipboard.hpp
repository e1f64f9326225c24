// SPDX-License-Identifier: Apache-2.0
// The technician's side of the shared clipboard (applet_clipboard.hpp).
#pragma once

#include <optional>
#include <string>

#include "session/console_feature.hpp"

namespace rescue::session {

class ConsoleClipboard final : public ConsoleFeature {
 public:
  using ConsoleFeature::ConsoleFeature;
  /// From now on it goes these ways; both false: no longer. ClipboardShared says when it does. denied, closed.
  [[nodiscard]] base::Result<void> share(bool to_applet, bool to_console);
  /// Puts text on the machine's clipboard; ClipboardTaken of this number says when it is there. invalid_argument
  /// (empty, not UTF-8), too_large, conflict (not shared that way), denied, closed.
  [[nodiscard]] base::Result<std::uint32_t> set_text(std::string text);
  /// Asks for what the user has copied last; ClipboardArrived or ClipboardLost of this number follows. not_found
  /// (nothing was offered), conflict (not shared that way), denied, closed.
  [[nodiscard]] base::Result<std::uint32_t> request();
  /// What the user has copied last, if anything since sharing began.
  [[nodiscard]] const std::optional<ClipboardOffered>& offered() const { return offered_; }
  [[nodiscard]] bool to_applet() const { return to_applet_; }
  [[nodiscard]] bool to_console() const { return to_console_; }

  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void refused(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) override;
  void session_ended() override;

 private:
  void on_state(const wire::session::ClipboardState& m);
  void on_request(const wire::session::ClipboardRequest& m);
  [[nodiscard]] base::Result<void> on_text(const wire::session::ClipboardText& m);
  void stopped(std::string_view reason);

  bool to_applet_ = false, to_console_ = false;
  // to the applet
  std::uint32_t serial_ = 0;
  std::string text_;      // of that offer, until it is taken
  bool setting_ = false;  // ClipboardTaken is owed
  // from the applet
  std::optional<ClipboardOffered> offered_;
  std::optional<std::uint32_t> wanted_;  // serial asked for
  std::string incoming_;
};

}  // namespace rescue::session

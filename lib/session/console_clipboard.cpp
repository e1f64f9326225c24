// SPDX-License-Identifier: Apache-2.0
#include "session/console_clipboard.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/impl/action_messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using base::Errc;
using base::fail;
using base::Result;
using wire::Channel;
constexpr auto kRight = Permission::clipboard_sync;
}  // namespace

Result<void> ConsoleClipboard::share(bool to_applet, bool to_console) {
  const bool on = to_applet || to_console;
  // Ending it needs no right.
  if (on) RESCUE_CHECK(session().need(kRight));
  session().send(Channel::control, messages::clipboard_start(to_applet, to_console));
  return {};
}

Result<std::uint32_t> ConsoleClipboard::set_text(std::string text) {
  RESCUE_CHECK(session().need(kRight));
  if (!to_applet_) return fail(Errc::conflict, "the clipboard is not shared with the supported machine");
  if (text.empty() || !base::is_valid_utf8(text))
    return fail(Errc::invalid_argument, "clipboard text is empty or not UTF-8");
  if (text.size() > wire::kClipboardTextMax)
    return fail(Errc::too_large, fmt::format("clipboard text of {} bytes, at most {} are allowed", text.size(),
                                             wire::kClipboardTextMax));
  if (std::exchange(setting_, true)) session().tell(ClipboardTaken{serial_, false});
  text_ = std::move(text);
  session().send(Channel::files, messages::clipboard_offer(++serial_, text_.size(), 0), kRight);
  return serial_;
}

Result<std::uint32_t> ConsoleClipboard::request() {
  RESCUE_CHECK(session().need(kRight));
  if (!to_console_) return fail(Errc::conflict, "the clipboard of the supported machine is not shared");
  if (!offered_ || offered_->text_bytes == 0)
    return fail(Errc::not_found, "text on the clipboard of the supported machine");
  if (wanted_ != offered_->serial) {
    incoming_.clear();
    wanted_ = offered_->serial;
    session().send(Channel::files, messages::clipboard_request(*wanted_, false));
  }
  return *wanted_;
}

Result<bool> ConsoleClipboard::on_message(const msg::SessionMessage& m) {
  switch (m.message_type()) {
    case msg::Message::ClipboardState:
      on_state(*m.message_as_ClipboardState());
      return true;
    case msg::Message::ClipboardOffer: {
      const auto* offer = m.message_as_ClipboardOffer();
      if (offered_ && offer->serial() <= offered_->serial)
        return fail(Errc::bad_format, "clipboard offered under a number used before");
      offered_ = ClipboardOffered{offer->serial(), offer->text_bytes(), offer->files()};
      session().tell(*offered_);
      return true;
    }
    case msg::Message::ClipboardRequest:
      on_request(*m.message_as_ClipboardRequest());
      return true;
    case msg::Message::ClipboardText:
      RESCUE_CHECK(on_text(*m.message_as_ClipboardText()));
      return true;
    case msg::Message::ClipboardGone:
      if (wanted_ == m.message_as_ClipboardGone()->serial()) {
        session().tell(ClipboardLost{*wanted_});
        wanted_.reset();
      }
      return true;
    default:
      return false;
  }
}

void ConsoleClipboard::on_state(const msg::ClipboardState& m) {
  const bool on = m.to_applet() || m.to_console();
  if (on && (m.to_applet() != to_applet_ || m.to_console() != to_console_))
    session().audit(audit_type::kClipboardStarted, session().technician(),
                    {{"to_applet", m.to_applet()}, {"to_console", m.to_console()}});
  if (!on) stopped("stopped");
  to_applet_ = m.to_applet();
  to_console_ = m.to_console();
  if (setting_ && m.taken() == serial_) {
    setting_ = false;
    session().audit(
        audit_type::kClipboardSent, session().technician(),
        {{"direction", "to_applet"}, {"bytes", static_cast<std::int64_t>(text_.size())}, {"files", std::int64_t{0}}});
    session().tell(ClipboardTaken{serial_, true});
    text_.clear();
  }
  session().tell(ClipboardShared{to_applet_, to_console_});
}

void ConsoleClipboard::stopped(std::string_view reason) {
  if (std::exchange(setting_, false)) session().tell(ClipboardTaken{serial_, false});
  if (wanted_) session().tell(ClipboardLost{*std::exchange(wanted_, std::nullopt)});
  text_.clear();
  incoming_.clear();
  if (!to_applet_ && !to_console_) return;
  to_applet_ = to_console_ = false;
  session().audit(audit_type::kClipboardEnded, "user", {{"reason", std::string(reason)}});
}

void ConsoleClipboard::on_request(const msg::ClipboardRequest& m) {
  auto& s = session();
  if (m.files() || m.serial() != serial_ || text_.empty() || !setting_)
    return s.send(Channel::files, messages::clipboard_gone(m.serial()));
  const std::string_view content = text_;
  for (std::size_t at = 0; at < content.size(); at += wire::kClipboardPartMax) {
    const auto part = content.substr(at, wire::kClipboardPartMax);
    s.send(Channel::files, messages::clipboard_text(serial_, base::as_bytes(part), at + part.size() < content.size()),
           kRight);
  }
}

Result<void> ConsoleClipboard::on_text(const msg::ClipboardText& m) {
  if (wanted_ != m.serial()) return {};
  const auto part = base::as_text(wire::view(m.text()));
  if (incoming_.size() + part.size() > wire::kClipboardTextMax)
    return fail(Errc::too_large, "clipboard text beyond what is allowed");
  incoming_ += part;
  if (m.more()) return {};
  wanted_.reset();
  if (!base::is_valid_utf8(incoming_)) return fail(Errc::bad_format, "clipboard text is not UTF-8");
  session().audit(audit_type::kClipboardSent, "user",
                  {{"direction", "to_console"},
                   {"bytes", static_cast<std::int64_t>(incoming_.size())},
                   {"files", std::int64_t{0}}});
  session().tell(ClipboardArrived{m.serial(), std::exchange(incoming_, {})});
  return {};
}

void ConsoleClipboard::refused(msg::Action action, std::uint32_t id, msg::RefusalReason /*reason*/) {
  if (action != msg::Action::clipboard || id != serial_ || !std::exchange(setting_, false)) return;
  session().tell(ClipboardTaken{serial_, false});
}

void ConsoleClipboard::session_ended() { stopped("ended"); }

}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
#include "session/applet_clipboard.hpp"

#include <algorithm>

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

Result<bool> AppletClipboard::on_message(const msg::SessionMessage& m) {
  switch (m.message_type()) {
    case msg::Message::ClipboardStart:
      on_start(*m.message_as_ClipboardStart());
      return true;
    case msg::Message::ClipboardOffer:
      RESCUE_CHECK(on_offer(*m.message_as_ClipboardOffer()));
      return true;
    case msg::Message::ClipboardRequest:
      on_request(*m.message_as_ClipboardRequest());
      return true;
    case msg::Message::ClipboardText:
      RESCUE_CHECK(on_text(*m.message_as_ClipboardText()));
      return true;
    case msg::Message::ClipboardGone:
      if (incoming_ && incoming_->serial == m.message_as_ClipboardGone()->serial()) incoming_.reset();
      return true;
    default:
      return false;
  }
}

// ---- sharing

void AppletClipboard::on_start(const msg::ClipboardStart& m) {
  auto& s = session();
  if (!m.to_applet() && !m.to_console()) {
    if (!on()) return tell_state();
    return stop("requested");
  }
  if (!s.may(kRight)) return s.refuse(msg::Action::clipboard, 0, s.why_not(kRight));
  if (m.to_applet() == to_applet_ && m.to_console() == to_console_) return tell_state();
  to_applet_ = m.to_applet();
  to_console_ = m.to_console();
  if (!to_applet_) incoming_.reset();
  if (!to_console_) untold_.reset();
  s.audit(audit_type::kClipboardStarted, s.terms().technician_email,
          {{"to_applet", to_applet_}, {"to_console", to_console_}}, kRight);
  s.act(ShareClipboard{to_applet_, to_console_});
  tell_state();
}

void AppletClipboard::stop(std::string_view reason) {
  if (!on()) return;
  auto& s = session();
  to_applet_ = to_console_ = reading_ = false;
  incoming_.reset();
  untold_.reset();
  s.drop_actions([](const AppletAction& a) {
    return std::holds_alternative<SetClipboardText>(a) || std::holds_alternative<ReadClipboard>(a) ||
           std::holds_alternative<ShareClipboard>(a);
  });
  s.act(ShareClipboard{false, false});
  const bool asked = reason == "requested";
  s.audit(audit_type::kClipboardEnded, asked ? std::string_view(s.terms().technician_email) : "applet",
          {{"reason", std::string(reason)}});
  tell_state();
}

void AppletClipboard::tell_state() {
  session().send(Channel::control, messages::clipboard_state(to_applet_, to_console_, taken_));
}

void AppletClipboard::rights_changed() {
  if (on() && !session().may(kRight)) stop(msg::EnumNameRefusalReason(session().why_not(kRight)));
}
void AppletClipboard::session_ended() { stop("ended"); }
void AppletClipboard::add_activity(ActivitySet& activities) const {
  if (on()) activities.add(Activity::clipboard);
}

void AppletClipboard::unavailable() {
  if (!on()) return;
  stop("unavailable");
  session().refuse(msg::Action::clipboard, 0, msg::RefusalReason::unavailable);
}

// ---- from the technician

Result<void> AppletClipboard::on_offer(const msg::ClipboardOffer& m) {
  if (m.serial() <= heard_) return fail(Errc::bad_format, "clipboard offered under a number used before");
  heard_ = m.serial();
  incoming_.reset();
  auto& s = session();
  const auto no = [&](msg::RefusalReason reason) { s.refuse(msg::Action::clipboard, m.serial(), reason); };
  if (!s.may(kRight)) return no(s.why_not(kRight)), Result<void>();
  if (!to_applet_) return no(msg::RefusalReason::no_consent), Result<void>();
  if (m.text_bytes() > wire::kClipboardTextMax) return no(msg::RefusalReason::too_large), Result<void>();
  if (m.text_bytes() == 0) return no(msg::RefusalReason::unavailable), Result<void>();
  const auto now = s.now().steady;
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    in_second_ = 0;
  }
  if (++in_second_ > kClipboardSetsPerSecond) return no(msg::RefusalReason::busy), Result<void>();
  incoming_ = Incoming{m.serial(), m.text_bytes(), {}};
  s.send(Channel::files, messages::clipboard_request(m.serial(), false));
  return {};
}

Result<void> AppletClipboard::on_text(const msg::ClipboardText& m) {
  // Of an offer that a newer one has replaced, or that lost its right meanwhile.
  if (!incoming_ || incoming_->serial != m.serial()) return {};
  const auto part = base::as_text(wire::view(m.text()));
  if (incoming_->text.size() + part.size() > incoming_->bytes)
    return fail(Errc::too_large, fmt::format("clipboard text of more than the {} bytes offered", incoming_->bytes));
  incoming_->text += part;
  if (m.more()) return {};
  auto whole = std::move(*incoming_);
  incoming_.reset();
  if (whole.text.empty() || !base::is_valid_utf8(whole.text))
    return fail(Errc::bad_format, "clipboard text is empty or not UTF-8");
  auto& s = session();
  s.drop_actions([](const AppletAction& a) { return std::holds_alternative<SetClipboardText>(a); });
  setting_bytes_ = whole.text.size();
  s.act(SetClipboardText{whole.serial, std::move(whole.text)});
  return {};
}

void AppletClipboard::taken(std::uint32_t serial, bool ok) {
  if (!to_applet_ || serial <= taken_ || serial > heard_) return;
  auto& s = session();
  if (!ok) return s.refuse(msg::Action::clipboard, serial, msg::RefusalReason::unavailable);
  taken_ = serial;
  s.audit(
      audit_type::kClipboardSent, s.terms().technician_email,
      {{"direction", "to_applet"}, {"bytes", static_cast<std::int64_t>(setting_bytes_)}, {"files", std::int64_t{0}}},
      kRight);
  tell_state();
}

// ---- to the technician

void AppletClipboard::changed(std::uint64_t version, std::uint64_t text_bytes) {
  if (!to_console_) return;
  untold_ = News{version, text_bytes};
  if (session().now().steady >= tell_from_) offer();
}

std::optional<base::SteadyTime> AppletClipboard::next_deadline() const {
  return untold_ ? std::optional(tell_from_) : std::nullopt;
}
void AppletClipboard::on_deadline() { offer(); }

void AppletClipboard::offer() {
  if (!untold_ || !to_console_) return;
  offered_ = *std::exchange(untold_, std::nullopt);
  reading_ = false;
  tell_from_ = session().now().steady + kClipboardTellEvery;
  session().send(Channel::files, messages::clipboard_offer(++serial_, offered_.text_bytes, 0), kRight);
}

void AppletClipboard::on_request(const msg::ClipboardRequest& m) {
  auto& s = session();
  const bool there = to_console_ && s.may(kRight) && m.serial() == serial_ && !m.files() && offered_.text_bytes > 0;
  if (!there) return s.send(Channel::files, messages::clipboard_gone(m.serial()));
  if (reading_) return;  // the answer to the first request is on its way
  reading_ = true;
  s.act(ReadClipboard{offered_.version});
}

void AppletClipboard::text(std::uint64_t version, std::string_view content) {
  if (!reading_ || version != offered_.version || !to_console_) return;
  reading_ = false;
  auto& s = session();
  for (std::size_t at = 0; at < content.size(); at += wire::kClipboardPartMax) {
    const auto part = content.substr(at, wire::kClipboardPartMax);
    s.send(Channel::files, messages::clipboard_text(serial_, base::as_bytes(part), at + part.size() < content.size()),
           kRight);
  }
  s.audit(
      audit_type::kClipboardSent, "user",
      {{"direction", "to_console"}, {"bytes", static_cast<std::int64_t>(content.size())}, {"files", std::int64_t{0}}},
      kRight);
}

void AppletClipboard::gone(std::uint64_t version) {
  if (!reading_ || version != offered_.version) return;
  reading_ = false;
  session().send(Channel::files, messages::clipboard_gone(serial_));
}

}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
#include "session/console_session.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/impl/console_impl.hpp"
#include "session/impl/file_plumbing.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using base::Errc;
using base::fail;
using base::Result;
constexpr std::string_view kConsole = "console";
constexpr std::string_view kUser = "user";
/// Input that waits for the link; more would arrive as a burst of old clicks.
constexpr std::size_t kInputBacklogMax = 64 * 1024;
constexpr std::size_t kRequestsMax = 16;
}  // namespace

ConsoleSession::ConsoleSession(ConsoleOptions options, Now now)
    : options_(std::move(options)),
      files_(wire::End::console, *this, options_.hasher),
      audit_(options_.first_seq),
      now_(now),
      features_(MakeFeatures<ConsoleFeatures>::make(static_cast<ConsoleContext&>(*this))) {
  Impl(*this, now).say_hello();
}
ConsoleSession::~ConsoleSession() = default;

// ---- link side

Result<void> ConsoleSession::on_message(Channel channel, base::ByteView message, Now now) {
  Impl impl(*this, now);
  if (ended_) return {};
  auto ok = [&]() -> Result<void> {
    RESCUE_TRY(const auto* m, wire::read_session_message(message, channel, wire::End::applet));
    return impl.dispatch(*m);
  }();
  if (!ok) {
    impl.audit(audit_type::kAlert, kConsole, {{"what", "bad message: " + ok.error().context}});
    impl.end(msg::EndedBy::console, "the applet sent a message that breaks the protocol", false);
  }
  return ok;
}

std::optional<base::Bytes> ConsoleSession::next_outgoing(Channel channel, Now now) {
  now_ = now;
  auto message = out_.pop(channel);
  if (message && channel == Channel::files) files_.on_backlog_drained();
  return message;
}

void ConsoleSession::on_link_up(Now now) {
  Impl impl(*this, now);
  if (link_up_ || ended_) return;
  link_up_ = true;
  impl.audit(audit_type::kLinkUp, kConsole);
  impl.tell(LinkChanged{true});
  impl.each_feature([](ConsoleFeature& f) { f.link_changed(true); });
  // The applet may have missed that the link was gone, and then still holds a key down.
  if (controlling_) impl.send_input(messages::input_release_all());
}

void ConsoleSession::on_link_down(Now now) {
  Impl impl(*this, now);
  if (!link_up_) return;
  link_up_ = false;
  impl.audit(audit_type::kLinkDown, kConsole);
  out_.discard(Channel::input);
  impl.tell(LinkChanged{false});
  impl.each_feature([](ConsoleFeature& f) { f.link_changed(false); });
}

// ---- commands

Result<void> ConsoleSession::chat(std::string_view text, Now now) {
  Impl impl(*this, now);
  if (ended_) return fail(Errc::closed, "the session is over");
  if (text.empty() || !base::is_valid_utf8(text))
    return fail(Errc::invalid_argument, "chat text is empty or not UTF-8");
  if (text.size() > wire::kChatTextMax)
    return fail(Errc::too_large,
                fmt::format("chat text of {} bytes, at most {} are allowed", text.size(), wire::kChatTextMax));
  if (out_.bytes(Channel::chat) + text.size() > kChatBacklogMax) return fail(Errc::too_large, "too much unsent chat");
  out_.push(Channel::chat, messages::chat(now.wall, text));
  impl.audit_chat(impl.technician(), text);
  return {};
}

Result<void> ConsoleSession::ask(Permission p, Now now) {
  Impl impl(*this, now);
  if (ended_) return fail(Errc::closed, "the session is over");
  if (!options_.granted.has(p))
    return fail(Errc::denied, fmt::format("your group does not have the permission {}", wire::name(p)));
  if (out_.reply_bytes() > kReplyBacklogMax) return fail(Errc::conflict, "too much waits to be sent");
  impl.send(messages::permission_ask(p));
  return {};
}

Result<void> ConsoleSession::start_view(std::uint32_t display, unsigned max_frames_per_s, Now now, bool exact) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need(Permission::desktop_view));
  RESCUE_CHECK(impl.need_recording());
  impl.send(messages::view_start(display, static_cast<std::uint8_t>(std::clamp(max_frames_per_s, 1u, 60u)),
                                 exact ? msg::Fidelity::exact : msg::Fidelity::automatic));
  return {};
}

void ConsoleSession::stop_view(Now now) {
  Impl impl(*this, now);
  if (!ended_) impl.send(messages::view_stop());
}

Result<void> ConsoleSession::start_control(Now now) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need(Permission::remote_control));
  RESCUE_CHECK(impl.need_recording());
  control_wanted_ = true;
  impl.send(messages::control_start(++control_request_));
  return {};
}

void ConsoleSession::stop_control(Now now) {
  Impl impl(*this, now);
  if (ended_) return;
  control_wanted_ = false;
  impl.send(messages::control_stop(++control_request_));
  if (!controlling_) return;
  impl.control_ended(msg::StopReason::requested);
  impl.send_input(messages::input_release_all());
  impl.tell(ControlChanged{false, false, msg::StopReason::requested});
}

Result<void> ConsoleSession::key(std::uint32_t keysym, std::uint32_t keycode, bool down, Now now) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need_control());
  if (keysym == 0 && keycode == 0) return fail(Errc::invalid_argument, "key without keysym and keycode");
  impl.send_input(messages::input_key(keysym, keycode, down));
  return {};
}

Result<void> ConsoleSession::type_text(std::string_view text, Now now) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need_control());
  if (text.empty() || !base::is_valid_utf8(text)) return fail(Errc::invalid_argument, "text is empty or not UTF-8");
  if (text.size() > kInputBacklogMax / 2)
    return fail(Errc::too_large,
                fmt::format("text of {} bytes, at most {} are allowed", text.size(), kInputBacklogMax / 2));
  while (!text.empty()) {
    const auto part = messages::fit_text(text, wire::kInputTextMax);
    impl.send_input(messages::input_text(part));
    text.remove_prefix(part.size());
  }
  return {};
}

Result<void> ConsoleSession::pointer(std::uint32_t display, std::int32_t x, std::int32_t y, std::uint32_t buttons,
                                     std::int8_t wheel_x, std::int8_t wheel_y, Now now) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need_control());
  if (std::abs(std::int64_t{x}) > wire::kDesktopCoordinateMax ||
      std::abs(std::int64_t{y}) > wire::kDesktopCoordinateMax)
    return fail(Errc::invalid_argument, fmt::format("pointer position {},{}", x, y));
  impl.send_input(messages::input_pointer(display, x, y, buttons, wheel_x, wheel_y));
  return {};
}

void ConsoleSession::release_input(Now now) {
  Impl impl(*this, now);
  if (controlling_ && !ended_) impl.send_input(messages::input_release_all());
}

Result<TransferId> ConsoleSession::send_file(std::string_view name, std::uint64_t size, base::WallTime modified,
                                             Now now) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need(Permission::send_files));
  return files_.offer({std::string(name), size, modified});
}

Result<std::uint32_t> ConsoleSession::request_file(Now now) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need(Permission::receive_files));
  if (file_requests_.size() >= kRequestsMax) return fail(Errc::conflict, "too many open requests for a file");
  file_requests_.push_back(next_request_);
  out_.push(Channel::files, messages::file_request(next_request_));
  return next_request_++;
}

void ConsoleSession::cancel_file(TransferId id, Now now) {
  Impl impl(*this, now);
  files_.cancel(id, FileStop::canceled);
}

Result<std::uint32_t> ConsoleSession::request_sysinfo(std::vector<std::string> sections, Now now) {
  Impl impl(*this, now);
  RESCUE_CHECK(impl.need(Permission::system_information));
  if (sections.size() > wire::kSysinfoSectionsMax) return fail(Errc::invalid_argument, "too many sections");
  for (const auto& s : sections)
    if (s.size() > wire::kSysinfoKeyMax || !base::is_valid_utf8(s))
      return fail(Errc::invalid_argument, "bad section name");
  if (sysinfo_requests_.size() >= kRequestsMax)
    return fail(Errc::conflict, "too many open requests for system information");
  sysinfo_requests_.push_back(next_request_);
  out_.push(Channel::files, messages::sysinfo_request(next_request_, sections));
  return next_request_++;
}

Result<void> ConsoleSession::recording(bool active, Now now) {
  Impl impl(*this, now);
  if (ended_) return fail(Errc::closed, "the session is over");
  if (active && !options_.recording_forced) RESCUE_CHECK(impl.need(Permission::record_session));
  if (recording_ == active) return {};
  recording_ = active;
  impl.send(messages::recording_notice(active));
  return {};
}

void ConsoleSession::end(std::string_view reason, Now now) {
  Impl impl(*this, now);
  impl.end(msg::EndedBy::technician, reason, true);
}

void ConsoleSession::on_site_ends(EndedBy by, std::string_view reason, Now now) {
  Impl impl(*this, now);
  impl.end(by, reason, true);
}

void ConsoleSession::on_grant(PermissionSet granted, bool recording_forced, bool omit_chat_text, Now now) {
  now_ = now;
  options_.omit_chat_text = omit_chat_text;
  options_.granted = granted;
  options_.recording_forced = recording_forced;
}

// ---- answers of the host

void ConsoleSession::screen_decoded(std::uint32_t sequence, Now now) {
  Impl impl(*this, now);
  if (!ended_ && sequence <= last_screen_) impl.send(messages::screen_ack(sequence));
}
void ConsoleSession::screen_broken(Now now) {
  Impl impl(*this, now);
  if (!ended_ && viewing_) impl.send(messages::keyframe_request(0));
}
void ConsoleSession::file_opened(TransferId id, Now now, std::uint64_t have) {
  now_ = now;
  files_.opened(id, have);
}
void ConsoleSession::file_open_failed(TransferId id, FileStop reason, Now now) {
  now_ = now;
  files_.open_failed(id, reason);
}
void ConsoleSession::file_written(TransferId id, std::uint64_t up_to, Now now) {
  now_ = now;
  files_.chunk_written(id, up_to);
}
void ConsoleSession::file_write_failed(TransferId id, FileStop reason, Now now) {
  now_ = now;
  files_.write_failed(id, reason);
}
void ConsoleSession::file_committed(TransferId id, Now now) {
  now_ = now;
  files_.committed(id);
}
void ConsoleSession::file_chunk(TransferId id, base::ByteView bytes, Now now) {
  now_ = now;
  files_.chunk_read(id, bytes);
}
void ConsoleSession::file_read_failed(TransferId id, Now now) {
  now_ = now;
  files_.read_failed(id);
}

std::optional<ConsoleEvent> ConsoleSession::poll_event() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  if (const auto* picture = std::get_if<ScreenArrived>(&event)) picture_bytes_ -= picture->data.size();
  return event;
}

// ---- file transfers put their output here

std::optional<Permission> ConsoleSession::needed_to_send(base::ByteView message) {
  return session::needed_to_send(wire::End::console, message);
}

void ConsoleSession::send_file_message(base::Bytes message) {
  const auto needs = needed_to_send(message);
  out_.push(Channel::files, std::move(message), needs);
}

void ConsoleSession::act(FileAction action) { push_file_action(events_, std::move(action)); }
FileDigests ConsoleSession::digests_of(base::ByteView content) const {
  return session::digests_of(options_.hasher, content);
}

std::size_t ConsoleSession::files_backlog() const { return out_.bytes(Channel::files); }

void ConsoleSession::on_file_event(FileEvent event) {
  Impl impl(*this, now_);
  if (auto audit = file_audit(wire::End::console, impl.technician(), event))
    impl.audit(audit->type, audit->actor, std::move(audit->data));
  impl.each_feature([&](ConsoleFeature& f) { f.file_event(event); });
  impl.tell(std::move(event));
}

// ---- rights and the end

Result<void> ConsoleSession::need(Permission p) const {
  if (ended_) return fail(Errc::closed, "the session is over");
  if (!options_.granted.has(p))
    return fail(Errc::denied, fmt::format("your group does not have the permission {}", wire::name(p)));
  if (state(p) != msg::ConsentState::granted)
    return fail(Errc::denied,
                fmt::format("the user has not allowed {} ({})", wire::name(p), msg::EnumNameConsentState(state(p))));
  return {};
}

void ConsoleSession::send(Channel c, base::Bytes message, std::optional<Permission> needs) {
  if (!ended_) out_.push(c, std::move(message), needs);
}

std::optional<base::SteadyTime> ConsoleSession::next_deadline() const {
  std::optional<base::SteadyTime> next;
  if (ended_) return next;
  const auto consider = [&next](std::optional<base::SteadyTime> t) {
    if (t && (!next || *t < *next)) next = t;
  };
  std::apply([&](const auto&... feature) { (consider(feature.next_deadline()), ...); }, features_);
  return next;
}

void ConsoleSession::on_deadline(Now now) {
  Impl impl(*this, now);
  if (ended_) return;
  impl.each_feature([&](ConsoleFeature& f) {
    if (const auto due = f.next_deadline(); due && now.steady >= *due) f.on_deadline();
  });
}

void ConsoleSession::Impl::say_hello() {
  constexpr auto kCapabilities = static_cast<std::uint64_t>(wire::Capability::screen_tiles_1) |
                                 static_cast<std::uint64_t>(wire::Capability::cursor_shape) |
                                 static_cast<std::uint64_t>(wire::Capability::input_keycodes);
  s.out_.push(Channel::control,
              messages::hello(messages::fit_text(s.options_.software, wire::kSoftwareNameMax), kCapabilities));
}

Result<void> ConsoleSession::Impl::need_recording() const {
  if (s.options_.recording_forced && !s.recording_)
    return fail(Errc::denied, "your group must record, and no recording runs");
  return {};
}

Result<void> ConsoleSession::Impl::need_control() const {
  RESCUE_CHECK(need(Permission::remote_control));
  if (!s.controlling_) return fail(Errc::conflict, "remote control is not running");
  if (!s.link_up_) return fail(Errc::unreachable, "the link is down");
  if (s.out_.bytes(Channel::input) > kInputBacklogMax) return fail(Errc::conflict, "too much input waits to be sent");
  return {};
}

PermissionSet ConsoleSession::Impl::allowed() const {
  PermissionSet out;
  for (const auto p : wire::all_permissions())
    if (s.state(p) == msg::ConsentState::granted) out.add(p);
  return out;
}

void ConsoleSession::Impl::send_input(base::Bytes message) {
  ++s.control_events_;
  s.out_.push(Channel::input, std::move(message));
}

void ConsoleSession::Impl::audit_chat(std::string_view actor, std::string_view text) {
  if (s.options_.omit_chat_text) {
    audit(audit_type::kChat, actor, {{"omitted", true}, {"length", static_cast<std::int64_t>(text.size())}});
  } else {
    audit(audit_type::kChat, actor, {{"text", std::string(text)}});
  }
}

void ConsoleSession::Impl::view_ended(msg::StopReason reason) {
  if (!std::exchange(s.viewing_, false)) return;
  audit(audit_type::kViewEnded, reason == msg::StopReason::requested ? technician() : kUser,
        {{"reason", std::string(msg::EnumNameStopReason(reason))},
         {"packets", static_cast<std::int64_t>(s.view_packets_)}});
}

void ConsoleSession::Impl::control_ended(msg::StopReason reason) {
  s.control_held_ = s.control_wanted_ = false;
  if (!std::exchange(s.controlling_, false)) return;
  s.out_.discard(Channel::input);
  audit(audit_type::kControlEnded, reason == msg::StopReason::requested ? technician() : kUser,
        {{"reason", std::string(msg::EnumNameStopReason(reason))},
         {"events", static_cast<std::int64_t>(s.control_events_)}});
}

void ConsoleSession::Impl::end(msg::EndedBy by, std::string_view reason, bool tell_peer) {
  if (s.ended_) return;
  const auto why = messages::fit_text(reason, wire::kEndReasonMax);
  const bool held_keys = s.controlling_;
  view_ended(msg::StopReason::ended);
  control_ended(msg::StopReason::ended);
  if (held_keys && tell_peer) s.out_.push(Channel::input, messages::input_release_all());
  const bool keep = by == msg::EndedBy::broker || by == msg::EndedBy::console;  // the session may go on without this end
  s.files_.stop_all(FileStop::canceled, keep);
  each_feature([](ConsoleFeature& f) { f.session_ended(); });
  if (tell_peer) send(messages::session_end(by, why));
  s.ended_ = true;
  tell(SessionEnded{by, why});
}

}  // namespace rescue::session

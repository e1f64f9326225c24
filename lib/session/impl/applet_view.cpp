// SPDX-License-Identifier: Apache-2.0
// View and control at the supported end: what starts and ends capture and injection.
#include <algorithm>

#include "session/impl/applet_impl.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
/// Cursor messages that wait; beyond it newer ones are dropped, the next packet of the picture is worth more.
constexpr std::size_t kCursorBacklogMax = 512 * 1024;

std::string text(msg::StopReason r) { return msg::EnumNameStopReason(r); }
}  // namespace

// ---- view

const DisplayInfo* AppletSession::Impl::find_display(std::uint32_t id) const {
  const auto match = [id](const DisplayInfo& d) { return id == 0 ? d.primary : d.id == id; };
  const auto it = std::ranges::find_if(s.displays_, match);
  if (it != s.displays_.end()) return &*it;
  return id == 0 && !s.displays_.empty() ? &s.displays_.front() : nullptr;
}

void AppletSession::Impl::start_view(const msg::ViewStart& m) {
  if (!may(Permission::desktop_view)) return refuse(msg::Action::view, 0, why_not(Permission::desktop_view));
  if (recording_missing()) return refuse(msg::Action::view, 0, msg::RefusalReason::needs_recording);
  const auto* display = find_display(m.display());
  if (display == nullptr) return refuse(msg::Action::view, 0, msg::RefusalReason::unavailable);
  if (s.viewing_)
    audit(audit_type::kViewEnded, technician(),
          {{"reason", "changed"}, {"packets", static_cast<std::int64_t>(s.view_packets_)}});
  s.viewing_ = true;
  s.view_display_ = display->id;
  s.view_fps_ = std::clamp<unsigned>(m.max_frames_per_s(), 1, 60);
  s.view_exact_ = m.fidelity() == msg::Fidelity::exact;
  s.view_packets_ = 0;
  audit(audit_type::kViewStarted, technician(), {{"display", std::int64_t{display->id}}}, Permission::desktop_view);
  send(messages::view_state(true, display->id, msg::StopReason::none), Permission::desktop_view);
  send(messages::display_list(s.displays_), Permission::desktop_view);
  if (s.link_up_) start_capture();
}

void AppletSession::Impl::start_capture() {
  // What is still on its way belongs to the old picture; it must not count against the new one.
  s.flow_.restart();
  s.capturing_ = true;
  s.screen_was_full_ = !s.can_send_screen(s.now_);  // what waits for the link still counts
  act(StartCapture{s.view_display_, s.view_fps_, s.view_exact_});
}

void AppletSession::Impl::stop_capture() {
  if (!s.capturing_) return;
  s.capturing_ = false;
  std::erase_if(s.actions_, [](const AppletAction& a) {
    return std::holds_alternative<StartCapture>(a) || std::holds_alternative<KeyframeWanted>(a) ||
           std::holds_alternative<ScreenWanted>(a);
  });
  s.out_.discard(Channel::screen);
  act(StopCapture{});
}

void AppletSession::Impl::end_view(msg::StopReason reason) {
  stop_capture();
  s.viewing_ = false;
  s.out_.discard(Channel::screen);
  s.out_.purge(PermissionSet::all() - PermissionSet{Permission::desktop_view});  // a list of displays that still waits
  audit(audit_type::kViewEnded, reason == msg::StopReason::requested ? technician() : "applet",
        {{"reason", text(reason)}, {"packets", static_cast<std::int64_t>(s.view_packets_)}});
  send(messages::view_state(false, 0, reason));
}

void AppletSession::set_displays(std::vector<DisplayInfo> displays, Now now) {
  Impl impl(*this, now);
  impl.sync();
  if (displays.size() > wire::kDisplaysMax) displays.resize(wire::kDisplaysMax);
  for (auto& d : displays) d.name = messages::fit_text(d.name, wire::kDisplayNameMax);
  std::erase_if(displays, [](const DisplayInfo& d) {
    return d.width == 0 || d.height == 0 || d.width > wire::kDisplaySideMax || d.height > wire::kDisplaySideMax ||
           std::abs(d.x) > wire::kDesktopCoordinateMax || std::abs(d.y) > wire::kDesktopCoordinateMax;
  });
  if (displays == displays_) return;
  const auto* old = impl.find_display(view_display_);
  const auto before = old != nullptr ? std::optional(*old) : std::nullopt;
  displays_ = std::move(displays);
  if (!viewing_) return;
  const auto* display = impl.find_display(view_display_);
  if (display == nullptr) display = impl.find_display(0);
  if (display == nullptr) {
    impl.end_view(msg::StopReason::failed);
  } else {
    impl.send(messages::display_list(displays_), Permission::desktop_view);
    if (!before || *before != *display) {
      view_display_ = display->id;
      impl.send(messages::view_state(true, view_display_, msg::StopReason::none), Permission::desktop_view);
      if (link_up_) impl.start_capture();
    }
  }
  impl.sync();
}

bool AppletSession::can_send_screen(Now now) const {
  return capturing_ && link_up_ && in_force(Permission::desktop_view, now) && flow_.room() &&
         out_.bytes(Channel::screen) <= kScreenBacklogMax;
}

bool AppletSession::screen_packet(std::uint32_t display, bool keyframe, base::ByteView data, Now now) {
  Impl impl(*this, now);
  impl.sync();
  if (capturing_ && !can_send_screen(now)) screen_was_full_ = true;
  if (!can_send_screen(now) || display != view_display_ || data.empty() || data.size() > wire::kScreenPictureMax)
    return false;
  flow_.sent(++screen_sent_, data.size(), now.steady);
  ++view_packets_;
  while (!data.empty()) {
    const auto part = data.first(std::min(data.size(), wire::kScreenDataMax));
    data = data.subspan(part.size());
    out_.push(Channel::screen, messages::screen_packet(screen_sent_, display, keyframe, now.wall, part, !data.empty()),
              Permission::desktop_view);
  }
  if (!can_send_screen(now)) screen_was_full_ = true;
  return true;
}

void AppletSession::Impl::screen_drained() {
  if (!s.screen_was_full_ || !s.can_send_screen(s.now_)) return;
  s.screen_was_full_ = false;
  act(ScreenWanted{});
}

bool AppletSession::cursor_shape(std::uint16_t width, std::uint16_t height, std::uint16_t hot_x, std::uint16_t hot_y,
                                 base::ByteView rgba, Now now) {
  Impl impl(*this, now);
  impl.sync();
  const bool sane = width <= wire::kCursorSideMax && height <= wire::kCursorSideMax &&
                    rgba.size() == std::size_t{width} * height * 4 && (hot_x < width || hot_x == 0) &&
                    (hot_y < height || hot_y == 0);
  if (!capturing_ || !link_up_ || !impl.may(Permission::desktop_view) || !sane) return false;
  if (out_.bytes(Channel::screen) > kCursorBacklogMax) return false;
  out_.push(Channel::screen, messages::cursor_shape(width, height, hot_x, hot_y, rgba), Permission::desktop_view);
  return true;
}

bool AppletSession::cursor_position(std::uint32_t display, std::int32_t x, std::int32_t y, bool visible, Now now) {
  Impl impl(*this, now);
  impl.sync();
  if (!capturing_ || !link_up_ || !impl.may(Permission::desktop_view)) return false;
  if (std::abs(x) > wire::kDesktopCoordinateMax || std::abs(y) > wire::kDesktopCoordinateMax) return false;
  if (out_.bytes(Channel::screen) > kCursorBacklogMax) return false;
  out_.push(Channel::screen, messages::cursor_position(display, x, y, visible), Permission::desktop_view);
  return true;
}

void AppletSession::capture_failed(Now now) {
  Impl impl(*this, now);
  if (viewing_) impl.end_view(msg::StopReason::failed);
  impl.sync();
}

// ---- control

void AppletSession::Impl::start_control() {
  if (!may(Permission::remote_control))
    return refuse(msg::Action::control, s.control_request_, why_not(Permission::remote_control));
  if (recording_missing()) return refuse(msg::Action::control, s.control_request_, msg::RefusalReason::needs_recording);
  if (s.controlling_) return tell_control(msg::StopReason::none);
  s.controlling_ = true;
  s.control_events_ = 0;
  s.control_held_told_ = input_held();
  audit(audit_type::kControlStarted, technician(), {}, Permission::remote_control);
  tell_control(msg::StopReason::none);
}

void AppletSession::Impl::stop_control() {
  if (s.controlling_) return end_control(msg::StopReason::requested);
  tell_control(msg::StopReason::requested);
}

void AppletSession::Impl::end_control(msg::StopReason reason) {
  s.controlling_ = false;
  s.control_held_told_ = false;
  drop_pending_input();
  act(ReleaseInput{});
  audit(audit_type::kControlEnded, reason == msg::StopReason::requested ? technician() : "applet",
        {{"reason", text(reason)}, {"events", static_cast<std::int64_t>(s.control_events_)}});
  tell_control(reason);
}

void AppletSession::Impl::tell_control(msg::StopReason reason) {
  send(messages::control_state(s.controlling_, s.control_held_told_, reason, s.control_request_));
}

}  // namespace rescue::session

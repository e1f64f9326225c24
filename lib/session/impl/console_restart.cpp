// SPDX-License-Identifier: Apache-2.0
// The supported end comes back as a new process after a restart of its machine: it knows nothing of what this end said.
#include "session/impl/console_impl.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {

void ConsoleSession::on_machine_restarted(Now now) {
  Impl impl(*this, now);
  if (ended_) return;
  if (std::exchange(viewing_, false)) {
    impl.audit(audit_type::kViewEnded, "applet",
               {{"reason", std::string(msg::EnumNameStopReason(msg::StopReason::ended))},
                {"packets", static_cast<std::int64_t>(view_packets_)}});
    impl.tell(ViewChanged{false, 0, msg::StopReason::ended});
  }
  const bool controlled = controlling_;
  impl.control_ended(msg::StopReason::ended);
  if (controlled) impl.tell(ControlChanged{false, false, msg::StopReason::ended});
  files_.peer_restarted();
  impl.each_feature([](ConsoleFeature& f) { f.restarted(); });
  for (const auto p : wire::all_permissions()) {
    auto& state = states_[static_cast<std::size_t>(p)];
    if (state == ConsentState::none) continue;
    state = ConsentState::none;
    impl.each_feature([&](ConsoleFeature& f) { f.permission_changed(p, ConsentState::none); });
    impl.tell(PermissionChanged{p, ConsentState::none, {}});
  }
  file_requests_.clear();
  sysinfo_requests_.clear();
  displays_.clear();
  screen_parts_.clear();
  screen_continues_ = false;
  last_screen_ = 0;
  hello_seen_ = false;
  // What was still to be said is meaningless there, but for the chat.
  for (const auto c : {Channel::control, Channel::input, Channel::screen, Channel::files}) out_.discard(c);
  impl.say_hello();
  if (recording_) impl.send(messages::recording_notice(true));
}

}  // namespace rescue::session

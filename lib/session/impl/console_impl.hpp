// SPDX-License-Identifier: Apache-2.0
// The inner workings of ConsoleSession.
#pragma once

#include "session/console_session.hpp"
#include "session/impl/messages.hpp"

namespace rescue::session {

namespace msg = wire::session;

struct ConsoleSession::Impl {
  ConsoleSession& s;

  Impl(ConsoleSession& session, Now now) : s(session) { s.now_ = now; }

  [[nodiscard]] const std::string& technician() const { return s.options_.technician_email; }
  [[nodiscard]] base::Result<void> need(Permission p) const { return s.need(p); }
  template <typename Call>
  void each_feature(Call&& f) {
    std::apply([&](auto&... feature) { (f(feature), ...); }, s.features_);
  }
  [[nodiscard]] base::Result<void> need_recording() const;
  [[nodiscard]] base::Result<void> need_control() const;

  /// What the user has allowed as far as this end knows.
  [[nodiscard]] PermissionSet allowed() const;
  void tell(ConsoleEvent event) { s.events_.push_back(std::move(event)); }
  void audit(std::string_view type, std::string_view actor,
             std::vector<std::pair<std::string_view, AuditValue>> data = {}) {
    s.audit_.add(s.now_, type, actor, std::move(data));
  }
  void audit_chat(std::string_view actor, std::string_view text);
  void say_hello();
  void send(base::Bytes message) { s.out_.push(Channel::control, std::move(message)); }
  void send_input(base::Bytes message);
  void end(msg::EndedBy by, std::string_view reason, bool tell_peer);
  void view_ended(msg::StopReason reason);
  void control_ended(msg::StopReason reason);

  // ---- console_messages.cpp
  [[nodiscard]] base::Result<void> dispatch(const msg::SessionMessage& m);
  [[nodiscard]] base::Result<bool> offer_to_features(const msg::SessionMessage& m);
  [[nodiscard]] base::Result<void> on_hello(const msg::Hello& m);
  void audit_permission(Permission p, msg::ConsentState before, msg::ConsentState now, base::ByteView receipt);
  [[nodiscard]] base::Result<void> on_permission(const msg::PermissionState& m);
  void on_displays(const msg::DisplayList& m);
  void on_view_state(const msg::ViewState& m);
  void on_control_state(const msg::ControlState& m);
  void on_refused(const msg::ActionRefused& m);
  [[nodiscard]] base::Result<void> on_screen(const msg::ScreenPacket& m);
  void on_sysinfo(const msg::SysinfoReply& m);
  [[nodiscard]] base::Result<void> on_file_message(const msg::SessionMessage& m);
};

}  // namespace rescue::session

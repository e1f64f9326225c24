// SPDX-License-Identifier: Apache-2.0
// The inner workings of AppletSession. Every entry point makes one, does its work and calls sync().
#pragma once

#include "session/applet_session.hpp"
#include "session/impl/messages.hpp"

namespace rescue::session {

namespace msg = wire::session;

struct AppletSession::Impl {
  AppletSession& s;

  Impl(AppletSession& session, Now now) : s(session) { s.now_ = now; }

  [[nodiscard]] bool may(Permission p) const { return !s.ended_ && s.consent_.in_force(p, s.now_.steady); }
  [[nodiscard]] bool input_held() const {
    return s.consent_.input_held(s.now_.steady) || s.questions_.input_held(s.now_.steady) ||
           s.options_.hold->held(s.now_.steady);
  }
  template <typename Call>
  void each_feature(Call&& f) {
    std::apply([&](auto&... feature) { (f(feature), ...); }, s.features_);
  }
  [[nodiscard]] bool recording_missing() const { return s.consent_.terms().recording_forced && !s.recording_; }
  [[nodiscard]] const std::string& technician() const { return s.consent_.terms().technician_email; }

  // ---- applet_session.cpp
  /// Brings everything in line with what is in force now: the one place where rights end.
  void sync();
  void end(msg::EndedBy by, std::string_view reason, bool tell_peer, bool inactive = false);
  void act(AppletAction action) { s.actions_.push_back(std::move(action)); }
  void audit(std::string_view type, std::string_view actor, AppletContext::AuditData data = {},
             std::optional<Permission> under = std::nullopt) {
    s.audit(type, actor, std::move(data), under);
  }
  void send(base::Bytes message, std::optional<Permission> needs = std::nullopt);
  void refuse(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
    static_cast<AppletContext&>(s).refuse(action, id, reason);
  }
  [[nodiscard]] msg::RefusalReason why_not(Permission p) const { return s.why_not(p); }
  void audit_chat(std::string_view actor, std::string_view text);

  void end_what_lost_its_right();
  void tell_hold_change();
  void show_status_change();

  // ---- applet_consent.cpp
  /// Number of the receipt; its bytes wait in receipts_. Nothing, and an alert, when it cannot be signed.
  [[nodiscard]] std::optional<std::uint64_t> sign(ReceiptDraft draft);
  /// Adds number and receipt to the data of an event.
  void add_receipt(AppletContext::AuditData& data, std::optional<std::uint64_t> number) const;
  void tell_consent_changes();
  void tell_decided_questions();
  [[nodiscard]] QuestionAnswer witnessed(Questions::Decided& decided);
  void show_question_changes();
  void show_prompt_changes();

  // ---- applet_view.cpp
  [[nodiscard]] const DisplayInfo* find_display(std::uint32_t id) const;
  void start_view(const msg::ViewStart& m);
  void end_view(msg::StopReason reason);
  void start_capture();
  void stop_capture();
  void start_control();
  void stop_control();
  void tell_control(msg::StopReason reason);
  void end_control(msg::StopReason reason);
  void drop_pending_input();
  void screen_drained();

  // ---- applet_messages.cpp
  [[nodiscard]] base::Result<void> dispatch(const msg::SessionMessage& m);
  [[nodiscard]] base::Result<bool> offer_to_features(const msg::SessionMessage& m);
  [[nodiscard]] base::Result<void> on_hello(const msg::Hello& m);
  void on_ask(const msg::PermissionAsk& m);
  [[nodiscard]] base::Result<void> on_screen_ack(const msg::ScreenAck& m);
  void on_keyframe_request();
  void on_input(const msg::SessionMessage& m);
  void inject_pointer(const msg::InputPointer& m);
  void on_recording(bool active);
  void on_chat(const msg::Chat& m);
  [[nodiscard]] base::Result<void> on_file_message(const msg::SessionMessage& m);
  void on_file_request(std::uint32_t request);
  void on_sysinfo_request(const msg::SysinfoRequest& m);
};

}  // namespace rescue::session

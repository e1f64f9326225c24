// SPDX-License-Identifier: Apache-2.0
// What the console may ask of the supported end, message by message.
#include <algorithm>

#include <fmt/format.h>

#include "session/impl/applet_impl.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using base::Errc;
using base::fail;
using base::Result;

constexpr std::uint32_t kKnownButtons = 0x1f;
/// Choosing a file is a dialog: one at a time.
constexpr std::size_t kFileRequestsMax = 1;
constexpr std::size_t kSysinfoRequestsMax = 2;

std::string text(const flatbuffers::String* s) { return std::string(wire::text(s)); }
base::WallTime time(std::int64_t us) { return base::WallTime(std::chrono::microseconds(us)); }
}  // namespace

Result<void> AppletSession::Impl::dispatch(const msg::SessionMessage& m) {
  switch (m.message_type()) {
    case msg::Message::Hello:
      return on_hello(*m.message_as_Hello());
    case msg::Message::PermissionAsk:
      on_ask(*m.message_as_PermissionAsk());
      return {};
    case msg::Message::ViewStart:
      start_view(*m.message_as_ViewStart());
      return {};
    case msg::Message::ViewStop:
      if (s.viewing_) end_view(msg::StopReason::requested);
      return {};
    case msg::Message::ScreenAck:
      return on_screen_ack(*m.message_as_ScreenAck());
    case msg::Message::KeyframeRequest:
      on_keyframe_request();
      return {};
    case msg::Message::ControlStart:
      s.control_request_ = m.message_as_ControlStart()->request();
      start_control();
      return {};
    case msg::Message::ControlStop:
      s.control_request_ = m.message_as_ControlStop()->request();
      stop_control();
      return {};
    case msg::Message::RecordingNotice:
      on_recording(m.message_as_RecordingNotice()->active());
      return {};
    case msg::Message::SessionEnd:
      end(msg::EndedBy::technician, wire::text(m.message_as_SessionEnd()->reason()), false);
      return {};
    case msg::Message::Chat:
      on_chat(*m.message_as_Chat());
      return {};
    case msg::Message::InputKey:
    case msg::Message::InputText:
    case msg::Message::InputPointer:
    case msg::Message::InputReleaseAll:
      on_input(m);
      return {};
    case msg::Message::FileRequest:
      on_file_request(m.message_as_FileRequest()->request());
      return {};
    case msg::Message::SysinfoRequest:
      on_sysinfo_request(*m.message_as_SysinfoRequest());
      return {};
    default: {
      RESCUE_TRY(const bool taken, offer_to_features(m));
      return taken ? Result<void>() : on_file_message(m);
    }
  }
}

Result<bool> AppletSession::Impl::offer_to_features(const msg::SessionMessage& m) {
  Result<bool> taken = false;
  each_feature([&](AppletFeature& f) {
    if (taken && !*taken) taken = f.on_message(m);
  });
  return taken;
}

Result<void> AppletSession::Impl::on_hello(const msg::Hello&) {
  if (std::exchange(s.hello_seen_, true)) return fail(Errc::bad_format, "a second hello");
  return {};
}

void AppletSession::Impl::on_ask(const msg::PermissionAsk& m) {
  const auto p = wire::permission_from_wire(m.permission());
  if (!p) return refuse(msg::Action::ask, m.permission(), msg::RefusalReason::not_in_grant);
  switch (s.consent_.ask(*p, s.now_.steady)) {
    case AskResult::prompted:
    case AskResult::queued:
      return;  // the change of state says it
    case AskResult::already_granted:
      return send(messages::permission_state(*p, msg::ConsentState::granted));
    case AskResult::already_asked:
      return send(messages::permission_state(*p, msg::ConsentState::asked));
    case AskResult::not_in_grant:
      audit(audit_type::kConsentDenied, "applet",
            {{"permission", std::string(wire::name(*p))}, {"reason", "not_in_grant"}});
      return send(messages::permission_state(*p, msg::ConsentState::not_in_grant));
    case AskResult::lease_expired:
      return send(messages::permission_state(*p, msg::ConsentState::expired));
    case AskResult::too_soon:
      return refuse(msg::Action::ask, m.permission(), msg::RefusalReason::too_soon);
  }
}

Result<void> AppletSession::Impl::on_screen_ack(const msg::ScreenAck& m) {
  if (m.sequence() > s.screen_sent_) return fail(Errc::bad_format, "acknowledges a picture that was not sent");
  s.flow_.acked(m.sequence(), s.now_.steady);
  screen_drained();
  return {};
}

void AppletSession::Impl::on_keyframe_request() {
  if (!s.capturing_ || !may(Permission::desktop_view)) return;
  const auto asked = [](const AppletAction& a) {
    return std::holds_alternative<KeyframeWanted>(a) || std::holds_alternative<StartCapture>(a);
  };
  if (std::ranges::none_of(s.actions_, asked)) act(KeyframeWanted{});
}

void AppletSession::Impl::on_input(const msg::SessionMessage& m) {
  // No refusal: input that was on its way when the right ended is no offence, and there may be a lot of it.
  if (!s.controlling_ || !may(Permission::remote_control)) return;
  if (input_held()) return;
  ++s.control_events_;
  if (const auto* key = m.message_as_InputKey()) {
    act(InjectKey{key->keysym(), key->keycode(), key->down()});
  } else if (const auto* typed = m.message_as_InputText()) {
    act(InjectText{text(typed->text())});
  } else if (const auto* pointer = m.message_as_InputPointer()) {
    inject_pointer(*pointer);
  } else {
    act(ReleaseInput{});
  }
}

void AppletSession::Impl::inject_pointer(const msg::InputPointer& m) {
  const auto* d = find_display(m.display());
  if (d == nullptr) return;
  act(InjectPointer{d->id, std::clamp<std::int32_t>(m.x(), 0, static_cast<std::int32_t>(d->width) - 1),
                    std::clamp<std::int32_t>(m.y(), 0, static_cast<std::int32_t>(d->height) - 1),
                    m.buttons() & kKnownButtons, m.wheel_x(), m.wheel_y()});
}

void AppletSession::Impl::on_recording(bool active) {
  if (active == s.recording_) return;
  s.recording_ = active;
  if (!active) return audit(audit_type::kRecordingEnded, technician());
  const bool permitted = may(Permission::record_session) || s.consent_.terms().recording_forced;
  audit(audit_type::kRecordingStarted, technician(),
        {{"permitted", permitted}, {"forced", s.consent_.terms().recording_forced}}, Permission::record_session);
  // Nothing here can stop a recorder at the other end; what can be done is to say it where it will be read.
  if (!permitted) audit(audit_type::kAlert, "applet", {{"what", "recording without permission"}});
}

void AppletSession::Impl::on_chat(const msg::Chat& m) {
  act(ShowChat{s.consent_.terms().technician_name, text(m.text()), time(m.sent_us())});
  audit_chat(technician(), wire::text(m.text()));
}

// ---- files and system information

Result<void> AppletSession::Impl::on_file_message(const msg::SessionMessage& m) {
  // Of other purposes, features have taken what they have asked for.
  const auto* offer = m.message_as_FileOffer();
  if (offer != nullptr && purpose_of(offer->transfer()) &&
      (purpose_of(offer->transfer()) != FilePurpose::file || !may(Permission::send_files))) {
    s.files_.reject(*offer, FileStop::no_permission);
    return {};
  }
  return s.files_.on_message(m);
}

void AppletSession::Impl::on_file_request(std::uint32_t request) {
  if (!may(Permission::receive_files))
    return refuse(msg::Action::file_to_console, request, why_not(Permission::receive_files));
  if (s.file_requests_.size() >= kFileRequestsMax)
    return refuse(msg::Action::file_to_console, request, msg::RefusalReason::busy);
  s.file_requests_.push_back(request);
  act(ChooseFile{request});
}

void AppletSession::Impl::on_sysinfo_request(const msg::SysinfoRequest& m) {
  if (!may(Permission::system_information))
    return refuse(msg::Action::system_information, m.request(), why_not(Permission::system_information));
  if (s.sysinfo_requests_.size() >= kSysinfoRequestsMax)
    return refuse(msg::Action::system_information, m.request(), msg::RefusalReason::busy);
  s.sysinfo_requests_.push_back(m.request());
  CollectSysinfo collect{m.request(), {}};
  if (m.sections() != nullptr)
    for (const auto* name : *m.sections()) collect.sections.push_back(text(name));
  act(std::move(collect));
}

Result<TransferId> AppletSession::file_chosen(std::uint32_t request, std::string_view name, std::uint64_t size,
                                              base::WallTime modified, Now now) {
  Impl impl(*this, now);
  impl.sync();
  if (std::erase(file_requests_, request) == 0)
    return fail(Errc::denied, "nobody asks for a file, or the permission is gone");
  last_activity_ = now.steady;
  auto id = files_.offer({std::string(name), size, modified, request});
  if (!id) impl.refuse(msg::Action::file_to_console, request, msg::RefusalReason::unavailable);
  impl.sync();
  return id;
}

void AppletSession::file_not_chosen(std::uint32_t request, Now now) {
  Impl impl(*this, now);
  impl.sync();
  if (std::erase(file_requests_, request) != 0)
    impl.refuse(msg::Action::file_to_console, request, msg::RefusalReason::user_declined);
}

bool AppletSession::sysinfo_collected(std::uint32_t request, const std::vector<SysinfoSection>& sections, Now now) {
  Impl impl(*this, now);
  impl.sync();
  if (std::erase(sysinfo_requests_, request) == 0) return false;
  // Cut to what one message may hold; 32 bytes are the cost of an item beside its text.
  constexpr std::size_t kBudget = wire::kFilesMessageMax - 16 * 1024;
  std::vector<SysinfoSection> fitted;
  std::size_t items = 0;
  std::size_t bytes = 0;
  for (const auto& section : sections) {
    if (fitted.size() == wire::kSysinfoSectionsMax) break;
    auto& out = fitted.emplace_back(SysinfoSection{messages::fit_text(section.name, wire::kSysinfoKeyMax), {}});
    for (const auto& item : section.items) {
      SysinfoItem fit{messages::fit_text(item.key, wire::kSysinfoKeyMax),
                      messages::fit_text(item.value, wire::kSysinfoValueMax)};
      const auto cost = fit.key.size() + fit.value.size() + 32;
      if (items == wire::kSysinfoItemsMax || bytes + cost > kBudget) break;
      ++items;
      bytes += cost;
      out.items.push_back(std::move(fit));
    }
  }
  out_.push(Channel::files, messages::sysinfo_reply(request, fitted), Permission::system_information);
  impl.audit(audit_type::kSysinfoSent, "user",
             {{"sections", static_cast<std::int64_t>(fitted.size())}, {"items", static_cast<std::int64_t>(items)}},
             Permission::system_information);
  impl.sync();
  return true;
}

// Answers of the host to file actions. Each first lets what has ended end, so a late answer finds no transfer.
void AppletSession::file_opened(TransferId id, Now now, std::uint64_t have) {
  Impl impl(*this, now);
  impl.sync();
  files_.opened(id, have);
}
void AppletSession::file_open_failed(TransferId id, FileStop reason, Now now) {
  Impl impl(*this, now);
  impl.sync();
  files_.open_failed(id, reason);
}
void AppletSession::file_written(TransferId id, std::uint64_t up_to, Now now) {
  Impl impl(*this, now);
  impl.sync();
  files_.chunk_written(id, up_to);
}
void AppletSession::file_write_failed(TransferId id, FileStop reason, Now now) {
  Impl impl(*this, now);
  impl.sync();
  files_.write_failed(id, reason);
}
void AppletSession::file_committed(TransferId id, Now now) {
  Impl impl(*this, now);
  impl.sync();
  files_.committed(id);
}
void AppletSession::file_chunk(TransferId id, base::ByteView bytes, Now now) {
  Impl impl(*this, now);
  impl.sync();
  files_.chunk_read(id, bytes);
}
void AppletSession::file_read_failed(TransferId id, Now now) {
  Impl impl(*this, now);
  impl.sync();
  files_.read_failed(id);
}

}  // namespace rescue::session

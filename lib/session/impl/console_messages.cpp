// SPDX-License-Identifier: Apache-2.0
// What the applet tells the technician's end, message by message.
#include <fmt/format.h>

#include "session/impl/console_impl.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using base::Errc;
using base::fail;
using base::Result;

std::string text(const flatbuffers::String* s) { return std::string(wire::text(s)); }
base::WallTime time(std::int64_t us) { return base::WallTime(std::chrono::microseconds(us)); }
constexpr std::string_view kUser = "user";
}  // namespace

Result<void> ConsoleSession::Impl::dispatch(const msg::SessionMessage& m) {
  switch (m.message_type()) {
    case msg::Message::Hello:
      return on_hello(*m.message_as_Hello());
    case msg::Message::PermissionState:
      return on_permission(*m.message_as_PermissionState());
    case msg::Message::DisplayList:
      on_displays(*m.message_as_DisplayList());
      return {};
    case msg::Message::ViewState:
      on_view_state(*m.message_as_ViewState());
      return {};
    case msg::Message::ControlState:
      on_control_state(*m.message_as_ControlState());
      return {};
    case msg::Message::ActionRefused:
      on_refused(*m.message_as_ActionRefused());
      return {};
    case msg::Message::SessionEnd: {
      const auto* e = m.message_as_SessionEnd();
      end(e->by(), wire::text(e->reason()), false);
      return {};
    }
    case msg::Message::Chat: {
      const auto* c = m.message_as_Chat();
      audit_chat(kUser, wire::text(c->text()));
      tell(ChatReceived{text(c->text()), time(c->sent_us())});
      return {};
    }
    case msg::Message::ScreenPacket:
      return on_screen(*m.message_as_ScreenPacket());
    case msg::Message::CursorShape: {
      const auto* c = m.message_as_CursorShape();
      if (s.viewing_)
        tell(
            CursorShapeChanged{c->width(), c->height(), c->hot_x(), c->hot_y(), base::to_bytes(wire::view(c->rgba()))});
      return {};
    }
    case msg::Message::CursorPosition: {
      const auto* c = m.message_as_CursorPosition();
      if (s.viewing_) tell(CursorMoved{c->display(), c->x(), c->y(), c->visible()});
      return {};
    }
    case msg::Message::SysinfoReply:
      on_sysinfo(*m.message_as_SysinfoReply());
      return {};
    default: {
      RESCUE_TRY(const bool taken, offer_to_features(m));
      return taken ? Result<void>() : on_file_message(m);
    }
  }
}

Result<bool> ConsoleSession::Impl::offer_to_features(const msg::SessionMessage& m) {
  Result<bool> taken = false;
  each_feature([&](ConsoleFeature& f) {
    if (taken && !*taken) taken = f.on_message(m);
  });
  return taken;
}

Result<void> ConsoleSession::Impl::on_hello(const msg::Hello& m) {
  if (std::exchange(s.hello_seen_, true)) return fail(Errc::bad_format, "a second hello");
  tell(PeerHello{text(m.software())});
  return {};
}

Result<void> ConsoleSession::Impl::on_permission(const msg::PermissionState& m) {
  const auto p = wire::permission_from_wire(m.permission());
  if (!p) return fail(Errc::bad_format, fmt::format("state of permission {}, which does not exist", m.permission()));
  auto& state = s.states_[static_cast<std::size_t>(*p)];
  const auto before = std::exchange(state, m.state());
  s.out_.purge(allowed());
  const auto receipt = m.receipt() != nullptr ? base::to_bytes(wire::view(m.receipt())) : base::Bytes();
  tell(PermissionChanged{*p, m.state(), receipt});
  each_feature([&](ConsoleFeature& f) { f.permission_changed(*p, m.state()); });
  if (before == m.state()) return {};
  audit_permission(*p, before, m.state(), receipt);
  if (before != msg::ConsentState::granted || m.state() == msg::ConsentState::granted) return {};
  const bool keep = m.state() == msg::ConsentState::expired;  // the user has not taken it back
  for (const auto purpose : {FilePurpose::file, FilePurpose::file_manager, FilePurpose::clipboard})
    for (const auto direction : {FileDirection::to_applet, FileDirection::to_console})
      if (permission_of(direction, purpose) == *p)
        s.files_.stop_all(direction, purpose, FileStop::revoked, keep && purpose != FilePurpose::clipboard);
  if (*p == Permission::receive_files) s.file_requests_.clear();
  if (*p == Permission::system_information) s.sysinfo_requests_.clear();
  return {};
}

/// With the receipt, as the applet may withhold its own log.
void ConsoleSession::Impl::audit_permission(Permission p, msg::ConsentState before, msg::ConsentState now,
                                            base::ByteView receipt) {
  ConsoleContext::AuditData data{{"permission", std::string(wire::name(p))}};
  if (!receipt.empty()) data.emplace_back("signed", base::to_base64url(receipt));
  switch (now) {
    case msg::ConsentState::asked:
      return audit(audit_type::kConsentAsked, technician(), std::move(data));
    case msg::ConsentState::granted:
      return audit(audit_type::kConsentGranted, kUser, std::move(data));
    default:
      break;
  }
  data.emplace_back("reason", std::string(msg::EnumNameConsentState(now)));
  const bool refused = now == msg::ConsentState::denied || now == msg::ConsentState::timed_out ||
                       now == msg::ConsentState::not_in_grant;
  if (refused)
    audit(audit_type::kConsentDenied, kUser, std::move(data));
  else if (before == msg::ConsentState::granted)
    audit(audit_type::kConsentRevoked, kUser, std::move(data));
}

void ConsoleSession::Impl::on_displays(const msg::DisplayList& m) {
  s.displays_.clear();
  for (const auto* d : *m.displays())
    s.displays_.push_back(
        {d->id(), d->x(), d->y(), d->width(), d->height(), d->scale_percent(), d->primary(), text(d->name())});
  tell(DisplaysChanged{s.displays_});
}

void ConsoleSession::Impl::on_view_state(const msg::ViewState& m) {
  if (m.active()) {
    if (!s.viewing_) {
      s.view_packets_ = 0;
      audit(audit_type::kViewStarted, technician(), {{"display", std::int64_t{m.display()}}});
    }
    s.viewing_ = true;
  } else {
    view_ended(m.reason());
  }
  tell(ViewChanged{m.active(), m.display(), m.reason()});
}

void ConsoleSession::Impl::on_control_state(const msg::ControlState& m) {
  // What was said before the applet had seen our last start or stop is old; the answer to that follows.
  if (!s.control_wanted_ || m.request() != s.control_request_) return;
  if (m.active()) {
    if (!s.controlling_) {
      s.control_events_ = 0;
      audit(audit_type::kControlStarted, technician());
    }
    s.controlling_ = true;
    s.control_held_ = m.held();
  } else {
    control_ended(m.reason());
  }
  tell(ControlChanged{m.active(), m.held(), m.reason()});
}

void ConsoleSession::Impl::on_refused(const msg::ActionRefused& m) {
  if (m.action() == msg::Action::control) {
    if (m.id() != s.control_request_) return;
    control_ended(msg::StopReason::not_granted);
  }
  if (m.action() == msg::Action::file_to_console) std::erase(s.file_requests_, m.id());
  if (m.action() == msg::Action::system_information) std::erase(s.sysinfo_requests_, m.id());
  each_feature([&](ConsoleFeature& f) { f.refused(m.action(), m.id(), m.reason()); });
  tell(Refused{m.action(), m.id(), m.reason()});
}

Result<void> ConsoleSession::Impl::on_screen(const msg::ScreenPacket& m) {
  const bool next_part = s.screen_continues_ && m.sequence() == s.last_screen_;
  if (!next_part && m.sequence() <= s.last_screen_) return fail(Errc::bad_format, "picture numbers go back");
  if (!next_part) s.screen_parts_.clear();  // the rest of an earlier one was thrown away
  s.last_screen_ = m.sequence();
  s.screen_continues_ = m.more();
  // The end of a view on the control channel overtakes pictures; those are acknowledged and not shown.
  if (!s.viewing_) {
    s.screen_parts_.clear();
    if (!m.more()) send(messages::screen_ack(m.sequence()));
    return {};
  }
  const auto part = wire::view(m.data());
  if (s.screen_parts_.size() + part.size() > wire::kScreenPictureMax)
    return fail(Errc::too_large, fmt::format("a picture of more than {} bytes", wire::kScreenPictureMax));
  if (s.screen_parts_.empty())
    s.screen_parts_ = base::to_bytes(part);
  else
    base::append(s.screen_parts_, part);
  if (m.more()) return {};
  ++s.view_packets_;
  s.picture_bytes_ += s.screen_parts_.size();
  tell(ScreenArrived{m.sequence(), m.display(), m.keyframe(), time(m.captured_us()),
                     std::exchange(s.screen_parts_, {})});
  return {};
}

void ConsoleSession::Impl::on_sysinfo(const msg::SysinfoReply& m) {
  if (std::erase(s.sysinfo_requests_, m.request()) == 0) return;
  SysinfoArrived arrived{m.request(), {}};
  std::int64_t items = 0;
  for (const auto* section : *m.sections()) {
    auto& out = arrived.sections.emplace_back(SysinfoSection{text(section->name()), {}});
    for (const auto* item : *section->items()) out.items.push_back({text(item->key()), text(item->value())});
    items += section->items()->size();
  }
  audit(audit_type::kSysinfoSent, kUser,
        {{"sections", static_cast<std::int64_t>(arrived.sections.size())}, {"items", items}});
  tell(std::move(arrived));
}

Result<void> ConsoleSession::Impl::on_file_message(const msg::SessionMessage& m) {
  if (const auto* offer = m.message_as_FileOffer()) {
    // Only a file we asked for: nothing may appear in the technician's folder unasked.
    if (purpose_of(offer->transfer()) &&
        (purpose_of(offer->transfer()) != FilePurpose::file || std::erase(s.file_requests_, offer->request()) == 0)) {
      s.files_.reject(*offer, FileStop::no_permission);
      return {};
    }
  }
  return s.files_.on_message(m);
}

}  // namespace rescue::session

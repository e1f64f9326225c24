// SPDX-License-Identifier: Apache-2.0
#include "session/applet_session.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/impl/applet_impl.hpp"
#include "session/impl/file_plumbing.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using base::Errc;
using base::fail;
using base::Result;
using base::SteadyTime;
constexpr std::string_view kUser = "user";
constexpr std::string_view kApplet = "applet";

bool is_input(const AppletAction& a) {
  return std::holds_alternative<InjectKey>(a) || std::holds_alternative<InjectText>(a) ||
         std::holds_alternative<InjectPointer>(a);
}

/// Goes on without anybody's hand, and ends by itself.
bool works(const ActivitySet& on) {
  return on.has(Activity::files_in) || on.has(Activity::files_out) || on.has(Activity::script) ||
         on.has(Activity::reboot);
}

/// Somebody did something. What a program sends by itself while a picture is on says nothing about its technician.
bool is_act(msg::Message type) {
  return type != msg::Message::ScreenAck && type != msg::Message::KeyframeRequest &&
         type != msg::Message::RecordingNotice;
}
}  // namespace

AppletSession::AppletSession(AppletOptions options, GrantTerms terms, Now now)
    : options_(std::move(options)),
      consent_(std::move(terms), witness()),
      files_(wire::End::applet, *this, options_.hasher),
      audit_(options_.first_seq),
      now_(now),
      last_activity_(now.steady),
      features_(MakeFeatures<AppletFeatures>::make(static_cast<AppletContext&>(*this))) {
  constexpr auto kCapabilities = static_cast<std::uint64_t>(wire::Capability::screen_tiles_1) |
                                 static_cast<std::uint64_t>(wire::Capability::cursor_shape) |
                                 static_cast<std::uint64_t>(wire::Capability::input_keycodes);
  out_.push(Channel::control,
            messages::hello(messages::fit_text(options_.software, wire::kSoftwareNameMax), kCapabilities));
  if (options_.restored) {
    consent_.restore(*options_.restored);
    std::get<AppletReboot>(features_).came_back();
  }
  Impl(*this, now).sync();
}
AppletSession::~AppletSession() { options_.hold->forget(this, now_.steady); }

// ---- link side

Result<void> AppletSession::on_message(Channel channel, base::ByteView message, Now now) {
  Impl impl(*this, now);
  impl.sync();
  if (ended_) return {};
  auto ok = [&]() -> Result<void> {
    RESCUE_TRY(const auto* m, wire::read_session_message(message, channel, wire::End::console));
    if (is_act(m->message_type())) last_activity_ = now.steady;
    return impl.dispatch(*m);
  }();
  if (!ok) {
    impl.audit(audit_type::kAlert, kApplet, {{"what", "bad message: " + ok.error().context}});
    impl.end(msg::EndedBy::applet, "the console sent a message that breaks the protocol", false);
  }
  impl.sync();
  return ok;
}

std::optional<base::Bytes> AppletSession::next_outgoing(Channel channel, Now now) {
  Impl impl(*this, now);
  impl.sync();
  auto message = out_.pop(channel);
  if (message && channel == Channel::files) files_.on_backlog_drained();
  if (message && channel == Channel::screen) impl.screen_drained();
  return message;
}

void AppletSession::on_link_up(Now now) {
  Impl impl(*this, now);
  if (link_up_ || ended_) return;
  link_up_ = true;
  last_activity_ = now.steady;
  impl.audit(audit_type::kLinkUp, kApplet);
  consent_.on_link_up(now.steady);
  impl.sync();
  impl.each_feature([](AppletFeature& f) { f.link_changed(true); });
  if (viewing_) impl.start_capture();
  impl.sync();
}

void AppletSession::on_link_down(Now now) {
  Impl impl(*this, now);
  if (!link_up_) return;
  link_up_ = false;
  impl.audit(audit_type::kLinkDown, kApplet);
  consent_.on_link_down(now.steady);
  flow_.forget();
  // A key held down by somebody who can no longer let go of it would repeat for ever.
  if (controlling_) {
    impl.drop_pending_input();
    impl.act(ReleaseInput{});
  }
  impl.stop_capture();
  impl.each_feature([](AppletFeature& f) { f.link_changed(false); });
  impl.sync();
}

// ---- site

Result<void> AppletSession::on_grant(GrantTerms terms, Now now) {
  Impl impl(*this, now);
  auto ok = consent_.on_grant(std::move(terms), now.steady);
  impl.sync();
  return ok;
}

void AppletSession::on_site_ends(msg::EndedBy by, std::string_view reason, Now now) {
  Impl impl(*this, now);
  if (ended_) return;
  consent_.on_grant_withdrawn(now.steady);
  impl.sync();
  impl.end(by, reason, true);
  impl.sync();
}

// ---- user

void AppletSession::user_ends(std::string_view reason, Now now) {
  Impl impl(*this, now);
  impl.end(msg::EndedBy::user, reason, true);
  impl.sync();
}

Result<void> AppletSession::user_sends_chat(std::string_view text, Now now) {
  Impl impl(*this, now);
  if (ended_) return fail(Errc::closed, "the session is over");
  if (text.empty() || !base::is_valid_utf8(text))
    return fail(Errc::invalid_argument, "chat text is empty or not UTF-8");
  if (text.size() > wire::kChatTextMax)
    return fail(Errc::too_large,
                fmt::format("chat text of {} bytes, at most {} are allowed", text.size(), wire::kChatTextMax));
  // Without a link the user may type on, but not without end.
  if (out_.bytes(Channel::chat) + text.size() > kChatBacklogMax) return fail(Errc::too_large, "too much unsent chat");
  last_activity_ = now.steady;
  out_.push(Channel::chat, messages::chat(now.wall, text));
  impl.audit_chat(kUser, text);
  impl.sync();
  return {};
}

void AppletSession::user_cancels_file(TransferId id, Now now) {
  Impl impl(*this, now);
  files_.cancel(id, FileStop::canceled);
  impl.sync();
}

// ---- output and time

std::optional<AppletAction> AppletSession::poll_action() {
  if (actions_.empty()) return std::nullopt;
  auto action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

std::optional<SteadyTime> AppletSession::next_deadline() const {
  if (ended_) return std::nullopt;
  auto next = consent_.next_deadline();
  const auto consider = [&next](std::optional<SteadyTime> t) {
    if (t && (!next || *t < *next)) next = t;
  };
  consider(questions_.next_deadline());
  consider(options_.hold->until());
  std::apply([&](const auto&... feature) { (consider(feature.next_deadline()), ...); }, features_);
  const auto idle = consent_.terms().inactivity_timeout;
  if (idle.count() > 0) consider(*last_activity_ + idle);
  return next;
}

void AppletSession::on_deadline(Now now) {
  Impl impl(*this, now);
  const auto idle = consent_.terms().inactivity_timeout;
  if (works(shown_status_.on)) last_activity_ = now.steady;
  if (!ended_ && idle.count() > 0 && now.steady >= *last_activity_ + idle)
    impl.end(msg::EndedBy::applet, fmt::format("nothing happened for {} s", idle.count()), true, true);
  impl.sync();
  if (ended_) return;
  impl.each_feature([&](AppletFeature& f) {
    if (const auto due = f.next_deadline(); due && now.steady >= *due) f.on_deadline();
  });
  impl.sync();
}

bool AppletSession::in_force(Permission p, Now now) const { return !ended_ && consent_.in_force(p, now.steady); }

// ---- file transfers put their output here

std::optional<Permission> AppletSession::needed_to_send(base::ByteView message) {
  return session::needed_to_send(wire::End::applet, message);
}

void AppletSession::send_file_message(base::Bytes message) {
  const auto needs = needed_to_send(message);
  out_.push(Channel::files, std::move(message), needs);
}

void AppletSession::act(FileAction action) { push_file_action(actions_, std::move(action)); }

void AppletSession::on_file_event(FileEvent event) {
  Impl impl(*this, now_);
  if (auto audit = file_audit(wire::End::applet, impl.technician(), event))
    impl.audit(audit->type, audit->actor, std::move(audit->data), audit->under);
  impl.each_feature([&](AppletFeature& f) { f.file_event(event); });
  // Of a file manager's trees the user sees that they come and go, not each of a hundred thousand names.
  const auto id = std::visit([](const auto& e) { return e.transfer; }, event);
  if (purpose_of(id.number) != FilePurpose::file_manager) impl.act(ShowFile{std::move(event)});
}

FileDigests AppletSession::digests_of(base::ByteView content) const {
  return session::digests_of(options_.hasher, content);
}

std::size_t AppletSession::files_backlog() const { return out_.bytes(Channel::files); }

// ---- what features may do

AppletSession::FeatureCall::FeatureCall(AppletSession& session, Now now) : session_(session), now_(now) {
  Impl(session_, now_).sync();
}
AppletSession::FeatureCall::~FeatureCall() { Impl(session_, now_).sync(); }

bool AppletSession::may(Permission p) const { return in_force(p, now_); }
msg::RefusalReason AppletSession::why_not(Permission p) const {
  if (!consent_.terms().permissions.has(p)) return msg::RefusalReason::not_in_grant;
  if (!consent_.lease_valid(now_.steady)) return msg::RefusalReason::lease_expired;
  if (consent_.sas_missing()) return msg::RefusalReason::needs_sas;
  return msg::RefusalReason::no_consent;
}

void AppletSession::send(Channel c, base::Bytes message, std::optional<Permission> needs) {
  if (!ended_) out_.push(c, std::move(message), needs);
}

void AppletSession::refuse(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
  out_.push(Channel::control, messages::action_refused(action, id, reason));
  // A console may ask as often as it likes; the log of the same answer once a second says as much.
  auto& logged = refusals_logged_[{action, reason}];
  if (logged && now_.steady - *logged < kRefusalsLoggedEvery) return;
  logged = now_.steady;
  audit(audit_type::kActionRefused, "applet",
        {{"action", std::string(msg::EnumNameAction(action))},
         {"reason", std::string(msg::EnumNameRefusalReason(reason))}},
        std::nullopt);
}

void AppletSession::act(AppletAction action) { actions_.push_back(std::move(action)); }

void AppletSession::drop_actions(const std::function<bool(const AppletAction&)>& which) {
  std::erase_if(actions_, which);
}

void AppletSession::audit(std::string_view type, std::string_view actor, AuditData data,
                          std::optional<Permission> under) {
  if (under) {
    if (const auto receipt = consent_.receipt(*under))
      data.emplace_back("receipt", static_cast<std::int64_t>(*receipt));
  }
  audit_.add(now_, type, actor, std::move(data));
}

QuestionId AppletSession::ask_user(Question question, AppletFeature& asker) {
  const auto id = ended_ ? std::nullopt : questions_.ask(std::move(question));
  if (!id) return QuestionId(0);
  askers_[*id] = &asker;
  return *id;
}

void AppletSession::close_question(QuestionId id) {
  questions_.close(id, now_.steady);
  askers_.erase(id);
}

void AppletSession::end_session(msg::EndedBy by, std::string_view reason) { Impl(*this, now_).end(by, reason, true); }

// ---- rights

void AppletSession::Impl::send(base::Bytes message, std::optional<Permission> needs) {
  s.out_.push(Channel::control, std::move(message), needs);
}

void AppletSession::Impl::audit_chat(std::string_view actor, std::string_view text) {
  if (s.consent_.terms().omit_chat_text) {
    audit(audit_type::kChat, actor, {{"omitted", true}, {"length", static_cast<std::int64_t>(text.size())}});
  } else {
    audit(audit_type::kChat, actor, {{"text", std::string(text)}});
  }
}

void AppletSession::Impl::sync() {
  s.consent_.on_deadline(s.now_.steady);
  s.questions_.on_deadline(s.now_.steady);
  end_what_lost_its_right();
  tell_decided_questions();
  // One window at a time: a question waits for the prompt that is open, a prompt for the question.
  s.questions_.open_next(!s.ended_ && !s.consent_.open_prompt(), s.consent_.terms().consent_timeout, s.now_.steady);
  s.consent_.hold_prompts(s.questions_.open().has_value(), s.now_.steady);
  s.options_.hold->set(&s, !s.ended_ && (s.consent_.open_prompt() || s.questions_.open()), s.now_.steady);
  s.options_.hold->on_deadline(s.now_.steady);
  tell_consent_changes();
  s.out_.purge(s.ended_ ? PermissionSet() : s.consent_.in_force(s.now_.steady));
  show_prompt_changes();
  show_question_changes();
  tell_hold_change();
  show_status_change();
}

void AppletSession::Impl::end_what_lost_its_right() {
  const auto lost = [&] {
    if (s.ended_) return msg::StopReason::ended;
    if (!s.consent_.lease_valid(s.now_.steady)) return msg::StopReason::lease_expired;
    return msg::StopReason::revoked;
  }();
  if (s.viewing_ && !may(Permission::desktop_view)) end_view(lost);
  if (s.viewing_ && recording_missing()) end_view(msg::StopReason::recording_missing);
  if (s.controlling_ && !may(Permission::remote_control)) end_control(lost);
  if (s.controlling_ && recording_missing()) end_control(msg::StopReason::recording_missing);
  // What the user did not take back may be gone on with when the technician comes again.
  const bool keep = s.consent_.withdrawn() || lost == msg::StopReason::lease_expired;
  for (const auto purpose : {FilePurpose::file, FilePurpose::file_manager, FilePurpose::clipboard})
    for (const auto direction : {FileDirection::to_applet, FileDirection::to_console})
      if (!may(permission_of(direction, purpose)))
        s.files_.stop_all(direction, purpose, FileStop::revoked, keep && purpose != FilePurpose::clipboard);
  if (!may(Permission::receive_files)) {
    s.file_requests_.clear();
    std::erase_if(s.actions_, [](const auto& a) { return std::holds_alternative<ChooseFile>(a); });
  }
  if (!may(Permission::system_information)) {
    s.sysinfo_requests_.clear();
    std::erase_if(s.actions_, [](const auto& a) { return std::holds_alternative<CollectSysinfo>(a); });
  }
  each_feature([](AppletFeature& f) { f.rights_changed(); });
}

void AppletSession::Impl::tell_hold_change() {
  const bool held = s.controlling_ && input_held();
  if (held) drop_pending_input();
  if (held == s.control_held_told_) return;
  s.control_held_told_ = held;
  if (!s.controlling_) return;  // end_control has said it
  if (held) act(ReleaseInput{});
  tell_control(msg::StopReason::none);
}

void AppletSession::Impl::drop_pending_input() { std::erase_if(s.actions_, is_input); }

void AppletSession::Impl::show_status_change() {
  ShowStatus now{s.link_up_,
                 s.viewing_,
                 s.controlling_,
                 s.controlling_ && input_held(),
                 s.recording_,
                 s.ended_ ? PermissionSet() : s.consent_.in_force(s.now_.steady),
                 {}};
  if (s.viewing_) now.on.add(Activity::view);
  if (s.controlling_) now.on.add(Activity::control);
  if (s.recording_) now.on.add(Activity::recording);
  if (s.files_.active(FileDirection::to_applet, FilePurpose::file)) now.on.add(Activity::files_in);
  if (s.files_.active(FileDirection::to_console, FilePurpose::file)) now.on.add(Activity::files_out);
  each_feature([&](AppletFeature& f) { f.add_activity(now.on); });
  if (now == s.shown_status_) return;
  s.shown_status_ = now;
  act(now);
}

void AppletSession::Impl::end(msg::EndedBy by, std::string_view reason, bool tell_peer, bool inactive) {
  if (s.ended_) return;
  const auto why = messages::fit_text(reason, wire::kEndReasonMax);
  if (s.viewing_) end_view(msg::StopReason::ended);
  if (s.controlling_) end_control(msg::StopReason::ended);
  s.files_.stop_all(FileStop::canceled, by == msg::EndedBy::broker);
  s.file_requests_.clear();
  s.sysinfo_requests_.clear();
  each_feature([](AppletFeature& f) { f.session_ended(); });
  s.questions_.close_all(s.now_.steady);
  s.askers_.clear();
  if (tell_peer) send(messages::session_end(by, why));
  s.ended_ = true;
  s.recording_ = false;
  act(SessionEnded{by, why, inactive});
}

}  // namespace rescue::session

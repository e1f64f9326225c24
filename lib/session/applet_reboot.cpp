// SPDX-License-Identifier: Apache-2.0
#include "session/applet_reboot.hpp"

#include <fmt/format.h>

#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using How = QuestionAnswer::How;
using msg::Outcome;
constexpr auto kRight = Permission::reboot;
}  // namespace

base::Result<bool> AppletReboot::on_message(const msg::SessionMessage& m) {
  const auto* request = m.message_as_RebootRequest();
  if (request == nullptr) return false;
  on_request(*request);
  return true;
}

void AppletReboot::on_request(const msg::RebootRequest& m) {
  auto& s = session();
  const auto no = [&](msg::RefusalReason reason) { s.refuse(msg::Action::reboot, m.request(), reason); };
  if (!s.may(kRight)) return no(s.why_not(kRight));
  if (m.kind() != msg::RebootKind::normal) return no(msg::RefusalReason::unavailable);
  if (asked_) return no(msg::RefusalReason::busy);
  if (not_before_ && s.now().steady < *not_before_) return no(msg::RefusalReason::too_soon);
  Question q;
  q.kind = QuestionKind::reboot;
  q.heading = "Restart this computer now?";
  q.text = fmt::format(
      "{} wants to restart it. Save your work first: all programs end. After the restart this session goes on by "
      "itself when you sign in again.",
      s.terms().technician_name);
  q.yes = "Restart now";
  q.no = "Do not restart";
  const auto question = s.ask_user(std::move(q), *this);
  if (question == QuestionId(0)) return no(msg::RefusalReason::busy);
  asked_ = {m.request(), Step::asked, question};
  s.audit(audit_type::kRebootAsked, s.terms().technician_email,
          {{"request", std::int64_t{m.request()}}, {"kind", std::string(msg::EnumNameRebootKind(m.kind()))}}, kRight);
  s.send(Channel::control, messages::reboot_state(m.request(), Outcome::asked, ""));
}

void AppletReboot::question_answered(QuestionId id, QuestionAnswer answer) {
  if (!asked_ || asked_->question != id) return;
  asked_->question.reset();
  if (answer.how != How::yes) {
    not_before_ = session().now().steady + kReaskDelay;
    return finish(answer.how == How::timed_out ? Outcome::timed_out : Outcome::declined);
  }
  if (!session().may(kRight)) return finish(Outcome::canceled);
  asked_->step = Step::preparing;
  session().act(PrepareReboot{asked_->request});
}

void AppletReboot::prepared(std::uint32_t request, bool ready, std::string_view detail) {
  if (!asked_ || asked_->request != request || asked_->step != Step::preparing) return;
  if (!ready) return finish(Outcome::failed, detail);
  auto& s = session();
  s.audit(audit_type::kRebootStarted, s.terms().technician_email,
          {{"request", std::int64_t{request}}, {"kind", std::string("normal")}}, kRight);
  s.send(Channel::control, messages::reboot_state(request, Outcome::done, ""));
  asked_->step = Step::farewell;
  deadline_ = s.now().steady + kRebootFarewell;
}

void AppletReboot::on_deadline() {
  if (!asked_) return deadline_.reset();
  if (asked_->step == Step::going) return finish(Outcome::failed, "the machine did not restart");
  asked_->step = Step::going;
  deadline_ = session().now().steady + kRebootPatience;
  session().act(RebootNow{asked_->request});
}

void AppletReboot::failed(std::uint32_t request, std::string_view detail) {
  if (asked_ && asked_->request == request && asked_->step == Step::going) finish(Outcome::failed, detail);
}

void AppletReboot::finish(Outcome outcome, std::string_view detail) {
  auto& s = session();
  if (asked_->question) s.close_question(*asked_->question);
  if (asked_->step != Step::asked) {
    s.drop_actions([](const AppletAction& a) { return std::holds_alternative<RebootAction>(a); });
    s.act(CancelReboot{});
  }
  const auto why = messages::fit_text(detail, wire::kDetailMax);
  const bool by_user = outcome == Outcome::declined || outcome == Outcome::timed_out;
  AppletContext::AuditData data{{"request", std::int64_t{asked_->request}},
                                {"outcome", std::string(msg::EnumNameOutcome(outcome))}};
  if (!why.empty()) data.emplace_back("detail", why);
  s.audit(audit_type::kRebootEnded, by_user ? "user" : "applet", std::move(data));
  s.send(Channel::control, messages::reboot_state(asked_->request, outcome, why));
  asked_.reset();
  deadline_.reset();
}

void AppletReboot::came_back() {
  session().audit(audit_type::kRebootEnded, "applet", {{"outcome", std::string("done")}});
}

void AppletReboot::rights_changed() {
  // Once the machine was told, it goes.
  if (asked_ && asked_->step != Step::going && !session().may(kRight)) finish(Outcome::canceled);
}

void AppletReboot::session_ended() {
  // Where the machine was told, it goes: what was prepared for after that stays.
  if (asked_ && asked_->step != Step::going) finish(Outcome::canceled);
}

void AppletReboot::add_activity(ActivitySet& on) const {
  if (asked_ && asked_->step != Step::asked) on.add(Activity::reboot);
}

}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
#include "session/applet_credentials.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using How = QuestionAnswer::How;
using msg::Outcome;
constexpr auto kRight = Permission::windows_credentials;
constexpr std::size_t kPasswordMax = 512;  // bytes
}  // namespace

base::Result<bool> AppletCredentials::on_message(const msg::SessionMessage& m) {
  const auto* request = m.message_as_CredentialsRequest();
  if (request == nullptr) return false;
  on_request(*request);
  return true;
}

void AppletCredentials::on_request(const msg::CredentialsRequest& m) {
  auto& s = session();
  const auto no = [&](msg::RefusalReason reason) { s.refuse(msg::Action::credentials, m.request(), reason); };
  if (!s.may(kRight)) return no(s.why_not(kRight));
  if (asked_) return no(msg::RefusalReason::busy);
  if (not_before_ && s.now().steady < *not_before_) return no(msg::RefusalReason::too_soon);
  Question q;
  q.kind = QuestionKind::credentials;
  q.heading = "Type an account of this computer?";
  q.text = fmt::format(
      "{} asks for the rights of an administrator. What you type stays on this computer and is forgotten at the end of "
      "the session. The technician does not see it and never needs to know the password.",
      s.terms().technician_name);
  q.detail = base::to_display_text(wire::text(m.reason()), true);
  q.fields = {{.label = "Account", .max_bytes = wire::kAccountNameMax},
              {.label = "Password", .secret = true, .max_bytes = kPasswordMax}};
  q.yes = "Use this account";
  q.no = "No";
  const auto question = s.ask_user(std::move(q), *this);
  if (question == QuestionId(0)) return no(msg::RefusalReason::busy);
  asked_ = {m.request(), question, ""};
  s.audit(audit_type::kCredentialsAsked, s.terms().technician_email, {{"request", std::int64_t{m.request()}}}, kRight);
  s.send(Channel::control, messages::credentials_state(m.request(), Outcome::asked, "", ""));
}

void AppletCredentials::question_answered(QuestionId id, QuestionAnswer answer) {
  if (!asked_ || asked_->question != id) return;
  asked_->question.reset();
  if (answer.how != How::yes || answer.values.size() != 2) {
    not_before_ = session().now().steady + kReaskDelay;
    return finish(answer.how == How::timed_out ? Outcome::timed_out : Outcome::declined);
  }
  if (!session().may(kRight)) return finish(Outcome::canceled);
  auto account = std::make_shared<TypedAccount>();
  account->name = base::as_text(answer.values[0].view());
  account->password = std::move(answer.values[1]);
  asked_->account = base::to_valid_utf8(account->name);
  forget();  // one at a time; the new one counts or none
  session().act(CheckAccount{asked_->request, std::move(account)});
}

void AppletCredentials::checked(std::uint32_t request, bool right, std::string_view detail) {
  if (!asked_ || asked_->question || asked_->request != request) return;
  if (right) account_ = asked_->account;
  finish(right ? Outcome::done : Outcome::failed, detail);
}

void AppletCredentials::finish(Outcome outcome, std::string_view detail) {
  auto& s = session();
  // The name of one that was wrong may be a password, typed into the wrong field.
  const auto account = outcome == Outcome::done ? asked_->account : std::string();
  const bool by_user = outcome == Outcome::declined || outcome == Outcome::timed_out || outcome == Outcome::done;
  AppletContext::AuditData data{{"request", std::int64_t{asked_->request}},
                                {"outcome", std::string(msg::EnumNameOutcome(outcome))}};
  if (!account.empty()) data.emplace_back("account", account);
  s.audit(audit_type::kCredentialsEnded, by_user ? "user" : "applet", std::move(data),
          outcome == Outcome::done ? std::optional(kRight) : std::nullopt);
  s.send(Channel::control,
         messages::credentials_state(asked_->request, outcome, account, messages::fit_text(detail, wire::kDetailMax)));
  asked_.reset();
}

void AppletCredentials::forget() {
  account_.reset();
  session().drop_actions([](const AppletAction& a) {
    const auto* action = std::get_if<AccountAction>(&a);
    return action != nullptr && std::holds_alternative<CheckAccount>(*action);
  });
  session().act(ForgetAccount{});
}

void AppletCredentials::rights_changed() {
  if ((!asked_ && !account_) || session().may(kRight)) return;
  session_ended();
}

void AppletCredentials::session_ended() {
  if (asked_) {
    if (asked_->question) session().close_question(*asked_->question);
    finish(Outcome::canceled);
  }
  forget();
}

}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
// What the user is asked and answers, at the supported end: shown, signed, logged, and told to the console.
#include "session/impl/applet_impl.hpp"

namespace rescue::session {
namespace {
constexpr std::string_view kUser = "user";
constexpr std::string_view kApplet = "applet";

msg::ConsentState to_wire(const ConsentChange& c) {
  switch (c.now) {
    case Consent::asked:
      return msg::ConsentState::asked;
    case Consent::granted:
      return msg::ConsentState::granted;
    case Consent::denied:
      return msg::ConsentState::denied;
    case Consent::timed_out:
      return msg::ConsentState::timed_out;
    case Consent::revoked:
      return msg::ConsentState::revoked;
    case Consent::none:
      break;
  }
  const bool ended = c.reason == ConsentChangeReason::lease || c.reason == ConsentChangeReason::grant ||
                     c.reason == ConsentChangeReason::site;
  return ended ? msg::ConsentState::expired : msg::ConsentState::none;
}

constexpr ReceiptAnswer answer_of(QuestionAnswer::How how) {
  return how == QuestionAnswer::How::yes  ? ReceiptAnswer::yes
         : how == QuestionAnswer::How::no ? ReceiptAnswer::no
                                          : ReceiptAnswer::timed_out;
}
}  // namespace

// ---- answers

bool AppletSession::user_answers(PromptId id, Answer answer, Now now) {
  Impl impl(*this, now);
  const bool taken = !ended_ && consent_.answer(id, answer, now.steady);
  if (taken) last_activity_ = now.steady;
  impl.sync();
  return taken;
}

void AppletSession::user_revokes(Permission p, Now now) {
  Impl impl(*this, now);
  consent_.revoke(p, now.steady);
  impl.sync();
}

void AppletSession::user_revokes_all(Now now) {
  Impl impl(*this, now);
  consent_.revoke_all(now.steady);
  impl.sync();
}

bool AppletSession::question_answered(QuestionId id, bool yes, std::vector<base::SecretBytes> values, Now now) {
  Impl impl(*this, now);
  const bool taken = !ended_ && questions_.answer(id, yes, std::move(values), now.steady);
  if (taken) last_activity_ = now.steady;
  impl.sync();
  return taken;
}

// ---- receipts

Witness AppletSession::witness() {
  return [this](ReceiptAnswer answer, PromptId prompt, PermissionSet about) {
    Impl impl(*this, now_);
    ReceiptDraft draft;
    draft.prompt = prompt.get();
    draft.permissions = about;
    draft.answer = answer;
    const auto number = impl.sign(draft);
    if (answer == ReceiptAnswer::one_by_one) {  // it changes no permission, and would be in no event
      AuditData data{{"permission", std::string("all")}, {"reason", std::string("one_by_one")}};
      impl.add_receipt(data, number);
      impl.audit(audit_type::kConsentDenied, kUser, std::move(data));
    }
    return number;
  };
}

std::optional<std::uint64_t> AppletSession::Impl::sign(ReceiptDraft draft) {
  draft.generation = s.consent_.terms().generation;
  draft.at = s.now_.wall;
  auto receipt = s.options_.sign_receipt(draft);
  if (!receipt) {
    audit(audit_type::kAlert, kApplet, {{"what", "an answer of the user could not be signed"}});
    return std::nullopt;
  }
  s.receipts_[receipt->number] = std::move(receipt->bytes);
  return receipt->number;
}

void AppletSession::Impl::add_receipt(AppletContext::AuditData& data, std::optional<std::uint64_t> number) const {
  if (!number) return;
  data.emplace_back("receipt", static_cast<std::int64_t>(*number));
  if (const auto signed_one = s.receipts_.find(*number); signed_one != s.receipts_.end())
    data.emplace_back("signed", base::to_base64url(signed_one->second));
}

void AppletSession::Impl::tell_consent_changes() {
  for (const auto& c : s.consent_.take_changes()) {
    const auto receipt = c.receipt ? s.receipts_.find(*c.receipt) : s.receipts_.end();
    const auto bytes = receipt != s.receipts_.end() ? base::ByteView(receipt->second) : base::ByteView();
    if (!s.ended_) send(messages::permission_state(c.permission, to_wire(c), bytes));
    if (c.reason == ConsentChangeReason::restart) continue;  // the log has it from before
    AppletContext::AuditData data{{"permission", std::string(wire::name(c.permission))}};
    const auto say = [&](std::string_view type, std::string_view actor) {
      add_receipt(data, c.receipt);
      audit(type, actor, std::move(data));
    };
    const bool by_user = c.now == Consent::revoked;
    const bool ended =
        c.now == Consent::none && c.reason != ConsentChangeReason::user && c.reason != ConsentChangeReason::timed_out;
    if (c.now == Consent::granted) {
      say(audit_type::kConsentGranted, kUser);
      continue;
    }
    data.emplace_back("reason", std::string(name(c.reason)));
    if (c.now == Consent::denied || c.now == Consent::timed_out)
      say(audit_type::kConsentDenied, kUser);
    else if (by_user || ended)
      say(audit_type::kConsentRevoked, by_user ? kUser : kApplet);
  }
  s.receipts_.clear();
}

/// A yes that cannot be signed is none.
QuestionAnswer AppletSession::Impl::witnessed(Questions::Decided& decided) {
  const auto& question = decided.question;
  ReceiptDraft draft;
  draft.prompt = decided.id.get();
  if (question.under) draft.permissions.add(*question.under);
  draft.answer = answer_of(decided.answer.how);
  draft.about = static_cast<std::uint8_t>(1 + static_cast<unsigned>(question.kind));
  draft.subject = question.detail;
  const auto number = sign(draft);
  if (!number && decided.answer.how == QuestionAnswer::How::yes) return {};
  AppletContext::AuditData data{{"question", std::string(name(question.kind))},
                                {"answer", std::string(name(draft.answer))}};
  if (question.under) data.emplace_back("permission", std::string(wire::name(*question.under)));
  add_receipt(data, number);
  audit(audit_type::kQuestionAnswered, kUser, std::move(data));
  return std::move(decided.answer);
}

// ---- what is to be seen

void AppletSession::Impl::tell_decided_questions() {
  while (auto decided = s.questions_.poll()) {
    auto answer = witnessed(*decided);
    const auto asker = s.askers_.extract(decided->id);
    if (!asker.empty()) asker.mapped()->question_answered(decided->id, std::move(answer));
  }
}

void AppletSession::Impl::show_question_changes() {
  const auto& open = s.questions_.open();
  const auto open_id = open && !s.ended_ ? std::optional(open->id) : std::nullopt;
  if (open_id == s.shown_question_) return;
  if (s.shown_question_) act(CloseQuestion{*s.shown_question_});
  s.shown_question_ = open_id;
  if (!open_id) return;
  const auto& t = s.consent_.terms();
  act(AskUser{open->id, open->question, open->deadline, t.technician_name, t.technician_email, t.organisation});
}

void AppletSession::Impl::show_prompt_changes() {
  const auto& open = s.consent_.open_prompt();
  const auto open_id = open && !s.ended_ ? std::optional(open->id) : std::nullopt;
  if (open_id == s.shown_prompt_) return;
  if (s.shown_prompt_) act(ClosePrompt{*s.shown_prompt_});
  s.shown_prompt_ = open_id;
  if (!open_id) return;
  const auto& t = s.consent_.terms();
  std::string what = "all";
  if (!open->single)
    for (auto p : wire::all_permissions())
      if (open->covers.has(p)) what = wire::name(p);
  audit(audit_type::kConsentAsked, technician(), {{"permission", what}});
  const bool seen = open->covers.has(Permission::desktop_view) || open->covers.has(Permission::remote_control);
  act(ShowPrompt{*open, t.technician_name, t.technician_email, t.organisation, t.recording_forced && seen});
}

}  // namespace rescue::session

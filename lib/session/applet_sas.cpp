// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "session/impl/action_messages.hpp"
#include "session/sas.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
constexpr std::string_view kUser = "user";

Question question_for(const GrantTerms& t, std::uint8_t attempts_left) {
  Question q;
  q.kind = QuestionKind::sas;
  q.heading = "Compare six digits";
  q.text = fmt::format(
      "Ask {} on the telephone for six digits and type them here. They show that nobody stands between you. Until then "
      "nothing is allowed but chat.",
      t.technician_name);
  if (attempts_left < kSasAttempts)
    q.text = "Those were not the digits. Please ask once more; if they are wrong again, the session ends. " + q.text;
  q.fields.push_back({"The six digits", false, true, kSasDigits});
  q.yes = "These are the digits";
  q.no = "End this session";
  return q;
}
}  // namespace

void AppletSas::connected(AppletSasKeys keys) {
  if (!keys_) keys_ = std::move(keys);
}

void AppletSas::known_pair() {
  confirmed_ = true;
  session().confirm_sas();
}

void AppletSas::rights_changed() {
  if (!wanted()) {
    if (question_ != QuestionId(0)) session().close_question(std::exchange(question_, QuestionId(0)));
    return;
  }
  if (!keys_ || !session().linked()) return;
  if (!std::exchange(committed_, true)) session().send(wire::Channel::control, messages::sas_commit(keys_->commit()));
  if (!digits_.empty() && question_ == QuestionId(0)) ask();
}

base::Result<bool> AppletSas::on_message(const msg::SessionMessage& m) {
  const auto* nonce = m.message_as_SasNonce();
  if (nonce == nullptr) return false;
  RESCUE_CHECK(on_nonce(wire::view(nonce->nonce())));
  return true;
}

base::Result<void> AppletSas::on_nonce(base::ByteView nonce) {
  if (!committed_ || !digits_.empty()) return base::fail(base::Errc::bad_format, "a nonce for digits out of turn");
  auto revealed = keys_->reveal(nonce);
  digits_ = std::move(revealed.digits);
  session().send(wire::Channel::control, messages::sas_reveal(revealed.nonce));
  session().audit(audit_type::kSasShown, "applet");
  if (wanted()) ask();
  return {};
}

void AppletSas::ask() {
  question_ = session().ask_user(question_for(session().terms(), attempts_left_), *this);
  if (question_ != QuestionId(0)) tell(msg::SasOutcome::asked);
}

void AppletSas::tell(msg::SasOutcome outcome) {
  session().send(wire::Channel::control, messages::sas_state(outcome, attempts_left_));
}

void AppletSas::question_answered(QuestionId id, QuestionAnswer answer) {
  if (id != question_) return;
  question_ = QuestionId(0);
  switch (answer.how) {
    case QuestionAnswer::How::timed_out:
      return;  // it is put again for as long as the grant wants it
    case QuestionAnswer::How::no:
      over_ = true;
      tell(msg::SasOutcome::failed);
      return session().end_session(msg::EndedBy::user, "the digits were not confirmed");
    case QuestionAnswer::How::yes:
      break;
  }
  const bool right = answer.values.size() == 1 && !digits_.empty() &&
                     std::ranges::equal(answer.values.front().view(), base::as_bytes(digits_));
  if (!right) return missed();
  confirmed_ = true;
  session().audit(audit_type::kSasConfirmed, kUser);
  tell(msg::SasOutcome::confirmed);
  session().confirm_sas();
}

void AppletSas::missed() {
  --attempts_left_;
  session().audit(audit_type::kSasMissed, kUser, {{"attempts_left", std::int64_t{attempts_left_}}});
  tell(attempts_left_ > 0 ? msg::SasOutcome::missed : msg::SasOutcome::failed);
  if (attempts_left_ > 0) return;
  over_ = true;
  session().end_session(msg::EndedBy::applet, "the digits were wrong: somebody may stand between the two ends");
}

}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
#include "session/impl/action_messages.hpp"
#include "session/sas.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
}  // namespace

base::Result<bool> ConsoleSas::on_message(const msg::SessionMessage& m) {
  if (const auto* commit = m.message_as_SasCommit()) {
    RESCUE_CHECK(on_commit(wire::view(commit->commitment())));
  } else if (const auto* reveal = m.message_as_SasReveal()) {
    RESCUE_CHECK(on_reveal(wire::view(reveal->nonce())));
  } else if (const auto* state = m.message_as_SasState()) {
    on_state(*state);
  } else {
    return false;
  }
  return true;
}

base::Result<void> ConsoleSas::on_commit(base::ByteView commitment) {
  if (!commitment_.empty()) return base::fail(base::Errc::bad_format, "a second commitment");
  if (!keys_) return base::fail(base::Errc::bad_format, "a commitment without a connection");
  commitment_ = base::to_bytes(commitment);
  nonce_ = keys_->nonce();
  session().send(wire::Channel::control, messages::sas_nonce(nonce_));
  return {};
}

base::Result<void> ConsoleSas::on_reveal(base::ByteView nonce) {
  if (commitment_.empty() || std::exchange(revealed_, true))
    return base::fail(base::Errc::bad_format, "a nonce for digits out of turn");
  auto digits = keys_->digits(commitment_, nonce, nonce_);
  if (!digits) {
    session().audit(audit_type::kAlert, "console",
                    {{"what", "the applet's commitment fits none of our connections to it"}});
    show(msg::SasOutcome::failed);
    return {};
  }
  digits_ = std::move(*digits);
  session().audit(audit_type::kSasShown, "console");
  show(msg::SasOutcome::asked);
  return {};
}

void ConsoleSas::on_state(const msg::SasState& m) {
  if (digits_.empty() || outcome_ == msg::SasOutcome::confirmed) return;
  attempts_left_ = std::min(m.attempts_left(), kSasAttempts);
  if (m.outcome() == msg::SasOutcome::confirmed) session().audit(audit_type::kSasConfirmed, "user");
  if (m.outcome() == msg::SasOutcome::missed || (m.outcome() == msg::SasOutcome::failed && attempts_left_ == 0))
    session().audit(audit_type::kSasMissed, "user", {{"attempts_left", std::int64_t{attempts_left_}}});
  if (m.outcome() != outcome_ || m.outcome() == msg::SasOutcome::missed) show(m.outcome());
}

void ConsoleSas::show(msg::SasOutcome outcome) {
  outcome_ = outcome;
  session().tell(SasChanged{digits_, outcome, attempts_left_});
}

}  // namespace rescue::session

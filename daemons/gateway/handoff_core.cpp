// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/handoff_core.hpp"

#include "base/assert.hpp"
#include "crypto/possession.hpp"
#include "wire/limits.hpp"

namespace rescue::gateway {
namespace {
namespace fb = wire::handoff;
using Builder = flatbuffers::FlatBufferBuilder;

template <typename Offset>
void finish(Builder& b, fb::Message kind, Offset message) {
  fb::FinishHandoffBuffer(b, fb::CreateHandoff(b, kind, message.Union()));
}

constexpr const char* kForeignNetwork = "ticket shown from a network that is not allowed";

std::string_view sentence(Verdict verdict) {
  switch (verdict) {
    case Verdict::unknown_session:
      return "the site does not know this session";
    case Verdict::session_ended:
      return "the session has ended";
    case Verdict::wrong_key:
      return "the site has another key for this end";
    default:
      return "the site refused";
  }
}
}  // namespace

HandoffCore::HandoffCore(const Timeouts& timeouts, std::string remote_address, base::SteadyTime now)
    : timeouts_(&timeouts), deadline_(now + timeouts.hello), reader_(wire::kMaxHandoffMessage) {
  applicant_.remote_address = std::move(remote_address);
}

void HandoffCore::enter(HandoffState state, base::SteadyTime deadline) {
  state_ = state;
  deadline_ = deadline;
}

std::size_t HandoffCore::wanted() const {
  // While the site is asked nothing is read: a client that talks on fills its own socket.
  const bool reads = state_ == HandoffState::hello || (state_ == HandoffState::waiting && !said_goodbye_) ||
                     state_ == HandoffState::leaving;
  return reads ? reader_.wanted() : 0;
}

void HandoffCore::on_plaintext(base::ByteView bytes, const Proof& proof, base::SteadyTime now) {
  if (const auto put = reader_.put(bytes); !put) return refuse(RefuseReason::bad_message, put.error().context);
  const auto frame = reader_.take();
  if (!frame) return;
  const auto message = wire::read_handoff(*frame);
  if (!message) return refuse(RefuseReason::bad_message, message.error().context);
  on_message(**message, proof, now);
}

void HandoffCore::on_message(const fb::Handoff& message, const Proof& proof, base::SteadyTime now) {
  const auto kind = message.message_type();
  if (state_ == HandoffState::hello && kind == fb::Message::Hello)
    return on_hello(*message.message_as_Hello(), proof, now);
  if (state_ == HandoffState::waiting && kind == fb::Message::Ping) {
    Builder b;
    finish(b, fb::Message::Pong, fb::CreatePong(b, message.message_as_Ping()->value()));
    send(b);
    deadline_ = std::min(now + timeouts_->waiting_silence, waiting_ends_);
    return;
  }
  // A Ping may have crossed our Joined; nothing but close_notify follows that, so it stays without answer.
  if (state_ == HandoffState::leaving && kind == fb::Message::Ping) return;
  refuse(RefuseReason::bad_message, fmt::format("{} is out of turn", fb::EnumNameMessage(kind)));
}

void HandoffCore::on_hello(const fb::Hello& hello, const Proof& proof, base::SteadyTime now) {
  const auto ticket_bytes = wire::view(hello.ticket());
  const auto ticket = crypto::open_ticket(ticket_bytes, *proof.token_keys, proof.wall);
  if (!ticket) return refuse_token(ticket.error());
  if (ticket->role != static_cast<crypto::Role>(hello.role()))
    return refuse(RefuseReason::bad_ticket, "the ticket is for the other role");
  if (!crypto::check_possession(ticket->holder_spki, proof.exporter, ticket_bytes, wire::view(hello.possession()))) {
    report(ticket->session, ticket->role, "ticket shown without its key");
    return refuse(RefuseReason::wrong_holder, "the ticket belongs to another key");
  }
  if (ticket->role == crypto::Role::applet && crypto::guid_id(wire::view(hello.guid())) != ticket->guid_id) {
    report(ticket->session, ticket->role, "wrong session GUID");
    return refuse(RefuseReason::wrong_guid, "the GUID is not that of the session");
  }
  // Only whoever holds the key hears where from it may come.
  if (!ticket->networks.allows(proof.from)) {
    report(ticket->session, ticket->role, kForeignNetwork);
    return refuse(RefuseReason::network, "this end may not come from this network");
  }
  applicant_.session = ticket->session;
  applicant_.role = ticket->role;
  applicant_.guid_id = ticket->guid_id;
  applicant_.holder = crypto::sha256(ticket->holder_spki);
  leaves_at_once_ = hello.leaves_at_once();
  enter(HandoffState::admitting, now + timeouts_->admitting);
}

void HandoffCore::refuse_token(const base::Error& error) {
  if (error.code == crypto::Errc::token_expired) return refuse(RefuseReason::expired, "the ticket has expired");
  if (error.code == crypto::Errc::token_not_yet_valid)
    return refuse(RefuseReason::expired, "the ticket is from the future; are the clocks right?");
  // Who sends a ticket that nobody signed names no session that could be believed.
  report(std::nullopt, applicant_.role, "ticket that does not verify");
  refuse(RefuseReason::bad_ticket, "the ticket does not verify");
}

void HandoffCore::on_admission(Verdict verdict, base::SteadyTime now) {
  if (state_ != HandoffState::admitting) return;
  if (verdict == Verdict::network) {
    report(applicant_.session, applicant_.role, kForeignNetwork);
    return refuse(RefuseReason::network, "this end may not come from this network any more");
  }
  if (verdict != Verdict::admitted && verdict != Verdict::broker_away) {
    if (verdict == Verdict::wrong_key) report(applicant_.session, applicant_.role, "key that the site did not bind");
    return refuse(RefuseReason::not_admitted, sentence(verdict));
  }
  Builder b;
  finish(b, fb::Message::Waiting, fb::CreateWaiting(b));
  send(b);
  waiting_ends_ = now + timeouts_->waiting_longest;
  enter(HandoffState::waiting, std::min(now + timeouts_->waiting_silence, waiting_ends_));
}

void HandoffCore::on_partner(const base::Guid& pair, base::SteadyTime now) {
  RESCUE_ASSERT(state_ == HandoffState::waiting);
  Builder b;
  const auto name = b.CreateVector(pair.bytes().data(), pair.bytes().size());
  finish(b, fb::Message::Joined, fb::CreateJoined(b, name));
  send(b);
  enter(said_goodbye_ ? HandoffState::left : HandoffState::leaving, now + timeouts_->leaving);
}

void HandoffCore::on_close_notify() {
  // Only whole frames stand before it.
  const bool whole = reader_.wanted() == wire::FrameReader(wire::kMaxHandoffMessage).wanted();
  if (state_ == HandoffState::waiting && leaves_at_once_ && whole) {
    said_goodbye_ = true;
    return;
  }
  state_ = state_ == HandoffState::leaving && whole ? HandoffState::left : HandoffState::gone;
}

void HandoffCore::on_deadline(base::SteadyTime now) {
  if (now < deadline_) return;
  switch (state_) {
    case HandoffState::hello:
      return refuse(RefuseReason::timed_out, "no Hello in time");
    case HandoffState::admitting:
      return on_admission(Verdict::broker_away, now);
    case HandoffState::waiting:
      return refuse(RefuseReason::timed_out, now >= waiting_ends_ ? "waited too long" : "no Ping in time");
    case HandoffState::leaving:
      state_ = HandoffState::gone;
      return;
    default:
      return;
  }
}

void HandoffCore::refuse(RefuseReason reason, std::string_view text) {
  if (state_ == HandoffState::left || state_ == HandoffState::refused || state_ == HandoffState::gone) return;
  // After Joined the client listens for close_notify and for nothing else.
  if (state_ == HandoffState::leaving) {
    state_ = HandoffState::gone;
    return;
  }
  constexpr std::size_t kMaxRefusalText = 200;
  Builder b;
  const auto shown = b.CreateString(text.data(), std::min(text.size(), kMaxRefusalText));
  finish(b, fb::Message::Refused, fb::CreateRefused(b, reason, shown));
  send(b);
  refused_for_ = reason;
  state_ = HandoffState::refused;
}

void HandoffCore::report(std::optional<base::Guid> session, crypto::Role role, std::string reason) {
  incident_ = IncidentReport{session, role, std::move(reason), applicant_.remote_address};
}

void HandoffCore::send(const Builder& b) {
  base::append(output_, wire::make_frame(wire::finished_bytes(b), wire::kMaxHandoffMessage));
}

}  // namespace rescue::gateway

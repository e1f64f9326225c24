// SPDX-License-Identifier: Apache-2.0
// One client's hand-off inside the outer TLS (man rescue-protocol(7), HAND-OFF), sans-IO: decrypted bytes and `now` in,
// bytes to send, state and deadline out.
//
//   hello      the first frame is awaited
//   admitting  Hello is valid; the caller asks the site and calls on_admission
//   waiting    Waiting was sent; the caller looks for a partner; Ping is answered; of a client that leaves at once the
//              close_notify is taken, and nothing more is read
//   leaving    Joined was sent; the client's close_notify is awaited
//   left       it came: the caller answers close_notify; raw bytes follow
//   refused    Refused was sent; the caller closes
//   gone       the client left or broke the rules; nothing more to say to it
#pragma once

#include <optional>

#include "daemons/gateway/admission.hpp"
#include "daemons/gateway/options.hpp"
#include "wire/frame.hpp"

namespace rescue::gateway {

enum class HandoffState : std::uint8_t { hello, admitting, waiting, leaving, left, refused, gone };
using RefuseReason = wire::handoff::RefuseReason;

class HandoffCore {
 public:
  /// What a Hello is checked against.
  struct Proof {
    base::ByteView exporter;  // of this TLS connection
    const std::vector<crypto::PublicKey>* token_keys;
    base::WallTime wall;
    base::IpAddress from{};  // the client's address
  };

  /// `timeouts` must outlive it.
  HandoffCore(const Timeouts& timeouts, std::string remote_address, base::SteadyTime now);

  /// How many decrypted bytes to give next; 0: none now. No more may be taken out of the TLS than this.
  [[nodiscard]] std::size_t wanted() const;
  void on_plaintext(base::ByteView bytes, const Proof& proof, base::SteadyTime now);
  void on_close_notify();
  void on_admission(Verdict verdict, base::SteadyTime now);
  /// A partner is here. Only while waiting.
  void on_partner(const base::Guid& pair, base::SteadyTime now);
  void on_deadline(base::SteadyTime now);
  /// Ends the hand-off with a reason; nothing after the client has left TLS.
  void refuse(RefuseReason reason, std::string_view text);

  [[nodiscard]] HandoffState state() const { return state_; }
  /// It has left TLS before its partner came: only its socket tells that it is gone.
  [[nodiscard]] bool waits_mute() const { return state_ == HandoffState::waiting && said_goodbye_; }
  [[nodiscard]] base::SteadyTime deadline() const { return deadline_; }
  /// Frames to send; taken once.
  [[nodiscard]] base::Bytes take_output() { return std::exchange(output_, {}); }
  /// Set from `admitting` on.
  [[nodiscard]] const Applicant& applicant() const { return applicant_; }
  [[nodiscard]] std::optional<RefuseReason> refused_for() const { return refused_for_; }
  /// Something the site should know of; taken once.
  [[nodiscard]] std::optional<IncidentReport> take_incident() { return std::exchange(incident_, std::nullopt); }

 private:
  void on_message(const wire::handoff::Handoff& message, const Proof& proof, base::SteadyTime now);
  void on_hello(const wire::handoff::Hello& hello, const Proof& proof, base::SteadyTime now);
  void refuse_token(const base::Error& error);
  void report(std::optional<base::Guid> session, crypto::Role role, std::string reason);
  void send(const flatbuffers::FlatBufferBuilder& builder);
  void enter(HandoffState state, base::SteadyTime deadline);

  const Timeouts* timeouts_;
  HandoffState state_ = HandoffState::hello;
  base::SteadyTime deadline_;
  base::SteadyTime waiting_ends_{};
  wire::FrameReader reader_;
  base::Bytes output_;
  bool leaves_at_once_ = false;
  bool said_goodbye_ = false;
  Applicant applicant_;
  std::optional<RefuseReason> refused_for_;
  std::optional<IncidentReport> incident_;
};

}  // namespace rescue::gateway

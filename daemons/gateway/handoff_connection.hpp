// SPDX-License-Identifier: Apache-2.0
// A client's socket from accept to its end or to raw bytes: outer TLS by OpenSSL on the bare descriptor, which reads
// record by record and so leaves everything behind the client's close_notify in the socket. One thread at a time, that
// of its loop.
#pragma once

#include "crypto/tls.hpp"
#include "daemons/gateway/handoff_core.hpp"
#include "daemons/gateway/loop_parts.hpp"

namespace rescue::gateway {

class HandoffConnection;
/// Told at most once each, in this order; never calls back into the connection from inside.
class HandoffOwner {
 public:
  virtual void hello_received(HandoffConnection& c) = 0;  // state admitting: ask the site
  virtual void admitted(HandoffConnection& c) = 0;        // state waiting: find a partner
  virtual void left_tls(HandoffConnection& c) = 0;        // both close_notify are out: raw from here
  virtual void stopped(HandoffConnection& c) = 0;         // state refused or gone: no longer a candidate
  virtual void closed(HandoffConnection& c) = 0;          // the socket is closed; delete after the batch
  [[nodiscard]] virtual TokenKeys::List token_keys() const = 0;
  [[nodiscard]] virtual base::WallTime wall() const = 0;

 protected:
  HandoffOwner() = default;
  ~HandoffOwner() = default;
};

struct Client {
  Fd fd;
  net::IpAddress address;
  std::uint16_t port = 0;
  AddressBook::Lease lease;            // of all connections
  AddressBook::Lease unauthenticated;  // until admitted
  [[nodiscard]] std::string text() const { return net::Endpoint(address.text(), port).text(); }
};

class HandoffConnection final : public EventTarget, public Timer {
 public:
  /// `refuse_with`: tell the client so once TLS stands, whatever it says.
  HandoffConnection(std::uint64_t id, Client client, crypto::SslPtr ssl, std::optional<RefuseReason> refuse_with);

  /// Puts it on a loop. `watched`: the descriptor is in the loop's epoll set already.
  void attach(LoopParts& parts, HandoffOwner& owner, bool watched);
  /// Takes it off its loop, to be attached to another one.
  void detach();

  /// Waiting is not sent before the owner has looked for a partner and calls proceed(): it often travels with Joined.
  void on_admission(Verdict verdict);
  /// Sends what is to be sent and reads on.
  void proceed() { drive(); }
  void on_partner(const base::Guid& pair, HandoffConnection& partner);
  void refuse(RefuseReason reason, std::string_view text);
  /// Closes at once, by RST when the client is beyond Joined.
  void abandon();

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const Applicant& applicant() const { return core_.applicant(); }
  [[nodiscard]] HandoffState state() const { return core_.state(); }
  [[nodiscard]] bool has_left() const { return phase_ == Phase::raw; }
  [[nodiscard]] bool dead() const { return phase_ == Phase::dead; }
  [[nodiscard]] HandoffConnection* partner() const { return partner_; }
  void forget_partner() { partner_ = nullptr; }
  [[nodiscard]] std::optional<IncidentReport> take_incident() { return core_.take_incident(); }
  [[nodiscard]] std::optional<RefuseReason> refused_for() const { return core_.refused_for(); }
  [[nodiscard]] const base::Guid& pair() const { return pair_; }
  bool placed = false;  // the owner's: counted as waiting
  /// Only when has_left(): socket and lease for the relay. The connection is dead afterwards.
  [[nodiscard]] RelayPair::Side release();

  void on_events(std::uint32_t events) override;
  void on_timer(base::SteadyTime now) override;

 private:
  enum class Phase : std::uint8_t { tls, framed, answering, raw, farewell, lingering, dead };
  enum class Io : std::uint8_t { done, blocked, ended };

  void drive();
  bool step();
  bool step_tls();
  bool step_framed();
  bool step_goodbye();
  bool step_linger();
  bool flush();
  void after_core();
  Io judge(int result, std::string_view doing);
  void arm();
  void close();

  std::uint64_t id_;
  Client client_;
  crypto::SslPtr ssl_;
  HandoffCore core_;
  std::optional<RefuseReason> refuse_with_;
  LoopParts* parts_ = nullptr;
  HandoffOwner* owner_ = nullptr;
  HandoffConnection* partner_ = nullptr;
  base::Guid pair_;
  base::Bytes outgoing_;
  base::Bytes exporter_;
  base::SteadyTime phase_deadline_{};
  Phase phase_ = Phase::tls;
  bool asked_ = false;
  bool announced_ = false;
  bool stopped_ = false;
  bool driving_ = false;
  bool wants_write_ = false;    // what OpenSSL is blocked on
  bool peer_finished_ = false;  // its FIN came
};

}  // namespace rescue::gateway

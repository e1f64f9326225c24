// SPDX-License-Identifier: Apache-2.0
// One thread of the data plane: accepts, brings clients through their hand-off, pairs them and relays. A session lives
// on the loop that its id selects, so that both its ends meet there; a client accepted elsewhere moves once, when it is
// admitted.
#pragma once

#include <deque>
#include <thread>
#include <unordered_map>

#include "base/random.hpp"
#include "daemons/gateway/front_connection.hpp"
#include "daemons/gateway/mailbox.hpp"
#include "daemons/gateway/proxied_connection.hpp"

namespace rescue::gateway {

/// What all loops share. Outlives them.
struct DataPlaneShared {
  DataPlaneOptions options;
  Admission& admission;
  TokenKeys& token_keys;
  base::Clock& clock;
  base::RandomSource& random;
  AddressBook connections;
  AddressBook unauthenticated;
  std::vector<std::shared_ptr<Mailbox>> loops;
  std::atomic<std::uint64_t> next_connection{1};
  [[nodiscard]] Mailbox& loop_of(const base::Guid& session) const {
    return *loops[std::hash<base::Guid>{}(session) % loops.size()];
  }
};

/// All members but the constructor, counters() and mailbox() belong to the loop's own thread; others post.
class Loop final : public HandoffOwner, public ProxiedOwner, public FrontOwner, public RelayOwner {
 public:
  Loop(DataPlaneShared& shared, std::shared_ptr<Mailbox> mailbox, Fd listener, crypto::TlsContext tls);
  ~Loop();

  /// Runs until stop().
  void run();

  void stop() { stopped_ = true; }
  void set_tls(crypto::TlsContext tls) { tls_ = std::move(tls); }
  /// Refuses who is not joined; with `deadline`, cuts the pairs that are left then. `close_listener`: take nobody any
  /// more.
  void drain(std::optional<base::SteadyTime> deadline, bool close_listener);
  void resume();
  /// Ends everything of one session.
  void kick(const base::Guid& session);
  void adopt(std::unique_ptr<HandoffConnection> connection);
  void answer(std::uint64_t connection, Verdict verdict);

  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

  void hello_received(HandoffConnection& c) override;
  void admitted(HandoffConnection& c) override { admitted_.push_back(&c); }
  void left_tls(HandoffConnection& c) override { left_.push_back(&c); }
  void stopped(HandoffConnection& c) override;
  void closed(HandoffConnection& c) override;
  [[nodiscard]] TokenKeys::List token_keys() const override { return shared_.token_keys.get(); }
  [[nodiscard]] base::WallTime wall() const override { return shared_.clock.wall(); }
  void proxied_decided(ProxiedConnection& c) override { named_.push_back(&c); }
  void proxied_closed(ProxiedConnection& c) override;
  void front_decided(FrontConnection& c) override { decided_.push_back(&c); }
  void front_closed(FrontConnection& c) override;
  void relay_has_more(RelayPair& pair) override;
  void relay_ended(RelayPair& pair, PairEnd end) override;

 private:
  // The listener, the mailbox and the timers that belong to the loop itself.
  template <void (Loop::*Member)()>
  struct Part final : EventTarget, Timer {
    Loop* loop = nullptr;
    void on_events(std::uint32_t) override { (loop->*Member)(); }
    void on_timer(base::SteadyTime) override { (loop->*Member)(); }
  };
  struct Session {
    std::array<std::vector<HandoffConnection*>, 2> waiting;  // oldest first; index: applet, console
    std::vector<RelayPair*> pairs;
    [[nodiscard]] bool empty() const { return waiting[0].empty() && waiting[1].empty() && pairs.empty(); }
  };

  void turn();
  void accept_all();
  void accept_one(Fd fd, const net::IpAddress& address, std::uint16_t port);
  void ask_proxy(Fd fd, const net::IpAddress& proxy, std::uint16_t port);
  void take_client(Fd fd, const net::IpAddress& address, std::uint16_t port);
  void listen_again();
  void read_mail();
  void work_off_mail();
  void drain_ends();
  void settle();
  void start_handoff(Client client, std::optional<RefuseReason> refuse_with, bool watched);
  void pass_to_broker(Client client);
  void place(HandoffConnection& c);
  void wait(HandoffConnection& c);
  void match(const base::Guid& id, Session& session);
  void join(HandoffConnection& c);
  void start_pair(RelayPair::Name name, RelayPair::Side zero, RelayPair::Side one, bool watched);
  void stop_waiting(HandoffConnection& c);
  void forget_session_if_empty(const base::Guid& id);
  void report_waiting(const base::Guid& id, crypto::Role role, std::size_t waiting);
  void report_incident(const IncidentReport& report);

  DataPlaneShared& shared_;
  std::shared_ptr<Mailbox> mailbox_;
  Fd epoll_;
  Fd listener_;
  crypto::TlsContext tls_;
  Counters counters_;
  TimerWheel timers_;
  PipePool pipes_;
  Gathering gathering_;
  base::Bytes scratch_;
  LoopParts parts_;
  Part<&Loop::accept_all> accepting_;
  Part<&Loop::listen_again> pausing_;
  Part<&Loop::read_mail> mail_;
  Part<&Loop::drain_ends> draining_timer_;
  bool draining_ = false;
  bool stopped_ = false;
  base::SteadyTime next_unnamed_incident_{};

  std::unordered_map<std::uint64_t, std::unique_ptr<HandoffConnection>> handoffs_;
  std::unordered_map<ProxiedConnection*, std::unique_ptr<ProxiedConnection>> proxied_;
  std::unordered_map<FrontConnection*, std::unique_ptr<FrontConnection>> fronts_;
  std::unordered_map<RelayPair*, std::unique_ptr<RelayPair>> pairs_;
  std::unordered_map<base::Guid, Session> sessions_;

  // Told during a batch of events, acted on after it.
  std::vector<HandoffConnection*> admitted_;
  std::vector<HandoffConnection*> left_;
  std::vector<ProxiedConnection*> named_;
  std::vector<FrontConnection*> decided_;
  std::deque<RelayPair*> run_queue_;
  std::vector<std::unique_ptr<Timer>> graves_;
};

}  // namespace rescue::gateway

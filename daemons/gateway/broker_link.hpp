// SPDX-License-Identifier: Apache-2.0
// The gateway's connection to the broker: a WebSocket under its enrolled identity (man rescue-protocol(7), GATEWAY AND
// BROKER). While it is away tickets alone decide, and what must not be lost is kept for its return.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <set>
#include <unordered_map>

#include "daemons/gateway/data_plane.hpp"
#include "net/http_client.hpp"
#include "net/io_thread.hpp"
#include "net/task_group.hpp"
#include "net/websocket.hpp"

namespace rescue::gateway {

struct BrokerLinkOptions {
  net::Origin broker;
  crypto::ServerTrust trust;
  crypto::PrivateKey identity;
  std::string name;
  std::vector<std::string> addresses;
  std::uint32_t capacity_pairs = 0;
  std::function<void(const std::vector<crypto::PublicKey>&)> keys_changed;  // strand; to keep them over a restart
  std::chrono::milliseconds gathering{10};  // reports that follow one another so closely are told together
};

/// Members of Admission: any thread. All else: the strand of the executor.
class BrokerLink final : public Admission {
 public:
  /// References must outlive it.
  BrokerLink(boost::asio::any_io_executor executor, BrokerLinkOptions options, TokenKeys& token_keys,
             base::Clock& clock, base::RandomSource& random);
  ~BrokerLink() override;

  /// Connects, and again after every loss with growing, jittered pauses. `plane` must outlive stop().
  void start(DataPlane& plane);
  [[nodiscard]] boost::asio::awaitable<void> stop();
  /// Any thread.
  [[nodiscard]] bool connected() const { return connected_; }

  void ask(const Applicant& applicant, std::move_only_function<void(Verdict)> answer) override;
  void waiting_changed(const base::Guid& session, crypto::Role role, unsigned waiting) override;
  void pair_joined(const base::Guid& session, const base::Guid& pair) override;
  void pair_ended(const PairReport& report) override;
  void incident(const IncidentReport& report) override;

 private:
  using Report = std::move_only_function<void()>;
  struct Question {
    std::move_only_function<void(Verdict)> answer;
    base::SteadyTime asked;
  };
  boost::asio::awaitable<void> stay_connected();
  boost::asio::awaitable<base::Result<>> serve_once();
  boost::asio::awaitable<void> report_load();
  base::Result<> on_message(base::ByteView bytes);
  base::Result<> take_keys(const flatbuffers::Vector<flatbuffers::Offset<wire::tokens::TokenKey>>& keys);
  void send_register();
  void send_state();
  void send_load();
  void send_or_keep(base::Bytes message);
  void answer(std::uint64_t id, Verdict verdict);
  void give_up_questions(std::optional<base::SteadyTime> asked_before);
  void tell(Report work);
  void work_off_reports();
  void gather();

  boost::asio::any_io_executor executor_;
  BrokerLinkOptions options_;
  TokenKeys& token_keys_;
  base::Clock& clock_;
  base::RandomSource& random_;
  DataPlane* plane_ = nullptr;
  net::TaskGroup tasks_;
  net::Signal wake_;
  std::shared_ptr<net::WebSocketSession> socket_;
  std::atomic<bool> connected_{false};
  bool stopping_ = false;
  std::uint64_t next_question_ = 1;
  std::unordered_map<std::uint64_t, Question> questions_;
  std::map<std::pair<base::Guid, crypto::Role>, unsigned> waiting_;  // what a newly connected broker is told
  std::map<base::Guid, base::Guid> pairs_;                           // pair -> session
  std::deque<base::Bytes> kept_;                                     // ends and incidents while the broker is away
  std::mutex reports_mutex_;
  std::vector<Report> reports_;  // of the data plane, in their order, for the strand
  bool gathering_ = false;       // the strand comes for them by itself
  boost::asio::steady_timer gathered_;
};

}  // namespace rescue::gateway

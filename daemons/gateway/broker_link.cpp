// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/broker_link.hpp"

#include "base/log.hpp"
#include "daemons/gateway/broker_messages.hpp"
#include "daemons/gateway/version.hpp"
#include "net/backoff.hpp"
#include "net/websocket_client.hpp"
#include "wire/limits.hpp"

namespace rescue::gateway {
namespace {
namespace asio = boost::asio;
namespace fb = wire::gateway;

constexpr std::chrono::seconds kLoadInterval{5};
// A broker that does not answer a question for this long will not; the connection asked on has decided by itself
// before.
constexpr std::chrono::seconds kQuestionLife{15};
constexpr std::size_t kMaxKept = 10'000;
// A connection that stood this long was a success: the next pause starts from the bottom.
constexpr std::chrono::seconds kLasted{30};
constexpr std::chrono::days kIdentityValidity{365};

base::Guid guid_of(const flatbuffers::Vector<std::uint8_t>* v) {
  return base::Guid::from_bytes(wire::view(v)).value_or(base::Guid());
}
void note(base::LogLevel level, std::string_view what, std::initializer_list<base::LogField> fields = {}) {
  base::log(level, "gateway", what, fields);
}
}  // namespace

BrokerLink::BrokerLink(asio::any_io_executor executor, BrokerLinkOptions options, TokenKeys& token_keys,
                       base::Clock& clock, base::RandomSource& random)
    : executor_(executor),
      options_(std::move(options)),
      token_keys_(token_keys),
      clock_(clock),
      random_(random),
      tasks_(executor),
      wake_(executor),
      gathered_(executor) {}
BrokerLink::~BrokerLink() = default;

void BrokerLink::start(DataPlane& plane) {
  plane_ = &plane;
  tasks_.spawn("broker link", stay_connected());
  tasks_.spawn("load reports", report_load());
}

asio::awaitable<void> BrokerLink::stop() {
  stopping_ = true;
  work_off_reports();  // the last ends
  gathered_.cancel();
  wake_.notify();
  if (socket_) socket_->close(net::CloseCode::going_away, "the gateway is going down");
  auto stopping = tasks_.stop(std::chrono::seconds(2));
  co_await std::move(stopping);
  connected_ = false;
  give_up_questions(std::nullopt);
}

asio::awaitable<void> BrokerLink::stay_connected() {
  net::Backoff backoff({std::chrono::milliseconds(250), std::chrono::seconds(30)}, random_);
  while (!stopping_) {
    const auto began = clock_.steady();
    auto serving = serve_once();
    const auto ended = co_await std::move(serving);
    const bool was_connected = connected_.exchange(false);
    socket_.reset();
    give_up_questions(std::nullopt);
    if (stopping_) co_return;
    if (was_connected && clock_.steady() - began >= kLasted) backoff.reset();
    const auto pause = backoff.next();
    note(base::LogLevel::warn, was_connected ? "broker lost" : "broker not reached",
         {{"why", ended ? std::string("closed") : ended.error().message()}, {"again_in_ms", pause.count() / 1000}});
    auto resting = wake_.wait_until(clock_.steady() + pause);
    co_await std::move(resting);
  }
}

// From connecting to the end of the connection; always an error, or success when the broker closed in order.
asio::awaitable<base::Result<>> BrokerLink::serve_once() {
  auto identity = crypto::make_identity(options_.identity, "rescue gateway", clock_.wall(), kIdentityValidity);
  if (!identity) co_return base::fail(identity.error());
  auto tls = crypto::https_client_context(options_.trust, *identity);
  if (!tls) co_return base::fail(tls.error());
  net::HttpClientOptions client_options;
  client_options.tls = *tls;
  client_options.user_agent = fmt::format("rescue-gateway/{}", kVersion);
  net::HttpClient client(executor_, options_.broker, client_options);
  net::WebSocketOptions socket_options;
  socket_options.message_cap = wire::kMaxGatewayMessage;
  net::HttpHeaders headers;
  auto connecting = net::connect_websocket(client, tasks_, "/api/v1/gateway/connect", headers, socket_options);
  auto socket = co_await std::move(connecting);
  if (!socket) co_return base::fail(socket.error());
  socket_ = *socket;
  if (stopping_) socket_->close(net::CloseCode::going_away, "the gateway is going down");
  send_register();
  while (true) {
    auto receiving = socket_->receive();
    auto message = co_await std::move(receiving);
    if (!message) co_return base::fail(message.error());
    auto handled = message->text ? base::fail(base::Errc::bad_format, "text message") : on_message(message->bytes());
    if (!handled) {
      socket_->close(net::CloseCode::protocol_error, "not a message of a broker");
      co_return handled;
    }
  }
}

asio::awaitable<void> BrokerLink::report_load() {
  while (!stopping_) {
    auto resting = wake_.wait_until(clock_.steady() + kLoadInterval);
    co_await std::move(resting);
    if (stopping_) co_return;
    if (connected_) send_load();
    give_up_questions(clock_.steady() - kQuestionLife);
  }
}

base::Result<> BrokerLink::on_message(base::ByteView bytes) {
  RESCUE_TRY(const auto* root, wire::read_gateway_message(bytes));
  switch (root->message_type()) {
    case fb::Message::Registered:
      RESCUE_CHECK(take_keys(*root->message_as_Registered()->token_keys()));
      connected_ = true;
      note(base::LogLevel::info, "broker connected", {{"broker", options_.broker.text()}});
      send_state();
      return {};
    case fb::Message::TokenKeys:
      return take_keys(*root->message_as_TokenKeys()->keys());
    case fb::Message::AdmitReply: {
      const auto* reply = root->message_as_AdmitReply();
      answer(reply->id(), verdict_of(reply->verdict()));
      return {};
    }
    case fb::Message::Drain: {
      const auto seconds = root->message_as_Drain()->deadline_s();
      note(base::LogLevel::info, "draining by the broker's order", {{"deadline_s", seconds}});
      plane_->drain(seconds == 0 ? std::nullopt : std::optional<Milliseconds>(std::chrono::seconds(seconds)), false);
      return {};
    }
    case fb::Message::Resume:
      note(base::LogLevel::info, "draining ended by the broker's order");
      plane_->resume();
      return {};
    case fb::Message::Kick:
      plane_->kick(guid_of(root->message_as_Kick()->session()));
      return {};
    default:
      return base::fail(base::Errc::bad_format,
                        fmt::format("{} is not for a gateway", fb::EnumNameMessage(root->message_type())));
  }
}

base::Result<> BrokerLink::take_keys(const flatbuffers::Vector<flatbuffers::Offset<wire::tokens::TokenKey>>& keys) {
  std::vector<crypto::PublicKey> list;
  for (const auto* key : keys) {
    RESCUE_TRY(auto made, crypto::PublicKey::from_raw_ed25519(wire::view(key->public_key())));
    list.push_back(std::move(made));
  }
  if (options_.keys_changed) options_.keys_changed(list);
  token_keys_.set(std::move(list));
  return {};
}

void BrokerLink::send_register() {
  socket_->send_binary(register_message(options_.name, options_.addresses, options_.capacity_pairs,
                                        fmt::format("rescue-gateway {}", kVersion)));
}

// A broker that (re)started knows nothing of who waits and who is joined here.
void BrokerLink::send_state() {
  for (const auto& [end, count] : waiting_) socket_->send_binary(waiting_message(end.first, end.second, count));
  for (const auto& [pair, session] : pairs_) socket_->send_binary(joined_message(session, pair));
  for (const auto& message : std::exchange(kept_, {})) socket_->send_binary(message);
  send_load();
}

void BrokerLink::send_load() { socket_->send_binary(load_message(plane_->counters(), plane_->is_draining())); }

void BrokerLink::send_or_keep(base::Bytes message) {
  if (connected_ && socket_->send_binary(message)) return;
  if (kept_.size() == kMaxKept) kept_.pop_front();
  kept_.push_back(std::move(message));
}

void BrokerLink::ask(const Applicant& applicant, std::move_only_function<void(Verdict)> answer) {
  if (!connected_) return answer(Verdict::broker_away);
  net::post_on(executor_, [this, applicant, answer = std::move(answer)]() mutable {
    const auto id = next_question_++;
    if (!connected_ || !socket_->send_binary(admit_message(id, applicant))) return answer(Verdict::broker_away);
    questions_.emplace(id, Question{std::move(answer), clock_.steady()});
  });
}

void BrokerLink::answer(std::uint64_t id, Verdict verdict) {
  if (auto node = questions_.extract(id)) node.mapped().answer(verdict);
}

void BrokerLink::give_up_questions(std::optional<base::SteadyTime> asked_before) {
  std::vector<std::uint64_t> old;
  for (const auto& [id, question] : questions_) {
    if (!asked_before || question.asked < *asked_before) old.push_back(id);
  }
  for (const auto id : old) answer(id, Verdict::broker_away);
}

// Waking the strand costs more than any report. One that comes alone is worked off at once; those that follow within
// the gathering time are worked off together.
void BrokerLink::tell(Report work) {
  {
    const std::lock_guard lock(reports_mutex_);
    reports_.push_back(std::move(work));
    if (std::exchange(gathering_, true)) return;
  }
  net::post_on(executor_, [this] { gather(); });
}

void BrokerLink::gather() {
  work_off_reports();
  gathered_.expires_after(options_.gathering);
  gathered_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    {
      const std::lock_guard lock(reports_mutex_);
      if (reports_.empty()) {
        gathering_ = false;
        return;
      }
    }
    gather();
  });
}

void BrokerLink::work_off_reports() {
  std::vector<Report> taken;
  {
    const std::lock_guard lock(reports_mutex_);
    taken.swap(reports_);
  }
  for (auto& work : taken) work();
}

void BrokerLink::waiting_changed(const base::Guid& session, crypto::Role role, unsigned waiting) {
  tell([this, session, role, waiting] {
    if (waiting > 0)
      waiting_[{session, role}] = waiting;
    else
      waiting_.erase({session, role});
    if (connected_) socket_->send_binary(waiting_message(session, role, waiting));
  });
}
void BrokerLink::pair_joined(const base::Guid& session, const base::Guid& pair) {
  tell([this, session, pair] {
    pairs_.emplace(pair, session);
    if (connected_) socket_->send_binary(joined_message(session, pair));
  });
}
void BrokerLink::pair_ended(const PairReport& report) {
  tell([this, report] {
    pairs_.erase(report.pair);
    send_or_keep(ended_message(report));
  });
}
void BrokerLink::incident(const IncidentReport& report) {
  tell([this, report] { send_or_keep(incident_message(report)); });
}

}  // namespace rescue::gateway

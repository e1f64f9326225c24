// SPDX-License-Identifier: Apache-2.0
#include "played_broker.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace rescue::gateway::test {
namespace {
namespace asio = boost::asio;
namespace fb = wire::gateway;
namespace json = boost::json;
using Builder = flatbuffers::FlatBufferBuilder;

template <typename T>
base::Bytes finished(Builder& b, fb::Message kind, flatbuffers::Offset<T> m) {
  fb::FinishGatewayMessageBuffer(b, fb::CreateGatewayMessage(b, kind, m.Union()));
  return wire::finished_bytes(b);
}
std::vector<flatbuffers::Offset<wire::tokens::TokenKey>> offsets(Builder& b,
                                                                 const std::vector<crypto::PublicKey>& keys) {
  std::vector<flatbuffers::Offset<wire::tokens::TokenKey>> out;
  for (const auto& key : keys)
    out.push_back(wire::tokens::CreateTokenKey(b, b.CreateVector(key.raw_ed25519().value())));
  return out;
}
base::Bytes registered(const std::vector<crypto::PublicKey>& keys) {
  Builder b;
  const auto list = b.CreateVector(offsets(b, keys));
  const auto id = b.CreateVector(base::Bytes(16, 1));
  return finished(b, fb::Message::Registered, fb::CreateRegistered(b, id, list, 0));
}
}  // namespace

Background::Background(std::function<void(net::IoContext&)> begin, Steps end) {
  std::promise<void> begun;
  auto ready = begun.get_future();
  thread_ = std::thread([this, begin = std::move(begin), end = std::move(end), begun = std::move(begun)]() mutable {
    const auto main = [&]() -> asio::awaitable<base::Result<int>> {
      begin(context_);
      begun.set_value();
      auto waiting = told_.wait();
      co_await std::move(waiting);
      auto ending = end();
      co_await std::move(ending);
      co_return 0;
    };
    const auto done = context_.run(main());
    EXPECT_TRUE(done) << done.error().message();
  });
  ready.wait();
}
void Background::stop() {
  if (!thread_.joinable()) return;
  context_.post([this] { told_.notify(); });
  thread_.join();
}

void PlayedBroker::start() {
  auto router = std::make_shared<net::Router>();
  router->http(net::Method::post, "/api/v1/gateways/enroll",
               [this](net::HttpRequest& r) -> asio::awaitable<net::HttpResponse> { co_return enroll(r); });
  router->websocket("/api/v1/gateway/connect",
                    [this](net::HttpRequest& r, net::WebSocketUpgrade& u) { return serve(r, u); });
  const auto begin = [this, router](net::IoContext& context) {
    net::HttpServerOptions options;
    options.listen = net::Endpoint("127.0.0.1", port_);
    auto tls = crypto::https_server_context(SiteKeys::get().server).value();
    auto server = net::HttpServer::create(context, std::move(tls), router, options);
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
    port_ = server_->local().port;
    server_->start();
  };
  const auto end = [this]() -> asio::awaitable<void> {
    auto stopping = server_->stop(std::chrono::seconds(0));
    co_await std::move(stopping);
  };
  background_ = std::make_unique<Background>(begin, end);
}

void PlayedBroker::certify_another_key(bool on) {
  const std::lock_guard lock(mutex_);
  certifies_another_ = on;
}

void PlayedBroker::stop() {
  if (background_) background_->stop();
  server_.reset();
  background_.reset();
}

net::HttpResponse PlayedBroker::enroll(const net::HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  enrolment_ = request.body;
  if (enroll_status_ != 201)
    return net::HttpResponse::error(enroll_status_, "SIGN_IN_NEEDED", "the token is spent", false, "1");
  const auto& keys = SiteKeys::get();
  const auto body = json::parse(request.body).as_object();
  const auto csr = crypto::read_csr(std::string_view(body.at("csr_pem").as_string())).value();
  const auto& certified = certifies_another_ ? keys.server.key.public_key() : csr.key;
  const auto leaf = crypto::issue_server_certificate(keys.ca_key, keys.server.chain.back(), certified, csr.names,
                                                     base::system_clock().wall())
                        .value();
  json::array token_keys;
  for (const auto& key : token_keys_) token_keys.emplace_back(base::to_base64url(key.raw_ed25519().value()));
  return net::HttpResponse::json(201, json::serialize(json::object{{"id", "01234567-89ab-4def-8123-456789abcdef"},
                                                                   {"certificate_pem", leaf.pem()},
                                                                   {"ca_pem", keys.server.chain.back().pem()},
                                                                   {"token_keys", token_keys}}));
}

asio::awaitable<net::HttpResponse> PlayedBroker::serve(net::HttpRequest& request, net::WebSocketUpgrade& upgrade) {
  const net::WebSocketOptions options;
  auto accepting = upgrade.accept(options);
  auto socket = co_await std::move(accepting);
  if (!socket) co_return net::HttpResponse(400);
  {
    const std::lock_guard lock(mutex_);
    peer_ = request.peer_fingerprint;
    socket_ = *socket;
  }
  while (true) {
    auto receiving = (*socket)->receive();
    const auto message = co_await std::move(receiving);
    if (!message) break;
    on_message(message->bytes());
  }
  const std::lock_guard lock(mutex_);
  if (socket_ == *socket) socket_.reset();
  co_return net::HttpResponse(200);
}

void PlayedBroker::on_message(base::ByteView bytes) {
  const auto root = wire::read_gateway_message(bytes);
  ASSERT_TRUE(root) << root.error().message();
  const std::lock_guard lock(mutex_);
  seen_.push_back((*root)->message_type());
  if (const auto* m = (*root)->message_as_Register()) {
    name_ = wire::text(m->name());
    socket_->send_binary(registered(token_keys_));
  }
  if (const auto* m = (*root)->message_as_AdmitRequest()) {
    Builder b;
    socket_->send_binary(finished(b, fb::Message::AdmitReply, fb::CreateAdmitReply(b, m->id(), verdict_)));
  }
  if (const auto* m = (*root)->message_as_WaitingChanged())
    waiting_.emplace_back(base::Guid::from_bytes(wire::view(m->session())).value(), m->waiting());
}

std::size_t PlayedBroker::count(fb::Message kind) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(seen_, kind));
}
std::optional<crypto::Fingerprint> PlayedBroker::peer() const {
  const std::lock_guard lock(mutex_);
  return peer_;
}
std::string PlayedBroker::registered_name() const {
  const std::lock_guard lock(mutex_);
  return name_;
}
std::string PlayedBroker::last_enrolment() const {
  const std::lock_guard lock(mutex_);
  return enrolment_;
}
std::vector<std::pair<base::Guid, unsigned>> PlayedBroker::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}
bool PlayedBroker::has_gateway() const {
  const std::lock_guard lock(mutex_);
  return socket_ != nullptr;
}
void PlayedBroker::set_verdict(fb::AdmitVerdict v) {
  const std::lock_guard lock(mutex_);
  verdict_ = v;
}
void PlayedBroker::set_enroll_status(unsigned status) {
  const std::lock_guard lock(mutex_);
  enroll_status_ = status;
}
void PlayedBroker::set_token_keys(std::vector<crypto::PublicKey> keys) {
  const std::lock_guard lock(mutex_);
  token_keys_ = std::move(keys);
}
void PlayedBroker::send(const base::Bytes& message) {
  const std::lock_guard lock(mutex_);
  ASSERT_NE(socket_, nullptr);
  socket_->send_binary(message);
}
void PlayedBroker::drain(std::uint32_t deadline_s) {
  Builder b;
  send(finished(b, fb::Message::Drain, fb::CreateDrain(b, deadline_s)));
}
void PlayedBroker::resume() {
  Builder b;
  send(finished(b, fb::Message::Resume, fb::CreateResume(b)));
}
void PlayedBroker::kick(const base::Guid& session) {
  Builder b;
  const auto id = b.CreateVector(session.bytes().data(), session.bytes().size());
  send(finished(b, fb::Message::Kick, fb::CreateKick(b, id)));
}
void PlayedBroker::send_token_keys() {
  Builder b;
  const auto list = b.CreateVector(offsets(b, token_keys_));
  send(finished(b, fb::Message::TokenKeys, fb::CreateTokenKeys(b, list)));
}
void PlayedBroker::send_rubbish() { send(base::Bytes(40, 0xee)); }

}  // namespace rescue::gateway::test

// SPDX-License-Identifier: Apache-2.0
#include "fake_broker.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <future>
#include <set>
#include <thread>

#include "crypto/certificate.hpp"
#include "net/http_server.hpp"
#include "net/websocket.hpp"

namespace rescue::test {
namespace {
using boost::asio::awaitable;
using namespace std::chrono_literals;

template <typename T>
T must(base::Result<T> r) {
  if (!r) throw std::runtime_error(r.error().message());
  return std::move(*r);
}
}  // namespace

struct FakeBroker::Impl {
  explicit Impl(Answer a)
      : answer(std::move(a)), stop(context.executor()), key(must(crypto::PrivateKey::generate(crypto::KeyKind::p256))) {
    auto ca = must(crypto::make_ca(key, "fake site", base::system_clock().wall()));
    const auto server_key = must(crypto::PrivateKey::generate(crypto::KeyKind::p256));
    const std::vector<std::string> names{"127.0.0.1"};
    auto leaf = must(crypto::issue_server_certificate(
        key, ca, server_key.public_key(), must(crypto::ServerNames::from(names)), base::system_clock().wall()));
    tls = must(crypto::https_server_context({server_key, {std::move(leaf), ca}}));
    thread = std::thread([this] {
      auto serving = serve();
      (void)context.run(std::move(serving));
    });
    port = ready.get_future().get();
  }

  awaitable<net::HttpResponse> handle(net::HttpRequest& r) {
    constexpr std::string_view kPrefix = "/api/v1";
    FakeRequest request{r.method_text, r.target.starts_with(kPrefix) ? r.target.substr(kPrefix.size()) : r.target,
                        r.body, std::string(r.bearer_token().value_or("")),
                        std::string(r.headers.get("Idempotency-Key").value_or(""))};
    FakeReply reply;
    {
      std::lock_guard lock(mutex);
      requests.push_back(request);
      reply = answer(request);
    }
    co_return net::HttpResponse::json(reply.status, reply.body);
  }

  awaitable<net::HttpResponse> stream(net::HttpRequest& r, net::WebSocketUpgrade& upgrade) {
    if (std::string(r.bearer_token().value_or("")).empty())
      co_return net::HttpResponse::error(401, "SIGN_IN_NEEDED", "no token", false, "r");
    net::WebSocketOptions options;
    auto accepting = upgrade.accept(options);
    auto session = co_await std::move(accepting);
    if (!session) co_return net::HttpResponse();
    {
      std::lock_guard lock(mutex);
      if (ready_at_once) (*session)->send_text(R"({"type":"ready","through":0})");
      streams.insert(*session);
      ++streams_seen;
      targets.push_back(r.target);
      changed.notify_all();
    }
    for (;;) {
      auto receiving = (*session)->receive();
      const auto got = co_await std::move(receiving);
      if (!got) break;
    }
    std::lock_guard lock(mutex);
    streams.erase(*session);
    co_return net::HttpResponse();
  }

  awaitable<base::Result<int>> serve() {
    auto router = std::make_shared<net::Router>();
    const net::HttpHandler handler = [this](net::HttpRequest& r) { return handle(r); };
    for (auto m : {net::Method::get, net::Method::post, net::Method::patch, net::Method::del})
      router->http(m, "/api/v1/{rest...}", handler);
    router->websocket("/api/v1/events", [this](net::HttpRequest& r, net::WebSocketUpgrade& u) { return stream(r, u); });
    net::HttpServerOptions options;
    auto server = must(net::HttpServer::create(context, *tls, router, options));
    server->start();
    ready.set_value(server->local().port);
    auto waiting = stop.wait();
    co_await std::move(waiting);
    auto stopping = server->stop(1s);
    co_await std::move(stopping);
    co_return 0;
  }

  net::IoContext context;
  Answer answer;
  net::Signal stop;
  crypto::PrivateKey key;
  std::optional<crypto::TlsContext> tls;
  std::promise<std::uint16_t> ready;
  std::uint16_t port = 0;
  std::thread thread;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::vector<FakeRequest> requests;
  std::vector<std::string> targets;
  std::set<std::shared_ptr<net::WebSocketSession>> streams;
  std::size_t streams_seen = 0;
  bool ready_at_once = true;
};

FakeBroker::FakeBroker(Answer answer) : impl_(std::make_unique<Impl>(std::move(answer))) {}
FakeBroker::~FakeBroker() {
  impl_->context.post([this] { impl_->stop.notify(); });
  impl_->thread.join();
}

client::SiteAddress FakeBroker::site() const { return {url(), crypto::TrustPin{impl_->key.fingerprint()}}; }
std::string FakeBroker::url() const { return fmt::format("https://127.0.0.1:{}", impl_->port); }
std::string FakeBroker::pin() const { return base::to_hex(impl_->key.fingerprint()); }
std::vector<FakeRequest> FakeBroker::requests() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}
void FakeBroker::hold_ready() {
  std::lock_guard lock(impl_->mutex);
  impl_->ready_at_once = false;
}
void FakeBroker::push_event(std::string json) {
  std::lock_guard lock(impl_->mutex);
  for (const auto& s : impl_->streams) s->send_text(json);
}
void FakeBroker::drop_streams() {
  std::lock_guard lock(impl_->mutex);
  for (const auto& s : impl_->streams) s->close(net::CloseCode::going_away, "test");
}
void FakeBroker::wait_streams(std::size_t count) const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->streams_seen >= count; });
}

FakeReply refusal(unsigned status, const std::string& name, const std::string& message) {
  return {status,
          fmt::format(R"({{"error":"{}","message":"{}","retryable":false,"request_id":"abc123"}})", name, message)};
}

}  // namespace rescue::test

// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.hpp"

#include <unistd.h>

#include <vector>

#include "base/assert.hpp"
#include "net/impl/http_connection.hpp"
#include "net/local_socket.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {
base::Result<std::unique_ptr<TcpListener>> listen(const asio::any_io_executor& executor,
                                                  const HttpServerOptions& options) {
  if (options.listen_local.empty()) return TcpListener::open(executor, options.listen);
  RESCUE_TRY(const int fd, listen_local(options.listen_local));
  return TcpListener::adopt(executor, fd, options.listen_local);
}
}  // namespace

struct HttpServer::Impl {
  Impl(IoContext& c, std::shared_ptr<HttpShared> s, std::unique_ptr<TcpListener> l, asio::any_io_executor ex)
      : context(c), shared(std::move(s)), listener(std::move(l)), executor(std::move(ex)) {}
  ~Impl() {
    if (!shared->options.listen_local.empty()) ::unlink(shared->options.listen_local.c_str());
  }

  IoContext& context;
  std::shared_ptr<HttpShared> shared;
  std::unique_ptr<TcpListener> listener;
  asio::any_io_executor executor;
  bool started = false;
  bool stopped = false;

  static asio::awaitable<void> accept(std::shared_ptr<Impl> self) {
    auto& shared = *self->shared;
    for (;;) {
      auto socket = co_await self->listener->accept(self->context.make_strand());
      if (!socket) co_return;
      ++shared.counters.accepted;
      if (shared.counters.open >= shared.options.max_connections) {
        ++shared.counters.refused_full;
        continue;
      }
      const auto on = (*socket)->executor();
      const auto connection = std::make_shared<HttpConnection>(self->shared, std::move(*socket));
      {
        const std::lock_guard lock(shared.mutex);
        shared.connections.emplace(connection.get(), connection);
      }
      auto run = HttpConnection::run(connection);
      shared.tasks.spawn_on(on, "http connection", std::move(run));
      if (shared.draining) HttpConnection::drain(connection);  // it may have come between the flag and the list
    }
  }
};

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { RESCUE_ASSERT(!impl_->started || impl_->stopped); }

base::Result<std::unique_ptr<HttpServer>> HttpServer::create(IoContext& context, std::optional<crypto::TlsContext> tls,
                                                             std::shared_ptr<const Router> router,
                                                             HttpServerOptions options) {
  const auto executor = context.make_strand();
  RESCUE_TRY(auto listener, listen(executor, options));
  auto shared = std::make_shared<HttpShared>(executor, std::move(router), std::move(options));
  shared->tls = std::move(tls);
  auto impl = std::make_shared<Impl>(context, std::move(shared), std::move(listener), executor);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

Endpoint HttpServer::local() const { return impl_->listener->local(); }

void HttpServer::observe(RequestObserver observer) {
  RESCUE_ASSERT(!impl_->started);
  impl_->shared->observer = std::move(observer);
}

void HttpServer::start() {
  RESCUE_ASSERT(!impl_->started);
  impl_->started = true;
  auto accept = Impl::accept(impl_);
  impl_->shared->tasks.spawn("http accept", std::move(accept));
}

void HttpServer::reload_tls(crypto::TlsContext tls) {
  const std::lock_guard lock(impl_->shared->mutex);
  impl_->shared->tls = std::move(tls);
}

asio::awaitable<void> HttpServer::stop(std::chrono::microseconds grace) {
  const auto impl = impl_;
  auto& shared = *impl->shared;
  shared.draining = true;
  post_on(impl->executor, [impl] { impl->listener->close(); });
  std::vector<std::shared_ptr<HttpConnection>> all;
  {
    const std::lock_guard lock(shared.mutex);
    for (const auto& [key, weak] : shared.connections)
      if (auto c = weak.lock()) all.push_back(std::move(c));
  }
  for (auto& c : all) HttpConnection::drain(std::move(c));
  auto ended = shared.tasks.stop(grace);
  co_await std::move(ended);
  impl->stopped = true;
}

HttpServerCounters HttpServer::counters() const {
  const auto& c = impl_->shared->counters;
  HttpServerCounters out;
  out.accepted = c.accepted;
  out.open = c.open;
  out.handshake_failed = c.handshake_failed;
  out.refused_full = c.refused_full;
  out.refused_busy = c.refused_busy;
  out.request_bytes = impl_->shared->budget.used();
  out.timed_out = c.timed_out;
  out.requests = c.requests;
  out.bad_requests = c.bad_requests;
  out.event_streams = c.event_streams;
  out.websockets = c.websockets;
  return out;
}

}  // namespace rescue::net

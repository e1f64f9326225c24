// SPDX-License-Identifier: Apache-2.0
// HTTPS server: listener, TLS, PROXY protocol v2, keep-alive, limits and drain. Handlers come from a Router.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "crypto/tls.hpp"
#include "net/io_thread.hpp"
#include "net/router.hpp"

namespace rescue::net {

struct HttpServerOptions {
  Endpoint listen{"127.0.0.1", 0};        // numeric address; port 0 takes a free one
  std::string listen_local;               // instead: path of a Unix socket for root and this user (listen_local)
  std::vector<IpPrefix> trusted_proxies;  // from these a PROXY v2 header is taken when it comes; from others never
  std::size_t header_cap = kHeaderCap;
  std::size_t max_connections = kMaxConnections;
  std::size_t max_connections_per_address = kMaxConnectionsPerAddress;  // an IPv6 network of 64 bits is one address
  std::size_t request_memory =
      kRequestMemory;  // bytes of requests not answered yet; what would pass it is answered by 503
  std::size_t request_memory_per_address = kRequestMemoryPerAddress;
  std::chrono::microseconds handshake_timeout = kTlsHandshakeTimeout;  // PROXY header and TLS
  std::chrono::microseconds header_timeout = kHeaderTimeout;
  std::chrono::microseconds body_timeout =
      kBodyTimeout;  // passing it, or body_stall without a byte, is answered by 408
  std::chrono::microseconds body_stall = kBodyStall;
  std::chrono::microseconds keep_alive_timeout = kKeepAliveTimeout;
  std::chrono::microseconds write_timeout = kWriteTimeout;
  std::chrono::microseconds event_keep_alive = kEventKeepAlive;
  std::string_view log_room = "http";  // literal
  HttpServerOptions() = default;
};

/// Read at any time, from any thread.
struct HttpServerCounters {
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  std::uint64_t handshake_failed = 0;
  std::uint64_t refused_full = 0;   // total or per-address cap
  std::uint64_t refused_busy = 0;   // requests for which request_memory did not suffice
  std::uint64_t request_bytes = 0;  // of request_memory, in use now
  std::uint64_t timed_out = 0;      // any named time-out
  std::uint64_t requests = 0;
  std::uint64_t bad_requests = 0;   // answered 4xx by the server itself
  std::uint64_t event_streams = 0;  // open now
  std::uint64_t websockets = 0;     // open now
};

/// One listener. Each connection is a coroutine on a strand of its own, owned by the server's TaskGroup.
class HttpServer {
 public:
  /// Binds at once, so that local() is known; serves after start(). Without `tls` it serves plain HTTP (metrics,
  /// redirects, a socket of this machine, whose path goes when the server does). The client's certificate, where the context asks for one, shows as HttpRequest::peer_fingerprint.
  /// `context` must outlive the server. Errors: invalid_argument, conflict (address in use), io.
  [[nodiscard]] static base::Result<std::unique_ptr<HttpServer>> create(IoContext& context,
                                                                        std::optional<crypto::TlsContext> tls,
                                                                        std::shared_ptr<const Router> router,
                                                                        HttpServerOptions options);
  ~HttpServer();  // asserts that stop() was awaited when start() had been called
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] Endpoint local() const;
  void start();
  /// Any thread: new connections use it; those that stand keep theirs.
  void reload_tls(crypto::TlsContext tls);
  /// Called after each finished request (access log, metrics), on its connection's strand.
  using RequestObserver = std::function<void(const HttpRequest&, const HttpResponse&, std::chrono::microseconds)>;
  void observe(RequestObserver observer);  // before start()

  /// Closes the listener and idle connections, lets requests in progress finish and streams and WebSockets close in
  /// order (1001), and after `grace` ends the rest. Returns when nothing is left.
  [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::microseconds grace);
  [[nodiscard]] HttpServerCounters counters() const;

  struct Impl;

 private:
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rescue::net

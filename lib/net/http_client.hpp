// SPDX-License-Identifier: Apache-2.0
// HTTPS client for one site: pinned or system trust, optional client certificate, reused connections, CONNECT proxies.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "crypto/tls.hpp"
#include "net/http.hpp"
#include "net/limits.hpp"
#include "net/uri.hpp"

namespace rescue::net {

class ByteStream;

/// "https://host:port" of a site; "http" only for what is told so explicitly (metrics on loopback).
struct Origin {
  bool secure = true;
  std::string host;
  std::uint16_t port = 443;
  std::string base_path;  // "" or "/rescue", put in front of every target
  std::string local;      // path of a Unix socket instead of host and port ("unix:/run/…"), without TLS

  /// bad_format for other schemes, user info, query or fragment.
  [[nodiscard]] static base::Result<Origin> parse(std::string_view url);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string host_header() const;
};

/// HTTP CONNECT (RFC 9110 section 9.3.6) to reach the site through.
struct ProxySetting {
  Endpoint proxy;
  std::string authorization;  // value of Proxy-Authorization, "" = none
};
/// From HTTPS_PROXY/https_proxy and NO_PROXY/no_proxy as curl reads them; nullopt: direct. `lookup` reads the
/// environment.
[[nodiscard]] base::Result<std::optional<ProxySetting>> proxy_from_environment(
    const Origin& origin, const std::function<std::optional<std::string>(std::string_view)>& lookup);

struct HttpClientOptions {
  std::optional<crypto::TlsContext> tls;  // https_client_context: trust, own certificate; needed for https
  std::optional<ProxySetting> proxy;
  std::string user_agent = "rescue";
  std::size_t response_cap = kResponseBodyCap;
  std::size_t idle_connections = 4;  // kept for reuse
  std::chrono::microseconds resolve_timeout = kResolveTimeout;
  std::chrono::microseconds connect_timeout = kConnectTimeout;
  std::chrono::microseconds handshake_timeout = kTlsHandshakeTimeout;
  std::chrono::microseconds request_timeout = kRequestTimeout;
  HttpClientOptions() = default;
};

struct ClientRequest {
  Method method = Method::get;
  std::string target = "/";  // path and query, percent-encoded: see encode_segment, encode_query
  HttpHeaders headers;
  std::string body;
  std::optional<std::chrono::microseconds> timeout;  // instead of the client's request_timeout

  ClientRequest() = default;
  ClientRequest(Method m, std::string t) : method(m), target(std::move(t)) {}
  ClientRequest(Method m, std::string t, std::string json_body)
      : method(m), target(std::move(t)), headers{{"Content-Type", "application/json"}}, body(std::move(json_body)) {}
};

/// Strand of `executor`: every call from there; several requests may be in progress, each on a connection of its own.
/// A request that fails on a reused connection before any byte of the answer is sent once more on a fresh one when its
/// method is idempotent or nothing was written. Any HTTP status is a success of send(); the caller looks at it.
/// Errors: unreachable (resolve, connect, proxy, reset; the context says which), timed_out (the name says which),
/// crypto::Errc::certificate_untrusted (wrong pin or CA), certificate_wrong_host, certificate_expired, tls_failed,
/// bad_format (not HTTP), too_large, closed.
class HttpClient {
 public:
  HttpClient(boost::asio::any_io_executor executor, Origin origin, HttpClientOptions options);
  ~HttpClient();  // closes idle connections; no send() may be in progress
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] boost::asio::awaitable<base::Result<HttpResponse>> send(ClientRequest request);
  void close_idle();
  [[nodiscard]] const Origin& origin() const;
  [[nodiscard]] const HttpClientOptions& options() const;
  [[nodiscard]] const boost::asio::any_io_executor& executor() const;

  /// A fresh connection to the site, TLS done: for event streams and WebSockets.
  [[nodiscard]] boost::asio::awaitable<base::Result<std::unique_ptr<ByteStream>>> connect();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::net

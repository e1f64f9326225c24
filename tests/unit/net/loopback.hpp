// SPDX-License-Identifier: Apache-2.0
// What the tests of net share: a site with its CA, an event loop for one coroutine, a server on a free port.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "base/clock.hpp"
#include "crypto/tls.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"

/// ASSERT_TRUE for coroutines, which cannot `return`.
#define CO_ASSERT(condition, ...)                                    \
  do {                                                               \
    if (!(condition)) {                                              \
      ADD_FAILURE() << #condition << ' ' __VA_OPT__(<< __VA_ARGS__); \
      co_return;                                                     \
    }                                                                \
  } while (false)

namespace rescue::net::test {

using boost::asio::awaitable;

/// Keys and certificates of one site, made once per process.
class Site {
 public:
  static const Site& get();
  /// A server certificate for 127.0.0.1 and localhost unless other names are given.
  [[nodiscard]] crypto::TlsContext server(const std::vector<std::string>& names = {"127.0.0.1", "localhost"}) const;
  [[nodiscard]] crypto::TlsContext client(const std::optional<crypto::SessionIdentity>& identity = std::nullopt) const;
  [[nodiscard]] crypto::Digest256 pin() const { return pin_; }
  [[nodiscard]] std::string ca_pem() const { return ca_.pem(); }
  [[nodiscard]] crypto::ServerIdentity server_identity(const std::vector<std::string>& names) const;

 private:
  Site();
  crypto::PrivateKey key_;
  crypto::Certificate ca_;
  crypto::Digest256 pin_;
};

/// Runs `body` to its end on `context`; an exception fails the test.
void run(IoContext& context, const std::function<awaitable<void>()>& body);

/// Makes a Scene of a fresh context inside a coroutine and runs `body(scene)` to its end.
template <typename Scene, typename F>
void play(F body) {
  IoContext context;
  const auto run_it = [&]() -> awaitable<void> {
    Scene scene(context);
    auto playing = body(scene);
    co_await std::move(playing);
  };
  run(context, run_it);
}

/// A server over TLS with the site's certificate. stop() must be awaited.
struct TestServer {
  TestServer(IoContext& context, std::shared_ptr<const Router> router, HttpServerOptions options = {}, bool tls = true);
  [[nodiscard]] Origin origin() const;
  [[nodiscard]] HttpClientOptions client_options() const;
  [[nodiscard]] awaitable<void> stop(std::chrono::microseconds grace = std::chrono::seconds(5)) {
    return server->stop(grace);
  }
  std::unique_ptr<HttpServer> server;
  bool secure;
};

/// Connects, sends `bytes`, returns all that comes until the other side ends.
[[nodiscard]] awaitable<std::string> raw_exchange(Endpoint to, std::string bytes);

}  // namespace rescue::net::test

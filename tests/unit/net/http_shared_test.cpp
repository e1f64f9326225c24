// SPDX-License-Identifier: Apache-2.0
// Large bodies that many responses share.
#include <fmt/format.h>

#include "loopback.hpp"
#include "net/tcp.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;
using test::TestServer;

namespace {

constexpr std::size_t kLarge = 8 * 1024 * 1024;

/// "begin", a large piece, one of a few bytes, an empty one.
std::shared_ptr<Router> sharing(std::shared_ptr<const base::Bytes> large) {
  auto r = std::make_shared<Router>();
  r->http(Method::get, "/large", [large](HttpRequest&) -> awaitable<HttpResponse> {
    const auto end = std::make_shared<const base::Bytes>(base::to_bytes(base::as_bytes("end")));
    HttpResponse out(200, "application/octet-stream", "begin");
    out.more = {{large, *large}, {end, *end}, {nullptr, {}}};
    co_return out;
  });
  return r;
}

std::shared_ptr<const base::Bytes> large_bytes() {
  base::Bytes bytes(kLarge);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 131 + (i >> 12));
  return std::make_shared<const base::Bytes>(std::move(bytes));
}

}  // namespace

TEST(SharedBody, ArrivesWholeAndInOrderOverTls) {
  IoContext context;
  const auto large = large_bytes();
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sharing(large));
    auto options = server.client_options();
    options.response_cap = kLarge + 100;
    HttpClient client(context.executor(), server.origin(), options);
    for (int turn = 0; turn < 2; ++turn) {  // the connection can be used again
      ClientRequest request(Method::get, "/large");
      auto sending = client.send(std::move(request));
      const auto got = co_await std::move(sending);
      CO_ASSERT(got, got.error().message());
      CO_ASSERT(got->body.size() == kLarge + 8);
      EXPECT_TRUE(got->body.starts_with("begin"));
      EXPECT_TRUE(got->body.ends_with("end"));
      EXPECT_TRUE(std::ranges::equal(base::as_bytes(got->body).subspan(5, kLarge), *large));
    }
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(SharedBody, DoesNotGoWithHead) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sharing(large_bytes()), {}, false);
    const auto got = co_await test::raw_exchange(server.server->local(),
                                                 "HEAD /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_NE(got.find(fmt::format("Content-Length: {}\r\n", kLarge + 8)), std::string::npos) << got.substr(0, 300);
    EXPECT_TRUE(got.ends_with("\r\n\r\n"));
    co_await server.stop();
  };
  test::run(context, body);
}

/// A slow line takes longer for all of it than a stopped one is waited for.
TEST(SharedBody, MayTakeLongerThanTheWriteTimeOutWhileItMoves) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.write_timeout = 1s;
    TestServer server(context, sharing(large_bytes()), options, false);
    auto socket = co_await connect_tcp(server.server->local(), ConnectLimits());
    CO_ASSERT(socket);
    CO_ASSERT(co_await write_all(**socket, base::as_bytes("GET /large HTTP/1.1\r\nHost: h\r\n\r\n")));
    const auto began = std::chrono::steady_clock::now();
    base::Bytes chunk(32 * 1024);
    std::size_t got = 0;
    while (got < kLarge + 8) {
      const auto n = co_await (*socket)->read_some(chunk);
      CO_ASSERT(n && *n > 0, "ended after " << got);
      got += *n;
      auto nap = sleep_for(8ms);
      (void)co_await std::move(nap);
    }
    EXPECT_GT(std::chrono::steady_clock::now() - began, options.write_timeout);
    EXPECT_EQ(server.server->counters().timed_out, 0u);
    co_await server.stop();
  };
  test::run(context, body);
}

/// Who reads nothing is not waited for.
TEST(SharedBody, EndsWhenItStandsStill) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.write_timeout = 50ms;
    TestServer server(context, sharing(large_bytes()), options, false);
    auto socket = co_await connect_tcp(server.server->local(), ConnectLimits());
    CO_ASSERT(socket);
    CO_ASSERT(co_await write_all(**socket, base::as_bytes("GET /large HTTP/1.1\r\nHost: h\r\n\r\n")));
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (server.server->counters().timed_out == 0 && std::chrono::steady_clock::now() < give_up) {
      auto nap = sleep_for(5ms);
      (void)co_await std::move(nap);
    }
    EXPECT_EQ(server.server->counters().timed_out, 1u);
    co_await server.stop();
  };
  test::run(context, body);
}

}  // namespace rescue::net

// SPDX-License-Identifier: Apache-2.0
// What a client can make the server wait for and hold before anything is known of it.
#include <fmt/format.h>

#include "loopback.hpp"
#include "net/tcp.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;
using test::TestServer;

namespace {

awaitable<HttpResponse> size_of_body(HttpRequest& r) {
  co_return HttpResponse::text(200, std::to_string(r.body.size()));
}

std::shared_ptr<Router> sample() {
  auto r = std::make_shared<Router>();
  r->http(Method::get, "/echo/{name}", size_of_body);
  r->http(Method::post, "/echo", size_of_body, RouteOptions(100));
  r->http(Method::post, "/body", size_of_body, RouteOptions(4'000'000));
  return r;
}

}  // namespace

/// The time between two requests is long, that of the header of the second is not.
TEST(Http, EndsADrippingHeaderOfALaterRequestToo) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.header_timeout = 50ms;
    options.keep_alive_timeout = 1h;
    TestServer server(context, sample(), options, false);
    auto socket = co_await connect_tcp(server.server->local(), ConnectLimits());
    CO_ASSERT(socket);
    CO_ASSERT(co_await write_all(**socket, base::as_bytes("GET /echo/x HTTP/1.1\r\nHost: h\r\n\r\n")));
    std::array<std::uint8_t, 1024> answer{};
    CO_ASSERT(co_await (*socket)->read_some(answer));
    base::Result<> written = co_await write_all(**socket, base::as_bytes("GET / HTTP/1.1\r\nX:"));
    for (const auto start = std::chrono::steady_clock::now();
         written && std::chrono::steady_clock::now() - start < 10s;) {
      written = co_await write_all(**socket, base::as_bytes("x"));
      auto nap = sleep_for(2ms);
      (void)co_await std::move(nap);
    }
    EXPECT_FALSE(written);
    EXPECT_EQ(server.server->counters().timed_out, 1u);
    co_await server.stop();
  };
  test::run(context, body);
}

/// A body that keeps coming, one byte at a time, has no more than the whole time; one that stops has less.
TEST(Http, EndsABodyThatDripsAndOneThatStopsByAnAnswer) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 90\r\n\r\n";
    HttpServerOptions stops;
    stops.body_timeout = 1h;
    stops.body_stall = 30ms;
    TestServer stalling(context, sample(), stops, false);
    EXPECT_TRUE((co_await test::raw_exchange(stalling.server->local(), head + "a")).starts_with("HTTP/1.1 408 "));

    HttpServerOptions drips;
    drips.body_timeout = 60ms;
    drips.body_stall = 1h;
    TestServer dripping(context, sample(), drips, false);
    auto socket = co_await connect_tcp(dripping.server->local(), ConnectLimits());
    CO_ASSERT(socket);
    CO_ASSERT(co_await write_all(**socket, base::as_bytes(head)));
    const auto start = std::chrono::steady_clock::now();
    while (dripping.server->counters().requests == 0 && std::chrono::steady_clock::now() - start < 1s) {
      CO_ASSERT(co_await write_all(**socket, base::as_bytes("x")));
      auto nap = sleep_for(20ms);
      (void)co_await std::move(nap);
    }
    EXPECT_EQ(dripping.server->counters().timed_out, 1u);
    (*socket)->close();
    co_await stalling.stop();
    co_await dripping.stop();
  };
  test::run(context, body);
}

TEST(Http, ARequestHoldsMemoryUntilItIsAnsweredAndNoMoreThanThereIs) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.request_memory = 256 * 1024;
    options.request_memory_per_address = 64 * 1024;
    TestServer server(context, sample(), options, false);
    const auto to = server.server->local();
    auto first = co_await connect_tcp(to, ConnectLimits());
    CO_ASSERT(first);
    const std::string part(40'000, 'x');
    CO_ASSERT(
        co_await write_all(**first, base::as_bytes("POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 40001\r\n\r\n")));
    CO_ASSERT(co_await write_all(**first, base::as_bytes(part)));
    while (server.server->counters().request_bytes < part.size()) {
      auto nap = sleep_for(1ms);
      (void)co_await std::move(nap);
    }
    const auto large = fmt::format("POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", part.size(), part);
    const auto refused = co_await test::raw_exchange(to, large);
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
    EXPECT_NE(refused.find("Retry-After: 5"), std::string::npos) << refused;
    EXPECT_NE(refused.find("of this address"), std::string::npos) << refused;
    EXPECT_EQ(server.server->counters().refused_busy, 1u);
    // A small request needs none of it, a long header does.
    const auto get = [](std::size_t more) {
      return fmt::format("GET /echo/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: {}\r\n\r\n",
                         std::string(more, 'x'));
    };
    EXPECT_TRUE((co_await test::raw_exchange(to, get(1))).starts_with("HTTP/1.1 200 "));
    CO_ASSERT(co_await write_all(**first, base::as_bytes("y")));
    while (server.server->counters().requests < 3) {
      auto nap = sleep_for(1ms);
      (void)co_await std::move(nap);
    }
    EXPECT_EQ(server.server->counters().request_bytes, 0u) << "what was answered holds nothing";
    EXPECT_TRUE((co_await test::raw_exchange(to, get(15'000))).starts_with("HTTP/1.1 200 "));
    (*first)->close();
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, ALongHeaderCountsAsMuchAsABody) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.request_memory_per_address = 8 * 1024;
    TestServer server(context, sample(), options, false);
    const auto answer = co_await test::raw_exchange(
        server.server->local(), "GET /echo/x HTTP/1.1\r\nHost: h\r\nX: " + std::string(12'000, 'x'));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    co_await server.stop();
  };
  test::run(context, body);
}

}  // namespace rescue::net

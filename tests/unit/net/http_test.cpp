// SPDX-License-Identifier: Apache-2.0
// Server and client against each other, over TLS on loopback.
#include <fmt/format.h>

#include "loopback.hpp"
#include "net/proxy_protocol.hpp"
#include "net/task_group.hpp"
#include "net/tls_stream.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;
using test::TestServer;

namespace {

awaitable<HttpResponse> echo(HttpRequest& r) {
  auto text = fmt::format("{} {} body={}", r.method_text, r.path, r.body.size());
  for (const auto& [k, v] : r.query) text += " " + k + "=" + v;
  for (const auto& [k, v] : r.params) text += " {" + k + "}=" + v;
  text += " from=" + r.remote_address.text();
  text += r.peer_fingerprint ? " fp=" + base::to_hex(*r.peer_fingerprint) : " anonymous";
  auto out = HttpResponse::text(200, std::move(text));
  out.headers.add("X-Request", r.request_id);
  co_return out;
}

awaitable<HttpResponse> give_body(HttpRequest& r) { co_return HttpResponse(200, "application/octet-stream", r.body); }
awaitable<HttpResponse> fail(HttpRequest&) {
  throw std::runtime_error("secret detail");
  co_return HttpResponse(200);
}
awaitable<HttpResponse> hang(HttpRequest&) {
  for (;;) {
    auto nap = sleep_for(1h);
    (void)co_await std::move(nap);
  }
}

std::shared_ptr<Router> sample() {
  auto r = std::make_shared<Router>();
  r->http(Method::get, "/echo/{name}", echo);
  r->http(Method::post, "/echo", echo, RouteOptions(100));
  r->http(Method::post, "/body", give_body, RouteOptions(4'000'000));
  r->http(Method::get, "/fail", fail);
  RouteOptions quick;
  quick.handler_timeout = 10ms;
  r->http(Method::get, "/hang", hang, quick);
  return r;
}

}  // namespace

TEST(Http, AnswersOverPinnedTls) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    HttpClient client(context.executor(), server.origin(), server.client_options());
    const auto r = co_await client.send(ClientRequest(Method::get, "/echo/a%20b?x=1&y=%C3%A4"));
    CO_ASSERT(r, r.error().message());
    EXPECT_EQ(r->status, 200u);
    EXPECT_EQ(r->body, "GET /echo/a b body=0 x=1 y=ä {name}=a b from=127.0.0.1 anonymous");
    EXPECT_EQ(r->headers.get("x-request").value_or("").size(), 16u);
    EXPECT_TRUE(r->headers.get("Date").value_or("").ends_with(" GMT"));
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, ReusesConnections) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    HttpClient client(context.executor(), server.origin(), server.client_options());
    for (int i = 0; i < 5; ++i) {
      const auto r = co_await client.send(ClientRequest(Method::post, "/echo", R"({"a":1})"));
      CO_ASSERT(r, r.error().message());
    }
    EXPECT_EQ(server.server->counters().accepted, 1u);
    EXPECT_EQ(server.server->counters().requests, 5u);
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, ComesBackAfterTheServerClosedAnIdleConnection) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.keep_alive_timeout = 1ms;
    TestServer server(context, sample(), options);
    HttpClient client(context.executor(), server.origin(), server.client_options());
    for (std::uint64_t i = 1; i <= 3; ++i) {
      const auto r = co_await client.send(ClientRequest(Method::get, "/echo/x"));
      CO_ASSERT(r, r.error().message());
      while (server.server->counters().timed_out < i) {
        auto nap = sleep_for(1ms);
        (void)co_await std::move(nap);
      }
    }
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, SaysWhatIsWrongWithACertificate) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    auto options = server.client_options();
    crypto::Digest256 wrong = test::Site::get().pin();
    wrong[0] ^= 1;
    options.tls = *crypto::https_client_context(crypto::TrustPin{wrong});
    HttpClient pinned(context.executor(), server.origin(), options);
    const auto r = co_await pinned.send(ClientRequest(Method::get, "/echo/x"));
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().code, crypto::Errc::certificate_untrusted) << r.error().message();
    EXPECT_EQ(r.error().exit(), base::Exit::verification_failed);
    server.server->reload_tls(test::Site::get().server({"other.example"}));
    HttpClient elsewhere(context.executor(), server.origin(), server.client_options());
    const auto other = co_await elsewhere.send(ClientRequest(Method::get, "/echo/x"));
    CO_ASSERT(!other);
    EXPECT_EQ(other.error().code, crypto::Errc::certificate_wrong_host) << other.error().message();
    EXPECT_EQ(server.server->counters().requests, 0u);
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, ShowsTheClientsKeyToTheHandler) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    const auto identity = crypto::make_session_identity(base::system_clock().wall());
    CO_ASSERT(identity);
    auto options = server.client_options();
    options.tls = test::Site::get().client(*identity);
    HttpClient client(context.executor(), server.origin(), options);
    const auto r = co_await client.send(ClientRequest(Method::get, "/echo/x"));
    CO_ASSERT(r, r.error().message());
    EXPECT_NE(r->body.find("fp=" + base::to_hex(identity->fingerprint())), std::string::npos) << r->body;
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, UsesTheNewCertificateAfterReload) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    const auto seen = [&]() -> awaitable<crypto::Fingerprint> {
      auto socket = co_await connect_tcp(server.server->local(), ConnectLimits());
      auto tls = std::move(*TlsStream::create(test::Site::get().client(), std::move(*socket), TlsStream::Side::client));
      EXPECT_TRUE(tls->expect_host("127.0.0.1"));
      EXPECT_TRUE(co_await tls->handshake());
      co_return tls->peer_fingerprint().value_or(crypto::Fingerprint{});
    };
    const auto before = co_await seen();
    server.server->reload_tls(test::Site::get().server());
    const auto after = co_await seen();
    EXPECT_NE(before, after);
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, RefusesByStatus) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    HttpClient client(context.executor(), server.origin(), server.client_options());
    struct Case {
      Method method;
      const char* target;
      std::size_t body;
      unsigned status;
      const char* error;
    };
    const Case cases[] = {
        {Method::get, "/nothing", 0, 404, "NOT_FOUND"}, {Method::del, "/echo", 0, 405, "METHOD_NOT_ALLOWED"},
        {Method::post, "/echo", 101, 413, "TOO_LARGE"}, {Method::get, "/echo/%00", 0, 400, "INVALID_ARGUMENT"},
        {Method::get, "/fail", 0, 500, "INTERNAL"},     {Method::get, "/hang", 0, 503, "UNAVAILABLE"}};
    for (const auto& c : cases) {
      ClientRequest request(c.method, c.target);
      request.body.assign(c.body, 'x');
      const auto r = co_await client.send(std::move(request));
      CO_ASSERT(r, r.error().message());
      EXPECT_EQ(r->status, c.status) << c.target;
      EXPECT_NE(r->body.find(std::string("\"error\":\"") + c.error), std::string::npos) << r->body;
      EXPECT_EQ(r->body.find("secret"), std::string::npos);
    }
    ClientRequest long_header(Method::get, "/echo/x");
    long_header.headers.add("X-Long", std::string(17 * 1024, 'x'));
    const auto r = co_await client.send(std::move(long_header));
    CO_ASSERT(r, r.error().message());
    EXPECT_EQ(r->status, 431u);
    EXPECT_GE(server.server->counters().bad_requests, 5u);
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, CarriesLargeBodies) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    HttpClient client(context.executor(), server.origin(), server.client_options());
    ClientRequest request(Method::post, "/body");
    for (std::size_t i = 0; i < 3'000'000; ++i) request.body += static_cast<char>(i * 7 + i / 251);
    const auto sent = request.body;
    const auto r = co_await client.send(std::move(request));
    CO_ASSERT(r, r.error().message());
    EXPECT_TRUE(r->body == sent);
    ClientRequest head(Method::head, "/echo/x");
    const auto h = co_await client.send(std::move(head));
    CO_ASSERT(h, h.error().message());
    EXPECT_EQ(h->body, "");
    auto small = server.client_options();
    small.response_cap = 10;
    HttpClient capped(context.executor(), server.origin(), small);
    const auto c = co_await capped.send(ClientRequest(Method::get, "/echo/x"));
    CO_ASSERT(!c);
    EXPECT_EQ(c.error().code, base::Errc::too_large);
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, ClosesASilentOrSlowClient) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.handshake_timeout = 30ms;
    options.header_timeout = 30ms;
    options.body_timeout = 30ms;
    TestServer secure(context, sample(), options);
    TestServer plain(context, sample(), options, false);
    EXPECT_EQ(co_await test::raw_exchange(secure.server->local(), ""), "");
    EXPECT_EQ(secure.server->counters().timed_out, 1u);
    EXPECT_EQ(co_await test::raw_exchange(plain.server->local(), ""), "");
    EXPECT_EQ(co_await test::raw_exchange(plain.server->local(), "GET /echo/x HTT"), "");
    const auto late = co_await test::raw_exchange(plain.server->local(),
                                                  "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
    EXPECT_TRUE(late.starts_with("HTTP/1.1 408 ")) << late;
    EXPECT_NE(late.find("\"retryable\":true"), std::string::npos) << late;
    EXPECT_EQ(plain.server->counters().timed_out, 3u);
    // A header that drips does not get more time.
    auto socket = co_await connect_tcp(plain.server->local(), ConnectLimits());
    CO_ASSERT(socket);
    base::Result<> written;
    int drops = 0;
    for (const auto start = std::chrono::steady_clock::now(); written && std::chrono::steady_clock::now() - start < 10s;
         ++drops) {
      const std::string_view drop = drops == 0 ? "GET / HTTP/1.1\r\nX:" : "x";
      written = co_await write_all(**socket, base::as_bytes(drop));
      auto nap = sleep_for(2ms);
      (void)co_await std::move(nap);
    }
    EXPECT_FALSE(written);
    EXPECT_EQ(plain.server->counters().timed_out, 4u);
    co_await secure.stop();
    co_await plain.stop();
  };
  test::run(context, body);
}

TEST(Http, AnswersBadRequestsAndEndsThem) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample(), {}, false);
    const auto to = server.server->local();
    const auto bad =
        co_await test::raw_exchange(to, "GET /echo/x HTTP/1.1\r\n\r\nGET /echo/x HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(bad.starts_with("HTTP/1.1 400 ")) << bad;
    EXPECT_EQ(bad.find("200 OK"), std::string::npos);
    EXPECT_TRUE((co_await test::raw_exchange(to, "BREW /pot HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
                    .starts_with("HTTP/1.1 501 "));
    EXPECT_TRUE((co_await test::raw_exchange(to, "\x16\x03\x01\x02\x00garbage\r\n\r\n")).starts_with("HTTP/1.1 400 "));
    const auto two = co_await test::raw_exchange(
        to, "GET /echo/1 HTTP/1.1\r\nHost: h\r\n\r\nGET /echo/2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_NE(two.find("{name}=1"), std::string::npos) << two;
    EXPECT_NE(two.find("{name}=2"), std::string::npos) << two;
    const auto expect = co_await test::raw_exchange(
        to, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
    EXPECT_TRUE(expect.starts_with("HTTP/1.1 413 ")) << "no 100 for a body that will be refused: " << expect;
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, TakesTheProxyHeaderFromTrustedAddressesOnly) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    ProxiedPeer peer;
    peer.source = *IpAddress::parse("203.0.113.9");
    peer.destination = *IpAddress::parse("192.0.2.1");
    const auto header = write_proxy_header(peer);
    const std::string request = "GET /echo/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const std::string proxied = std::string(base::as_text(header)) + request;
    HttpServerOptions trusting;
    trusting.trusted_proxies.push_back(*IpPrefix::parse("127.0.0.0/8"));
    TestServer server(context, sample(), trusting, false);
    EXPECT_NE((co_await test::raw_exchange(server.server->local(), proxied)).find("from=203.0.113.9"),
              std::string::npos);
    EXPECT_NE((co_await test::raw_exchange(server.server->local(), request)).find("from=127.0.0.1"), std::string::npos);
    auto damaged = proxied;
    damaged[13] = 0x55;
    damaged[5] = 'x';
    EXPECT_EQ(co_await test::raw_exchange(server.server->local(), damaged), "");
    TestServer wary(context, sample(), {}, false);
    EXPECT_TRUE((co_await test::raw_exchange(wary.server->local(), proxied)).starts_with("HTTP/1.1 400 "));
    co_await server.stop();
    co_await wary.stop();
  };
  test::run(context, body);
}

TEST(Http, LimitsConnectionsOfOneAddress) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    HttpServerOptions options;
    options.max_connections_per_address = 2;
    TestServer server(context, sample(), options, false);
    const auto to = server.server->local();
    auto first = co_await connect_tcp(to, ConnectLimits());
    auto second = co_await connect_tcp(to, ConnectLimits());
    CO_ASSERT(first && second);
    while (server.server->counters().open < 2) {
      auto nap = sleep_for(1ms);
      (void)co_await std::move(nap);
    }
    EXPECT_EQ(co_await test::raw_exchange(to, "GET /echo/x HTTP/1.1\r\nHost: h\r\n\r\n"), "");
    EXPECT_EQ(server.server->counters().refused_full, 1u);
    (*first)->close();
    while (server.server->counters().open > 1) {
      auto nap = sleep_for(1ms);
      (void)co_await std::move(nap);
    }
    EXPECT_NE(co_await test::raw_exchange(to, "GET /echo/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "");
    (*second)->close();
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(Http, StopLetsRequestsFinishAndCutsThoseThatDoNot) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    Signal release(context.executor());
    Signal entered(context.executor());
    auto router = std::make_shared<Router>();
    const HttpHandler wait = [&](HttpRequest&) -> awaitable<HttpResponse> {
      entered.notify();
      co_await release.wait();
      co_return HttpResponse::text(200, "finished");
    };
    router->http(Method::get, "/wait", wait);
    for (const bool finishes : {true, false}) {
      TestServer server(context, router);
      HttpClient client(context.executor(), server.origin(), server.client_options());
      base::Result<HttpResponse> answer;
      TaskGroup group(context.executor());
      const auto ask = [&]() -> awaitable<void> { answer = co_await client.send(ClientRequest(Method::get, "/wait")); };
      const auto let_go = [&]() -> awaitable<void> {
        auto nap = sleep_for(5ms);
        (void)co_await std::move(nap);
        release.notify();
      };
      group.spawn("ask", ask());
      co_await entered.wait();
      if (finishes) group.spawn("let go", let_go());
      co_await server.stop(finishes ? 10s : 5ms);
      co_await group.join();
      EXPECT_EQ(answer.has_value(), finishes);
      if (answer) {
        EXPECT_EQ(answer->body, "finished");
      } else {
        EXPECT_EQ(answer.error().code, base::Errc::unreachable) << answer.error().message();
      }
      EXPECT_EQ(server.server->counters().open, 0u);
      const auto late = co_await client.send(ClientRequest(Method::get, "/wait"));
      EXPECT_FALSE(late);
    }
  };
  test::run(context, body);
}

TEST(Http, ServesManyClientsOnSeveralThreads) {
  IoContext context(3);
  std::atomic<int> right = 0;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, sample());
    TaskGroup group(context.make_strand());
    const auto one = [&](int id) -> awaitable<void> {
      HttpClient client(co_await boost::asio::this_coro::executor, server.origin(), server.client_options());
      for (int i = 0; i < 10; ++i) {
        const auto r = co_await client.send(ClientRequest(Method::get, fmt::format("/echo/{}", id)));
        if (r && r->body.find(fmt::format("{{name}}={} ", id)) != std::string::npos) ++right;
      }
    };
    for (int id = 0; id < 16; ++id) group.spawn_on(context.make_strand(), "client", one(id));
    co_await group.join();
    co_await server.stop();
  };
  test::run(context, body);
  EXPECT_EQ(right, 160);
}

}  // namespace rescue::net

// SPDX-License-Identifier: Apache-2.0
// What a client makes of servers that fail, and of a proxy in between.
#include "net/http_client.hpp"

#include "loopback.hpp"
#include "net/task_group.hpp"
#include "net/tcp.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;
using test::TestServer;

namespace {

awaitable<HttpResponse> hello(HttpRequest&) { co_return HttpResponse::text(200, "hello"); }

}  // namespace

TEST(HttpClient, NamesTheTimeoutThatPassed) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto silent = TcpListener::open(context.executor(), Endpoint("127.0.0.1", 0));
    CO_ASSERT(silent);
    HttpClientOptions options;
    options.tls = test::Site::get().client();
    options.handshake_timeout = 10ms;
    options.request_timeout = 10ms;
    HttpClient tls(context.executor(), *Origin::parse("https://" + (*silent)->local().text()), options);
    const auto shake = co_await tls.send(ClientRequest(Method::get, "/"));
    CO_ASSERT(!shake);
    EXPECT_EQ(shake.error().code, base::Errc::timed_out);
    EXPECT_NE(shake.error().message().find("TLS handshake"), std::string::npos) << shake.error().message();
    HttpClient plain(context.executor(), *Origin::parse("http://" + (*silent)->local().text()), options);
    const auto answer = co_await plain.send(ClientRequest(Method::post, "/x", "{}"));
    CO_ASSERT(!answer);
    EXPECT_EQ(answer.error().code, base::Errc::timed_out);
    EXPECT_NE(answer.error().message().find("request"), std::string::npos) << answer.error().message();
  };
  test::run(context, body);
}

TEST(HttpClient, RefusesAnswersThatAreNoHttp) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    for (const std::string answer :
         {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ""}) {
      auto listener = TcpListener::open(context.executor(), Endpoint("127.0.0.1", 0));
      CO_ASSERT(listener);
      TaskGroup group(context.executor());
      const auto serve = [&]() -> awaitable<void> {
        auto s = co_await (*listener)->accept(context.executor());
        base::Bytes some(10);
        (void)co_await (*s)->read_some(some);
        (void)co_await write_all(**s, base::as_bytes(answer));
        (void)co_await (*s)->shutdown_write();
        base::Bytes rest(1000);
        (void)co_await (*s)->read_some(rest);
      };
      group.spawn("server", serve());
      HttpClient client(context.executor(), *Origin::parse("http://" + (*listener)->local().text()),
                        HttpClientOptions());
      const auto r = co_await client.send(ClientRequest(Method::get, "/"));
      EXPECT_FALSE(r) << answer;
      co_await group.join();
    }
  };
  test::run(context, body);
}

TEST(HttpClient, GoesThroughAConnectProxy) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto router = std::make_shared<Router>();
    router->http(Method::get, "/echo/{name}", hello);
    TestServer server(context, router);
    auto proxy = TcpListener::open(context.executor(), Endpoint("127.0.0.1", 0));
    CO_ASSERT(proxy);
    std::string asked;
    TaskGroup group(context.executor());
    const auto pump = [](std::shared_ptr<TcpStream> from, std::shared_ptr<TcpStream> to) -> awaitable<void> {
      for (;;) {
        base::Bytes b(4096);
        const auto n = co_await from->read_some(b);
        if (!n || *n == 0) break;
        if (const auto w = co_await write_all(*to, base::ByteView(b).first(*n)); !w) break;
      }
      (void)co_await to->shutdown_write();
    };
    const auto serve = [&]() -> awaitable<void> {
      std::shared_ptr<TcpStream> in = std::move(*co_await (*proxy)->accept(context.executor()));
      while (asked.find("\r\n\r\n") == std::string::npos) {
        base::Bytes b(1000);
        const auto n = co_await in->read_some(b);
        CO_ASSERT(n && *n > 0);
        asked += base::as_text(base::ByteView(b).first(*n));
      }
      std::shared_ptr<TcpStream> out = std::move(*co_await connect_tcp(server.server->local(), ConnectLimits()));
      const std::string yes = "HTTP/1.1 200 Connection established\r\n\r\n";
      (void)co_await write_all(*in, base::as_bytes(yes));
      group.spawn("up", pump(in, out));
      group.spawn("down", pump(out, in));
    };
    group.spawn("proxy", serve());
    auto options = server.client_options();
    options.proxy.emplace();
    options.proxy->proxy = (*proxy)->local();
    options.proxy->authorization = "Basic eDp5";
    {
      HttpClient client(context.executor(), server.origin(), options);
      const auto r = co_await client.send(ClientRequest(Method::get, "/echo/x"));
      CO_ASSERT(r, r.error().message());
      EXPECT_EQ(r->status, 200u);
    }
    EXPECT_TRUE(asked.starts_with("CONNECT " + server.server->local().text() + " HTTP/1.1\r\n")) << asked;
    EXPECT_NE(asked.find("Proxy-Authorization: Basic eDp5\r\n"), std::string::npos);
    co_await group.join();
    co_await server.stop();
  };
  test::run(context, body);
}

}  // namespace rescue::net

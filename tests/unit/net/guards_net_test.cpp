// SPDX-License-Identifier: Apache-2.0
#include "loopback.hpp"
#include "net/impl/http_codec.hpp"
#include "net/task_group.hpp"
#include "net/tcp.hpp"

namespace rescue::net {

using test::awaitable;
using test::TestServer;

TEST(NetGuards, ALengthThatIsSaidTwiceIsRefusedEvenWhenBothAgree) {
  for (const std::string fields :
       {"Content-Length: 3\r\nContent-Length: 3\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    HttpParser p(HttpParser::Kind::request, 2000);
    std::string in = "POST /a HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
    EXPECT_FALSE(p.feed(in)) << fields;
  }
}

TEST(NetGuards, AClientTakesNoCertificateForAnotherNameOfTheSameMachine) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    TestServer server(context, std::make_shared<Router>());
    server.server->reload_tls(test::Site::get().server({"127.0.0.1"}));
    auto origin = server.origin();
    origin.host = "localhost";
    HttpClient client(context.executor(), origin, server.client_options());
    const auto r = co_await client.send(ClientRequest(Method::get, "/"));
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().code, crypto::Errc::certificate_wrong_host) << r.error().message();
    EXPECT_EQ(server.server->counters().requests, 0u);
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(NetGuards, AProxyCannotSpeakInTheSitesPlace) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto proxy = TcpListener::open(context.executor(), Endpoint("127.0.0.1", 0));
    CO_ASSERT(proxy);
    TaskGroup group(context.executor());
    const auto serve = [&]() -> awaitable<void> {
      auto s = co_await (*proxy)->accept(context.executor());
      base::Bytes some(10);
      (void)co_await (*s)->read_some(some);
      const std::string answer = "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03";
      (void)co_await write_all(**s, base::as_bytes(answer));
      (void)co_await (*s)->shutdown_write();
      base::Bytes rest(1000);
      (void)co_await (*s)->read_some(rest);
    };
    group.spawn("proxy", serve());
    HttpClientOptions options;
    options.tls = test::Site::get().client();
    options.proxy.emplace();
    options.proxy->proxy = (*proxy)->local();
    {
      HttpClient client(context.executor(), *Origin::parse("https://site.example"), options);
      const auto r = co_await client.send(ClientRequest(Method::get, "/"));
      CO_ASSERT(!r);
      EXPECT_NE(r.error().message().find("proxy sent data before the site could"), std::string::npos)
          << r.error().message();
    }
    co_await group.join();
  };
  test::run(context, body);
}

}  // namespace rescue::net

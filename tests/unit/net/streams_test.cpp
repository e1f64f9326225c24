// SPDX-License-Identifier: Apache-2.0
// Event streams and WebSockets, server and client against each other.
#include <fmt/format.h>

#include "loopback.hpp"
#include "net/event_stream_client.hpp"
#include "net/task_group.hpp"
#include "net/tcp.hpp"
#include "net/websocket_client.hpp"
#include "net/websocket_frame.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;
using test::play;
using test::TestServer;

namespace {

const HttpHeaders kNoHeaders;
const WebSocketOptions kUsual;

/// Echoes; "bye" closes with a reason, "drop" returns without a word.
awaitable<HttpResponse> echo_socket(HttpRequest& request, WebSocketUpgrade& upgrade) {
  if (request.query_value("token") != "good")
    co_return HttpResponse::error(401, "SIGN_IN_NEEDED", "token, please", false, request.request_id);
  WebSocketOptions options;
  options.message_cap = 100'000;
  const auto ws = co_await upgrade.accept(options);
  if (!ws) co_return HttpResponse(500);
  for (;;) {
    const auto m = co_await (*ws)->receive();
    if (!m || m->data == "drop") break;
    if (m->data == "bye") {
      (*ws)->close(CloseCode::try_later, "closing time");
    } else if (m->text) {
      (*ws)->send_text(m->data);
    } else {
      (*ws)->send_binary(m->bytes());
    }
  }
  co_return HttpResponse(200);
}

/// Three events on from where the client was, then the end of the connection.
awaitable<HttpResponse> count_up(HttpRequest& request, EventStream& stream) {
  if (request.query_value("token") != "good") co_return HttpResponse::error(403, "DENIED", "no", false, "");
  const auto opened = co_await stream.open();
  if (!opened) co_return HttpResponse(500);
  const int from = stream.last_event_id().empty() ? 0 : std::stoi(std::string(stream.last_event_id()));
  for (int i = from + 1; i <= from + 3; ++i)
    stream.sink()->send(ServerEvent(std::to_string(i), "tick", fmt::format("line\n{}", i)));
  stream.sink()->close();
  co_await stream.run();
  co_return HttpResponse(200);
}

std::shared_ptr<Router> sample() {
  auto r = std::make_shared<Router>();
  r->websocket("/socket", echo_socket);
  r->events("/events", count_up);
  return r;
}

/// A server with the sample routes, and a client that knows it.
struct Talk {
  explicit Talk(IoContext& c)
      : context(c), server(c, sample()), client(c.executor(), server.origin(), server.client_options()) {}
  IoContext& context;
  TestServer server;
  HttpClient client;
};

}  // namespace

TEST(EventStream, ComesBackWhereItWas) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    base::SeededRandom random(1);
    EventStreamOptions options;
    options.target = "/events?token=good";
    options.last_event_id = "100";
    options.backoff = BackoffOptions(1ms, 5ms);
    EventStreamClient events(client, options, random);
    int opened = 0;
    int lost = 0;
    events.observe([&](bool open, const base::Error*) { ++(open ? opened : lost); });
    for (int i = 101; i <= 109; ++i) {
      const auto e = co_await events.next();
      CO_ASSERT(e, e.error().message());
      EXPECT_EQ(e->id, std::to_string(i));
      EXPECT_EQ(e->type, "tick");
      EXPECT_EQ(e->data, fmt::format("line\n{}", i));
    }
    EXPECT_EQ(opened, 3);
    EXPECT_GE(lost, 2);
    EXPECT_EQ(events.last_event_id(), "109");
    events.close();
    EXPECT_EQ((co_await events.next()).error().code, base::Errc::closed);
    co_await server.stop();
  });
}

TEST(EventStream, GivesUpWhenItIsRefused) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    base::SeededRandom random(1);
    EventStreamOptions options;
    options.target = "/events?token=bad";
    EventStreamClient refused(client, options, random);
    EXPECT_EQ((co_await refused.next()).error().code, base::Errc::denied);
    options.target = "/none";
    EventStreamClient unknown(client, options, random);
    EXPECT_EQ((co_await unknown.next()).error().code, base::Errc::not_found);
    co_await server.stop();
  });
}

TEST(EventStream, EndsForTheHandlerWhenTheClientLeaves) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    Signal ended(context.executor());
    std::shared_ptr<EventSink> sink;
    auto router = std::make_shared<Router>();
    const EventHandler handler = [&](HttpRequest&, EventStream& stream) -> awaitable<HttpResponse> {
      (void)co_await stream.open();
      sink = stream.sink();
      sink->send(ServerEvent("1", "", "hello"));
      co_await stream.run();
      ended.notify();
      co_return HttpResponse(200);
    };
    router->events("/events", handler);
    TestServer server(context, router);
    HttpClient client(context.executor(), server.origin(), server.client_options());
    base::SeededRandom random(1);
    EventStreamOptions options;
    options.target = "/events";
    {
      EventStreamClient events(client, options, random);
      const auto e = co_await events.next();
      CO_ASSERT(e);
      EXPECT_EQ(e->data, "hello");
      EXPECT_EQ(server.server->counters().event_streams, 1u);
    }
    co_await ended.wait();
    EXPECT_FALSE(sink->send(ServerEvent("2", "", "nobody there")));
    co_await server.stop();
    EXPECT_EQ(server.server->counters().event_streams, 0u);
  };
  test::run(context, body);
}

TEST(EventStream, CutsOffAReaderThatDoesNotRead) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    bool refused = false;
    auto router = std::make_shared<Router>();
    const EventHandler handler = [&](HttpRequest&, EventStream& stream) -> awaitable<HttpResponse> {
      (void)co_await stream.open();
      for (int i = 0; i < 100 && !refused; ++i)
        refused = !stream.sink()->send(ServerEvent("", "", std::string(50'000, 'x')));
      co_await stream.run();
      co_return HttpResponse(200);
    };
    router->events("/events", handler);
    TestServer server(context, router, {}, false);
    const auto got = co_await test::raw_exchange(server.server->local(), "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(refused);
    EXPECT_LT(got.size(), kEventQueueBytes);
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(EventStream, KeepsASilentConnectionAlive) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto router = std::make_shared<Router>();
    const EventHandler handler = [&](HttpRequest&, EventStream& stream) -> awaitable<HttpResponse> {
      (void)co_await stream.open();
      co_await stream.run();
      co_return HttpResponse(200);
    };
    router->events("/events", handler);
    HttpServerOptions options;
    options.event_keep_alive = 1ms;
    TestServer server(context, router, options, false);
    auto socket = co_await connect_tcp(server.server->local(), ConnectLimits());
    CO_ASSERT(socket);
    const std::string request = "GET /events HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_TRUE(co_await write_all(**socket, base::as_bytes(request)));
    std::string got;
    while (got.find(":\n\n:\n\n") == std::string::npos) {
      base::Bytes b(1000);
      const auto n = co_await (*socket)->read_some(b);
      CO_ASSERT(n && *n > 0);
      got += base::as_text(base::ByteView(b).first(*n));
    }
    EXPECT_NE(got.find("Content-Type: text/event-stream"), std::string::npos);
    (*socket)->close();
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(WebSocket, CarriesTextAndBinaryBothWays) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    TaskGroup group(context.executor());
    const auto ws = co_await connect_websocket(client, group, "/socket?token=good", kNoHeaders, kUsual);
    CO_ASSERT(ws, ws.error().message());
    base::Bytes big(90'000);
    base::SeededRandom(4).fill(big);
    (*ws)->send_text("häl\nlo");
    (*ws)->send_binary(big);
    (*ws)->send_text("");
    const auto text = co_await (*ws)->receive();
    CO_ASSERT(text, text.error().message());
    EXPECT_TRUE(text->text);
    EXPECT_EQ(text->data, "häl\nlo");
    const auto binary = co_await (*ws)->receive();
    CO_ASSERT(binary, binary.error().message());
    EXPECT_FALSE(binary->text);
    EXPECT_TRUE(std::ranges::equal(binary->bytes(), big));
    EXPECT_EQ((co_await (*ws)->receive())->data, "");
    EXPECT_EQ(server.server->counters().websockets, 1u);
    (*ws)->close(CloseCode::normal, "done");
    const auto end = co_await (*ws)->receive();
    CO_ASSERT(!end);
    EXPECT_EQ(end.error().code, base::Errc::closed);
    EXPECT_FALSE((*ws)->send_text("too late"));
    co_await group.join();
    co_await server.stop();
    EXPECT_EQ(server.server->counters().websockets, 0u);
  });
}

TEST(WebSocket, EndsInOrderFromTheServer) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    TaskGroup group(context.executor());
    const char* const words[] = {"bye", "drop"};
    for (const auto* word : words) {
      const auto ws = co_await connect_websocket(client, group, "/socket?token=good", kNoHeaders, kUsual);
      CO_ASSERT(ws, ws.error().message());
      (*ws)->send_text(word);
      const auto end = co_await (*ws)->receive();
      CO_ASSERT(!end);
      EXPECT_EQ(end.error().code, base::Errc::closed) << end.error().message();
      const auto expected = std::string_view(word) == "bye" ? "1013 closing time" : "1000";
      EXPECT_NE(end.error().message().find(expected), std::string::npos) << end.error().message();
    }
    co_await group.join();
    co_await server.stop();
  });
}

TEST(WebSocket, RefusesOversizeOnBothSides) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    TaskGroup group(context.executor());
    auto ws = co_await connect_websocket(client, group, "/socket?token=good", kNoHeaders, kUsual);
    CO_ASSERT(ws, ws.error().message());
    (*ws)->send_text(std::string(100'001, 'x'));
    auto end = co_await (*ws)->receive();
    CO_ASSERT(!end);
    EXPECT_NE(end.error().message().find("1009"), std::string::npos) << end.error().message();
    WebSocketOptions small;
    small.message_cap = 10;
    ws = co_await connect_websocket(client, group, "/socket?token=good", kNoHeaders, small);
    CO_ASSERT(ws, ws.error().message());
    (*ws)->send_text("more than ten bytes");
    end = co_await (*ws)->receive();
    CO_ASSERT(!end);
    EXPECT_EQ(end.error().code, base::Errc::too_large);
    co_await group.join();
    co_await server.stop();
  });
}

TEST(WebSocket, IsRefusedByStatus) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    TaskGroup group(context.executor());
    const auto ws = co_await connect_websocket(client, group, "/socket?token=bad", kNoHeaders, kUsual);
    CO_ASSERT(!ws);
    EXPECT_EQ(ws.error().code, base::Errc::sign_in_needed);
    EXPECT_NE(ws.error().message().find("token, please"), std::string::npos) << ws.error().message();
    const auto events = co_await connect_websocket(client, group, "/events?token=good", kNoHeaders, kUsual);
    EXPECT_FALSE(events);
    const auto plain = co_await client.send(ClientRequest(Method::get, "/socket?token=good"));
    CO_ASSERT(plain);
    EXPECT_EQ(plain->status, 426u);
    co_await group.join();
    co_await server.stop();
  });
}

TEST(WebSocket, PingsASilentPeerAndDropsADeadOne) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    TaskGroup group(context.executor());
    WebSocketOptions watchful;
    watchful.ping_after = 5ms;
    watchful.silence = 10s;
    const auto ws = co_await connect_websocket(client, group, "/socket?token=good", kNoHeaders, watchful);
    CO_ASSERT(ws, ws.error().message());
    TaskGroup later(context.executor());
    const auto end_it = [&]() -> awaitable<void> {
      auto nap = sleep_for(50ms);  // several pings' time: their answers must not disturb
      (void)co_await std::move(nap);
      (*ws)->send_text("still here");
    };
    later.spawn("later", end_it());
    const auto m = co_await (*ws)->receive();
    CO_ASSERT(m, m.error().message());
    EXPECT_EQ(m->data, "still here");
    co_await later.join();
    (*ws)->close(CloseCode::normal, "");
    (void)co_await (*ws)->receive();

    auto mute = TcpListener::open(context.executor(), Endpoint("127.0.0.1", 0));
    CO_ASSERT(mute);
    std::unique_ptr<TcpStream> held;
    const auto upgrade_only = [&]() -> awaitable<void> {
      held = std::move(*co_await (*mute)->accept(context.executor()));
      std::string in;
      while (in.find("\r\n\r\n") == std::string::npos) {
        base::Bytes b(1000);
        const auto n = co_await held->read_some(b);
        CO_ASSERT(n && *n > 0);
        in += base::as_text(base::ByteView(b).first(*n));
      }
      const auto at = in.find("Sec-WebSocket-Key: ") + 19;
      const auto accept = websocket_accept(in.substr(at, 24));
      const auto answer =
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
          accept + "\r\n\r\n";
      (void)co_await write_all(*held, base::as_bytes(answer));
    };
    group.spawn("mute server", upgrade_only());
    HttpClient to_mute(context.executor(), *Origin::parse("http://" + (*mute)->local().text()), HttpClientOptions());
    watchful.silence = 30ms;
    const auto dead = co_await connect_websocket(to_mute, group, "/", kNoHeaders, watchful);
    CO_ASSERT(dead, dead.error().message());
    const auto gone = co_await (*dead)->receive();
    CO_ASSERT(!gone);
    EXPECT_EQ(gone.error().code, base::Errc::timed_out);
    co_await group.join();
    co_await server.stop();
  });
}

TEST(WebSocket, EndsWhenThePeerDoesNotReadItsQueue) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto router = std::make_shared<Router>();
    bool overflowed = false;
    const WebSocketHandler handler = [&](HttpRequest&, WebSocketUpgrade& upgrade) -> awaitable<HttpResponse> {
      WebSocketOptions options;
      options.queue_bytes = 100'000;
      const auto ws = co_await upgrade.accept(options);
      for (int i = 0; i < 100 && !overflowed; ++i) overflowed = !(*ws)->send_text(std::string(9'000, 'x'));
      const auto end = co_await (*ws)->receive();
      EXPECT_FALSE(end);
      co_return HttpResponse(200);
    };
    router->websocket("/flood", handler);
    TestServer server(context, router);
    HttpClient client(context.executor(), server.origin(), server.client_options());
    TaskGroup group(context.executor());
    const auto ws = co_await connect_websocket(client, group, "/flood", kNoHeaders, kUsual);
    CO_ASSERT(ws, ws.error().message());
    while (co_await (*ws)->receive()) continue;
    EXPECT_TRUE(overflowed);
    co_await group.join();
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(WebSocket, ServerStopSaysGoodbye) {
  play<Talk>([](Talk& talk) -> awaitable<void> {
    auto& [context, server, client] = talk;
    TaskGroup group(context.executor());
    const auto ws = co_await connect_websocket(client, group, "/socket?token=good", kNoHeaders, kUsual);
    CO_ASSERT(ws, ws.error().message());
    base::Error end(base::Errc::internal, "");
    const auto read = [&]() -> awaitable<void> { end = (co_await (*ws)->receive()).error(); };
    group.spawn("reader", read());
    co_await server.stop(10s);
    co_await group.join();
    EXPECT_NE(end.message().find("1001"), std::string::npos) << end.message();
  });
}

}  // namespace rescue::net

// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.hpp"

#include <sys/socket.h>

#include "loopback.hpp"
#include "net/task_group.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;

namespace {

using Socket = std::unique_ptr<TcpStream>;

/// Two ends of one TCP connection on loopback.
awaitable<std::pair<Socket, Socket>> tcp_pair() {
  const auto ex = co_await boost::asio::this_coro::executor;
  auto listener = TcpListener::open(ex, Endpoint("127.0.0.1", 0));
  if (!listener) throw std::runtime_error(listener.error().message());
  auto client = co_await connect_tcp((*listener)->local(), ConnectLimits());
  auto server = co_await (*listener)->accept(ex);
  if (!client || !server) throw std::runtime_error("no connection");
  co_return std::pair<Socket, Socket>(std::move(*client), std::move(*server));
}

using Tls = std::unique_ptr<TlsStream>;

struct Pair {
  Tls client;
  Tls server;
};

awaitable<void> tls_pair(IoContext& context, Pair& out, const std::string& host = "localhost") {
  auto sockets = co_await tcp_pair();
  out.client =
      std::move(*TlsStream::create(test::Site::get().client(), std::move(sockets.first), TlsStream::Side::client));
  out.server =
      std::move(*TlsStream::create(test::Site::get().server(), std::move(sockets.second), TlsStream::Side::server));
  EXPECT_TRUE(out.client->expect_host(host));
  TaskGroup group(context.executor());
  const auto serve = [&]() -> awaitable<void> { (void)co_await out.server->handshake(); };
  group.spawn("server", serve());
  const auto shaken = co_await out.client->handshake();
  EXPECT_TRUE(shaken) << shaken.error().message();
  co_await group.join();
}

base::Bytes pattern(std::size_t n) {
  base::Bytes b(n);
  base::SeededRandom(n).fill(b);
  return b;
}

}  // namespace

TEST(TlsStream, CarriesBulkBothWaysAtOnce) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    Pair p;
    co_await tls_pair(context, p);
    const auto up = pattern(3'000'000);
    const auto down = pattern(2'000'001);
    base::Bytes up_got(up.size());
    base::Bytes down_got(down.size());
    TaskGroup group(context.executor());
    const auto send = [](ByteStream& s, const base::Bytes& b) -> awaitable<void> {
      EXPECT_TRUE(co_await write_all(s, b));
    };
    const auto take = [](ByteStream& s, base::Bytes& b) -> awaitable<void> {
      EXPECT_TRUE(co_await read_exactly(s, b));
    };
    group.spawn("up", send(*p.client, up));
    group.spawn("down", send(*p.server, down));
    group.spawn("up end", take(*p.server, up_got));
    group.spawn("down end", take(*p.client, down_got));
    co_await group.join();
    EXPECT_EQ(up, up_got);
    EXPECT_EQ(down, down_got);
  };
  test::run(context, body);
}

TEST(TlsStream, LeavesTlsWithoutTakingAByteOfWhatFollows) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    Pair p;
    co_await tls_pair(context, p);
    EXPECT_TRUE(co_await p.client->send_close_notify());
    EXPECT_TRUE(co_await p.server->expect_close_notify());
    EXPECT_TRUE(co_await p.server->send_close_notify());
    // Raw bytes right behind the close_notify, in the socket before the client has read anything.
    const auto raw = pattern(10'000);
    auto server = p.server->release();
    EXPECT_TRUE(co_await write_all(*server, raw));
    EXPECT_TRUE(co_await p.client->expect_close_notify());
    auto client = p.client->release();
    base::Bytes got(raw.size());
    EXPECT_TRUE(co_await read_exactly(*client, got));
    EXPECT_EQ(got, raw);
    EXPECT_TRUE(co_await write_all(*client, raw));
    base::Bytes back(raw.size());
    EXPECT_TRUE(co_await read_exactly(*server, back));
    EXPECT_EQ(back, raw);
  };
  test::run(context, body);
}

TEST(TlsStream, RefusesDataWhereCloseNotifyIsDue) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    Pair p;
    co_await tls_pair(context, p);
    EXPECT_TRUE(co_await write_all(*p.client, pattern(5)));
    const auto r = co_await p.server->expect_close_notify();
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().code, base::Errc::bad_format);
  };
  test::run(context, body);
}

TEST(TlsStream, TellsAnOrderlyEndFromACut) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    base::Bytes one(1);
    Pair orderly;
    co_await tls_pair(context, orderly);
    EXPECT_TRUE(co_await orderly.client->shutdown_write());
    const auto end = co_await orderly.server->read_some(one);
    CO_ASSERT(end);
    EXPECT_EQ(*end, 0u);
    EXPECT_TRUE(co_await write_all(*orderly.server, pattern(100)));  // the other direction still stands
    base::Bytes rest(100);
    EXPECT_TRUE(co_await read_exactly(*orderly.client, rest));

    Pair cut;
    co_await tls_pair(context, cut);
    cut.client->close();
    const auto r = co_await cut.server->read_some(one);
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().code, base::Errc::io);
  };
  test::run(context, body);
}

TEST(TlsStream, SurvivesWritingToAClosedPeer) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    Pair p;
    co_await tls_pair(context, p);
    p.client->socket().set_reset_on_close();
    p.client->close();
    const auto bulk = pattern(100'000);
    base::Result<> r;
    for (int i = 0; i < 100 && r; ++i) r = co_await write_all(*p.server, bulk);  // SIGPIPE would end the process
    EXPECT_FALSE(r);
  };
  test::run(context, body);
}

TEST(TlsStream, RefusesAnotherHostsCertificate) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto sockets = co_await tcp_pair();
    auto client =
        std::move(*TlsStream::create(test::Site::get().client(), std::move(sockets.first), TlsStream::Side::client));
    auto server = std::move(*TlsStream::create(test::Site::get().server({"other.example"}), std::move(sockets.second),
                                               TlsStream::Side::server));
    EXPECT_TRUE(client->expect_host("localhost"));
    TaskGroup group(context.executor());
    const auto serve = [&]() -> awaitable<void> { EXPECT_FALSE(co_await server->handshake()); };
    group.spawn("server", serve());
    const auto r = co_await client->handshake();
    client->close();
    co_await group.join();
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().code, crypto::Errc::certificate_wrong_host) << r.error().message();
  };
  test::run(context, body);
}

TEST(Tcp, RefusedConnectionsSayWhereAndWhy) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    Endpoint gone;
    {
      auto listener = TcpListener::open(context.executor(), Endpoint("127.0.0.1", 0));
      CO_ASSERT(listener);
      gone = (*listener)->local();
    }
    const auto r = co_await connect_tcp(gone, ConnectLimits());
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().code, base::Errc::unreachable);
    EXPECT_NE(r.error().message().find(gone.text()), std::string::npos) << r.error().message();
    const auto name = co_await connect_tcp(Endpoint("no-such-host.invalid", 1), ConnectLimits());
    CO_ASSERT(!name);
    EXPECT_NE(name.error().message().find("no-such-host.invalid"), std::string::npos) << name.error().message();
  };
  test::run(context, body);
}

TEST(Tcp, SaysThatAnAddressIsTaken) {
  IoContext context;
  const auto first = TcpListener::open(context.executor(), Endpoint("127.0.0.1", 0));
  ASSERT_TRUE(first);
  const auto second = TcpListener::open(context.executor(), (*first)->local());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Errc::conflict);
  EXPECT_FALSE(TcpListener::open(context.executor(), Endpoint("localhost", 0)));
}

}  // namespace rescue::net

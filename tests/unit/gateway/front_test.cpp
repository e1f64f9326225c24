// SPDX-License-Identifier: Apache-2.0
// One port for gateway and broker: what the broker behind the front sees.
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "daemons/gateway/socket.hpp"
#include "gateway_client.hpp"
#include "net/proxy_protocol.hpp"

namespace rescue::gateway {
namespace {
namespace fb = wire::handoff;
using namespace std::chrono_literals;
using test::Client;
using test::eventually;
using test::Gateway;
using test::join;
using test::kPatience;
using test::SiteKeys;
using test::TestSession;

// A listener that plays the broker: takes one connection, reads its PROXY header, gives the rest to the test.
class Backend {
 public:
  Backend() : listener_(listen_on(net::Endpoint("127.0.0.1", 0), false).value()) {}
  [[nodiscard]] net::Endpoint at() const { return local_endpoint(listener_.get()).value(); }
  struct Taken {
    Fd fd;
    net::ProxiedPeer peer;
  };
  [[nodiscard]] Taken take() const {
    pollfd ready{listener_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())), 1);
    Taken out{Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), {}};
    const auto fixed = read(out.fd.get(), net::kProxyFixedSize);
    const auto rest = read(out.fd.get(), net::proxy_rest_size(fixed).value());
    out.peer = net::parse_proxy_header(fixed, rest).value().value();
    return out;
  }
  [[nodiscard]] static base::Bytes read(int fd, std::size_t n) {
    base::Bytes out(n);
    EXPECT_EQ(::recv(fd, out.data(), n, MSG_WAITALL), static_cast<ssize_t>(n));
    return out;
  }

 private:
  Fd listener_;
};

DataPlaneOptions in_front_of(const Backend& backend) {
  DataPlaneOptions options;
  options.front_backend = backend.at();
  return options;
}
std::uint16_t local_port(const Client& client) { return local_endpoint(client.fd()).value().port; }

TEST(Front, GatewayClientsStayAndJoinAsEver) {
  const Backend backend;
  Gateway gateway(in_front_of(backend));
  const auto pair = join(gateway, TestSession());
  pair.applet.send(base::as_bytes("hello"));
  EXPECT_EQ(base::as_text(pair.console.receive(5)), "hello");
  EXPECT_EQ(gateway.count(Metric::front_connections), 0U);
}

TEST(Front, WebClientsReachTheBrokerWithTheirAddress) {
  const Backend backend;
  Gateway gateway(in_front_of(backend));
  Client web(gateway.at());
  const auto port = local_port(web);
  std::thread server([&] {
    const auto taken = backend.take();
    EXPECT_EQ(taken.peer.source.text(), "127.0.0.1");
    EXPECT_EQ(taken.peer.source_port, port);
    EXPECT_EQ(taken.peer.destination_port, gateway.at().port);
    const auto context = crypto::https_server_context(SiteKeys::get().server).value();
    const auto ssl = crypto::new_ssl(context).value();
    SSL_set_fd(ssl.get(), taken.fd.get());
    ASSERT_EQ(SSL_accept(ssl.get()), 1);
    EXPECT_EQ(SSL_write(ssl.get(), "answer", 6), 6);
    SSL_shutdown(ssl.get());
  });
  const auto https = crypto::https_client_context(SiteKeys::get().pin).value();
  EXPECT_TRUE(web.tls(&https));
  server.join();
  EXPECT_EQ(gateway.count(Metric::front_connections), 1U);
}

TEST(Front, PlainHttpGoesToTheBrokerByteForByte) {
  const Backend backend;
  Gateway gateway(in_front_of(backend));
  Client web(gateway.at());
  const std::string request = "GET / HTTP/1.1\r\nHost: example\r\n\r\n";
  web.send(base::as_bytes(request));
  const auto taken = backend.take();
  EXPECT_EQ(base::as_text(Backend::read(taken.fd.get(), request.size())), request);
  EXPECT_EQ(::send(taken.fd.get(), "bye", 3, MSG_NOSIGNAL), 3);
  EXPECT_EQ(base::as_text(web.receive(3)), "bye");
  EXPECT_EQ(gateway.count(Metric::fronted), 1U);
}

TEST(Front, AClientHelloMayComeInPieces) {
  const Backend backend;
  Gateway gateway(in_front_of(backend));
  Client slow(gateway.at());
  slow.send(base::Bytes{22});
  slow.send(base::Bytes{3, 1, 0});
  ASSERT_TRUE(eventually([&] { return gateway.count(Metric::accepted) == 1; }));
  EXPECT_EQ(gateway.count(Metric::front_connections), 0U);
  slow.send(base::Bytes{4, 1, 0, 0, 0});  // an empty ClientHello: not for the gateway
  const auto taken = backend.take();
  EXPECT_EQ(Backend::read(taken.fd.get(), 9), (base::Bytes{22, 3, 1, 0, 4, 1, 0, 0, 0}));
}

TEST(Front, AnAbsentBrokerClosesItsClientsAndNobodyElse) {
  net::Endpoint nobody;
  {
    const Backend gone;
    nobody = gone.at();
  }
  DataPlaneOptions options;
  options.front_backend = nobody;
  Gateway gateway(options);
  const Client web(gateway.at());
  web.send(base::as_bytes("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_LE(web.next(), 0);
  ASSERT_TRUE(eventually([&] { return gateway.count(Metric::front_unreachable) == 1; }));
  const auto pair = join(gateway, TestSession());
  EXPECT_EQ(gateway.count(Metric::joined), 1U);
}

TEST(Front, ASilentClientIsClosedAtTheDeadline) {
  const Backend backend;
  auto options = in_front_of(backend);
  options.timeouts.tls = 150ms;
  Gateway gateway(options);
  const Client silent(gateway.at());
  EXPECT_EQ(silent.next(), 0);
}

}  // namespace
}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
// Clients behind a load balancer: who is believed about their address, and what that address is good for.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "gateway_client.hpp"
#include "net/proxy_protocol.hpp"

namespace rescue::gateway {
namespace {
namespace fb = wire::handoff;
using namespace std::chrono_literals;
using test::Client;
using test::eventually;
using test::Gateway;
using test::SiteKeys;
using test::TestSession;

DataPlaneOptions trusting(const char* network = "127.0.0.0/8") {
  DataPlaneOptions options;
  options.trusted_proxies.push_back(net::IpPrefix::parse(network).value());
  return options;
}
base::Bytes header(const char* client) {
  net::ProxiedPeer peer;
  peer.source = net::IpAddress::parse(client).value();
  peer.source_port = 4711;
  peer.destination = net::IpAddress::parse("192.0.2.99").value();
  return net::write_proxy_header(peer);
}
/// A console whose ticket is good from one network.
test::End console_of(const TestSession& session, const std::string& network) {
  auto console = session.console;
  auto ticket = session.ticket_for(console);
  ticket.networks = base::NetworkRule::parse(std::vector{network}).value();
  console.ticket = crypto::make_ticket(ticket, SiteKeys::get().token).value();
  return console;
}

TEST(Proxied, TheAddressInATrustedHeaderDecides) {
  Gateway gateway(trusting());
  const TestSession session;
  const auto console = console_of(session, "203.0.113.0/24");
  Client inside(gateway.at());
  inside.send(header("203.0.113.9"));
  EXPECT_EQ(inside.enter(console).kind, fb::Message::Waiting);
  EXPECT_EQ(gateway.site.asked().front().remote_address, "203.0.113.9:4711");
  Client outside(gateway.at());
  outside.send(header("198.51.100.1"));
  const auto said = outside.enter(console);
  EXPECT_EQ(said.kind, fb::Message::Refused);
  EXPECT_EQ(said.reason, RefuseReason::network);
  ASSERT_TRUE(eventually([&] { return gateway.site.incidents().size() == 1; }));
  EXPECT_TRUE(gateway.site.incidents().front().remote_address.starts_with("198.51.100.1"));
  EXPECT_EQ(gateway.refused(RefuseReason::network), 1U);
}

TEST(Proxied, NobodyElsesHeaderIsBelieved) {
  Gateway gateway(trusting("192.0.2.0/24"));
  const TestSession session;
  Client liar(gateway.at());
  liar.send(header("203.0.113.9"));
  EXPECT_FALSE(liar.tls()) << "the header is bytes that are no TLS";
  Client plain(gateway.at());
  EXPECT_EQ(plain.enter(console_of(session, "203.0.113.0/24")).reason, RefuseReason::network);
}

TEST(Proxied, ATrustedAddressWithoutHeaderSpeaksForItself) {
  Gateway gateway(trusting());
  const TestSession session;
  Client direct(gateway.at());
  EXPECT_EQ(direct.enter(console_of(session, "127.0.0.1/32")).kind, fb::Message::Waiting);
  Client other(gateway.at());
  EXPECT_EQ(other.enter(console_of(session, "203.0.113.0/24")).reason, RefuseReason::network);
}

TEST(Proxied, TheHeaderMayComeInPiecesAndWithWhatFollows) {
  Gateway gateway(trusting());
  const TestSession session;
  const auto whole = header("203.0.113.9");
  for (const std::size_t cut : {std::size_t{1}, std::size_t{15}, std::size_t{16}, whole.size() - 1}) {
    Client client(gateway.at());
    client.send(base::ByteView(whole).first(cut));
    ASSERT_TRUE(eventually([&] {  // the first piece alone is there
      return gateway.count(Metric::accepted) == gateway.count(Metric::admitted) + 1;
    }));
    client.send(base::ByteView(whole).subspan(cut));
    EXPECT_EQ(client.enter(console_of(session, "203.0.113.0/24")).kind, fb::Message::Waiting) << cut;
  }
}

TEST(Proxied, ABrokenOrUnfinishedHeaderEndsTheConnection) {
  auto options = trusting();
  options.timeouts.tls = 200ms;
  Gateway gateway(options);
  auto broken = header("203.0.113.9");
  broken[5] ^= 1;
  Client bad(gateway.at());
  bad.send(broken);
  EXPECT_LE(bad.next(), 0);
  Client silent(gateway.at());
  silent.send(base::ByteView(header("203.0.113.9")).first(20));
  EXPECT_LE(silent.next(), 0) << "within the handshake's time";
  Client leaving(gateway.at());
  leaving.send(base::ByteView(header("203.0.113.9")).first(20));
  leaving.finish();
  EXPECT_LE(leaving.next(), 0);
}

TEST(Proxied, LimitsCountTheClientsAndNotTheProxy) {
  auto options = trusting();
  options.limits.connections_per_address = 1;
  Gateway gateway(options);
  const TestSession session;
  Client one(gateway.at()), two(gateway.at()), again(gateway.at());
  one.send(header("203.0.113.1"));
  EXPECT_EQ(one.enter(session.console).kind, fb::Message::Waiting);
  two.send(header("203.0.113.2"));
  EXPECT_EQ(two.enter(session.console).kind, fb::Message::Waiting);
  again.send(header("203.0.113.1"));
  EXPECT_EQ(again.enter(session.console).reason, RefuseReason::too_many);
}

}  // namespace
}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "gateway_client.hpp"

namespace rescue::gateway {
namespace {
namespace fb = wire::handoff;
using namespace std::chrono_literals;
using test::Client;
using test::eventually;
using test::Gateway;
using test::join;
using test::pattern;
using test::TestSession;

// Sends on one end while the other end reads, both ways at once, and compares every byte.
void exchange(const Client& a, const Client& b, std::size_t n) {
  const auto to_b = pattern(n, 1), to_a = pattern(n, 2);
  base::Bytes at_a, at_b;
  std::thread threads[] = {std::thread([&] { a.send(to_b); }), std::thread([&] { b.send(to_a); }),
                           std::thread([&] { at_a = a.receive(n); }), std::thread([&] { at_b = b.receive(n); })};
  for (auto& t : threads) t.join();
  EXPECT_EQ(at_a, to_a);
  EXPECT_EQ(at_b, to_b);
}

TEST(Relay, MovesEveryByteBothWaysAndReportsThem) {
  Gateway gateway;
  const TestSession session;
  {
    const auto pair = join(gateway, session);
    exchange(pair.applet, pair.console, 3);
    exchange(pair.applet, pair.console, 24 << 20);
    exchange(pair.applet, pair.console, 1000);
    EXPECT_EQ(gateway.count(Metric::pairs), 1U);
  }
  ASSERT_TRUE(eventually([&] { return gateway.site.ended().size() == 1; }));
  const auto report = gateway.site.ended().front();
  EXPECT_EQ(report.session, session.id);
  EXPECT_EQ(report.end, PairEnd::closed);
  EXPECT_EQ(report.bytes_to_applet, 3U + (24U << 20) + 1000);
  EXPECT_EQ(report.bytes_to_console, report.bytes_to_applet);
  EXPECT_EQ(gateway.site.joined(), 1U);
  EXPECT_GT(gateway.count(Metric::pipes), 0U);  // bulk was spliced
  EXPECT_TRUE(eventually([&] { return gateway.count(Metric::pairs) == 0; }));
}

TEST(Relay, LosesNothingWhileMessagesGather) {
  DataPlaneOptions options;
  options.limits.gather_from_pairs = 1;
  options.limits.gather_period = 2ms;
  Gateway gateway(options);
  const auto pair = join(gateway, TestSession());
  for (int i = 0; i < 60; ++i) exchange(pair.applet, pair.console, 700);  // longer than a window
  exchange(pair.applet, pair.console, 8 << 20);
  pair.applet.finish();
  EXPECT_EQ(pair.console.next(), 0);
}

TEST(Relay, WorksWithoutAnyPipe) {
  DataPlaneOptions options;
  options.limits.pipes = 0;
  Gateway gateway(options);
  const auto pair = join(gateway, TestSession());
  exchange(pair.applet, pair.console, 8 << 20);
  EXPECT_EQ(gateway.count(Metric::pipes), 0U);
}

TEST(Relay, KeepsBytesThatFollowTheCloseNotifyInTheSameSegment) {
  Gateway gateway;
  const TestSession session;
  Client applet(gateway.at()), console(gateway.at());
  ASSERT_EQ(applet.enter(session.applet).kind, fb::Message::Waiting);
  ASSERT_EQ(console.enter(session.console).kind, fb::Message::Waiting);
  ASSERT_EQ(applet.read().kind, fb::Message::Joined);
  ASSERT_EQ(console.read().kind, fb::Message::Joined);
  const auto early = pattern(100'000, 3);
  ASSERT_TRUE(applet.leave(early));
  ASSERT_TRUE(console.leave(early));
  EXPECT_EQ(console.receive(early.size()), early);
  EXPECT_EQ(applet.receive(early.size()), early);
}

TEST(Relay, PairsWhoeverComesSecondAndMeetsOnAnyThread) {
  DataPlaneOptions options;
  options.threads = 3;
  Gateway gateway(options);
  for (int i = 0; i < 6; ++i) {
    const TestSession session;
    const auto pair = join(gateway, session);
    exchange(pair.applet, pair.console, 100);
  }
  EXPECT_EQ(gateway.count(Metric::joined), 6U);
}

TEST(Relay, ASpareConnectionServesTheSecondTechnician) {
  Gateway gateway;
  const TestSession session;
  const auto first = join(gateway, session);
  const auto second = join(gateway, session);
  exchange(first.applet, first.console, 10);
  exchange(second.applet, second.console, 10);
  EXPECT_EQ(gateway.count(Metric::pairs), 2U);
}

TEST(Relay, DoesNotPairEndsOfDifferentSessionsOrOfOneRole) {
  Gateway gateway;
  const TestSession one, two;
  Client a(gateway.at()), b(gateway.at()), c(gateway.at());
  EXPECT_EQ(a.enter(one.applet).kind, fb::Message::Waiting);
  EXPECT_EQ(b.enter(one.applet).kind, fb::Message::Waiting);
  EXPECT_EQ(c.enter(two.console).kind, fb::Message::Waiting);
  c.ping(5);
  EXPECT_EQ(c.read().value, 5U);
  EXPECT_EQ(gateway.count(Metric::waiting), 3U);
  EXPECT_EQ(gateway.count(Metric::joined), 0U);
  EXPECT_EQ(gateway.site.waiting(one.id, crypto::Role::applet), 2U);
}

TEST(Relay, CarriesAHalfClose) {
  Gateway gateway;
  const TestSession session;
  const auto pair = join(gateway, session);
  const auto data = pattern(300'000, 4);
  std::thread writer([&] {
    pair.console.send(data);
    pair.console.finish();
  });
  EXPECT_EQ(pair.applet.receive(data.size() + 1), data);  // then EOF
  writer.join();
  // The other direction is still open.
  std::thread back([&] {
    pair.applet.send(data);
    pair.applet.finish();
  });
  EXPECT_EQ(pair.console.receive(data.size() + 1), data);
  back.join();
  ASSERT_TRUE(eventually([&] { return gateway.ended(PairEnd::closed) == 1; }));
}

TEST(Relay, AnEmptyStreamEndsCleanlyToo) {
  Gateway gateway;
  const auto pair = join(gateway, TestSession());
  pair.applet.finish();
  EXPECT_EQ(pair.console.next(), 0);
  pair.console.finish();
  EXPECT_EQ(pair.applet.next(), 0);
}

TEST(Relay, PassesAResetOnAsAReset) {
  Gateway gateway;
  auto pair = join(gateway, TestSession());
  exchange(pair.applet, pair.console, 10);
  pair.applet.reset();
  EXPECT_EQ(pair.console.next(), -1);
  ASSERT_TRUE(eventually([&] { return gateway.ended(PairEnd::reset) == 1; }));
}

TEST(Relay, CutsHalfClosedAndIdlePairsByReset) {
  DataPlaneOptions options;
  options.timeouts.half_closed = 150ms;
  options.timeouts.pair_idle = 600ms;
  Gateway gateway(options);
  {
    const auto pair = join(gateway, TestSession());
    pair.console.finish();
    EXPECT_EQ(pair.applet.next(), 0);
    EXPECT_EQ(pair.applet.next(), 0);  // EOF stays EOF until the pair is cut
    ASSERT_TRUE(eventually([&] { return gateway.ended(PairEnd::half_closed_too_long) == 1; }));
  }
  const auto pair = join(gateway, TestSession());
  EXPECT_EQ(pair.applet.next(), -1);
  ASSERT_TRUE(eventually([&] { return gateway.ended(PairEnd::idle) == 1; }));
}

// Writes until the socket has taken nothing for a while; how much it took.
std::size_t fill(const Client& client) {
  const auto block = pattern(64 << 10, 5);
  std::size_t total = 0;
  for (auto last = std::chrono::steady_clock::now(); std::chrono::steady_clock::now() - last < 300ms;) {
    const ssize_t n = ::send(client.fd(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0) continue;
    total += static_cast<std::size_t>(n);
    last = std::chrono::steady_clock::now();
  }
  return total;
}

TEST(Relay, AStalledReaderStopsItsWriterAndNobodyElse) {
  Gateway gateway;
  const auto stalled = join(gateway, TestSession());
  const auto lively = join(gateway, TestSession());
  // Kernel buffers of two legs and one pipe or copy buffer; without back-pressure this would never end.
  const auto taken = fill(stalled.applet);
  EXPECT_LT(taken, 40U << 20);
  EXPECT_GE(gateway.count(Metric::stalled), 1U);
  exchange(lively.applet, lively.console, 1 << 20);
  // And not a byte of it is lost.
  base::Bytes got = stalled.console.receive(taken);
  ASSERT_EQ(got.size(), taken);
  const auto block = pattern(64 << 10, 5);
  EXPECT_TRUE(std::equal(block.begin(), block.end(), got.begin()));
  ASSERT_TRUE(eventually([&] { return gateway.count(Metric::stalled) == 0; }));
}

TEST(Relay, BothDirectionsStalledThenDrainedLoseNothing) {
  Gateway gateway;
  const auto pair = join(gateway, TestSession());
  const auto to_console = fill(pair.applet);
  const auto to_applet = fill(pair.console);
  std::thread other([&] { EXPECT_EQ(pair.applet.receive(to_applet).size(), to_applet); });
  EXPECT_EQ(pair.console.receive(to_console).size(), to_console);
  other.join();
  EXPECT_EQ(gateway.count(Metric::bytes_to_console), to_console);
  EXPECT_EQ(gateway.count(Metric::bytes_to_applet), to_applet);
}

TEST(Relay, KickEndsEverythingOfOneSession) {
  Gateway gateway;
  const TestSession session, other;
  const auto pair = join(gateway, session);
  const auto stays = join(gateway, other);
  Client waiting(gateway.at());
  ASSERT_EQ(waiting.enter(session.applet).kind, fb::Message::Waiting);
  gateway.plane->kick(session.id);
  const auto said = waiting.read();
  EXPECT_EQ(said.kind, fb::Message::Refused);
  EXPECT_EQ(said.reason, RefuseReason::not_admitted);
  EXPECT_EQ(pair.applet.next(), -1);
  EXPECT_EQ(pair.console.next(), -1);
  ASSERT_TRUE(eventually([&] { return gateway.ended(PairEnd::kicked) == 1; }));
  exchange(stays.applet, stays.console, 100);
}

TEST(Relay, HeldPairsCostLessThanAKilobyte) { EXPECT_LE(sizeof(RelayPair), 512U); }

}  // namespace
}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/broker_link.hpp"

#include <gtest/gtest.h>

#include "played_broker.hpp"

namespace rescue::gateway {
namespace {
namespace asio = boost::asio;
namespace fb = wire::gateway;
using namespace std::chrono_literals;
using test::Background;
using test::Client;
using test::eventually;
using test::Joined;
using test::kPatience;
using test::PlayedBroker;
using test::SiteKeys;
using test::TestSession;

// A data plane whose site is a real connection to the played broker.
class LinkedGateway {
 public:
  explicit LinkedGateway(const PlayedBroker& broker, std::chrono::milliseconds gathering = 10ms) {
    const auto begin = [this, &broker, gathering](net::IoContext& context) {
      BrokerLinkOptions options{net::Origin::parse(broker.url()).value(),
                                SiteKeys::get().pin,
                                identity,
                                "gw one",
                                {"127.0.0.1:1"},
                                100,
                                [this](const auto& keys) { saved_keys = keys.size(); },
                                gathering};
      link = std::make_unique<BrokerLink>(context.executor(), options, token_keys, base::system_clock(),
                                          base::system_random());
      DataPlaneOptions plane_options;
      plane_options.listen = net::Endpoint("127.0.0.1", 0);
      auto tls = crypto::gateway_server_context(SiteKeys::get().server).value();
      plane = DataPlane::start(plane_options, tls, token_keys, *link).value();
      link->start(*plane);
    };
    const auto end = [this]() -> asio::awaitable<void> {
      auto stopping = link->stop();
      co_await std::move(stopping);
    };
    background = std::make_unique<Background>(begin, end);
  }
  ~LinkedGateway() {
    background->stop();
    plane.reset();
    link.reset();
  }
  [[nodiscard]] bool connected() const {
    return eventually([this] { return link->connected(); });
  }

  crypto::PrivateKey identity = crypto::PrivateKey::generate(crypto::KeyKind::p256).value();
  TokenKeys token_keys;
  std::atomic<std::size_t> saved_keys{0};
  std::unique_ptr<Background> background;
  std::unique_ptr<BrokerLink> link;
  std::unique_ptr<DataPlane> plane;
};

Joined join_through(const LinkedGateway& gateway, const TestSession& session) {
  const auto before = gateway.plane->counters()[Metric::joined];
  Joined out{Client(gateway.plane->local()), Client(gateway.plane->local())};
  EXPECT_EQ(out.applet.enter(session.applet).kind, wire::handoff::Message::Waiting);
  EXPECT_EQ(out.console.enter(session.console).kind, wire::handoff::Message::Waiting);
  EXPECT_EQ(out.applet.read().kind, wire::handoff::Message::Joined);
  EXPECT_EQ(out.console.read().kind, wire::handoff::Message::Joined);
  EXPECT_TRUE(out.applet.leave());
  EXPECT_TRUE(out.console.leave());
  EXPECT_TRUE(eventually([&] { return gateway.plane->counters()[Metric::joined] > before; }));
  return out;
}

TEST(BrokerLink, RegistersUnderItsIdentityAndLearnsTheTokenKeys) {
  PlayedBroker broker;
  const LinkedGateway gateway(broker);
  ASSERT_TRUE(gateway.connected());
  EXPECT_EQ(broker.peer(), gateway.identity.fingerprint());
  EXPECT_EQ(broker.registered_name(), "gw one");
  EXPECT_EQ(gateway.saved_keys, 1U);
  const TestSession session;
  {
    const auto pair = join_through(gateway, session);
    EXPECT_EQ(broker.count(fb::Message::AdmitRequest), 2U);
    ASSERT_TRUE(eventually([&] { return broker.count(fb::Message::PairJoined) == 1; }));
  }
  ASSERT_TRUE(eventually([&] { return broker.count(fb::Message::PairEnded) == 1; }));
  EXPECT_GE(broker.count(fb::Message::Load), 1U);
}

TEST(BrokerLink, ObeysRefusalKickDrainAndNewKeys) {
  PlayedBroker broker;
  const LinkedGateway gateway(broker);
  ASSERT_TRUE(gateway.connected());
  const TestSession session;
  broker.set_verdict(fb::AdmitVerdict::wrong_key);
  Client refused(gateway.plane->local());
  EXPECT_EQ(refused.enter(session.applet).reason, RefuseReason::not_admitted);
  ASSERT_TRUE(eventually([&] { return broker.count(fb::Message::Incident) == 1; }));

  broker.set_verdict(fb::AdmitVerdict::admitted);
  const auto pair = join_through(gateway, session);
  broker.kick(session.id);
  EXPECT_EQ(pair.applet.next(), -1);

  broker.drain(0);
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_draining(); }));
  broker.resume();
  ASSERT_TRUE(eventually([&] { return !gateway.plane->is_draining(); }));

  const auto fresh = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  broker.set_token_keys({fresh.public_key(), SiteKeys::get().token.public_key()});
  broker.send_token_keys();
  ASSERT_TRUE(eventually([&] { return gateway.saved_keys == 2U; }));
}

TEST(BrokerLink, PairsSurviveTheBrokerAndItIsToldWhatItMissed) {
  PlayedBroker broker;
  const LinkedGateway gateway(broker);
  ASSERT_TRUE(gateway.connected());
  const TestSession stays, ends, waits;
  const auto long_lived = join_through(gateway, stays);
  auto short_lived = std::make_unique<Joined>(join_through(gateway, ends));
  Client waiting(gateway.plane->local());
  ASSERT_EQ(waiting.enter(waits.applet).kind, wire::handoff::Message::Waiting);
  ASSERT_TRUE(eventually([&] { return broker.count(fb::Message::PairJoined) == 2; }));
  broker.stop();
  ASSERT_TRUE(eventually([&] { return !gateway.link->connected(); }));

  long_lived.applet.send(base::as_bytes("on"));
  EXPECT_EQ(base::as_text(long_lived.console.receive(2)), "on");
  const TestSession offline;
  const auto by_ticket = join_through(gateway, offline);
  EXPECT_EQ(gateway.plane->counters()[Metric::admitted_offline], 2U);
  short_lived.reset();
  ASSERT_TRUE(eventually([&] { return gateway.plane->counters()[Metric::pairs] == 2; }));

  broker.start();
  ASSERT_TRUE(gateway.connected());
  ASSERT_TRUE(
      eventually([&] { return broker.count(fb::Message::PairJoined) == 4; }));  // the two that stand, again or first
  EXPECT_TRUE(eventually([&] { return broker.count(fb::Message::PairEnded) == 1; }));
  const auto told = broker.waiting();
  EXPECT_EQ(told.back().first, waits.id);
  EXPECT_EQ(told.back().second, 1U);
}

TEST(BrokerLink, TellsWhatItHasGatheredBeforeItLeaves) {
  PlayedBroker broker;
  const LinkedGateway gateway(broker, 1h);  // after the first report the next time would come too late
  ASSERT_TRUE(gateway.connected());
  const TestSession one, two;
  { const auto first = join_through(gateway, one), second = join_through(gateway, two); }
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_idle(); }));
  EXPECT_EQ(broker.count(fb::Message::PairEnded), 0U);
  gateway.background->stop();
  EXPECT_TRUE(eventually([&] { return broker.count(fb::Message::PairEnded) == 2; }));
  EXPECT_EQ(broker.count(fb::Message::PairJoined), 2U);
}

TEST(BrokerLink, LeavesABrokerThatSpeaksRubbishAndComesBack) {
  PlayedBroker broker;
  const LinkedGateway gateway(broker);
  ASSERT_TRUE(gateway.connected());
  broker.send_rubbish();
  ASSERT_TRUE(eventually([&] { return broker.count(fb::Message::Register) == 2; }));
  ASSERT_TRUE(gateway.connected());
}

}  // namespace
}  // namespace rescue::gateway

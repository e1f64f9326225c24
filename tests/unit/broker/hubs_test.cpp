// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemons/broker/applet_hub.hpp"
#include "daemons/broker/events_hub.hpp"
#include "daemons/broker/gateway_hub.hpp"
#include "daemons/broker/worker_pool.hpp"

namespace rescue::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Keeps what was sent, as "type data".
class KeptEvents final : public net::EventSink {
 public:
  bool send(net::ServerEvent event) override {
    if (closed_) return false;
    seen.push_back(event.type + " " + event.data);
    return true;
  }
  void close() override { closed_ = true; }
  [[nodiscard]] bool closed() const override { return closed_; }
  std::vector<std::string> take() { return std::exchange(seen, {}); }
  std::vector<std::string> seen;

 private:
  bool closed_ = false;
};

class KeptSocket final : public net::WebSocketSession {
 public:
  bool send_text(std::string text) override {
    if (full || closed_) return false;
    texts.push_back(std::move(text));
    return true;
  }
  bool send_binary(base::ByteView data) override {
    binaries.push_back(base::to_bytes(data));
    return true;
  }
  boost::asio::awaitable<base::Result<net::WebSocketMessage>> receive() override { std::abort(); }
  void close(net::CloseCode code, std::string) override {
    closed_ = true;
    closed_with = code;
  }
  [[nodiscard]] bool closed() const override { return closed_; }
  bool full = false;
  std::vector<std::string> texts;
  std::vector<base::Bytes> binaries;
  std::optional<net::CloseCode> closed_with;

 private:
  bool closed_ = false;
};

base::Guid guid(std::uint8_t n) {
  base::Bytes b(base::Guid::kSize, n);
  return *base::Guid::from_bytes(b);
}

const base::SteadyTime kStart{std::chrono::hours(1)};
const base::WallTime kLease{std::chrono::seconds(1'700'000'000)};

AppletTruth with_grant(std::uint64_t generation, base::WallTime lease) {
  AppletTruth truth;
  truth.grants.push_back({guid(9), generation, lease, "g" + std::to_string(generation)});
  return truth;
}

TEST(AppletHub, SendsOnlyWhatDiffersFromWhatWasTold) {
  AppletHub hub(kStart);
  auto sink = std::make_shared<KeptEvents>();
  hub.connected(guid(1), sink);
  hub.sync(guid(1), {});
  EXPECT_THAT(sink->take(), ElementsAre(R"(synced {"technicians":[]})"));
  hub.sync(guid(1), with_grant(1, kLease));
  EXPECT_THAT(sink->take(), ElementsAre(R"(grant {"grant":"g1"})"));
  hub.sync(guid(1), with_grant(1, kLease));
  EXPECT_THAT(sink->take(), IsEmpty());
  hub.sync(guid(1), with_grant(1, kLease + std::chrono::minutes(15)));
  EXPECT_THAT(sink->take(), ElementsAre(R"(grant {"grant":"g1"})"));
  hub.sync(guid(1), {});
  EXPECT_THAT(sink->take(), ElementsAre("revoke {\"technician\":\"" + guid(9).text() + "\"}"));
}

TEST(AppletHub, TellsEverythingAgainAfterAReconnect) {
  AppletHub hub(kStart);
  auto first = std::make_shared<KeptEvents>();
  const auto old = hub.connected(guid(1), first);
  hub.sync(guid(1), with_grant(3, kLease));
  auto second = std::make_shared<KeptEvents>();
  hub.connected(guid(1), second);
  EXPECT_TRUE(first->closed());
  EXPECT_FALSE(hub.disconnected(guid(1), old, kStart)) << "the newer stream stays";
  hub.sync(guid(1), with_grant(3, kLease));
  EXPECT_THAT(second->take(),
              ElementsAre(R"(grant {"grant":"g3"})", "synced {\"technicians\":[\"" + guid(9).text() + "\"]}"));
}

TEST(AppletHub, EndsTheStreamWithTheSession) {
  AppletHub hub(kStart);
  auto sink = std::make_shared<KeptEvents>();
  hub.connected(guid(1), sink);
  AppletTruth over;
  over.ended = true;
  over.ended_by = "ada@example.org";
  over.end_reason = "done";
  hub.sync(guid(1), over);
  EXPECT_THAT(sink->take(), ElementsAre(R"(close {"by":"ada@example.org","reason":"done"})"));
  EXPECT_TRUE(sink->closed());
}

TEST(AppletHub, CountsSilenceFromTheLastStreamOrTheStart) {
  AppletHub hub(kStart);
  EXPECT_EQ(hub.silent_for(guid(1), kStart + std::chrono::seconds(5)), std::chrono::seconds(5));
  const auto connection = hub.connected(guid(1), std::make_shared<KeptEvents>());
  EXPECT_TRUE(hub.online(guid(1)));
  EXPECT_EQ(hub.silent_for(guid(1), kStart + std::chrono::hours(1)), base::Duration(0));
  EXPECT_TRUE(hub.disconnected(guid(1), connection, kStart + std::chrono::hours(1)));
  EXPECT_EQ(hub.silent_for(guid(1), kStart + std::chrono::hours(1) + std::chrono::seconds(7)), std::chrono::seconds(7));
  EXPECT_FALSE(hub.online(guid(1)));
}

directory::Principal person(std::uint8_t n, store::UserRole role) {
  directory::Principal who;
  who.id = guid(n);
  who.role = role;
  return who;
}

TEST(EventsHub, ShowsEachReceiverWhatItMayRead) {
  EventsHub hub;
  auto owner = std::make_shared<KeptSocket>();
  auto other = std::make_shared<KeptSocket>();
  auto admin = std::make_shared<KeptSocket>();
  hub.add({person(1, store::UserRole::technician), true, true, owner});
  hub.add({person(2, store::UserRole::technician), true, true, other});
  hub.add({person(3, store::UserRole::administrator), true, false, admin});
  hub.session_changed(guid(1), "s");
  hub.log_event(guid(1), "l");
  hub.log_event(directory::Object(), "site");
  EXPECT_THAT(owner->texts, ElementsAre("s", "l"));
  EXPECT_THAT(other->texts, IsEmpty());
  EXPECT_THAT(admin->texts, ElementsAre("s")) << "did not ask for the log";
  hub.session_changed(guid(1), "joined", {guid(1), guid(2)});
  EXPECT_THAT(owner->texts, ElementsAre("s", "l", "joined"));
  EXPECT_THAT(other->texts, ElementsAre("joined")) << "takes part in it";
}

TEST(EventsHub, DropsTheSlowReceiverAlone) {
  EventsHub hub;
  auto slow = std::make_shared<KeptSocket>();
  auto quick = std::make_shared<KeptSocket>();
  hub.add({person(1, store::UserRole::administrator), true, true, slow});
  hub.add({person(2, store::UserRole::administrator), true, true, quick});
  slow->full = true;
  EXPECT_EQ(hub.session_changed(guid(5), "s"), 1U);
  EXPECT_EQ(slow->closed_with, net::CloseCode::try_later);
  EXPECT_EQ(hub.count(), 1U);
  EXPECT_THAT(quick->texts, ElementsAre("s"));
}

TEST(EventsHub, DisconnectsWhoMayNoLongerListen) {
  EventsHub hub;
  auto gone = std::make_shared<KeptSocket>();
  hub.add({person(1, store::UserRole::auditor), true, true, gone});
  hub.recheck([](const directory::Principal&) { return false; });
  EXPECT_EQ(gone->closed_with, net::CloseCode::policy);
  EXPECT_EQ(hub.count(), 0U);
}

store::Gateway gateway(std::uint8_t n, bool draining = false) {
  store::Gateway row;
  row.id = guid(n);
  row.name = "gw" + std::to_string(n);
  row.addresses = {"10.0.0." + std::to_string(n) + ":443"};
  row.fingerprint = base::Bytes(32, n);
  row.draining = draining;
  return row;
}

std::vector<std::string> names(const std::vector<GatewayPlace>& places) {
  std::vector<std::string> out;
  for (const auto& p : places) out.push_back(p.name);
  return out;
}

TEST(GatewayHub, PutsTheGatewayWhereTheAppletWaitsFirst) {
  GatewayHub hub;
  const auto session = guid(77);
  for (const std::uint8_t n : {1, 2, 3}) hub.connected(guid(n), std::make_shared<KeptSocket>());
  for (const std::uint8_t n : {1, 2, 3}) {
    hub.waiting(guid(n), session, wire::tokens::Role::applet, 2);
    EXPECT_EQ(names(hub.places({gateway(1), gateway(2), gateway(3)}, session)).front(), "gw" + std::to_string(n));
    hub.waiting(guid(n), session, wire::tokens::Role::applet, 0);
  }
  hub.waiting(guid(1), session, wire::tokens::Role::console, 1);
  const auto order = names(hub.places({gateway(1), gateway(2), gateway(3)}, session));
  EXPECT_EQ(order, names(hub.places({gateway(3), gateway(2), gateway(1)}, session))) << "both ends sort alike";
}

TEST(GatewayHub, SpreadsSessionsAndKeepsDrainingAndLostOnesLast) {
  GatewayHub hub;
  hub.connected(guid(1), std::make_shared<KeptSocket>());
  hub.connected(guid(2), std::make_shared<KeptSocket>());
  std::map<std::string, int> firsts;
  for (std::uint8_t s = 0; s < 200; ++s) ++firsts[names(hub.places({gateway(1), gateway(2)}, guid(s))).front()];
  EXPECT_GT(firsts["gw1"], 60);
  EXPECT_GT(firsts["gw2"], 60);
  EXPECT_THAT(names(hub.places({gateway(1, true), gateway(3), gateway(2)}, guid(7))), ElementsAre("gw2", "gw3", "gw1"));
}

TEST(GatewayHub, CountsPairsOverAllGateways) {
  GatewayHub hub;
  hub.connected(guid(1), std::make_shared<KeptSocket>());
  hub.connected(guid(2), std::make_shared<KeptSocket>());
  EXPECT_EQ(hub.pair_joined(guid(1), guid(50), guid(60)), 1U);
  EXPECT_EQ(hub.pair_joined(guid(2), guid(50), guid(61)), 2U);
  EXPECT_EQ(hub.pair_ended(guid(1), guid(50), guid(60)), 1U);
  EXPECT_EQ(hub.pair_ended(guid(1), guid(50), guid(60)), 1U) << "an unknown pair changes nothing";
  EXPECT_EQ(hub.pair_ended(guid(2), guid(50), guid(61)), 0U);
}

TEST(GatewayHub, RemembersNoMoreThanAGatewayCanCarry) {
  GatewayHub hub;
  hub.connected(guid(1), std::make_shared<KeptSocket>());
  const auto numbered = [](std::uint32_t n) {
    base::Bytes b(base::Guid::kSize, 7);
    for (int i = 0; i < 4; ++i) b[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(n >> (8 * i));
    return *base::Guid::from_bytes(b);
  };
  for (std::uint32_t n = 0; n < kMaxReported; ++n) hub.pair_joined(guid(1), guid(50), numbered(n));
  EXPECT_EQ(hub.pair_joined(guid(1), guid(50), guid(60)), kMaxReported);
  EXPECT_EQ(hub.pair_joined(guid(1), guid(51), guid(60)), 0U);
  EXPECT_EQ(hub.pair_ended(guid(1), guid(50), numbered(3)), kMaxReported - 1);
  EXPECT_EQ(hub.pair_joined(guid(1), guid(51), guid(60)), 1U);
}

TEST(GatewayHub, NewerConnectionTakesOver) {
  GatewayHub hub;
  auto old = std::make_shared<KeptSocket>();
  const auto first = hub.connected(guid(1), old);
  auto fresh = std::make_shared<KeptSocket>();
  hub.connected(guid(1), fresh);
  EXPECT_EQ(old->closed_with, net::CloseCode::policy);
  EXPECT_FALSE(hub.disconnected(guid(1), first));
  hub.kick(guid(50));
  ASSERT_EQ(fresh->binaries.size(), 1U);
  const auto message = wire::read_gateway_message(fresh->binaries[0]);
  ASSERT_TRUE(message);
  ASSERT_NE((*message)->message_as_Kick(), nullptr);
  EXPECT_EQ(base::to_bytes(wire::view((*message)->message_as_Kick()->session())), base::to_bytes(guid(50).bytes()));
}

TEST(WorkerPool, GoesOnAfterAJobThatThrows) {
  WorkerPool pool("test", 1, 10);
  bool ran = false;
  EXPECT_TRUE(pool.post([] { throw std::runtime_error("a library's"); }));
  EXPECT_TRUE(pool.post([&ran] { ran = true; }));
  pool.stop();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(pool.post([] {}));
}

}  // namespace
}  // namespace rescue::broker

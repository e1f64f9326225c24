// SPDX-License-Identifier: Apache-2.0
// The hand-off over real sockets: bad input, time-outs, limits, drain.
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "daemons/gateway/socket.hpp"
#include "gateway_client.hpp"

namespace rescue::gateway {
namespace {
namespace fb = wire::handoff;
using namespace std::chrono_literals;
using test::Client;
using test::eventually;
using test::Gateway;
using test::join;
using test::SiteKeys;
using test::TestSession;

DataPlaneOptions quick() {
  DataPlaneOptions options;
  options.timeouts.tls = options.timeouts.hello = 200ms;
  options.timeouts.waiting_silence = 300ms;
  options.timeouts.leaving = 200ms;
  options.timeouts.closing = 200ms;
  return options;
}

TEST(Handoff, TellsThePartnerlessEndThatItWaitsAndTheSiteWho) {
  Gateway gateway;
  const TestSession session;
  Client applet(gateway.at());
  EXPECT_EQ(applet.enter(session.applet).kind, fb::Message::Waiting);
  ASSERT_EQ(gateway.site.asked().size(), 1U);
  const auto asked = gateway.site.asked().front();
  EXPECT_EQ(asked.session, session.id);
  EXPECT_EQ(asked.guid_id, crypto::guid_id(session.applet.guid.bytes()));
  EXPECT_EQ(asked.holder, session.applet.key.fingerprint());
  EXPECT_TRUE(asked.remote_address.starts_with("127.0.0.1:"));
  ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::applet) == 1; }));
}

TEST(Handoff, AGoneClientIsNoLongerWaiting) {
  Gateway gateway;
  const TestSession session;
  {
    Client applet(gateway.at());
    ASSERT_EQ(applet.enter(session.applet).kind, fb::Message::Waiting);
    ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::applet) == 1; }));
  }
  ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::applet) == 0; }));
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_idle(); }));
}

TEST(Handoff, SaysWhyBeforeItCloses) {
  Gateway gateway;
  const TestSession session;
  const auto refusal = [&](const std::function<void(Client&)>& misbehave) {
    Client client(gateway.at());
    EXPECT_TRUE(client.tls());
    misbehave(client);
    auto said = client.read();
    EXPECT_EQ(said.kind, fb::Message::Refused);
    EXPECT_FALSE(said.text.empty());
    EXPECT_TRUE(client.read().end);
    return said.reason;
  };
  auto flipped = session.applet;
  flipped.ticket[flipped.ticket.size() / 2] ^= 1;
  EXPECT_EQ(refusal([&](Client& c) { c.hello(flipped); }), RefuseReason::bad_ticket);
  auto wrong_guid = session.applet;
  wrong_guid.guid = base::Guid::random(base::system_random());
  EXPECT_EQ(refusal([&](Client& c) { c.hello(wrong_guid); }), RefuseReason::wrong_guid);
  auto thief = session.applet;
  thief.key = crypto::PrivateKey::generate(crypto::KeyKind::p256).value();
  EXPECT_EQ(refusal([&](Client& c) { c.hello(thief); }), RefuseReason::wrong_holder);
  // Much more than is read: the reason must not be lost to a reset.
  EXPECT_EQ(refusal([&](Client& c) { c.send_plain(base::Bytes(16'000, 0xff)); }), RefuseReason::bad_message);
  gateway.site.set_verdict(Verdict::session_ended);
  EXPECT_EQ(refusal([&](Client& c) { c.hello(session.applet); }), RefuseReason::not_admitted);
  EXPECT_EQ(gateway.refused(RefuseReason::wrong_guid), 1U);
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_idle(); }));
  ASSERT_EQ(gateway.site.incidents().size(), 3U);
  EXPECT_EQ(gateway.site.incidents()[1].session, session.id);
}

TEST(Handoff, ATicketIsEnoughWhileTheBrokerIsAway) {
  Gateway gateway;
  gateway.site.set_verdict(Verdict::broker_away);
  const auto pair = join(gateway, TestSession());
  EXPECT_EQ(gateway.count(Metric::admitted_offline), 2U);
}

TEST(Handoff, ABrokerThatNeverAnswersDelaysNobodyForLong) {
  DataPlaneOptions options;
  options.timeouts.admitting = 100ms;
  Gateway gateway(options);
  gateway.site.set_silent(true);
  const auto pair = join(gateway, TestSession());
  EXPECT_EQ(gateway.count(Metric::joined), 1U);
}

TEST(Handoff, AnEndMayLeaveInTheFlightOfItsHello) {
  // Bytes for the partner stand behind the goodbye before anybody knows who that is.
  for (const bool partner_first : {true, false}) {
    Gateway gateway;
    const TestSession session;
    Client applet(gateway.at()), console(gateway.at());
    const auto applet_waits = [&] {
      ASSERT_EQ(applet.enter(session.applet).kind, fb::Message::Waiting);
      ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::applet) == 1; }));
    };
    if (partner_first) applet_waits();
    ASSERT_TRUE(console.tls());
    console.hello(session.console, true);
    ASSERT_TRUE(console.say_goodbye(base::as_bytes("for the applet")));
    EXPECT_EQ(console.read().kind, fb::Message::Waiting);
    if (!partner_first) {
      ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::console) == 1; }));
      ASSERT_EQ(applet.enter(session.applet).kind, fb::Message::Waiting);
    }
    EXPECT_EQ(console.read().kind, fb::Message::Joined);
    EXPECT_TRUE(console.hear_goodbye());
    EXPECT_EQ(applet.read().kind, fb::Message::Joined);
    ASSERT_TRUE(applet.leave());
    EXPECT_EQ(base::as_text(applet.receive(14)), "for the applet");
    applet.send(base::as_bytes("back"));
    EXPECT_EQ(base::as_text(console.receive(4)), "back");
  }
}

TEST(Handoff, AnEndThatLeavesAtOnceHearsWhyItIsRefused) {
  Gateway gateway(quick());
  const TestSession session;
  const base::Bytes much(8'000, 0x16);  // unread bytes must not turn the close into a reset that overtakes the reason
  const auto refusal = [&](const test::End& end) {
    Client client(gateway.at());
    EXPECT_TRUE(client.tls());
    client.hello(end, true);
    EXPECT_TRUE(client.say_goodbye(much));
    auto said = client.read();
    if (said.kind == fb::Message::Waiting) said = client.read();
    EXPECT_EQ(said.kind, fb::Message::Refused);
    EXPECT_TRUE(client.hear_goodbye());
    return said.reason;
  };
  auto flipped = session.console;
  flipped.ticket[flipped.ticket.size() / 2] ^= 1;
  EXPECT_EQ(refusal(flipped), RefuseReason::bad_ticket);
  EXPECT_EQ(refusal(session.console), RefuseReason::timed_out) << "nobody came";
  gateway.site.set_verdict(Verdict::session_ended);
  EXPECT_EQ(refusal(session.console), RefuseReason::not_admitted);
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_idle(); }));
}

TEST(Handoff, AnEndThatLeftAtOnceAndIsGoneGetsNoPartner) {
  Gateway gateway;
  const TestSession session;
  {
    Client console(gateway.at());
    ASSERT_TRUE(console.tls());
    console.hello(session.console, true);
    ASSERT_TRUE(console.say_goodbye(base::as_bytes("x")));
    ASSERT_EQ(console.read().kind, fb::Message::Waiting);
    ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::console) == 1; }));
    console.finish();
    ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::console) == 0; }));
  }
  Client applet(gateway.at());
  EXPECT_EQ(applet.enter(session.applet).kind, fb::Message::Waiting);
  ASSERT_TRUE(eventually([&] { return gateway.site.waiting(session.id, crypto::Role::applet) == 1; }));
  EXPECT_EQ(gateway.count(Metric::joined), 0U);
}

TEST(Handoff, SilentClientsAreClosedInEveryPhase) {
  Gateway gateway(quick());
  const TestSession session;
  Client no_tls(gateway.at());
  EXPECT_EQ(no_tls.next(), 0);
  Client no_hello(gateway.at());
  ASSERT_TRUE(no_hello.tls());
  EXPECT_EQ(no_hello.read().reason, RefuseReason::timed_out);
  Client half_hello(gateway.at());
  ASSERT_TRUE(half_hello.tls());
  half_hello.send_plain(base::Bytes{0, 0, 1});
  EXPECT_EQ(half_hello.read().reason, RefuseReason::timed_out);
  Client no_ping(gateway.at());
  ASSERT_EQ(no_ping.enter(session.applet).kind, fb::Message::Waiting);
  EXPECT_EQ(no_ping.read().reason, RefuseReason::timed_out);
  // Joined, but never leaves TLS: both ends go.
  Client applet(gateway.at()), console(gateway.at());
  ASSERT_EQ(applet.enter(session.applet).kind, fb::Message::Waiting);
  ASSERT_EQ(console.enter(session.console).kind, fb::Message::Waiting);
  ASSERT_EQ(applet.read().kind, fb::Message::Joined);
  ASSERT_EQ(console.read().kind, fb::Message::Joined);
  ASSERT_TRUE(console.leave());
  EXPECT_EQ(console.next(), -1);
  EXPECT_TRUE(applet.read().end);
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_idle(); }));
  EXPECT_EQ(gateway.count(Metric::joined), 0U);
}

TEST(Handoff, PlainTextAndWrongAlpnGetNothing) {
  Gateway gateway;
  Client http(gateway.at());
  http.send(base::as_bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  (void)http.receive(4096);  // at most a TLS alert
  EXPECT_LE(http.next(), 0);
  Client web(gateway.at());
  const auto https = crypto::https_client_context(SiteKeys::get().pin).value();
  EXPECT_FALSE(web.tls(&https));
  ASSERT_TRUE(eventually([&] { return gateway.count(Metric::tls_failed) == 2; }));
}

TEST(Handoff, LimitsPerAddressHold) {
  DataPlaneOptions options;
  options.limits.connections_per_address = 3;
  options.limits.unauthenticated_per_address = 2;
  Gateway gateway(options);
  const TestSession session;
  {
    // Two that say nothing use up the unauthenticated ones.
    const Client silent_one(gateway.at()), silent_two(gateway.at());
    ASSERT_TRUE(eventually([&] { return gateway.count(Metric::handshaking) == 2; }));
    Client third(gateway.at());
    EXPECT_FALSE(third.tls());
    EXPECT_EQ(gateway.count(Metric::over_limit), 1U);
  }
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_idle(); }));
  const auto pair = join(gateway, session);
  Client waiting(gateway.at());
  ASSERT_EQ(waiting.enter(session.applet).kind, fb::Message::Waiting);
  Client fourth(gateway.at());
  ASSERT_TRUE(fourth.tls());
  EXPECT_EQ(fourth.read().reason, RefuseReason::too_many);
}

TEST(Handoff, AFullGatewaySaysSo) {
  DataPlaneOptions options;
  options.limits.connections = 2;
  options.limits.refusal_lane = 1;
  Gateway gateway(options);
  const TestSession session;
  const auto pair = join(gateway, session);
  Client third(gateway.at());
  ASSERT_TRUE(third.tls());
  EXPECT_EQ(third.read().reason, RefuseReason::full);
  // One more than the lane takes is closed without a word.
  Client fourth(gateway.at());
  EXPECT_FALSE(fourth.tls());
}

TEST(Handoff, OneEndMayNotHoardWaitingConnections) {
  DataPlaneOptions options;
  options.limits.waiting_per_end = 2;
  Gateway gateway(options);
  const TestSession session;
  Client a(gateway.at()), b(gateway.at()), c(gateway.at());
  EXPECT_EQ(a.enter(session.applet).kind, fb::Message::Waiting);
  EXPECT_EQ(b.enter(session.applet).kind, fb::Message::Waiting);
  EXPECT_EQ(c.enter(session.applet).kind, fb::Message::Waiting);
  EXPECT_EQ(c.read().reason, RefuseReason::too_many);
}

TEST(Handoff, NewTokenKeysCountAtOnceAndOldOnesUntilTheyGo) {
  Gateway gateway;
  const auto rotated = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  TestSession session;
  session.applet.ticket = crypto::make_ticket(session.ticket_for(session.applet), rotated).value();
  Client early(gateway.at());
  EXPECT_EQ(early.enter(session.applet).reason, RefuseReason::bad_ticket);
  gateway.token_keys.set({rotated.public_key(), SiteKeys::get().token.public_key()});
  const auto pair = join(gateway, session);  // the console's ticket is still of the old key
  EXPECT_EQ(gateway.count(Metric::joined), 1U);
}

TEST(Handoff, ANewCertificateServesNewConnections) {
  Gateway gateway;
  const TestSession session;
  Client old(gateway.at());
  ASSERT_EQ(old.enter(session.applet).kind, fb::Message::Waiting);
  const auto stranger = crypto::make_session_identity(base::system_clock().wall()).value();
  gateway.plane->set_tls(crypto::gateway_server_context({stranger.key, {stranger.certificate}}).value());
  ASSERT_TRUE(eventually([&] { return !Client(gateway.at()).tls(); }));  // the pin no longer fits
  old.ping(1);
  EXPECT_EQ(old.read().value, 1U);
}

TEST(Drain, LetsPairsGoOnRefusesAllOthersAndCutsAtTheLimit) {
  Gateway gateway;
  const TestSession session;
  const auto pair = join(gateway, session);
  Client waiting(gateway.at());
  ASSERT_EQ(waiting.enter(session.applet).kind, fb::Message::Waiting);
  gateway.plane->drain(std::nullopt, false);
  EXPECT_EQ(waiting.read().reason, RefuseReason::draining);
  Client late(gateway.at());
  ASSERT_TRUE(late.tls());
  EXPECT_EQ(late.read().reason, RefuseReason::draining);
  pair.applet.send(base::as_bytes("still"));
  EXPECT_EQ(base::as_text(pair.console.receive(5)), "still");

  gateway.plane->resume();
  Client again(gateway.at());
  ASSERT_TRUE(eventually([&] { return !gateway.plane->is_draining(); }));
  EXPECT_EQ(again.enter(session.applet).kind, fb::Message::Waiting);

  gateway.plane->drain(100ms, true);
  EXPECT_EQ(pair.console.next(), -1);
  ASSERT_TRUE(eventually([&] { return gateway.ended(PairEnd::drained) == 1; }));
  ASSERT_TRUE(eventually([&] { return gateway.plane->is_idle(); }));
  // Nobody listens any more: the port can be taken.
  ASSERT_TRUE(eventually([&] { return listen_on(gateway.at(), false).has_value(); }));
}

TEST(DataPlane, RefusesAnAddressInUse) {
  const Gateway gateway;
  test::FakeSite site;
  TokenKeys keys;
  DataPlaneOptions options;
  options.listen = gateway.at();
  const auto tls = crypto::gateway_server_context(SiteKeys::get().server).value();
  const auto second = DataPlane::start(options, tls, keys, site);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Errc::conflict);
}

}  // namespace
}  // namespace rescue::gateway

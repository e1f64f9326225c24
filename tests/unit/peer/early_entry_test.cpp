// SPDX-License-Identifier: Apache-2.0
// Round trips that a technician does not wait for: gateways called while the site is asked, and Hello, the goodbye to
// the outer TLS and the inner ClientHello in one flight.
#include "ends.hpp"

namespace rescue::peer {

using namespace std::chrono_literals;
using test::AppletHost;
using test::awaitable;
using test::ConsoleHost;
using test::FakeGateway;
using test::World;

namespace {

struct Scene {
  explicit Scene(net::IoContext& c)
      : context(c),
        gateway(c, {world.token_key.public_key()}),
        group(c.executor()),
        calls_group(c.executor()),
        calls(calls_group),
        console_key(World::identity()),
        changed(c.executor()) {}

  void start_applet() {
    applet = std::make_unique<AppletHost>(context, world, std::vector{gateway.address()});
    applet->start(group);
    EXPECT_TRUE(applet->peer->on_grant(world.sign(world.grant(console_key))));
  }
  void start_console() {
    console = std::make_unique<ConsoleHost>(context, world, console_key, std::vector{gateway.address()},
                                            world.applet.fingerprint(), crypto::Profile::modern, &calls);
    console->start(group);
  }
  awaitable<bool> applet_waits() {
    CO_WAIT(changed, gateway.waiting(crypto::Role::applet) == 1);
    co_return gateway.waiting(crypto::Role::applet) == 1;
  }
  awaitable<bool> linked() {
    CO_WAIT(console->changed, console->linked());
    co_return console->linked();
  }
  awaitable<void> stop() {
    if (console) console->peer->stop();
    if (applet) applet->peer->stop(0us);
    co_await group.join();
    calls.drop();
    co_await calls_group.join();
    co_await gateway.stop();
  }

  net::IoContext& context;
  World world;
  FakeGateway gateway;
  net::TaskGroup group;
  net::TaskGroup calls_group;
  GatewayCalls calls;
  crypto::SessionIdentity console_key;
  net::Signal changed;
  std::unique_ptr<AppletHost> applet;
  std::unique_ptr<ConsoleHost> console;
};

template <typename F>
void play(F body) {
  net::IoContext context;
  const auto run = [&]() -> awaitable<void> {
    Scene scene(context);
    scene.gateway.start();
    co_await body(scene);
  };
  net::test::run(context, run);
}

const crypto::Digest256& pin() {
  static const crypto::Digest256 the_pin = net::test::Site::get().pin();
  return the_pin;
}

}  // namespace

TEST(EarlyEntry, ConsoleSaysAllInOneFlightWhenTheAppletWaits) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(co_await s.applet_waits());
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    EXPECT_EQ(s.gateway.early_hellos, 1u);
    EXPECT_EQ(s.console->count(PathState::failed), 0);
    EXPECT_TRUE(s.console->core->chat("hello", s.console->now()));
    s.console->peer->kick();
    CO_EVENTUALLY(s.applet->changed, s.applet->chat.size() == 1);
    // And after a broken path again.
    EXPECT_EQ(s.gateway.cut(), 1u);
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::up) == 2 && s.console->linked());
    EXPECT_GE(s.gateway.early_hellos, 2u);
    co_await s.stop();
  });
}

TEST(EarlyEntry, AppletThatComesAMomentLaterIsMet) {
  play([](Scene& s) -> awaitable<void> {
    s.start_console();
    CO_EVENTUALLY(s.changed, s.gateway.waiting(crypto::Role::console) == 1);
    s.start_applet();
    EXPECT_TRUE(co_await s.linked());
    EXPECT_EQ(s.console->count(PathState::failed), 0);
    EXPECT_EQ(s.gateway.early_hellos, 1u);
    co_await s.stop();
  });
}

TEST(EarlyEntry, RefusalIsReadBehindTheGoodbye) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(co_await s.applet_waits());
    s.gateway.refuse_next = wire::handoff::RefuseReason::not_admitted;
    s.start_console();
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::failed) == 1);
    const auto failed =
        std::ranges::find_if(s.console->reports, [](const auto& r) { return r.state == PathState::failed; });
    CO_ASSERT(failed != s.console->reports.end());
    EXPECT_EQ(failed->error->code, Errc::not_admitted) << failed->error->message();
    co_await s.stop();
  });
}

TEST(EarlyEntry, GatewayThatTakesTheGoodbyeForTheEndIsEnteredTheSlowWay) {
  play([](Scene& s) -> awaitable<void> {
    s.gateway.old_version = true;
    s.start_console();
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::failed) == 1);
    CO_EVENTUALLY(s.changed, s.gateway.waiting(crypto::Role::console) == 1);
    s.start_applet();
    EXPECT_TRUE(co_await s.linked());
    EXPECT_EQ(s.gateway.early_hellos, 1u);
    co_await s.stop();
  });
}

TEST(EarlyEntry, OldProfileWorksToo) {
  net::IoContext context;
  const auto run = [&]() -> awaitable<void> {
    Scene s(context);
    s.gateway.start();
    s.world.applet = World::identity(crypto::KeyKind::rsa2048);
    s.console_key = World::identity(crypto::KeyKind::rsa2048);
    s.applet = std::make_unique<AppletHost>(context, s.world, std::vector{s.gateway.address()});
    s.applet->start(s.group);
    auto grant = s.world.grant(s.console_key);
    grant.profile = crypto::Profile::aes256_sha;
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(grant)));
    EXPECT_TRUE(co_await s.applet_waits());
    s.console = std::make_unique<ConsoleHost>(context, s.world, s.console_key, std::vector{s.gateway.address()},
                                              s.world.applet.fingerprint(), crypto::Profile::aes256_sha);
    s.console->start(s.group);
    EXPECT_TRUE(co_await s.linked());
    EXPECT_EQ(s.gateway.early_hellos, 1u);
    co_await s.stop();
  };
  net::test::run(context, run);
}

TEST(GatewayCalls, ConnectionMadeAheadIsTheOneThatIsUsedAndSaysNothingBefore) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(co_await s.applet_waits());
    const auto before = s.gateway.accepted;
    s.calls.call({s.gateway.address()}, pin());
    CO_EVENTUALLY(s.changed, s.gateway.handshakes == before + 1);
    EXPECT_EQ(s.gateway.hellos, 1u) << "the applet's alone";
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    CO_EVENTUALLY(s.changed, s.gateway.waiting(crypto::Role::applet) == 1);  // the applet's next
    EXPECT_EQ(s.gateway.accepted, before + 2) << "the one ahead and the applet's next";
    co_await s.stop();
  });
}

TEST(GatewayCalls, OneOnItsWayIsWaitedFor) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(co_await s.applet_waits());
    const auto before = s.gateway.accepted;
    s.calls.call({s.gateway.address()}, pin());
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    CO_EVENTUALLY(s.changed, s.gateway.waiting(crypto::Role::applet) == 1);
    EXPECT_EQ(s.gateway.accepted, before + 2);
    co_await s.stop();
  });
}

TEST(GatewayCalls, OneThatTheGatewayClosedMeanwhileCostsTheTechnicianNothing) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(co_await s.applet_waits());
    s.calls.call({s.gateway.address()}, pin());
    CO_EVENTUALLY(s.changed, s.gateway.handshakes == 2);
    s.gateway.drop_silent();
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    EXPECT_EQ(s.console->count(PathState::failed), 0);
    co_await s.stop();
  });
}

TEST(GatewayCalls, WhatIsNotNeededEndsInOrder) {
  play([](Scene& s) -> awaitable<void> {
    FakeGateway other(s.context, {s.world.token_key.public_key()});
    other.start();
    s.start_applet();
    EXPECT_TRUE(co_await s.applet_waits());
    s.calls.call({s.gateway.address(), other.address()}, pin());
    CO_EVENTUALLY(s.changed, other.handshakes == 1);
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    CO_EVENTUALLY(s.changed, other.silent_goodbyes == 1);
    EXPECT_EQ(other.hellos, 0u);
    co_await s.stop();
    co_await other.stop();
  });
}

TEST(GatewayCalls, GatewayCertifiedByAnotherAuthorityIsNotUsed) {
  play([](Scene& s) -> awaitable<void> {
    auto wrong = pin();
    wrong[5] ^= 1;
    s.calls.call({s.gateway.address()}, wrong);
    auto taking = s.calls.take(s.gateway.address().at, wrong);
    EXPECT_EQ(co_await std::move(taking), nullptr) << "its certificate does not verify";
    // Nor one that was checked by another pin than the site names now.
    s.calls.call({s.gateway.address()}, pin());
    CO_EVENTUALLY(s.changed, s.gateway.handshakes == 1);
    auto other = s.calls.take(s.gateway.address().at, wrong);
    EXPECT_EQ(co_await std::move(other), nullptr);
    EXPECT_EQ(s.gateway.hellos, 0u);
    co_await s.stop();
    EXPECT_EQ(s.gateway.silent_goodbyes, 1u);
  });
}

TEST(GatewayCalls, FewAreCalledHoweverManyAreKnown) {
  play([](Scene& s) -> awaitable<void> {
    const std::vector many(2 * kCalledAheadMax, s.gateway.address());
    s.calls.call(many, pin());
    CO_EVENTUALLY(s.changed, s.gateway.handshakes == kCalledAheadMax);
    s.calls.drop();
    co_await s.calls_group.join();
    CO_EVENTUALLY(s.changed, s.gateway.silent_goodbyes == kCalledAheadMax);
    EXPECT_EQ(s.gateway.accepted, kCalledAheadMax);
    co_await s.stop();
  });
}

}  // namespace rescue::peer

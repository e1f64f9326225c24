// SPDX-License-Identifier: Apache-2.0
// Both ends through a gateway: honest, hostile, and one that breaks again and again.
#include "ends.hpp"

namespace rescue::peer {

using namespace std::chrono_literals;
using test::AppletHost;
using test::awaitable;
using test::ConsoleHost;
using test::FakeGateway;
using test::World;

namespace {

/// One gateway, one applet, one console with a grant; each test says what happens.
struct Scene {
  explicit Scene(net::IoContext& c)
      : context(c), gateway(c, {world.token_key.public_key()}), group(c.executor()), console_key(World::identity()) {}

  /// What an honest site gives the applet when it asks again.
  [[nodiscard]] Admission fresh_admission() const {
    Admission a;
    a.ticket = world.ticket(crypto::Role::applet, world.applet);
    a.gateways.push_back(gateway.address());
    a.gateway_ca_pin = net::test::Site::get().pin();
    return a;
  }
  void start_applet() {
    gateway.start();
    applet = std::make_unique<AppletHost>(context, world, std::vector{gateway.address()});
    applet->start(group);
  }
  void start_console() {
    console = std::make_unique<ConsoleHost>(context, world, console_key, std::vector{gateway.address()},
                                            applet_fingerprint.value_or(world.applet.fingerprint()), profile);
    console->start(group);
  }
  awaitable<void> stop() {
    if (console) console->peer->stop();
    applet->peer->stop(0us);
    co_await group.join();
    co_await gateway.stop();
  }
  awaitable<bool> linked() {
    CO_WAIT(console->changed, console->linked() && !applet->peer->technicians().empty());
    co_return console->linked();
  }

  net::IoContext& context;
  World world;
  FakeGateway gateway;
  net::TaskGroup group;
  crypto::SessionIdentity console_key;
  std::optional<crypto::Fingerprint> applet_fingerprint;
  crypto::Profile profile = crypto::Profile::modern;
  std::unique_ptr<AppletHost> applet;
  std::unique_ptr<ConsoleHost> console;
};

template <typename F>
void play(F body) {
  net::test::play<Scene>(body);
}

}  // namespace

TEST(Peer, EndsMeetAndChat) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    EXPECT_TRUE(s.console->core->chat("hello", s.console->now()));
    s.console->peer->kick();
    CO_EVENTUALLY(s.applet->changed, s.applet->chat.size() == 1);
    EXPECT_EQ(s.applet->chat.at(0), "hello");
    CO_ASSERT(s.console->count(PathState::up) == 1);
    const auto up = std::ranges::find_if(s.console->reports, [](const auto& r) { return r.state == PathState::up; });
    EXPECT_EQ(up->cipher, "TLSv1.3 TLS_AES_256_GCM_SHA384");
    EXPECT_EQ(up->gateway, s.gateway.address().at.text());
    // The spare connection for the next one.
    CO_EVENTUALLY(s.applet->changed, s.gateway.waiting(crypto::Role::applet) == 1);
    EXPECT_EQ(s.gateway.bad_proofs, 0u);
    co_await s.stop();
    EXPECT_EQ(s.applet->left, 1);
  });
}

TEST(Peer, GatewaySeesNothingOfTheContent) {
  play([](Scene& s) -> awaitable<void> {
    s.gateway.record = true;
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    EXPECT_TRUE(s.console->core->chat("a very recognisable sentence", s.console->now()));
    s.console->peer->kick();
    CO_EVENTUALLY(s.applet->changed, s.applet->chat.size() == 1);
    EXPECT_GT(s.gateway.relayed.size(), 500u);
    EXPECT_EQ(base::as_text(s.gateway.relayed).find("recognisable"), std::string_view::npos);
    co_await s.stop();
  });
}

TEST(Peer, OrderlyEndReachesBothEnds) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    s.console->core->end("fixed", s.console->now());
    s.console->peer->kick();
    CO_EVENTUALLY(s.console->changed, s.console->result.has_value());
    CO_ASSERT(s.console->result);
    EXPECT_TRUE(*s.console->result);
    CO_EVENTUALLY(s.applet->changed, s.applet->left == 1);
    EXPECT_FALSE(s.applet->result) << "the applet goes on waiting for the next technician";
    co_await s.stop();
  });
}

TEST(Peer, HostileGatewayIsRefusedByBothEnds) {
  play([](Scene& s) -> awaitable<void> {
    s.gateway.hostile = true;
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    s.start_console();
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::refused) >= 2);
    const auto r =
        std::ranges::find_if(s.console->reports, [](const auto& x) { return x.state == PathState::refused; });
    CO_ASSERT(r != s.console->reports.end() && r->error);
    EXPECT_EQ(r->error->code, Errc::wrong_applet) << r->error->message();
    EXPECT_EQ(s.console->count(PathState::up), 0);
    EXPECT_EQ(s.applet->joined, 0);
    EXPECT_EQ(s.gateway.plaintext_seen, 0u) << "not a byte for the man in the middle";
    co_await s.stop();
    EXPECT_EQ(s.gateway.plaintext_seen, 0u);
  });
}

TEST(Peer, ConsoleRefusesAnotherAppletsKey) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    s.applet_fingerprint = World::identity().fingerprint();
    s.start_console();
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::refused) >= 1);
    EXPECT_EQ(s.console->count(PathState::up), 0);
    EXPECT_EQ(s.applet->joined, 0);
    co_await s.stop();
  });
}

TEST(Peer, ConsoleIsLetInWhenItsGrantArrives) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    s.start_console();
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::up) == 1);
    EXPECT_EQ(s.applet->joined, 0) << "nobody without a grant";
    EXPECT_FALSE(s.console->linked());
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    EXPECT_TRUE(co_await s.linked());
    co_await s.stop();
  });
}

TEST(Peer, RevokedTechnicianIsOutAndStaysOut) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    const auto envelope = s.world.sign(s.world.grant(s.console_key));
    EXPECT_TRUE(s.applet->peer->on_grant(envelope));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    s.applet->peer->on_revoke(s.world.technician, "account disabled");
    CO_EVENTUALLY(s.applet->changed, s.applet->left == 1);
    CO_EVENTUALLY(s.console->changed, s.console->ended);
    const auto again = s.applet->peer->on_grant(envelope);
    CO_ASSERT(!again);
    EXPECT_EQ(again.error().code, Errc::grant_invalid);
    co_await s.stop();
  });
}

TEST(Peer, EndedLeaseLetsNobodyBackIn) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    auto grant = s.world.grant(s.console_key);
    grant.lease_until = grant.issued + 1500ms;
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(grant)));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    const auto number = s.applet->peer->technicians().at(0);
    CO_EVENTUALLY(s.applet->changed, base::system_clock().wall() > grant.lease_until);
    EXPECT_GE(s.gateway.cut(), 1u);
    const auto over = [&] {
      const auto* core = s.applet->peer->core(number);
      return core == nullptr || core->ended();
    };
    CO_EVENTUALLY(s.applet->changed, over());
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::up) >= 2);
    EXPECT_FALSE(s.console->linked());
    EXPECT_EQ(s.applet->joined, 1);
    co_await s.stop();
  });
}

TEST(Peer, OldProfileRunsWhenTheGrantSaysSo) {
  play([](Scene& s) -> awaitable<void> {
    s.world.applet = World::identity(crypto::KeyKind::rsa2048);
    s.console_key = World::identity(crypto::KeyKind::rsa2048);
    s.profile = crypto::Profile::aes256_sha;
    s.start_applet();
    auto grant = s.world.grant(s.console_key);
    grant.profile = s.profile;
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(grant)));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    const auto up = std::ranges::find_if(s.console->reports, [](const auto& r) { return r.state == PathState::up; });
    EXPECT_EQ(up->cipher, "TLSv1.2 AES256-SHA");
    co_await s.stop();
  });
}

TEST(Peer, NobodyTalksTheAppletIntoTheOldProfile) {
  play([](Scene& s) -> awaitable<void> {
    s.world.applet = World::identity(crypto::KeyKind::rsa2048);
    s.console_key = World::identity(crypto::KeyKind::rsa2048);
    s.profile = crypto::Profile::aes256_sha;  // the grant says modern
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    s.start_console();
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::failed) + s.console->count(PathState::refused) >= 2);
    EXPECT_EQ(s.applet->joined, 0);
    EXPECT_FALSE(s.console->linked());
    co_await s.stop();
  });
}

TEST(Peer, NewKeyOfATechnicianReplacesTheOldOne) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key, 1))));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    const auto second_key = World::identity();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(second_key, 2))));
    ConsoleHost second(s.context, s.world, second_key, {s.gateway.address()}, s.world.applet.fingerprint());
    second.start(s.group);
    CO_EVENTUALLY(second.changed, second.linked());
    CO_EVENTUALLY(s.console->changed, s.console->ended);
    CO_EVENTUALLY(s.applet->changed, s.applet->left == 1);
    EXPECT_EQ(s.applet->joined, 2);
    EXPECT_EQ(s.applet->peer->technicians().size(), 1u);
    second.peer->stop();
    co_await s.stop();
  });
}

TEST(Peer, SeveralTechniciansWorkBesideEachOther) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key, 1))));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    const auto other_key = World::identity();
    auto grant = s.world.grant(other_key, 2);
    grant.technician = base::Guid::random(base::system_random());
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(grant)));
    ConsoleHost other(s.context, s.world, other_key, {s.gateway.address()}, s.world.applet.fingerprint());
    other.start(s.group);
    CO_EVENTUALLY(other.changed, other.linked());
    EXPECT_TRUE(s.console->linked());
    EXPECT_EQ(s.applet->peer->technicians().size(), 2u);
    s.applet->peer->keep_grants_of({grant.technician}, "not in the site's list");
    CO_EVENTUALLY(s.console->changed, s.console->ended);
    EXPECT_TRUE(other.linked());
    other.peer->stop();
    co_await s.stop();
  });
}

TEST(Peer, FreshTicketIsFetchedWhenOneIsRefused) {
  play([](Scene& s) -> awaitable<void> {
    s.gateway.refuse_next = wire::handoff::RefuseReason::expired;
    s.start_applet();
    int renewed = 0;
    s.applet->renew = [&]() -> awaitable<base::Result<Admission>> {
      ++renewed;
      co_return s.fresh_admission();
    };
    CO_EVENTUALLY(s.applet->changed, s.gateway.waiting(crypto::Role::applet) == 1);
    EXPECT_EQ(renewed, 1);
    EXPECT_EQ(s.gateway.hellos, 2u);
    co_await s.stop();
  });
}

/// Gateways are checked by what the site says of them, each time it says it, and by nothing else.
TEST(Peer, TakesNoGatewayOfAnotherAuthorityThanTheSiteNames) {
  play([](Scene& s) -> awaitable<void> {
    s.world.gateway_ca_pin[0] ^= 1;
    s.start_applet();
    s.start_console();
    int renewed = 0;
    s.applet->renew = [&]() -> awaitable<base::Result<Admission>> {
      ++renewed;
      co_return s.fresh_admission();
    };
    CO_EVENTUALLY(s.applet->changed, s.gateway.waiting(crypto::Role::applet) == 1);
    EXPECT_EQ(renewed, 1);
    const auto& first = s.applet->waiting_reports;
    const auto refused = std::ranges::find(first, PathState::refused, &PathReport::state);
    CO_ASSERT(refused != first.end() && refused->error);
    EXPECT_EQ(refused->error->code, crypto::Errc::certificate_untrusted);
    CO_EVENTUALLY(s.console->changed, s.console->count(PathState::failed) >= 1);
    EXPECT_EQ(s.gateway.hellos, 1u) << "the console, which heard nothing new, showed its ticket to nobody";
    co_await s.stop();
  });
}

TEST(Peer, GivesUpWhenTheSiteSaysThatAllIsOver) {
  play([](Scene& s) -> awaitable<void> {
    s.gateway.refuse_next = wire::handoff::RefuseReason::expired;
    s.start_applet();
    s.applet->renew = []() -> awaitable<base::Result<Admission>> {
      co_return base::fail(base::Errc::not_found, "session");
    };
    CO_EVENTUALLY(s.applet->changed, s.applet->result.has_value());
    CO_ASSERT(s.applet->result && !*s.applet->result);
    EXPECT_EQ(s.applet->result->error().code, base::Errc::not_found);
    co_await s.group.join();
    co_await s.gateway.stop();
  });
}

TEST(Peer, NextGatewayIsTakenWhenTheFirstIsGone) {
  play([](Scene& s) -> awaitable<void> {
    s.gateway.start();
    net::Endpoint nobody;
    {
      auto listener = net::TcpListener::open(s.context.executor(), net::Endpoint("127.0.0.1", 0));
      CO_ASSERT(listener);
      nobody = (*listener)->local();
    }
    const std::vector<GatewayAddress> list{GatewayAddress("gone", nobody), s.gateway.address()};
    s.applet = std::make_unique<AppletHost>(s.context, s.world, list);
    s.applet->start(s.group);
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(s.world.grant(s.console_key))));
    s.console = std::make_unique<ConsoleHost>(s.context, s.world, s.console_key, list, s.world.applet.fingerprint());
    s.console->start(s.group);
    EXPECT_TRUE(co_await s.linked());
    EXPECT_GE(s.console->count(PathState::failed), 1);
    co_await s.stop();
  });
}

TEST(Peer, NothingIsLostOrRepeatedWhenPathsBreak) {
  play([](Scene& s) -> awaitable<void> {
    constexpr int kLines = 400;
    constexpr std::uint32_t kKeys = 400;
    s.start_applet();
    auto grant = s.world.grant(s.console_key);
    grant.single_prompt = true;
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(grant)));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    auto& console = *s.console;
    console.file.resize(6'000'000);
    base::SeededRandom random(99);
    random.fill(base::MutableByteView(reinterpret_cast<std::uint8_t*>(console.file.data()), console.file.size()));
    EXPECT_TRUE(console.core->ask(wire::Permission::remote_control, console.now()));
    console.peer->kick();
    const auto granted = [&](wire::Permission p) { return console.core->state(p) == session::ConsentState::granted; };
    CO_EVENTUALLY(console.changed, granted(wire::Permission::remote_control));
    CO_EVENTUALLY(console.changed, granted(wire::Permission::send_files));
    EXPECT_TRUE(console.core->start_control(console.now()));
    console.peer->kick();
    CO_EVENTUALLY(console.changed, console.control);
    EXPECT_TRUE(console.core->send_file("data.bin", console.file.size(), console.now().wall, console.now()));
    console.peer->kick();

    std::size_t cuts = 0;
    bool calm = false;  // nothing is cut any more
    const auto chaos = [&]() -> awaitable<void> {
      while (!(console.file_end && s.applet->chat.size() == kLines)) {
        auto nap = net::sleep_for(std::chrono::milliseconds(5 + static_cast<int>(random.below(80))));
        (void)co_await std::move(nap);
        if (console.linked()) cuts += s.gateway.cut();
        if (cuts >= 25) break;
      }
      calm = true;
    };
    std::vector<std::string> lines;
    const auto work = [&]() -> awaitable<void> {
      for (std::uint32_t i = 1; i <= kKeys; ++i) {
        auto nap = net::sleep_for(2ms);
        (void)co_await std::move(nap);
        (void)console.core->key(i, 0, true, console.now());
        (void)console.core->key(i, 0, false, console.now());
        if (lines.size() < kLines && console.core->chat("line " + std::to_string(i), console.now()))
          lines.push_back("line " + std::to_string(i));
        console.peer->kick();
      }
    };
    s.group.spawn("chaos", chaos());
    s.group.spawn("work", work());
    CO_EVENTUALLY(s.applet->changed, s.applet->chat.size() == kLines && console.file_end);
    EXPECT_GE(cuts, 5u);
    EXPECT_EQ(s.applet->chat, lines);
    EXPECT_EQ(console.file_end, session::FileStop::none);
    EXPECT_TRUE(s.applet->file_complete);
    EXPECT_TRUE(s.applet->file == console.file);
    // Input that had not left when the path broke is dropped on purpose; none may come twice or out of order.
    EXPECT_TRUE(std::ranges::is_sorted(s.applet->keys, std::less_equal<>())) << "a key came twice or out of order";
    CO_EVENTUALLY(console.changed, calm && console.linked() && console.control);
    EXPECT_TRUE(console.core->key(kKeys + 1, 0, true, console.now()));
    console.peer->kick();
    CO_EVENTUALLY(s.applet->changed, !s.applet->keys.empty() && s.applet->keys.back() == kKeys + 1);
    EXPECT_EQ(s.applet->joined, 1) << "the same session core through all of it";
    EXPECT_GE(console.count(PathState::up), 6);
    co_await s.stop();
  });
}

TEST(Peer, KeyPressDoesNotWaitBehindAFile) {
  play([](Scene& s) -> awaitable<void> {
    s.start_applet();
    auto grant = s.world.grant(s.console_key);
    grant.single_prompt = true;
    EXPECT_TRUE(s.applet->peer->on_grant(s.world.sign(grant)));
    s.start_console();
    EXPECT_TRUE(co_await s.linked());
    auto& console = *s.console;
    console.file.assign(8'000'000, 'x');
    EXPECT_TRUE(console.core->ask(wire::Permission::remote_control, console.now()));
    console.peer->kick();
    const auto granted = [&](wire::Permission p) { return console.core->state(p) == session::ConsentState::granted; };
    CO_EVENTUALLY(console.changed, granted(wire::Permission::remote_control) && granted(wire::Permission::send_files));
    EXPECT_TRUE(console.core->start_control(console.now()));
    console.peer->kick();
    CO_EVENTUALLY(console.changed, console.control);
    EXPECT_TRUE(console.core->send_file("data.bin", console.file.size(), console.now().wall, console.now()));
    console.peer->kick();
    CO_EVENTUALLY(s.applet->changed, !s.applet->file.empty());
    std::size_t behind = 0;  // file bytes that arrived between a key's departure and its arrival, at most
    for (std::uint32_t i = 1; i <= 20 && !s.applet->file_complete; ++i) {
      const auto before = s.applet->file.size();
      EXPECT_TRUE(console.core->key(i, 0, true, console.now()));
      console.peer->kick();
      CO_EVENTUALLY(s.applet->changed, s.applet->keys.size() == i);
      behind = std::max(behind, s.applet->file.size() - before);
    }
    EXPECT_EQ(s.applet->keys.size(), 20u) << "the file was over before the keys: make it longer";
    EXPECT_LT(behind, 512u * 1024);
    co_await s.stop();
  });
}

}  // namespace rescue::peer

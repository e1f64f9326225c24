// SPDX-License-Identifier: Apache-2.0
// The digits over real connections: alike with nobody between the ends, different with somebody.
#include "ends.hpp"
#include "crypto/receipt.hpp"
#include "peer/impl/sas_keys.hpp"

namespace rescue::peer {

using namespace std::chrono_literals;
using test::awaitable;
using test::ConsoleHost;
using test::FakeGateway;
using test::World;

namespace {

/// An applet whose user types the digits that the test says.
struct Typist {
  Typist(net::IoContext& c, const World& world, std::vector<GatewayAddress> gateways) : changed(c.executor()) {
    AppletPeerOptions o(world.applet);
    o.session = world.session;
    o.guid = world.guid;
    o.token_keys.push_back(world.token_key.public_key());
    o.admission.ticket = world.ticket(crypto::Role::applet, world.applet);
    o.admission.gateways = std::move(gateways);
    o.admission.gateway_ca_pin = world.gateway_ca_pin;
    o.core.hasher = [] { return std::unique_ptr<session::FileHasher>(); };
    AppletPeerHooks h;
    h.joined = [](TechnicianNumber, session::AppletSession&, const crypto::Grant&) {};
    h.pumped = [this](TechnicianNumber n, session::AppletSession& core) {
      while (auto action = core.poll_action()) {
        if (const auto* ask = std::get_if<session::AskUser>(&*action)) question = {n, ask->id}, ++asked;
        ended = ended || std::holds_alternative<session::SessionEnded>(*action);
      }
      while (auto event = core.poll_audit()) log.push_back(std::move(*event));
      changed.notify();
    };
    h.left = [this](TechnicianNumber) { changed.notify(); };
    h.renew = []() -> awaitable<base::Result<Admission>> { co_return base::fail(base::Errc::unreachable, "no site"); };
    peer = std::make_unique<AppletPeer>(c.executor(), std::move(o), std::move(h), base::system_clock(), random);
  }
  void start(net::TaskGroup& group) {
    const auto run = [](Typist& t) -> awaitable<void> { (void)co_await t.peer->run(); };
    group.spawn("applet", run(*this));
  }
  /// Half a second after the question came, as a person would.
  awaitable<void> type(std::string digits) {
    const auto [technician, id] = question.value();
    question.reset();
    auto reading = net::sleep_for(600ms);
    (void)co_await std::move(reading);
    auto answer = [id = id, digits](session::AppletSession& core, session::Now now) {
      std::vector<base::SecretBytes> values;
      values.emplace_back(base::to_bytes(base::as_bytes(digits)));
      EXPECT_TRUE(core.question_answered(id, true, std::move(values), now));
    };
    peer->post(technician, std::move(answer));
  }
  [[nodiscard]] std::size_t count(std::string_view type) const {
    return static_cast<std::size_t>(std::ranges::count(log, type, &session::AuditEvent::type));
  }

  base::SeededRandom random{31};
  net::Signal changed;
  std::unique_ptr<AppletPeer> peer;
  std::optional<std::pair<TechnicianNumber, session::QuestionId>> question;
  int asked = 0;
  bool ended = false;
  std::vector<session::AuditEvent> log;
};

crypto::Grant with_digits(crypto::Grant g) {
  g.require_sas = true;
  return g;
}
std::string digits_at(ConsoleHost& console) {
  return console.core->with<session::ConsoleSas>(console.now(), [](auto& f) { return f.digits(); });
}

/// One applet and one console that meet at a gateway of their own.
struct Leg {
  Leg(net::IoContext& c, World w)
      : world(std::move(w)), gateway(c, {world.token_key.public_key()}), group(c.executor()) {
    gateway.start();
    typist = std::make_unique<Typist>(c, world, std::vector{gateway.address()});
    typist->start(group);
    console = std::make_unique<ConsoleHost>(c, world, key, std::vector{gateway.address()}, world.applet.fingerprint());
    EXPECT_TRUE(typist->peer->on_grant(world.sign(with_digits(world.grant(key)))));
    console->start(group);
  }
  awaitable<void> ready() { CO_EVENTUALLY(console->changed, !digits_at(*console).empty() && typist->question); }
  awaitable<void> stop() {
    console->peer->stop();
    typist->peer->stop(0us);
    co_await group.join();
    co_await gateway.stop();
  }
  World world;
  FakeGateway gateway;
  net::TaskGroup group;
  crypto::SessionIdentity key = World::identity();
  std::unique_ptr<Typist> typist;
  std::unique_ptr<ConsoleHost> console;
};

template <typename Story>
void play(Story story) {
  net::IoContext context;
  const auto told = context.run(story(context));
  ASSERT_TRUE(told) << told.error().message();
}

TEST(PeerSas, WithNobodyBetweenThemTheDigitsAreAlike) {
  play([](net::IoContext& c) -> awaitable<base::Result<int>> {
    Leg leg(c, World());
    co_await leg.ready();
    const auto digits = digits_at(*leg.console);
    EXPECT_EQ(digits.size(), crypto::kSasDigits);
    co_await leg.typist->type(digits);
    CO_EVENTUALLY(leg.typist->changed, leg.typist->count("sas.confirmed") == 1);
    EXPECT_TRUE(leg.typist->peer->confirmed_consoles().contains(leg.key.fingerprint()));
    co_await leg.stop();
    co_return 0;
  });
}

// The broker has turned bad: it gave the applet a grant for the key of somebody in the middle, and the console the key
// of the same somebody as the applet's. Both connections are in order; only the people can tell.
TEST(PeerSas, WithSomebodyBetweenThemTheDigitsDifferAndTheSessionEnds) {
  play([](net::IoContext& c) -> awaitable<base::Result<int>> {
    Leg applet_and_middle(c, World());
    Leg middle_and_console(c, World());
    co_await applet_and_middle.ready();
    co_await middle_and_console.ready();
    const auto read_out = digits_at(*middle_and_console.console);
    EXPECT_NE(read_out, digits_at(*applet_and_middle.console));
    auto& user = *applet_and_middle.typist;
    co_await user.type(read_out);
    CO_EVENTUALLY(user.changed, user.question.has_value());
    co_await user.type(read_out);
    CO_EVENTUALLY(user.changed, user.ended);
    EXPECT_EQ(user.count("sas.missed"), 2u);
    EXPECT_EQ(user.count("sas.confirmed"), 0u);
    co_await applet_and_middle.stop();
    co_await middle_and_console.stop();
    co_return 0;
  });
}

TEST(PeerSas, ACommitmentPassedOnByTheOneInTheMiddleFitsNoConnection) {
  base::SeededRandom random(5);
  crypto::SasBinding applet_and_middle, middle_and_console;
  applet_and_middle.applet.fill(1);
  applet_and_middle.console.fill(2);
  middle_and_console.applet.fill(2);
  middle_and_console.console.fill(3);
  ConsoleSasBook book(random);
  book.add(middle_and_console);
  const auto applet = applet_sas_keys(applet_and_middle, random);
  const auto commitment = applet.commit();
  const auto console = book.keys();
  const auto nonce = console.nonce();
  EXPECT_FALSE(console.digits(commitment, applet.reveal(nonce).nonce, nonce));
  // And one that is in order does, also when it is not of the newest connection.
  const auto honest = applet_sas_keys(middle_and_console, random);
  const auto good = honest.commit();
  for (std::uint8_t n = 0; n < kSasConnections - 1; ++n) {
    auto later = middle_and_console;
    later.exporter.fill(n + 1);
    book.add(later);
  }
  const auto revealed = honest.reveal(nonce);
  EXPECT_EQ(console.digits(good, revealed.nonce, nonce), revealed.digits);
  auto other_nonce = revealed.nonce;
  other_nonce[0] ^= 1;
  EXPECT_FALSE(console.digits(good, other_nonce, nonce)) << "the applet may not change its mind";
}

TEST(PeerReceipts, AreSignedByTheSessionsKeyAndNameTheTechnician) {
  play([](net::IoContext& c) -> awaitable<base::Result<int>> {
    Leg leg(c, World());
    co_await leg.ready();
    co_await leg.typist->type(digits_at(*leg.console));
    CO_EVENTUALLY(leg.typist->changed, leg.typist->count("question.answered") == 1);
    const auto event = std::ranges::find(leg.typist->log, "question.answered", &session::AuditEvent::type);
    const auto bytes = base::from_base64url(std::get<std::string>(*event->find("signed")));
    const auto receipt = crypto::open_receipt(bytes.value(), leg.world.applet.key.public_key());
    EXPECT_TRUE(receipt);
    if (receipt) {
      EXPECT_EQ(receipt->session, leg.world.session);
      EXPECT_EQ(receipt->technician, leg.world.technician);
      EXPECT_EQ(receipt->console, leg.key.fingerprint());
      EXPECT_EQ(receipt->about, 1 + static_cast<int>(session::QuestionKind::sas));
      EXPECT_EQ(receipt->answer, crypto::ReceiptAnswer::yes);
      EXPECT_EQ(leg.typist->peer->receipts().last, receipt->number);
    }
    co_await leg.stop();
    co_return 0;
  });
}

}  // namespace
}  // namespace rescue::peer

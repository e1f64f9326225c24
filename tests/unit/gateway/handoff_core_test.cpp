// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/handoff_core.hpp"

#include <gtest/gtest.h>

#include "crypto/possession.hpp"
#include "gateway_client.hpp"
#include "wire/limits.hpp"

namespace rescue::gateway {
namespace {
namespace fb = wire::handoff;
using namespace std::chrono_literals;
using test::End;
using test::SiteKeys;
using test::TestSession;

const Timeouts kTimeouts;
const base::SteadyTime kStart{1h};
const base::Bytes kExporter(32, 7);

struct Bench {
  std::vector<crypto::PublicKey> keys{SiteKeys::get().token.public_key()};
  base::WallTime wall = base::system_clock().wall();
  HandoffCore core{kTimeouts, "192.0.2.1:5", kStart};

  base::IpAddress from = base::IpAddress::parse("192.0.2.1").value();

  [[nodiscard]] HandoffCore::Proof proof() const { return {kExporter, &keys, wall, from}; }
  /// As a socket would: never more than wanted.
  void feed(base::ByteView bytes, base::SteadyTime now = kStart) {
    while (!bytes.empty() && core.wanted() > 0) {
      const auto n = std::min(bytes.size(), core.wanted());
      core.on_plaintext(bytes.first(n), proof(), now);
      bytes = bytes.subspan(n);
    }
  }
  /// Kinds of the frames that the core has put out.
  std::vector<fb::Message> said() {
    std::vector<fb::Message> out;
    wire::FrameReader reader(wire::kMaxHandoffMessage);
    const auto bytes = core.take_output();
    base::ByteReader in(bytes);
    while (!in.empty()) {
      EXPECT_TRUE(reader.put(*in.take(std::min(in.left(), reader.wanted()))));
      if (const auto frame = reader.take()) out.push_back(wire::read_handoff(*frame).value()->message_type());
    }
    return out;
  }
};

struct HelloParts {
  wire::tokens::Role role;
  base::Bytes ticket;
  base::Bytes guid;
  base::Bytes possession;
};
HelloParts parts_of(const End& end) {
  HelloParts out{static_cast<wire::tokens::Role>(end.role),
                 end.ticket,
                 {},
                 crypto::prove_possession(end.key, kExporter, end.ticket).value()};
  if (end.role == crypto::Role::applet) out.guid = base::to_bytes(end.guid.bytes());
  return out;
}
base::Bytes frame(fb::Message kind,
                  const std::function<flatbuffers::Offset<void>(flatbuffers::FlatBufferBuilder&)>& make) {
  flatbuffers::FlatBufferBuilder b;
  const auto m = make(b);
  fb::FinishHandoffBuffer(b, fb::CreateHandoff(b, kind, m));
  return wire::make_frame(wire::finished_bytes(b), wire::kMaxHandoffMessage);
}
base::Bytes hello(const HelloParts& p, bool leaves_at_once = false) {
  return frame(fb::Message::Hello, [&](auto& b) {
    const auto t = b.CreateVector(p.ticket);
    const auto g = p.guid.empty() ? 0 : b.CreateVector(p.guid);
    const auto s = b.CreateVector(p.possession);
    return fb::CreateHello(b, 1, p.role, t, g, s, leaves_at_once).Union();
  });
}
base::Bytes ping() {
  return frame(fb::Message::Ping, [](auto& b) { return fb::CreatePing(b, 9).Union(); });
}
RefuseReason refused(const HelloParts& parts) {
  Bench bench;
  bench.feed(hello(parts));
  EXPECT_EQ(bench.core.state(), HandoffState::refused);
  EXPECT_EQ(bench.said(), std::vector{fb::Message::Refused});
  return bench.core.refused_for().value_or(RefuseReason::other);
}

TEST(HandoffCore, WalksFromHelloToRaw) {
  const TestSession session;
  for (const auto* end : {&session.applet, &session.console}) {
    Bench bench;
    bench.feed(hello(parts_of(*end)));
    ASSERT_EQ(bench.core.state(), HandoffState::admitting);
    EXPECT_EQ(bench.core.wanted(), 0U);
    EXPECT_EQ(bench.core.applicant().session, session.id);
    EXPECT_EQ(bench.core.applicant().holder, end->key.fingerprint());
    bench.core.on_admission(Verdict::admitted, kStart);
    EXPECT_EQ(bench.core.state(), HandoffState::waiting);
    bench.feed(ping());
    EXPECT_EQ(bench.said(), (std::vector{fb::Message::Waiting, fb::Message::Pong}));
    bench.core.on_partner(base::Guid::random(base::system_random()), kStart);
    bench.feed(ping());  // crossed our Joined: no answer any more
    EXPECT_EQ(bench.said(), std::vector{fb::Message::Joined});
    EXPECT_EQ(bench.core.state(), HandoffState::leaving);
    bench.core.on_close_notify();
    EXPECT_EQ(bench.core.state(), HandoffState::left);
  }
}

TEST(HandoffCore, TakesTheGoodbyeOfAnEndThatSaidItLeavesAtOnce) {
  const TestSession session;
  // Its goodbye comes before or after its partner.
  for (const bool early : {true, false}) {
    Bench bench;
    bench.feed(hello(parts_of(session.console), true));
    bench.core.on_admission(Verdict::admitted, kStart);
    if (early) {
      bench.core.on_close_notify();
      EXPECT_EQ(bench.core.state(), HandoffState::waiting);
      EXPECT_TRUE(bench.core.waits_mute());
      EXPECT_EQ(bench.core.wanted(), 0U) << "what follows is its partner's";
    }
    bench.core.on_partner(base::Guid::random(base::system_random()), kStart);
    if (!early) bench.core.on_close_notify();
    EXPECT_EQ(bench.core.state(), HandoffState::left);
    EXPECT_EQ(bench.said(), (std::vector{fb::Message::Waiting, fb::Message::Joined}));
  }
}

TEST(HandoffCore, AGoodbyeThatWasNotAnnouncedOrStandsInAFrameIsTheEnd) {
  const TestSession session;
  Bench bench;
  bench.feed(hello(parts_of(session.console)));
  bench.core.on_admission(Verdict::admitted, kStart);
  bench.core.on_close_notify();
  EXPECT_EQ(bench.core.state(), HandoffState::gone);
  Bench torn;
  torn.feed(hello(parts_of(session.console), true));
  torn.core.on_admission(Verdict::admitted, kStart);
  torn.feed(base::ByteView(ping()).first(6));
  torn.core.on_close_notify();
  EXPECT_EQ(torn.core.state(), HandoffState::gone);
}

TEST(HandoffCore, AnEndThatLeftAtOnceWaitsAsLongAsOneThatIsSilent) {
  const TestSession session;
  Bench bench;
  bench.feed(hello(parts_of(session.console), true));
  bench.core.on_admission(Verdict::admitted, kStart);
  bench.core.on_close_notify();
  bench.core.on_deadline(kStart + kTimeouts.waiting_silence);
  EXPECT_EQ(bench.core.refused_for(), RefuseReason::timed_out);
  EXPECT_FALSE(bench.core.waits_mute());
}

TEST(HandoffCore, RefusesEveryFlippedBitOfTicketGuidAndProof) {
  const TestSession session;
  const auto good = parts_of(session.applet);
  std::map<RefuseReason, int> reasons;
  const auto flip = [&](base::Bytes HelloParts::*field) {
    for (std::size_t bit = 0; bit < (good.*field).size() * 8; bit += 3) {
      auto bad = good;
      (bad.*field)[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      ++reasons[refused(bad)];
    }
  };
  flip(&HelloParts::ticket);
  EXPECT_EQ(reasons.size(), 1U);
  EXPECT_TRUE(reasons.contains(RefuseReason::bad_ticket));
  reasons.clear();
  flip(&HelloParts::guid);
  EXPECT_EQ(reasons.size(), 1U);
  EXPECT_TRUE(reasons.contains(RefuseReason::wrong_guid));
  reasons.clear();
  flip(&HelloParts::possession);
  EXPECT_EQ(reasons.size(), 1U);
  EXPECT_TRUE(reasons.contains(RefuseReason::wrong_holder));
}

TEST(HandoffCore, RefusesAThiefWithAnothersTicketAndTellsTheSite) {
  const TestSession session;
  auto stolen = parts_of(session.applet);
  stolen.possession = crypto::prove_possession(session.console.key, kExporter, stolen.ticket).value();
  Bench bench;
  bench.feed(hello(stolen));
  EXPECT_EQ(bench.core.refused_for(), RefuseReason::wrong_holder);
  const auto incident = bench.core.take_incident();
  ASSERT_TRUE(incident);
  EXPECT_EQ(incident->session, session.id);
  EXPECT_EQ(incident->remote_address, "192.0.2.1:5");
}

TEST(HandoffCore, RefusesAProofFromAnotherConnection) {
  const TestSession session;
  auto replayed = parts_of(session.console);
  replayed.possession = crypto::prove_possession(session.console.key, base::Bytes(32, 8), replayed.ticket).value();
  EXPECT_EQ(refused(replayed), RefuseReason::wrong_holder);
}

TEST(HandoffCore, RefusesExpiredForeignAndCrossRoleTickets) {
  const TestSession session;
  auto old = session.ticket_for(session.console);
  old.issued -= 1h;
  old.not_after -= 1h;
  auto parts = parts_of(session.console);
  parts.ticket = crypto::make_ticket(old, SiteKeys::get().token).value();
  EXPECT_EQ(refused(parts), RefuseReason::expired);

  const auto stranger = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  parts.ticket = crypto::make_ticket(session.ticket_for(session.console), stranger).value();
  EXPECT_EQ(refused(parts), RefuseReason::bad_ticket);

  auto crossed = parts_of(session.console);
  crossed.role = wire::tokens::Role::applet;
  crossed.guid = base::to_bytes(session.applet.guid.bytes());
  EXPECT_EQ(refused(crossed), RefuseReason::bad_ticket);
}

TEST(HandoffCore, AsksForTheBrokersWordAndDecidesAloneWithoutIt) {
  const TestSession session;
  Bench silent;
  silent.feed(hello(parts_of(session.applet)));
  silent.core.on_deadline(silent.core.deadline());
  EXPECT_EQ(silent.core.state(), HandoffState::waiting);
  for (const auto no : {Verdict::unknown_session, Verdict::session_ended, Verdict::wrong_key, Verdict::refused}) {
    Bench bench;
    bench.feed(hello(parts_of(session.applet)));
    bench.core.on_admission(no, kStart);
    EXPECT_EQ(bench.core.refused_for(), RefuseReason::not_admitted);
    EXPECT_EQ(bench.core.take_incident().has_value(), no == Verdict::wrong_key);
  }
}

/// The console of `session` with a ticket that is good from these networks only.
HelloParts restricted(const TestSession& session, const std::vector<std::string>& networks) {
  auto console = session.console;
  auto ticket = session.ticket_for(console);
  ticket.networks = base::NetworkRule::parse(networks).value();
  console.ticket = crypto::make_ticket(ticket, SiteKeys::get().token).value();
  return parts_of(console);
}

TEST(HandoffCore, HoldsTheClientsAddressAgainstTheNetworksOfItsTicket) {
  const TestSession session;
  const auto parts = restricted(session, {"192.0.2.0/28", "2001:db8:5::/48"});
  struct Case {
    const char* from;
    bool allowed;
  };
  for (const auto& c : {Case{"192.0.2.1", true}, Case{"::ffff:192.0.2.15", true}, Case{"2001:db8:5::7", true},
                        Case{"192.0.2.16", false}, Case{"2001:db8:6::7", false}, Case{"::1", false}}) {
    Bench bench;
    bench.from = base::IpAddress::parse(c.from).value();
    bench.feed(hello(parts));
    EXPECT_EQ(bench.core.state(), c.allowed ? HandoffState::admitting : HandoffState::refused) << c.from;
    const auto incident = bench.core.take_incident();
    ASSERT_EQ(incident.has_value(), !c.allowed) << c.from;
    if (c.allowed) continue;
    EXPECT_EQ(bench.core.refused_for(), RefuseReason::network) << c.from;
    EXPECT_EQ(incident->session, session.id);
    EXPECT_EQ(incident->role, crypto::Role::console);
    bench.core.on_admission(Verdict::broker_away, kStart);  // nobody asks, and nobody's silence lets it in
    EXPECT_EQ(bench.core.state(), HandoffState::refused);
  }
}

TEST(HandoffCore, OnlyTheHolderHearsThatItsNetworkIsWrong) {
  const TestSession session;
  auto stolen = restricted(session, {"198.51.100.0/24"});
  stolen.possession = crypto::prove_possession(session.applet.key, kExporter, stolen.ticket).value();
  EXPECT_EQ(refused(stolen), RefuseReason::wrong_holder);
}

TEST(HandoffCore, ATicketOfNowhereIsRefusedEverywhere) {
  const TestSession session;
  auto console = session.console;
  auto ticket = session.ticket_for(console);
  const std::vector<std::string> one{"192.0.2.0/24"}, other{"2001:db8::/32"};
  ticket.networks = base::NetworkRule::parse(one)->both(base::NetworkRule::parse(other).value());
  console.ticket = crypto::make_ticket(ticket, SiteKeys::get().token).value();
  EXPECT_EQ(refused(parts_of(console)), RefuseReason::network);
}

TEST(HandoffCore, TheBrokersNewerRuleIsHeard) {
  const TestSession session;
  Bench bench;
  bench.feed(hello(parts_of(session.console)));
  bench.core.on_admission(Verdict::network, kStart);
  EXPECT_EQ(bench.core.refused_for(), RefuseReason::network);
  EXPECT_TRUE(bench.core.take_incident().has_value());
}

TEST(HandoffCore, EveryPhaseEndsInTime) {
  const TestSession session;
  Bench hello_phase;
  hello_phase.core.on_deadline(kStart + kTimeouts.hello - 1ms);
  EXPECT_EQ(hello_phase.core.state(), HandoffState::hello);
  hello_phase.core.on_deadline(kStart + kTimeouts.hello);
  EXPECT_EQ(hello_phase.core.refused_for(), RefuseReason::timed_out);

  Bench waiting;
  waiting.feed(hello(parts_of(session.applet)));
  waiting.core.on_admission(Verdict::admitted, kStart);
  waiting.feed(ping(), kStart + 50s);
  waiting.core.on_deadline(kStart + 60s);  // the ping has moved it
  EXPECT_EQ(waiting.core.state(), HandoffState::waiting);
  waiting.core.on_deadline(kStart + 110s);
  EXPECT_EQ(waiting.core.refused_for(), RefuseReason::timed_out);

  Bench leaving;
  leaving.feed(hello(parts_of(session.applet)));
  leaving.core.on_admission(Verdict::admitted, kStart);
  leaving.core.on_partner(base::Guid::random(base::system_random()), kStart);
  leaving.core.on_deadline(kStart + kTimeouts.leaving);
  EXPECT_EQ(leaving.core.state(), HandoffState::gone);
}

TEST(HandoffCore, RefusesMessagesOutOfTurnOversizedAndMalformed) {
  Bench out_of_turn;
  out_of_turn.feed(ping());
  EXPECT_EQ(out_of_turn.core.refused_for(), RefuseReason::bad_message);
  Bench oversized;
  oversized.feed(base::Bytes{0, 0, 0x20, 1});
  EXPECT_EQ(oversized.core.refused_for(), RefuseReason::bad_message);
  Bench empty;
  empty.feed(base::Bytes{0, 0, 0, 0});
  EXPECT_EQ(empty.core.refused_for(), RefuseReason::bad_message);
  Bench rubbish;
  rubbish.feed(base::Bytes{0, 0, 0, 3, 1, 2, 3});
  EXPECT_EQ(rubbish.core.refused_for(), RefuseReason::bad_message);
  EXPECT_EQ(rubbish.core.wanted(), 0U);
  Bench twice;
  const TestSession session;
  twice.feed(hello(parts_of(session.applet)));
  twice.core.on_admission(Verdict::admitted, kStart);
  twice.feed(hello(parts_of(session.applet)));
  EXPECT_EQ(twice.core.refused_for(), RefuseReason::bad_message);
}

TEST(HandoffCore, CloseNotifyCountsOnlyAfterJoinedAndBehindWholeFrames) {
  const TestSession session;
  Bench early;
  early.feed(hello(parts_of(session.applet)));
  early.core.on_admission(Verdict::admitted, kStart);
  early.core.on_close_notify();
  EXPECT_EQ(early.core.state(), HandoffState::gone);
  Bench torn;
  torn.feed(hello(parts_of(session.applet)));
  torn.core.on_admission(Verdict::admitted, kStart);
  torn.core.on_partner(base::Guid::random(base::system_random()), kStart);
  torn.feed(base::Bytes{0, 0});
  torn.core.on_close_notify();
  EXPECT_EQ(torn.core.state(), HandoffState::gone);
}

}  // namespace
}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/possession.hpp"
#include "crypto/tokens.hpp"

namespace rescue::crypto {
namespace {
using base::as_bytes;
using base::Bytes;
using base::ByteView;
using base::Guid;
using namespace std::chrono_literals;

const base::WallTime kNow = base::parse_rfc3339("2026-11-24T12:00:00Z").value();
const PrivateKey kSite = PrivateKey::generate(KeyKind::ed25519).value();
const PrivateKey kHolder = PrivateKey::generate(KeyKind::p256).value();
const std::vector kKeys{kSite.public_key()};

Guid guid() { return Guid::random(base::system_random()); }
Ticket ticket() {
  Ticket t;
  t.serial = guid();
  t.session = guid();
  t.role = Role::console;
  t.holder_spki = kHolder.public_key().spki();
  t.guid_id = guid_id(guid().bytes());
  t.issued = kNow;
  t.not_after = kNow + 15min;
  return t;
}
Grant grant() {
  Grant g;
  g.session = guid();
  g.generation = 7;
  g.technician = guid();
  g.technician_name = "Ada Lovelace";
  g.technician_email = "ada@example.org";
  g.organisation = "Example";
  g.console_fingerprint = sha256(as_bytes("console"));
  g.applet_fingerprint = sha256(as_bytes("applet"));
  g.guid_id = guid_id(guid().bytes());
  g.permissions = 0x1fff;
  g.single_prompt = true;
  g.require_sas = true;
  g.consent_timeout = 30s;
  g.inactivity_timeout = 600s;
  g.recording = RecordingRule::forced;
  g.profile = Profile::aes256_sha;
  g.omit_chat_text = true;
  g.issued = kNow;
  g.lease_until = kNow + 15min;
  return g;
}
Invite invite() {
  Invite i;
  i.guid = guid();
  i.broker_url = "https://support.example.org";
  i.ca_pin = sha256(as_bytes("ca"));
  i.token_keys = {kSite.public_key()};
  i.organisation = "Example";
  i.issued = kNow;
  i.not_after = kNow + 20min;
  i.broker_trust = BrokerTrust::system;
  return i;
}
template <typename Open>
void expect_every_flip_refused(const Bytes& good, Open open) {
  ASSERT_TRUE(open(good));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    ASSERT_FALSE(open(bad)) << "bit " << bit;
  }
  for (std::size_t n = 0; n < good.size(); ++n)
    ASSERT_FALSE(open(Bytes(good.begin(), good.begin() + static_cast<long>(n)))) << n;
  auto longer = good;
  longer.push_back(0);
  ASSERT_FALSE(open(longer));
}

TEST(Tickets, CarryFromWhereTheirHolderMayCome) {
  auto t = ticket();
  EXPECT_FALSE(open_ticket(make_ticket(t, kSite).value(), kKeys, kNow)->networks.restricts());
  const std::vector<std::string> some{"10.0.0.0/8", "2001:db8::/32"}, other{"192.0.2.0/24"};
  t.networks = base::NetworkRule::parse(some).value();
  EXPECT_EQ(open_ticket(make_ticket(t, kSite).value(), kKeys, kNow).value(), t);
  t.networks = t.networks.both(base::NetworkRule::parse(other).value());  // from nowhere
  const auto nowhere = open_ticket(make_ticket(t, kSite).value(), kKeys, kNow).value();
  EXPECT_TRUE(nowhere.networks.restricts());
  EXPECT_TRUE(nowhere.networks.networks().empty());
}

TEST(Tickets, HaveRoomForThreeFullListsAndAnRsaKey) {
  const auto rsa = PrivateKey::generate(KeyKind::rsa2048).value();
  auto t = ticket();
  t.holder_spki = rsa.public_key().spki();
  base::Bytes packed;
  for (std::uint8_t i = 0; i < 3 * base::kMaxNetworks; ++i)
    base::append(packed, base::NetworkRule::parse(std::vector{fmt::format("2001:db8:{:x}::/48", i)}).value().packed());
  t.networks = base::NetworkRule::unpack(packed).value();
  ASSERT_EQ(t.networks.networks().size(), 3 * base::kMaxNetworks);
  const auto envelope = make_ticket(t, kSite).value();
  EXPECT_EQ(open_ticket(envelope, kKeys, kNow).value(), t);
  EXPECT_LT(envelope.size() + kMaxSignatureBytes + 200, wire::kMaxHandoffMessage) << "a Hello takes it";
}

TEST(Envelope, OpensOnlyInItsDomainWithAKnownKey) {
  const auto other = PrivateKey::generate(KeyKind::ed25519).value();
  const auto bytes = sign_envelope("rescue-test/1", as_bytes("payload"), kSite).value();
  EXPECT_EQ(base::as_text(open_envelope("rescue-test/1", bytes, kKeys).value()), "payload");
  EXPECT_EQ(open_envelope("rescue-test/2", bytes, kKeys).error().code, Errc::signature_invalid);
  EXPECT_EQ(open_envelope("rescue-test/1", bytes, {}).error().code, Errc::token_key_unknown);
  EXPECT_EQ(open_envelope("rescue-test/1", bytes, std::vector{other.public_key()}).error().code,
            Errc::token_key_unknown);
  // Rotation: old and new key side by side.
  EXPECT_TRUE(open_envelope("rescue-test/1", bytes, std::vector{other.public_key(), kSite.public_key()}));
}

TEST(Envelope, NoDomainIsAPrefixOfAnothersMessage) {
  const auto bytes = sign_envelope("ab", as_bytes("c"), kSite).value();
  EXPECT_FALSE(open_envelope("a", bytes, kKeys));
  // The end of one domain moved into the payload: the same letters in the same order.
  auto moved = Bytes(bytes.begin(), bytes.begin() + kEnvelopeHeaderBytes);
  base::append(moved, as_bytes("bc"));
  EXPECT_EQ(open_envelope("a", moved, kKeys).error().code, Errc::signature_invalid);
}

TEST(Envelope, IsTooLongHoweverWellItIsSigned) {
  auto message = base::to_bytes(as_bytes("d"));
  message.push_back(0);
  const Bytes payload(kMaxEnvelopeBytes - kEnvelopeHeaderBytes + 1, 7);
  base::append(message, payload);
  Bytes envelope = base::to_bytes(as_bytes("RSG1"));
  base::append(envelope, key_id(kSite.public_key()).value());
  base::append(envelope, kSite.sign(message).value());
  base::append(envelope, payload);
  EXPECT_EQ(open_envelope("d", envelope, kKeys).error().code, Errc::token_malformed);
}

TEST(Envelope, KeepsItsCapAndTakesEd25519Only) {
  EXPECT_TRUE(sign_envelope("d", Bytes(kMaxEnvelopeBytes - kEnvelopeHeaderBytes), kSite));
  EXPECT_EQ(sign_envelope("d", Bytes(kMaxEnvelopeBytes - kEnvelopeHeaderBytes + 1), kSite).error().code,
            base::Errc::too_large);
  EXPECT_EQ(sign_envelope("d", {}, kHolder).error().code, Errc::key_unsupported);
  EXPECT_EQ(open_envelope("d", Bytes(kMaxEnvelopeBytes + 1), kKeys).error().code, Errc::token_malformed);
}

TEST(Ticket, RoundTripsAndRefusesEveryFlippedBit) {
  const auto t = ticket();
  const auto bytes = make_ticket(t, kSite).value();
  EXPECT_EQ(open_ticket(bytes, kKeys, kNow).value(), t);
  expect_every_flip_refused(bytes, [](const Bytes& b) { return open_ticket(b, kKeys, kNow); });
}

TEST(Grant, RoundTripsAndRefusesEveryFlippedBit) {
  const auto g = grant();
  const auto bytes = make_grant(g, kSite).value();
  EXPECT_EQ(open_grant(bytes, kKeys, kNow).value(), g);
  expect_every_flip_refused(bytes, [](const Bytes& b) { return open_grant(b, kKeys, kNow); });
}

TEST(Invite, RoundTripsAndRefusesEveryFlippedBit) {
  const auto i = invite();
  const auto bytes = make_invite(i, kSite).value();
  const auto read = open_invite(bytes, kKeys, kNow).value();
  EXPECT_EQ(read.guid, i.guid);
  EXPECT_EQ(read.broker_url, i.broker_url);
  EXPECT_EQ(read.ca_pin, i.ca_pin);
  ASSERT_EQ(read.token_keys.size(), 1U);
  EXPECT_EQ(read.token_keys[0].fingerprint(), kSite.public_key().fingerprint());
  EXPECT_EQ(read.organisation, i.organisation);
  EXPECT_EQ(read.broker_trust, BrokerTrust::system);
  EXPECT_EQ(open_invite_unanchored(bytes, kNow)->guid, i.guid);
  expect_every_flip_refused(bytes, [](const Bytes& b) { return open_invite_unanchored(b, kNow); });
}

TEST(Invite, WithAKindOfTrustThatThisVersionDoesNotKnowIsRefused) {
  auto i = invite();
  i.broker_trust = static_cast<BrokerTrust>(7);
  EXPECT_EQ(open_invite(make_invite(i, kSite).value(), kKeys, kNow).error().code, base::Errc::unsupported);
}

TEST(Tokens, EndInTimeAndBeginNotLongAgoInTheFuture) {
  const auto t = make_ticket(ticket(), kSite).value();
  EXPECT_TRUE(open_ticket(t, kKeys, kNow + 15min - 1us));
  EXPECT_EQ(open_ticket(t, kKeys, kNow + 15min).error().code, Errc::token_expired);
  EXPECT_TRUE(open_ticket(t, kKeys, kNow - kMaxClockSkew));
  EXPECT_EQ(open_ticket(t, kKeys, kNow - kMaxClockSkew - 1us).error().code, Errc::token_not_yet_valid);
  EXPECT_EQ(open_grant(make_grant(grant(), kSite).value(), kKeys, kNow + 16min).error().code, Errc::token_expired);
  EXPECT_EQ(open_invite(make_invite(invite(), kSite).value(), kKeys, kNow + 1h).error().code, Errc::token_expired);
}

TEST(Tokens, AreOfOneKindEach) {
  const auto t = make_ticket(ticket(), kSite).value();
  EXPECT_EQ(open_grant(t, kKeys, kNow).error().code, Errc::signature_invalid);
  EXPECT_EQ(open_invite(t, kKeys, kNow).error().code, Errc::signature_invalid);
  // Even the site's own key cannot make a ticket's payload pass as a grant.
  const auto payload = open_envelope(kTicketDomain, t, kKeys).value();
  const auto disguised = sign_envelope(kGrantDomain, payload, kSite).value();
  EXPECT_EQ(open_grant(disguised, kKeys, kNow).error().code, Errc::token_wrong_kind);
  const auto rubbish = sign_envelope(kGrantDomain, as_bytes("rubbish"), kSite).value();
  EXPECT_EQ(open_grant(rubbish, kKeys, kNow).error().code, Errc::token_malformed);
}

TEST(Tokens, RefuseToSignWhatBreaksACap) {
  auto t = ticket();
  t.holder_spki = Bytes(kMaxSpkiBytes + 1);
  EXPECT_FALSE(make_ticket(t, kSite));
  auto g = grant();
  g.technician_name = std::string(513, 'a');
  EXPECT_EQ(make_grant(g, kSite).error().code, base::Errc::invalid_argument);
  g.technician_name = "\xff";
  EXPECT_EQ(make_grant(g, kSite).error().code, base::Errc::invalid_argument);
  auto i = invite();
  i.token_keys.clear();
  EXPECT_EQ(make_invite(i, kSite).error().code, base::Errc::invalid_argument);
}

TEST(Possession, IsBoundToHolderConnectionAndTicket) {
  const Bytes exporter(kPossessionExporterBytes, 9), other_exporter(kPossessionExporterBytes, 8);
  const auto spki = kHolder.public_key().spki();
  const auto proof = prove_possession(kHolder, exporter, as_bytes("ticket")).value();
  EXPECT_TRUE(check_possession(spki, exporter, as_bytes("ticket"), proof));
  EXPECT_EQ(check_possession(spki, other_exporter, as_bytes("ticket"), proof).error().code, Errc::wrong_holder);
  EXPECT_EQ(check_possession(spki, exporter, as_bytes("tickeu"), proof).error().code, Errc::wrong_holder);
  const auto thief = PrivateKey::generate(KeyKind::p256).value();
  EXPECT_EQ(check_possession(thief.public_key().spki(), exporter, as_bytes("ticket"), proof).error().code,
            Errc::wrong_holder);
  EXPECT_EQ(check_possession(spki, exporter, as_bytes("ticket"), thief.sign(as_bytes("x")).value()).error().code,
            Errc::wrong_holder);
  EXPECT_FALSE(prove_possession(kHolder, Bytes(31), as_bytes("ticket")));
}

}  // namespace
}  // namespace rescue::crypto

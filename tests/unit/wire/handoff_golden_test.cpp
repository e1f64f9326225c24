// SPDX-License-Identifier: Apache-2.0
#include "golden.hpp"
#include "wire/dump.hpp"
#include "wire/frame.hpp"
#include "wire/limits.hpp"
#include "wire/messages.hpp"

namespace rescue::wire {
namespace {
using base::Bytes;
using Builder = flatbuffers::FlatBufferBuilder;

Bytes counting(std::size_t n, std::uint8_t from = 1) {
  Bytes b(n);
  for (auto& v : b) v = from++;
  return b;
}

template <typename Make>
Bytes handoff_message(handoff::Message type, Make make) {
  Builder b;
  const auto message = make(b).Union();
  handoff::FinishHandoffBuffer(b, handoff::CreateHandoff(b, type, message));
  return finished_bytes(b);
}
template <typename Make>
Bytes gateway_message(gateway::Message type, Make make) {
  Builder b;
  const auto message = make(b).Union();
  gateway::FinishGatewayMessageBuffer(b, gateway::CreateGatewayMessage(b, type, message));
  return finished_bytes(b);
}
template <typename Make>
Bytes token(tokens::Token type, Make make) {
  Builder b;
  const auto message = make(b).Union();
  tokens::FinishTokenEnvelopeBuffer(b, tokens::CreateTokenEnvelope(b, type, message));
  return finished_bytes(b);
}

auto hello(tokens::Role role, const Bytes& ticket, std::size_t guid_size, bool leaves_at_once = false) {
  return [=](Builder& b) {
    const auto t = b.CreateVector(ticket);
    const auto g = b.CreateVector(counting(guid_size, 0x20));
    const auto p = b.CreateVector(counting(8, 0x40));
    return handoff::CreateHello(b, 1, role, t, guid_size == 0 ? 0 : g, p, leaves_at_once);
  };
}

test::GoldenTable handoff_table() {
  using handoff::Message;
  test::GoldenTable table;
  table["hello_applet"] = handoff_message(Message::Hello, hello(tokens::Role::applet, counting(8), 16));
  table["hello_console"] = handoff_message(Message::Hello, hello(tokens::Role::console, counting(8), 0));
  table["hello_leaving"] = handoff_message(Message::Hello, hello(tokens::Role::console, counting(8), 0, true));
  table["waiting"] = handoff_message(Message::Waiting, [](Builder& b) { return handoff::CreateWaiting(b); });
  table["joined"] = handoff_message(Message::Joined,
                                    [](Builder& b) { return handoff::CreateJoined(b, b.CreateVector(counting(16))); });
  table["refused"] = handoff_message(Message::Refused, [](Builder& b) {
    return handoff::CreateRefused(b, handoff::RefuseReason::expired, b.CreateString("ticket expired"));
  });
  table["refused_network"] = handoff_message(Message::Refused, [](Builder& b) {
    return handoff::CreateRefused(b, handoff::RefuseReason::network, b.CreateString("not from here"));
  });
  table["ping"] = handoff_message(Message::Ping, [](Builder& b) { return handoff::CreatePing(b, 7); });
  table["pong"] = handoff_message(Message::Pong, [](Builder& b) { return handoff::CreatePong(b, 7); });
  return table;
}

test::GoldenTable gateway_table() {
  using gateway::Message;
  test::GoldenTable table;
  const auto keys = [](Builder& b) {
    std::vector<flatbuffers::Offset<tokens::TokenKey>> v{tokens::CreateTokenKey(b, b.CreateVector(counting(32)))};
    return b.CreateVector(v);
  };
  table["register"] = gateway_message(Message::Register, [](Builder& b) {
    const auto addresses = b.CreateVectorOfStrings(std::vector<std::string>{"gw1.example.test:443"});
    const auto name = b.CreateString("gw1");
    return gateway::CreateRegister(b, 1, name, addresses, 9500, b.CreateString("rescue-gateway 0.1.0"));
  });
  table["registered"] = gateway_message(Message::Registered, [&](Builder& b) {
    const auto id = b.CreateVector(counting(16));
    return gateway::CreateRegistered(b, id, keys(b), 1'700'000'000'000'000);
  });
  table["token_keys"] =
      gateway_message(Message::TokenKeys, [&](Builder& b) { return gateway::CreateTokenKeys(b, keys(b)); });
  table["admit_request"] = gateway_message(Message::AdmitRequest, [](Builder& b) {
    const auto session = b.CreateVector(counting(16));
    const auto guid_id = b.CreateVector(counting(32));
    const auto fp = b.CreateVector(counting(32, 0x40));
    return gateway::CreateAdmitRequest(b, 9, session, tokens::Role::console, guid_id, fp, b.CreateString("192.0.2.7"));
  });
  table["admit_reply"] = gateway_message(Message::AdmitReply, [](Builder& b) {
    return gateway::CreateAdmitReply(b, 9, gateway::AdmitVerdict::wrong_key);
  });
  table["waiting_changed"] = gateway_message(Message::WaitingChanged, [](Builder& b) {
    return gateway::CreateWaitingChanged(b, b.CreateVector(counting(16)), tokens::Role::applet, 1);
  });
  table["pair_joined"] = gateway_message(Message::PairJoined, [](Builder& b) {
    const auto s = b.CreateVector(counting(16));
    return gateway::CreatePairJoined(b, s, b.CreateVector(counting(16, 0x30)));
  });
  table["pair_ended"] = gateway_message(Message::PairEnded, [](Builder& b) {
    const auto s = b.CreateVector(counting(16));
    return gateway::CreatePairEnded(b, s, b.CreateVector(counting(16, 0x30)), gateway::PairEnd::reset, 1000, 2000,
                                    3'000'000);
  });
  table["incident"] = gateway_message(Message::Incident, [](Builder& b) {
    const auto s = b.CreateVector(counting(16));
    const auto reason = b.CreateString("wrong holder key");
    return gateway::CreateIncident(b, s, tokens::Role::applet, reason, b.CreateString("192.0.2.7"));
  });
  table["load"] = gateway_message(Message::Load, [](Builder& b) { return gateway::CreateLoad(b, 1, 2, 3, 4, true); });
  table["drain"] = gateway_message(Message::Drain, [](Builder& b) { return gateway::CreateDrain(b, 300); });
  table["resume"] = gateway_message(Message::Resume, [](Builder& b) { return gateway::CreateResume(b); });
  table["kick"] =
      gateway_message(Message::Kick, [](Builder& b) { return gateway::CreateKick(b, b.CreateVector(counting(16))); });
  return table;
}

test::GoldenTable token_table() {
  test::GoldenTable table;
  table["ticket"] = token(tokens::Token::Ticket, [](Builder& b) {
    const auto serial = b.CreateVector(counting(16));
    const auto session = b.CreateVector(counting(16, 0x20));
    const auto spki = b.CreateVector(counting(91));
    return tokens::CreateTicket(b, serial, session, tokens::Role::applet, spki, b.CreateVector(counting(32)), 1'000'000,
                                2'000'000);
  });
  table["ticket_of_networks"] = token(tokens::Token::Ticket, [](Builder& b) {
    const auto serial = b.CreateVector(counting(16));
    const auto session = b.CreateVector(counting(16, 0x20));
    const auto spki = b.CreateVector(counting(91));
    const auto guid_id = b.CreateVector(counting(32));
    const std::vector<std::string> list{"10.0.0.0/8", "2001:db8::/32"};
    const auto networks = b.CreateVector(base::NetworkRule::parse(list).value().packed());
    return tokens::CreateTicket(b, serial, session, tokens::Role::console, spki, guid_id, 1'000'000, 2'000'000,
                                networks);
  });
  table["ticket_of_nowhere"] = token(tokens::Token::Ticket, [](Builder& b) {
    const auto serial = b.CreateVector(counting(16));
    const auto session = b.CreateVector(counting(16, 0x20));
    const auto spki = b.CreateVector(counting(91));
    const auto guid_id = b.CreateVector(counting(32));
    return tokens::CreateTicket(b, serial, session, tokens::Role::console, spki, guid_id, 1'000'000, 2'000'000,
                                b.CreateVector(Bytes()));
  });
  table["grant"] = token(tokens::Token::Grant, [](Builder& b) {
    const auto session = b.CreateVector(counting(16));
    const auto technician = b.CreateVector(counting(16, 0x20));
    const auto name = b.CreateString("Ada Example");
    const auto email = b.CreateString("ada@example.test");
    const auto organisation = b.CreateString("Example Ltd");
    const auto console = b.CreateVector(counting(32));
    const auto applet = b.CreateVector(counting(32, 0x60));
    const auto guid_id = b.CreateVector(counting(32, 0x90));
    return tokens::CreateGrant(b, session, 3, technician, name, email, organisation, console, applet, guid_id, 0x1fff,
                               true, false, 60, 1800, tokens::RecordingRule::forced, tokens::Profile::modern, false,
                               1'000'000, 2'000'000);
  });
  table["invite"] = token(tokens::Token::Invite, [](Builder& b) {
    const auto guid = b.CreateVector(counting(16));
    const auto url = b.CreateString("https://127.0.0.1:8443");
    const auto pin = b.CreateVector(counting(32));
    std::vector<flatbuffers::Offset<tokens::TokenKey>> v{tokens::CreateTokenKey(b, b.CreateVector(counting(32)))};
    const auto keys = b.CreateVector(v);
    return tokens::CreateInvite(b, guid, url, pin, keys, b.CreateString("Example Ltd"), 1'000'000, 2'000'000);
  });
  table["invite_of_a_public_broker"] = token(tokens::Token::Invite, [](Builder& b) {
    const auto guid = b.CreateVector(counting(16));
    const auto url = b.CreateString("https://support.example.org");
    const auto pin = b.CreateVector(counting(32));
    std::vector<flatbuffers::Offset<tokens::TokenKey>> v{tokens::CreateTokenKey(b, b.CreateVector(counting(32)))};
    const auto keys = b.CreateVector(v);
    return tokens::CreateInvite(b, guid, url, pin, keys, b.CreateString("Example Ltd"), 1'000'000, 2'000'000,
                                tokens::BrokerTrust::system);
  });
  return table;
}

TEST(HandoffGolden, EveryMessageKeepsItsBytesAndIsAccepted) {
  const auto table = handoff_table();
  test::expect_golden("handoff.txt", table);
  EXPECT_EQ(table.size(), static_cast<std::size_t>(handoff::Message::MAX) + 3)
      << "Hello stands three times, Refused twice";
  for (const auto& [name, bytes] : table) EXPECT_TRUE(read_handoff(bytes)) << name;
}

TEST(GatewayGolden, EveryMessageKeepsItsBytesAndIsAccepted) {
  const auto table = gateway_table();
  test::expect_golden("gateway.txt", table);
  EXPECT_EQ(table.size(), static_cast<std::size_t>(gateway::Message::MAX));
  for (const auto& [name, bytes] : table) {
    const auto got = read_gateway_message(bytes);
    EXPECT_TRUE(got) << name << ": " << (got ? "" : got.error().message());
  }
}

TEST(TokenGolden, EveryKindKeepsItsBytesAndIsAccepted) {
  const auto table = token_table();
  test::expect_golden("tokens.txt", table);
  EXPECT_EQ(table.size(), static_cast<std::size_t>(tokens::Token::MAX) + 3)
      << "the invite stands twice, once per trust, and the ticket three times";
  for (const auto& [name, bytes] : table) EXPECT_TRUE(read_token(bytes)) << name;
}

TEST(Messages, EveryTruncationIsRefused) {
  const auto cut_all = [](const test::GoldenTable& table, auto read) {
    for (const auto& [name, bytes] : table)
      for (std::size_t n = 0; n + 1 < bytes.size(); ++n) {
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
        (void)read(cut);  // under ASan: no read past the end
        if (n < 8) {
          EXPECT_FALSE(read(cut)) << name << " cut to " << n;
        }
      }
  };
  cut_all(handoff_table(), read_handoff);
  cut_all(gateway_table(), read_gateway_message);
  cut_all(token_table(), read_token);
}

TEST(Messages, CapsHoldBeforeAnyFieldIsUsed) {
  using handoff::Message;
  const auto oversized = handoff_message(Message::Hello, hello(tokens::Role::applet, counting(kMaxHandoffMessage), 16));
  EXPECT_EQ(read_handoff(oversized).error().code, base::Errc::too_large);
  EXPECT_FALSE(read_handoff(handoff_message(Message::Hello, hello(tokens::Role::applet, counting(8), 15))));
  EXPECT_FALSE(read_handoff(handoff_message(Message::Hello, hello(tokens::Role::applet, counting(8), 0))))
      << "an applet without GUID";
  EXPECT_FALSE(read_handoff(handoff_message(Message::Hello, hello(tokens::Role::console, counting(8), 16))))
      << "a console with GUID";
  EXPECT_FALSE(read_handoff(handoff_message(Message::Hello, hello(tokens::Role::none, counting(8), 0))));
  EXPECT_FALSE(read_handoff(handoff_message(Message::Hello, hello(static_cast<tokens::Role>(9), counting(8), 0))));
  EXPECT_FALSE(read_handoff(handoff_message(Message::Hello, hello(tokens::Role::console, {}, 0)))) << "empty ticket";
  const auto long_text = gateway_message(gateway::Message::Incident, [](Builder& b) {
    return gateway::CreateIncident(b, 0, tokens::Role::applet, b.CreateString(std::string(kMaxText + 1, 'x')));
  });
  EXPECT_EQ(read_gateway_message(long_text).error().code, base::Errc::too_large);
  const auto not_utf8 = gateway_message(gateway::Message::Incident, [](Builder& b) {
    return gateway::CreateIncident(b, 0, tokens::Role::applet, b.CreateString("\xff"));
  });
  EXPECT_EQ(read_gateway_message(not_utf8).error().code, base::Errc::bad_format);
}

TEST(Messages, TheNetworksOfATicketAreWholeAndSane) {
  const auto with = [](const Bytes& packed) {
    return token(tokens::Token::Ticket, [&](Builder& b) {
      const auto serial = b.CreateVector(counting(16));
      const auto session = b.CreateVector(counting(16, 0x20));
      const auto spki = b.CreateVector(counting(91));
      const auto guid_id = b.CreateVector(counting(32));
      return tokens::CreateTicket(b, serial, session, tokens::Role::console, spki, guid_id, 1, 2,
                                  b.CreateVector(packed));
    });
  };
  Bytes one(base::kPackedNetwork);
  EXPECT_TRUE(read_token(with(one)));
  EXPECT_TRUE(read_token(with(Bytes(kMaxPackedNetworks))));
  EXPECT_FALSE(read_token(with(Bytes(kMaxPackedNetworks + base::kPackedNetwork))));
  EXPECT_FALSE(read_token(with(Bytes(base::kPackedNetwork - 1))));
  one.back() = 129;
  EXPECT_FALSE(read_token(with(one))) << "a prefix longer than its address";
}

TEST(Messages, OneKindNeverPassesAsAnother) {
  const auto ticket = token_table()["ticket"];
  EXPECT_FALSE(read_handoff(ticket));
  EXPECT_FALSE(read_gateway_message(ticket));
  const auto* root = read_token(ticket).value();
  EXPECT_EQ(root->token_as_Grant(), nullptr);
}

TEST(Dump, NamesFieldsFromTheSchemaAndHidesSecrets) {
  const auto text = dump(handoff_table()["hello_applet"], handoff::HandoffTypeTable());
  EXPECT_NE(text.find("Hello"), std::string::npos) << text;
  EXPECT_NE(text.find("role: applet"), std::string::npos) << text;
  EXPECT_EQ(text.find("2021222324"), std::string::npos) << "the GUID's bytes: " << text;
  EXPECT_EQ(text.find("32, 33, 34"), std::string::npos) << text;
  const auto refused = dump(handoff_table()["refused"], handoff::HandoffTypeTable());
  EXPECT_NE(refused.find("ticket expired"), std::string::npos) << refused;
}

TEST(FrameReader, AsksForNoByteBeyondTheFrame) {
  const auto frame = make_frame(counting(10), 64);
  FrameReader r(64);
  std::size_t at = 0;
  while (at < frame.size()) {
    const auto n = std::min<std::size_t>(3, r.wanted());
    ASSERT_GT(n, 0U);
    ASSERT_TRUE(r.put(base::ByteView(frame).subspan(at, n)));
    at += n;
  }
  EXPECT_EQ(r.take().value(), counting(10));
  EXPECT_EQ(r.take(), std::nullopt);
  EXPECT_EQ(r.wanted(), 4U);
}

TEST(FrameReader, RefusesLengthsBeforeItAllocates) {
  FrameReader big(64);
  EXPECT_EQ(big.put(Bytes{0xff, 0xff, 0xff, 0xff}).error().code, base::Errc::too_large);
  FrameReader zero(64);
  EXPECT_EQ(zero.put(Bytes{0, 0, 0, 0}).error().code, base::Errc::bad_format);
}

}  // namespace
}  // namespace rescue::wire

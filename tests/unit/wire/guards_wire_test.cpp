// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/limits.hpp"
#include "wire/messages.hpp"
#include "wire/session_limits.hpp"
#include "wire/session_messages.hpp"

namespace rescue::wire {
namespace {

base::Bytes token_keys(std::size_t count) {
  flatbuffers::FlatBufferBuilder b;
  std::vector<flatbuffers::Offset<tokens::TokenKey>> keys;
  for (std::size_t i = 0; i < count; ++i)
    keys.push_back(tokens::CreateTokenKey(b, b.CreateVector(std::vector<std::uint8_t>(kEd25519KeySize, 7))));
  const auto message = gateway::CreateTokenKeys(b, b.CreateVector(keys));
  gateway::FinishGatewayMessageBuffer(b,
                                      gateway::CreateGatewayMessage(b, gateway::Message::TokenKeys, message.Union()));
  return finished_bytes(b);
}

TEST(WireGuards, ASiteHasOneToEightTokenKeys) {
  EXPECT_TRUE(read_gateway_message(token_keys(1)));
  EXPECT_TRUE(read_gateway_message(token_keys(kMaxTokenKeys)));
  EXPECT_FALSE(read_gateway_message(token_keys(0)));
  EXPECT_FALSE(read_gateway_message(token_keys(kMaxTokenKeys + 1)));
}

TEST(WireGuards, MessagesThatLookAlikeBesideTheirIdentifierAreToldApart) {
  flatbuffers::FlatBufferBuilder a, b;
  const auto ping = handoff::CreatePing(a, 7);
  handoff::FinishHandoffBuffer(a, handoff::CreateHandoff(a, handoff::Message::Ping, ping.Union()));
  const auto reply = gateway::CreateAdmitReply(b, 7, gateway::AdmitVerdict::admitted);
  gateway::FinishGatewayMessageBuffer(b, gateway::CreateGatewayMessage(b, gateway::Message::AdmitReply, reply.Union()));
  EXPECT_TRUE(read_handoff(finished_bytes(a)));
  EXPECT_TRUE(read_gateway_message(finished_bytes(b)));
  EXPECT_FALSE(read_gateway_message(finished_bytes(a)));
  EXPECT_FALSE(read_handoff(finished_bytes(b)));
}

TEST(WireGuards, ASmallMessageInALargeBufferIsTooLarge) {
  flatbuffers::FlatBufferBuilder b;
  const auto body = session::CreateViewStop(b);
  auto message = finish(b, body);
  EXPECT_TRUE(verify_and_check(message));
  message.resize(kScreenMessageMax + 1);
  const auto r = verify_and_check(message);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, base::Errc::too_large);
}

}  // namespace
}  // namespace rescue::wire

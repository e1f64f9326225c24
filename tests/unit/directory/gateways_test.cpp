// SPDX-License-Identifier: Apache-2.0
#include "directory/gateways.hpp"

#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::ElementsAre;

class GatewaysTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    root_ = principal(add_user("root@x", UserRole::administrator));
  }
  std::string invite(std::string name) {
    return ok_value(write([&](Transaction& tx) { return gateways::invite(tx, name, root_, random_, now()); })).token;
  }
  base::Result<store::Gateway> enroll(std::string token, std::string name,
                                      std::vector<std::string> addresses = {"gw:443"}, base::Bytes key = new_key()) {
    const gateways::Enrolment e{id(),           std::move(token), std::move(name), std::move(addresses),
                                std::move(key), bytes(32)};
    return write([&](Transaction& tx) { return gateways::enroll(tx, e, now()); });
  }
  Principal root_;
};

TEST_F(GatewaysTest, ATokenEnrolsOneGatewayOfItsName) {
  const auto token = invite("gw1");
  EXPECT_CODE(enroll(token, "gw2"), Errc::enrolment_token_invalid);
  EXPECT_CODE(enroll("rsc_nonsense", "gw1"), Errc::enrolment_token_invalid);
  EXPECT_CODE(enroll("", "gw1"), Errc::enrolment_token_invalid);
  const auto key = new_key();
  const auto gateway = ok_value(enroll(token, "gw1", {"gw.example.org:443", "[2001:db8::1]:8444"}, key));
  EXPECT_CODE(enroll(token, "gw1"), Errc::enrolment_token_invalid);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return gateways::authenticate(tx, fingerprint_of(key)); })),
            gateway);
  EXPECT_CODE(read([&](ReadTransaction& tx) { return gateways::authenticate(tx, bytes(32)); }), Errc::sign_in_needed);
  EXPECT_CODE(write([&](Transaction& tx) { return gateways::invite(tx, "gw1", root_, random_, now()); }),
              Errc::name_taken);
}

TEST_F(GatewaysTest, ATokenExpires) {
  const auto token = invite("gw1");
  clock_.advance(24h);
  EXPECT_CODE(enroll(token, "gw1"), Errc::enrolment_token_invalid);
}

TEST_F(GatewaysTest, BadInputLeavesTheTokenUsable) {
  const auto token = invite("gw1");
  const std::vector<std::vector<std::string>> bad = {
      {},           {"gw"},     {":443"},    {"gw:"},      {"gw:0"},
      {"gw:65536"}, {"gw:44x"}, {"gw:+443"}, {"g\nw:443"}, std::vector<std::string>(9, "gw:443")};
  for (const auto& addresses : bad) EXPECT_CODE(enroll(token, "gw1", addresses), base::Errc::invalid_argument);
  EXPECT_FALSE(enroll(token, "gw1", {"gw:443"}, base::Bytes(10)).has_value());
  EXPECT_OK(enroll(token, "gw1"));
}

TEST_F(GatewaysTest, ConnectionsDrainsAndRemovalAreLogged) {
  const auto key = new_key();
  const auto gateway = ok_value(enroll(invite("gw1"), "gw1", {"gw:443"}, key));
  EXPECT_EQ(ok_value(write([&](Transaction& tx) {
              return gateways::connected(tx, gateway.id, {"gw:444"}, now());
            })).addresses,
            std::vector<std::string>{"gw:444"});
  const auto drain = [&](bool on) {
    return ok_value(
        write([&](Transaction& tx) { return gateways::set_draining(tx, gateway.id, on, "root@x", now()); }));
  };
  EXPECT_TRUE(drain(true).draining);
  EXPECT_TRUE(drain(true).draining);
  EXPECT_FALSE(drain(false).draining);
  EXPECT_OK(write([&](Transaction& tx) { return gateways::remove(tx, gateway.id, "root@x", now()); }));
  EXPECT_OK(write([&](Transaction& tx) { return gateways::lost(tx, gateway.id, "removed", now()); }));
  EXPECT_CODE(read([&](ReadTransaction& tx) { return gateways::authenticate(tx, fingerprint_of(key)); }),
              Errc::sign_in_needed);
  EXPECT_CODE(write([&](Transaction& tx) { return gateways::remove(tx, gateway.id, "root@x", now()); }),
              Errc::gateway_not_found);
  EXPECT_THAT(events(), ElementsAre(EventType::user_created, EventType::gateway_invited, EventType::gateway_enrolled,
                                    EventType::gateway_connected, EventType::gateway_drained,
                                    EventType::gateway_drained, EventType::gateway_removed, EventType::gateway_lost));
}

}  // namespace
}  // namespace rescue::directory

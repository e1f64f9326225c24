// SPDX-License-Identifier: Apache-2.0
#include "peer/gateway_connector.hpp"

#include "ends.hpp"

namespace rescue::peer {

using namespace std::chrono_literals;
using test::awaitable;
using test::FakeGateway;
using test::World;

namespace {

/// Opens a connection to `gateway` as the applet of `world`.
awaitable<base::Result<std::unique_ptr<GatewayConnection>>> knock(const World& world, FakeGateway& gateway,
                                                                  const crypto::SessionIdentity& holder) {
  auto outer = crypto::gateway_client_context(crypto::TrustPin{net::test::Site::get().pin()});
  if (!outer) co_return base::fail(std::move(outer).error());
  HandoffIdentity who(crypto::Role::applet, holder.key, world.guid);
  auto ticket = world.ticket(crypto::Role::applet, world.applet);
  auto opening = GatewayConnection::open(gateway.address(), *outer, std::move(who), std::move(ticket));
  co_return co_await std::move(opening);
}

}  // namespace

TEST(GatewayConnector, ProvesItsKeyAndWaits) {
  net::IoContext context;
  const World world;
  const auto body = [&]() -> awaitable<void> {
    FakeGateway gateway(context, {world.token_key.public_key()});
    gateway.start();
    const auto c = co_await knock(world, gateway, world.applet);
    CO_ASSERT(c, c.error().message());
    EXPECT_EQ(gateway.waiting(crypto::Role::applet), 1u);
    auto waiting = (*c)->wait_joined(net::NamedTimeout("a partner", 10ms));
    const auto r = co_await std::move(waiting);
    CO_ASSERT(!r);
    EXPECT_EQ(r.error().context, "a partner");
    (*c)->close();
    co_await gateway.stop();
  };
  net::test::run(context, body);
}

TEST(GatewayConnector, CopyOfTheTicketIsWorthNothing) {
  net::IoContext context;
  const World world;
  const auto body = [&]() -> awaitable<void> {
    FakeGateway gateway(context, {world.token_key.public_key()});
    gateway.start();
    const auto thief = World::identity();
    const auto c = co_await knock(world, gateway, thief);
    EXPECT_FALSE(c);
    EXPECT_EQ(gateway.bad_proofs, 1u);
    EXPECT_EQ(gateway.waiting(crypto::Role::applet), 0u);
    co_await gateway.stop();
  };
  net::test::run(context, body);
}

TEST(GatewayConnector, TellsRefusalsApart) {
  net::IoContext context;
  const World world;
  using R = wire::handoff::RefuseReason;
  const auto body = [&]() -> awaitable<void> {
    FakeGateway gateway(context, {world.token_key.public_key()});
    gateway.start();
    const std::vector<std::pair<R, Errc>> cases{
        {R::expired, Errc::ticket_refused},      {R::bad_ticket, Errc::ticket_refused},
        {R::wrong_holder, Errc::holder_refused}, {R::wrong_guid, Errc::holder_refused},
        {R::not_admitted, Errc::not_admitted},   {R::full, Errc::gateway_refused},
        {R::draining, Errc::gateway_refused},    {R::network, Errc::network_refused}};
    for (const auto& [reason, code] : cases) {
      gateway.refuse_next = reason;
      const auto c = co_await knock(world, gateway, world.applet);
      CO_ASSERT(!c);
      EXPECT_EQ(c.error().code, code) << c.error().message();
      EXPECT_NE(c.error().message().find("on purpose"), std::string::npos) << c.error().message();
    }
    co_await gateway.stop();
  };
  net::test::run(context, body);
}

TEST(GatewayConnector, RefusesAGatewayOfAnotherSite) {
  net::IoContext context;
  const World world;
  const auto body = [&]() -> awaitable<void> {
    FakeGateway gateway(context, {world.token_key.public_key()});
    gateway.start();
    crypto::Digest256 other = net::test::Site::get().pin();
    other[3] ^= 1;
    const auto outer = crypto::gateway_client_context(crypto::TrustPin{other});
    CO_ASSERT(outer);
    HandoffIdentity who(crypto::Role::applet, world.applet.key, world.guid);
    auto ticket = world.ticket(crypto::Role::applet, world.applet);
    auto opening = GatewayConnection::open(gateway.address(), *outer, std::move(who), std::move(ticket));
    const auto c = co_await std::move(opening);
    CO_ASSERT(!c);
    EXPECT_EQ(c.error().code, crypto::Errc::certificate_untrusted) << c.error().message();
    EXPECT_EQ(gateway.hellos, 0u) << "the GUID must not reach a gateway that is not the site's";
    co_await gateway.stop();
  };
  net::test::run(context, body);
}

}  // namespace rescue::peer

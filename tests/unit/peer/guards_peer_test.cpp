// SPDX-License-Identifier: Apache-2.0
#include "ends.hpp"
#include "peer/grant_book.hpp"
#include "peer/limits.hpp"

namespace rescue::peer {

using test::World;

TEST(PeerGuards, GrantsOfManyTechniciansDoNotPileUpInAnApplet) {
  World world;
  const auto now = base::system_clock().wall();
  const auto console = World::identity();
  GrantBook book(
      {world.session, crypto::guid_id(world.guid.bytes()), world.applet.fingerprint(), {world.token_key.public_key()}});
  const auto add = [&] {
    auto grant = world.grant(console);
    grant.technician = base::Guid::random(base::system_random());
    return book.add(world.sign(grant), now);
  };
  for (std::size_t i = 0; i < kGrantsMax; ++i) ASSERT_TRUE(add());
  const auto more = add();
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, base::Errc::too_large);
}

}  // namespace rescue::peer

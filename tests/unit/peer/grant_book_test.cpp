// SPDX-License-Identifier: Apache-2.0
#include "peer/grant_book.hpp"

#include "ends.hpp"

namespace rescue::peer {

using namespace std::chrono_literals;
using test::World;

namespace {

struct GrantBookTest : testing::Test {
  World world;
  crypto::SessionIdentity console = World::identity();
  base::WallTime now = base::system_clock().wall();
  GrantBook book{
      {world.session, crypto::guid_id(world.guid.bytes()), world.applet.fingerprint(), {world.token_key.public_key()}}};

  base::ErrorCode refused(const crypto::Grant& g) {
    const auto r = book.add(world.sign(g), now);
    EXPECT_FALSE(r);
    return r ? base::ErrorCode(base::Errc::internal) : r.error().code;
  }
};

}  // namespace

TEST_F(GrantBookTest, FindsAConsoleByTheKeyItProved) {
  EXPECT_EQ(book.find(console.fingerprint(), now), nullptr);
  ASSERT_TRUE(book.add(world.sign(world.grant(console)), now));
  ASSERT_NE(book.find(console.fingerprint(), now), nullptr);
  EXPECT_EQ(book.find(console.fingerprint(), now)->technician, world.technician);
  EXPECT_EQ(book.find(World::identity().fingerprint(), now), nullptr);
}

TEST_F(GrantBookTest, LeaseEnds) {
  const auto g = world.grant(console);
  ASSERT_TRUE(book.add(world.sign(g), now));
  EXPECT_NE(book.find(console.fingerprint(), g.lease_until - 1us), nullptr);
  EXPECT_EQ(book.find(console.fingerprint(), g.lease_until), nullptr);
  EXPECT_EQ(book.add(world.sign(g), g.lease_until).error().code, crypto::Errc::token_expired);
  auto renewed = g;
  renewed.issued += 10min;
  renewed.lease_until += 10min;
  ASSERT_TRUE(book.add(world.sign(renewed), now + 10min));
  EXPECT_NE(book.find(console.fingerprint(), g.lease_until), nullptr);
  // An older renewal replayed does not shorten it.
  ASSERT_TRUE(book.add(world.sign(g), now + 10min));
  EXPECT_NE(book.find(console.fingerprint(), g.lease_until), nullptr);
}

TEST_F(GrantBookTest, RefusesWhatIsForOthers) {
  auto g = world.grant(console);
  g.session = base::Guid::random(base::system_random());
  EXPECT_EQ(refused(g), Errc::grant_invalid);
  g = world.grant(console);
  g.guid_id[0] ^= 1;
  EXPECT_EQ(refused(g), Errc::grant_invalid);
  g = world.grant(console);
  g.applet_fingerprint[31] ^= 1;
  EXPECT_EQ(refused(g), Errc::grant_invalid);
  const auto other = *crypto::PrivateKey::generate(crypto::KeyKind::ed25519);
  EXPECT_EQ(book.add(*crypto::make_grant(world.grant(console), other), now).error().code,
            crypto::Errc::token_key_unknown);
  auto damaged = world.sign(world.grant(console));
  damaged[100] ^= 1;
  EXPECT_EQ(book.add(damaged, now).error().code, crypto::Errc::signature_invalid);
  EXPECT_EQ(book.find(console.fingerprint(), now), nullptr);
}

TEST_F(GrantBookTest, RefusesOlderGenerations) {
  ASSERT_TRUE(book.add(world.sign(world.grant(console, 5)), now));
  EXPECT_EQ(refused(world.grant(console, 4)), Errc::grant_invalid);
  EXPECT_EQ(refused(world.grant(World::identity(), 5)), Errc::grant_invalid) << "another key under the same number";
  const auto next = World::identity();
  ASSERT_TRUE(book.add(world.sign(world.grant(next, 6)), now));
  EXPECT_EQ(book.find(console.fingerprint(), now), nullptr) << "the old key is out";
  EXPECT_NE(book.find(next.fingerprint(), now), nullptr);
  book.revoke(world.technician);
  EXPECT_EQ(book.find(next.fingerprint(), now), nullptr);
  EXPECT_EQ(refused(world.grant(next, 6)), Errc::grant_invalid);
  ASSERT_TRUE(book.add(world.sign(world.grant(next, 7)), now));
}

TEST_F(GrantBookTest, RemembersWhatWasSeenBeforeARestart) {
  book.seen(world.technician, 5);
  EXPECT_EQ(refused(world.grant(console, 4)), Errc::grant_invalid);
  ASSERT_TRUE(book.add(world.sign(world.grant(console, 5)), now)) << "the same goes on";
}

TEST_F(GrantBookTest, TheUserIsNotAskedForPrivateSessions) {
  auto grant = world.grant(console);
  grant.single_prompt = true;
  const auto terms = terms_of(grant, session::Now::of(base::system_clock()));
  EXPECT_TRUE(wire::PermissionSet::from_bits(grant.permissions).has(wire::Permission::private_sessions));
  EXPECT_FALSE(terms.permissions.has(wire::Permission::private_sessions));
  EXPECT_TRUE(terms.permissions.has(wire::Permission::desktop_view));
}

}  // namespace rescue::peer

// SPDX-License-Identifier: Apache-2.0
// Sessions in queues: channels, transfers, who holds how many.
#include "store/channels.hpp"
#include "support.hpp"

namespace rescue::store {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

class Queues : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ada_ = a_user("ada@x");
    bob_ = a_user("bob@x");
    for (auto* user : {&ada_, &bob_}) EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, *user); }));
    for (auto* channel : {&billing_, &print_})
      EXPECT_OK(write([&](Transaction& tx) { return channels::insert(tx, *channel); }));
    EXPECT_OK(write([&](Transaction& tx) { return channels::assign(tx, billing_.id, ada_.group); }));
  }
  /// A second younger than the one before.
  Session add(Session s) {
    s.created_at = s.state_since = kNow + std::chrono::seconds(++made_);
    EXPECT_OK(write([&](Transaction& tx) { return sessions::insert(tx, s); }));
    return s;
  }
  Session in_channel(const Channel& channel, const User& by) {
    auto s = a_session(by);
    s.kind = "channel";
    s.channel = channel.id;
    return add(std::move(s));
  }
  void update(const Session& s) {
    EXPECT_OK(write([&](Transaction& tx) { return sessions::update(tx, s); }));
  }
  std::vector<base::Guid> ids(const SessionFilter& filter) {
    std::vector<base::Guid> out;
    for (const auto& s : ok_value(read([&](ReadTransaction& tx) { return sessions::list(tx, filter); })).items)
      out.push_back(s.id);
    return out;
  }
  Channel billing_{id(), "billing", "", kNow};
  Channel print_{id(), "print", "", kNow};
  User ada_, bob_;
  int made_ = 0;
};

TEST_F(Queues, ASessionOnItsWayComesBackAsItWasStored) {
  auto s = in_channel(billing_, ada_);
  s.technician = ada_.id;
  s.transfer_from = ada_.id;
  s.transfer_to = bob_.id;
  s.transfer_channel = print_.id;
  s.transfer_comment = "speaks French";
  s.transfer_at = kNow + 5s;
  update(s);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sessions::get(tx, s.id); })), s);
}

TEST_F(Queues, PresenceAndLimitComeBackWithTheUser) {
  ada_.presence = Presence::away;
  ada_.presence_at = kNow;
  ada_.max_sessions = 3;
  EXPECT_OK(write([&](Transaction& tx) { return users::update(tx, ada_); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return users::get(tx, ada_.id); })), ada_);
  for (const auto presence : {Presence::available, Presence::busy, Presence::away})
    EXPECT_EQ(parse_presence(to_string(presence)), presence);
  EXPECT_EQ(parse_presence("asleep"), std::nullopt);
}

TEST_F(Queues, ListsFollowTheQueueNewestFirst) {
  const auto own = add(a_session(ada_));
  const auto other = add(a_session(bob_));
  const auto waiting = in_channel(billing_, bob_);
  const auto elsewhere = in_channel(print_, bob_);
  auto ended = in_channel(billing_, bob_);
  ended.ended_at = kNow;
  update(ended);
  auto moving = add(a_session(bob_));
  moving.transfer_channel = billing_.id;
  update(moving);
  auto offered = in_channel(print_, bob_);
  offered.transfer_to = ada_.id;
  update(offered);

  SessionFilter mine;
  mine.technician = ada_.id;
  EXPECT_THAT(ids(mine), ElementsAre(own.id));
  mine.channels_for = ada_.group;
  mine.offered_to = ada_.id;
  EXPECT_THAT(ids(mine), ElementsAre(offered.id, moving.id, waiting.id, own.id));
  mine.private_only = true;
  mine.channels_for.reset();
  EXPECT_THAT(ids(mine), ElementsAre(offered.id, own.id));
  SessionFilter channel;
  channel.channel = billing_.id;
  EXPECT_THAT(ids(channel), ElementsAre(moving.id, ended.id, waiting.id));
  channel.live_only = true;
  EXPECT_THAT(ids(channel), ElementsAre(moving.id, waiting.id));
  SessionFilter all;
  all.private_only = true;
  EXPECT_THAT(ids(all), ElementsAre(moving.id, other.id, own.id));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sessions::count_in_channel(tx, billing_.id); })), 2u);
  static_cast<void>(elsewhere);
}

TEST_F(Queues, PagesOfAQueueLoseAndRepeatNothing) {
  std::vector<base::Guid> made;
  for (int i = 0; i < 4; ++i) {
    made.insert(made.begin(), in_channel(billing_, bob_).id);
    made.insert(made.begin(), add(a_session(ada_)).id);
  }
  SessionFilter filter;
  filter.technician = ada_.id;
  filter.channels_for = ada_.group;
  std::vector<base::Guid> seen;
  std::string cursor;
  do {
    const auto page = ok_value(read([&](ReadTransaction& tx) { return sessions::list(tx, filter, cursor, 3); }));
    for (const auto& s : page.items) seen.push_back(s.id);
    cursor = page.next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(seen, made);
}

TEST_F(Queues, OnlySessionsThatGoOnAreHeld) {
  const auto held = [&] {
    return ok_value(read([&](ReadTransaction& tx) { return sessions::count_held(tx, ada_.id); }));
  };
  EXPECT_EQ(held(), 0u);
  auto s = add(a_session(ada_));
  EXPECT_EQ(held(), 0u);
  s.technician = ada_.id;
  for (const auto* state : {"active", "reconnecting", "rebooting"}) {
    s.state = state;
    update(s);
    EXPECT_EQ(held(), 1u) << state;
  }
  for (const auto* state : {"on_hold", "transferring", "offline", "waiting"}) {
    s.state = state;
    update(s);
    EXPECT_EQ(held(), 0u) << state;
  }
}

TEST_F(Queues, WhatIsPutAsideHasNoLeaseToRunOut) {
  auto s = add(a_session(ada_));
  s.technician = ada_.id;
  const auto lapsed = [&] {
    return ok_value(read([&](ReadTransaction& tx) { return sessions::with_lapsed_lease(tx, kNow, 10); })).size();
  };
  for (const auto* state : {"on_hold", "transferring", "waiting"}) {
    s.state = state;
    update(s);
    EXPECT_EQ(lapsed(), 0u) << state;
  }
  s.state = "active";
  update(s);
  EXPECT_EQ(lapsed(), 1u);
}

TEST_F(Queues, ARemovedChannelLeavesItsSessions) {
  const auto s = in_channel(print_, ada_);
  EXPECT_OK(write([&](Transaction& tx) { return channels::remove(tx, print_.id); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sessions::get(tx, s.id); })).channel, std::nullopt);
}

TEST_F(Queues, WhoeverTookPartIsRemembered) {
  const auto s = add(a_session(ada_));
  for (const auto& [generation, technician] : {std::pair{1u, &ada_}, std::pair{2u, &bob_}, std::pair{3u, &ada_}}) {
    Grant g;
    g.session = s.id;
    g.generation = generation;
    g.technician = technician->id;
    g.console_fingerprint = bytes(32);
    g.console_spki = bytes(91);
    g.issued_at = g.lease_until = kNow;
    EXPECT_OK(write([&](Transaction& tx) { return grants::insert(tx, g); }));
  }
  EXPECT_OK(write([&](Transaction& tx) { return grants::revoke(tx, s.id, std::nullopt, kNow); }));
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return grants::technicians_of(tx, s.id); })),
              UnorderedElementsAre(ada_.id, bob_.id));
}

TEST_F(Queues, ABrowserFindsThePinItRedeemed) {
  const auto s = add(a_session(ada_));
  Pin pin;
  pin.session = s.id;
  pin.pin_id = bytes(32);
  pin.guid_salt = bytes(32);
  pin.digits = 0;
  pin.created_at = kNow;
  pin.expires_at = kNow + 20min;
  EXPECT_OK(write([&](Transaction& tx) { return pins::insert(tx, pin); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return pins::count_live(tx, kNow); })), 0u)
      << "a PIN without digits takes no room among those that are typed";
  pin.browser = bytes(32);
  EXPECT_OK(write([&](Transaction& tx) { return pins::update(tx, pin); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return pins::find_by_browser(tx, pin.browser); })), pin);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return pins::find_by_browser(tx, bytes(32)); })), std::nullopt);
}

TEST_F(Queues, TheVisitorIsInNoListAndCannotSignIn) {
  const auto visitor = base::Guid::parse(kVisitorId);
  ASSERT_TRUE(visitor);
  const auto row = ok_value(read([&](ReadTransaction& tx) { return users::get(tx, *visitor); }));
  EXPECT_TRUE(row.removed_at && row.password_hash.empty());
  for (const auto& user : ok_value(read([](ReadTransaction& tx) { return users::list(tx); })).items)
    EXPECT_NE(user.id, *visitor);
}

}  // namespace
}  // namespace rescue::store

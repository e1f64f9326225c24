// SPDX-License-Identifier: Apache-2.0
// Lists that end with a group: sessions, log, grants. Held against plain loops. Part of the contract of every engine.
#include "store/log.hpp"
#include "support.hpp"

namespace rescue::store {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class GroupFilter : public StoreTest {
 protected:
  Group stored_group(std::string name) {
    Group g;
    g.id = id();
    g.name = std::move(name);
    EXPECT_OK(write([&](Transaction& tx) { return groups::insert(tx, g); }));
    return g;
  }
  User member(const Group& g, std::string email) {
    auto u = a_user(std::move(email));
    u.group = g.id;
    EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, u); }));
    return u;
  }
  std::vector<std::int64_t> query(const LogFilter& filter, LogOrder order) {
    std::vector<std::int64_t> ids;
    std::string cursor;
    do {
      auto got = ok_value(read([&](ReadTransaction& tx) { return log::query(tx, filter, order, cursor, 7); }));
      for (const auto& e : got.items) ids.push_back(e.id);
      cursor = got.next_cursor;
    } while (!cursor.empty());
    return ids;
  }
};

TEST_F(GroupFilter, SessionsAreThoseOfWhoIsInTheGroupNow) {
  const auto north = stored_group("north");
  auto ada = member(north, "ada@x");
  const auto bob = stored_user("bob@x");
  const auto hers = stored_session(ada);
  const auto his = stored_session(bob);
  auto taken = a_session(ada);
  taken.technician = bob.id;
  EXPECT_OK(write([&](Transaction& tx) { return sessions::insert(tx, taken); }));
  const auto list = [&](const base::Guid& group) {
    SessionFilter f;
    f.group = group;
    std::vector<base::Guid> ids;
    for (const auto& s : ok_value(read([&](ReadTransaction& tx) { return sessions::list(tx, f); })).items)
      ids.push_back(s.id);
    return ids;
  };
  EXPECT_THAT(list(north.id), ElementsAre(hers.id));
  EXPECT_THAT(list(default_group()), UnorderedElementsAre(his.id, taken.id));
  ada.group = default_group();
  EXPECT_OK(write([&](Transaction& tx) { return users::update(tx, ada); }));
  EXPECT_THAT(list(north.id), IsEmpty());
}

TEST_F(GroupFilter, SessionsComeInPagesByEveryOtherFilterFromGroupsOfFewAndOfMany) {
  const auto few = stored_group("few");
  const auto many = stored_group("many");
  const auto empty = stored_group("empty");
  std::vector<User> people;
  for (int i = 0; i < 3; ++i) people.push_back(member(few, "few" + std::to_string(i) + "@x"));
  for (int i = 0; i < 70; ++i) people.push_back(member(many, "many" + std::to_string(i) + "@x"));
  std::vector<std::pair<Session, User>> made;
  EXPECT_OK(write([&](Transaction& tx) -> base::Result<> {
    for (int i = 0; i < 200; ++i) {
      const auto& owner = people[i % 3 == 0 ? random_.below(3) : random_.below(people.size())];
      auto s = a_session(people[random_.below(people.size())]);
      s.technician = owner.id;
      s.created_at = kNow + std::chrono::seconds(random_.below(50));
      s.state = random_.below(2) == 0 ? "active" : "waiting";
      if (random_.below(3) == 0) s.ended_at = kNow, s.state = "closed";
      RESCUE_CHECK(sessions::insert(tx, s));
      made.emplace_back(s, owner);
    }
    return {};
  }));
  std::ranges::sort(made, [](const auto& a, const auto& b) {
    return std::tie(a.first.created_at, a.first.id) > std::tie(b.first.created_at, b.first.id);
  });
  for (const auto& group : {few.id, many.id, empty.id}) {
    for (unsigned mask = 0; mask < 8; ++mask) {
      SessionFilter f;
      f.group = group;
      if (mask & 1) f.live_only = true;
      if (mask & 2) f.states = {"closed", "active"};
      if (mask & 4) f.technician = people[0].id;
      std::vector<base::Guid> expected, listed;
      for (const auto& [s, owner] : made) {
        if (owner.group != group || (f.live_only && s.ended_at) || (f.technician && owner.id != f.technician)) continue;
        if (f.states.empty() || s.state != "waiting") expected.push_back(s.id);
      }
      std::string cursor;
      do {
        const auto page = ok_value(read([&](ReadTransaction& tx) { return sessions::list(tx, f, cursor, 7); }));
        for (const auto& s : page.items) listed.push_back(s.id);
        cursor = page.next_cursor;
      } while (!cursor.empty());
      EXPECT_EQ(listed, expected) << mask;
      if ((mask & 4) == 0) {
        EXPECT_EQ(expected.empty(), group == empty.id);
      }
    }
  }
}

TEST_F(GroupFilter, TheLogGivesTheGroupsRowsByEveryOtherFilterInBothOrders) {
  // One group of few, one of more than have an index walk of their own, one of nobody.
  const auto few = stored_group("few");
  const auto many = stored_group("many");
  const auto empty = stored_group("empty");
  std::vector<User> people;
  for (int i = 0; i < 3; ++i) people.push_back(member(few, "few" + std::to_string(i) + "@x"));
  for (int i = 0; i < 70; ++i) people.push_back(member(many, "many" + std::to_string(i) + "@x"));
  auto gone = people.front();
  gone.removed_at = kNow;
  EXPECT_OK(write([&](Transaction& tx) { return users::update(tx, gone); }));
  const std::array<base::Guid, 2> sessions{id(), id()};
  const std::array types{EventType::chat_message, EventType::file_sent, EventType::auth_login};
  struct Row {
    std::int64_t id;
    std::optional<base::Guid> group, session;
    EventType type;
    bool walrus;
  };
  std::vector<Row> rows;
  for (int i = 0; i < 300; ++i) {
    NewEvent e;
    const auto& who = people[random_.below(people.size())];
    const bool nobody = random_.below(6) == 0;
    if (!nobody) e.technician = who.id;
    if (random_.below(2) == 0) e.session = sessions[random_.below(2)];
    e.type = types[random_.below(3)];
    const bool walrus = random_.below(3) == 0;
    if (walrus) e.search_text = "the walrus and the carpenter";
    rows.push_back({append(e).id, nobody ? std::nullopt : std::optional(who.group), e.session, e.type, walrus});
  }
  for (const auto& group : {few.id, many.id, empty.id}) {
    for (unsigned mask = 0; mask < 8; ++mask) {
      LogFilter f;
      f.group = group;
      if (mask & 1) f.session = sessions[0];
      if (mask & 2) f.types = {EventType::chat_message, EventType::auth_login};
      if (mask & 4) f.text = "walrus";
      std::vector<std::int64_t> expected;
      for (const auto& row : rows) {
        if (row.group != group || (f.session && row.session != f.session)) continue;
        if (!f.types.empty() && row.type == EventType::file_sent) continue;
        if (!f.text || row.walrus) expected.push_back(row.id);
      }
      EXPECT_EQ(query(f, LogOrder::oldest_first), expected) << mask;
      EXPECT_EQ(expected.empty(), group == empty.id) << mask;
      std::ranges::reverse(expected);
      EXPECT_EQ(query(f, LogOrder::newest_first), expected) << mask;
    }
  }
}

TEST_F(GroupFilter, GrantsOfAGroupAreThoseThatLive) {
  const auto north = stored_group("north");
  const auto ada = member(north, "ada@x");
  const auto bob = stored_user("bob@x");
  const auto grant_in = [&](const Session& s, const User& to, std::uint64_t generation) {
    Grant g;
    g.session = s.id;
    g.generation = generation;
    g.technician = to.id;
    g.console_fingerprint = bytes(32);
    g.issued_at = kNow;
    g.lease_until = kNow + std::chrono::minutes(1);
    EXPECT_OK(write([&](Transaction& tx) { return grants::insert(tx, g); }));
  };
  const auto live = stored_session(ada);
  const auto left = stored_session(ada);
  auto over = stored_session(ada);
  grant_in(live, ada, 1);
  grant_in(live, bob, 2);
  grant_in(left, ada, 1);
  grant_in(over, ada, 1);
  EXPECT_OK(write([&](Transaction& tx) { return grants::revoke(tx, left.id, ada.id, kNow); }));
  over.ended_at = kNow;
  over.state = "closed";
  EXPECT_OK(write([&](Transaction& tx) { return store::sessions::update(tx, over); }));
  const auto held = ok_value(read([&](ReadTransaction& tx) { return grants::of_group(tx, north.id); }));
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].session, live.id);
  EXPECT_EQ(held[0].technician, ada.id);
}

}  // namespace
}  // namespace rescue::store

// SPDX-License-Identifier: Apache-2.0
// The desk as a support desk runs it: channels, hold, transfer, technicians beside each other, presence.
#include "directory/channels.hpp"
#include "directory/groups.hpp"
#include "directory/presence.hpp"
#include "directory/site_policy.hpp"
#include "store/channels.hpp"
#include "support.hpp"
#include "wire/permission.hpp"

namespace rescue::directory {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using wire::Permission;
using wire::PermissionSet;

class QueueTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    ada_ = add_user("ada@x");
    bob_ = add_user("bob@x");
    far_ = add_user("far@x");
    north_ = add_group("north", PermissionSet::all());
    south_ = add_group("south", PermissionSet{Permission::desktop_view, Permission::private_sessions});
    move(ada_, north_);
    move(bob_, north_);
    move(far_, south_);
    billing_ = add_channel("billing", {&north_});
  }
  store::Group add_group(std::string name, PermissionSet permissions) {
    groups::Change wanted;
    wanted.name = std::move(name);
    wanted.permissions = permissions;
    return ok_value(write([&](Transaction& tx) { return groups::create(tx, id(), wanted, By("root@x"), now()); }));
  }
  void move(store::User& user, const store::Group& group) {
    accounts::UserChange wanted;
    wanted.group = group.id;
    user = ok_value(write([&](Transaction& tx) { return accounts::change(tx, user.id, wanted, By("root@x"), now()); }));
  }
  store::Channel add_channel(std::string name, const std::vector<const store::Group*>& groups) {
    const channels::NewChannel wanted{id(), std::move(name)};
    return ok_value(write([&](Transaction& tx) -> base::Result<store::Channel> {
      RESCUE_TRY(const auto channel, channels::create(tx, wanted, By("root@x"), now()));
      for (const auto* group : groups) RESCUE_CHECK(channels::assign(tx, channel, *group, By("root@x"), now()));
      return channel;
    }));
  }
  base::Result<Redeemed> visit(std::string channel, std::string name = "Eve", std::string problem = "no paper") {
    ChannelVisit wanted{id(), std::move(channel), std::move(name), std::move(problem), "192.0.2.7"};
    return write([&](Transaction& tx) { return desk_->visit_channel(tx, wanted, now()); });
  }
  /// Waits in the channel.
  store::Session visitor_session() {
    const auto visited = ok_value(visit("billing"));
    EXPECT_TRUE(ok_value(register_applet(visited.guid, new_key())).registered);
    return session(visited.session.id);
  }
  base::Result<store::Session> hold(const base::Guid& s, const store::User& by) {
    return write([&](Transaction& tx) { return desk_->hold(tx, s, "lunch", principal(by), now()); });
  }
  base::Result<store::Session> transfer(const base::Guid& s, const store::User& by, const store::User& to) {
    return transfer(s, by, TransferTarget{.user = to.id});
  }
  base::Result<store::Session> transfer(const base::Guid& s, const store::User& by, const store::Channel& to) {
    return transfer(s, by, TransferTarget{.channel = to.id});
  }
  base::Result<store::Session> transfer(const base::Guid& s, const store::User& by, const TransferTarget& to) {
    return write([&](Transaction& tx) { return desk_->transfer(tx, s, to, "speaks French", principal(by), now()); });
  }
  base::Result<store::Session> decline(const base::Guid& s, const store::User& by) {
    return write([&](Transaction& tx) { return desk_->decline(tx, s, "no time", principal(by), now()); });
  }
  base::Result<store::Session> leave(const base::Guid& s, const store::User& by) {
    return write([&](Transaction& tx) { return desk_->leave(tx, s, "", principal(by), now()); });
  }
  void set_presence(const store::User& user, store::Presence presence) {
    EXPECT_OK(write([&](Transaction& tx) { return presence::set(tx, principal(user), presence, now()); }));
  }
  void set_max(const store::User& user, std::uint32_t most) {
    accounts::UserChange wanted;
    wanted.max_sessions = most;
    EXPECT_OK(write([&](Transaction& tx) { return accounts::change(tx, user.id, wanted, By("root@x"), now()); }));
  }
  std::vector<crypto::Grant> grants(const base::Guid& s) {
    return ok_value(read([&](ReadTransaction& tx) { return desk_->current_grants(tx, s, now()); }));
  }
  Object object(const base::Guid& s) {
    return ok_value(read([&](ReadTransaction& tx) -> base::Result<Object> {
      RESCUE_TRY(const auto row, store::sessions::get(tx, s));
      return object_of(tx, row);
    }));
  }
  bool may(const store::User& user, Verb verb, const base::Guid& s) {
    return authorize(principal(user), verb, object(s)).has_value();
  }
  std::vector<store::Session> sweep() {
    return ok_value(write([&](Transaction& tx) { return desk_->sweep(tx, now()); }));
  }
  store::User ada_, bob_, far_;
  store::Group north_, south_;
  store::Channel billing_;
};

TEST_F(QueueTest, AVisitorWaitsInTheChannelForWhoeverWorksThere) {
  const auto visited = ok_value(visit("billing"));
  const auto row = session(visited.session.id);
  EXPECT_EQ(row.kind, "channel");
  EXPECT_EQ(row.channel, billing_.id);
  EXPECT_EQ(row.note, "no paper");
  EXPECT_EQ(row.customer, R"({"name":"Eve"})");
  EXPECT_EQ(row.pin_expires_at, now() + 20min);
  EXPECT_TRUE(ok_value(register_applet(visited.guid, new_key())).registered);
  EXPECT_TRUE(may(ada_, Verb::session_read, row.id) && may(ada_, Verb::session_pickup, row.id));
  EXPECT_FALSE(may(far_, Verb::session_read, row.id) || may(far_, Verb::session_pickup, row.id));
  EXPECT_OK(pickup(row.id, ada_));
  EXPECT_TRUE(may(bob_, Verb::session_read, row.id));
  EXPECT_FALSE(may(bob_, Verb::session_pickup, row.id) || may(bob_, Verb::session_close, row.id));
  EXPECT_CODE(pickup(row.id, bob_), Errc::already_picked_up);
}

TEST_F(QueueTest, VisitorsBelongToNobodysGroup) {
  const auto s = visitor_session();
  const auto visitors = ok_value(read([](ReadTransaction& tx) { return store::groups::get_default(tx); }));
  auto who = principal(far_);
  who.role = UserRole::group_administrator;
  who.group = visitors.id;
  EXPECT_FALSE(authorize(who, Verb::session_read, object(s.id)) || authorize(who, Verb::session_close, object(s.id)));
  who.group = north_.id;
  EXPECT_TRUE(authorize(who, Verb::session_read, object(s.id)) && authorize(who, Verb::session_close, object(s.id)));
}

TEST_F(QueueTest, ChannelsWithoutPeopleAndBadTextsAreRefused) {
  add_channel("empty", {});
  EXPECT_CODE(visit("empty"), Errc::channel_not_found);
  EXPECT_CODE(visit("nowhere"), Errc::channel_not_found);
  EXPECT_CODE(visit("billing", "two\nlines"), base::Errc::invalid_argument);
  EXPECT_CODE(visit("billing", std::string(201, 'x')), base::Errc::invalid_argument);
  EXPECT_CODE(visit("billing", "Eve", std::string(kMaxNoteBytes + 1, 'x')), base::Errc::invalid_argument);
  EXPECT_CODE(visit("billing", "Eve", "\xff"), base::Errc::invalid_argument);
}

TEST_F(QueueTest, AVisitorsSessionHasNoPinThatSomebodyCouldGuess) {
  const auto visited = ok_value(visit("billing"));
  const auto pin =
      ok_value(read([&](ReadTransaction& tx) { return store::pins::find_by_session(tx, visited.session.id); }));
  ASSERT_TRUE(pin);
  EXPECT_EQ(pin->digits, 0u);
  clock_.advance(21min);
  EXPECT_THAT(sweep(), SizeIs(1)) << "no applet came";
}

TEST_F(QueueTest, AHeldSessionEndsEverybodysPartAndComesBackToItsTechnician) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(pickup(s.id, bob_, new_key(), true));
  EXPECT_THAT(grants(s.id), SizeIs(2));
  EXPECT_CODE(hold(s.id, bob_), Errc::not_your_session);
  EXPECT_EQ(ok_value(hold(s.id, ada_)).state, "on_hold");
  EXPECT_THAT(grants(s.id), IsEmpty());
  EXPECT_CODE(hold(s.id, ada_), Errc::wrong_state);
  EXPECT_CODE(pickup(s.id, bob_), Errc::already_picked_up);
  EXPECT_CODE(pickup(s.id, bob_, new_key(), true), Errc::wrong_state) << "nobody is in it to be joined";
  const auto again = ok_value(pickup(s.id, ada_));
  EXPECT_EQ(again.session.state, "active");
  EXPECT_EQ(again.grant.generation, 3u);
  const auto types = events(s.id);
  EXPECT_THAT(std::vector(types.end() - 3, types.end()),
              ElementsAre(EventType::session_held, EventType::session_resumed, EventType::session_picked_up));
}

TEST_F(QueueTest, WhatWasPutAsideEndsAfterTheSitesTime) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(hold(s.id, ada_));
  clock_.advance(4h - 1s);
  EXPECT_THAT(sweep(), IsEmpty());
  clock_.advance(2s);
  const auto ended = sweep();
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].state, "timed_out");
  EXPECT_EQ(ended[0].end_reason, "nobody went on with it");
}

TEST_F(QueueTest, ATransferGoesToItsTechnicianAlone) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  const auto other = add_user("other@x");
  const auto moving = ok_value(transfer(s.id, ada_, bob_));
  EXPECT_EQ(moving.state, "transferring");
  EXPECT_EQ(moving.transfer_comment, "speaks French");
  EXPECT_THAT(grants(s.id), IsEmpty());
  EXPECT_CODE(pickup(s.id, other), Errc::already_picked_up);
  EXPECT_TRUE(may(bob_, Verb::session_pickup, s.id));
  const auto taken = ok_value(pickup(s.id, bob_));
  EXPECT_EQ(taken.session.technician, bob_.id);
  EXPECT_EQ(taken.session.state, "active");
  EXPECT_EQ(taken.session.transfer_to, std::nullopt);
  EXPECT_EQ(taken.session.transfer_from, ada_.id);
  EXPECT_CODE(pickup(s.id, ada_), Errc::already_picked_up);
  const auto rows = log_rows(s.id);
  const auto& event = rows[rows.size() - 2];
  EXPECT_EQ(event.type, EventType::session_transfer_taken);
  EXPECT_THAT(event.data, HasSubstr(R"("from":"ada@x")"));
}

TEST_F(QueueTest, ADeclinedTransferIsOnHoldWithWhoGaveIt) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(transfer(s.id, ada_, bob_));
  EXPECT_CODE(decline(s.id, ada_), Errc::not_your_session);
  const auto back = ok_value(decline(s.id, bob_));
  EXPECT_EQ(back.state, "on_hold");
  EXPECT_EQ(back.technician, ada_.id);
  EXPECT_THAT(last_event().data, HasSubstr(R"("reason":"no time")"));
  EXPECT_CODE(decline(s.id, bob_), Errc::not_your_session);
  EXPECT_CODE(pickup(s.id, bob_), Errc::already_picked_up);
  EXPECT_OK(pickup(s.id, ada_));
}

TEST_F(QueueTest, ATransferThatNobodyTakesComesBackByTheClock) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(transfer(s.id, ada_, bob_));
  clock_.advance(11min);
  EXPECT_THAT(sweep(), IsEmpty());
  EXPECT_EQ(session(s.id).state, "on_hold");
  EXPECT_EQ(last_event().type, EventType::session_transfer_returned);
  EXPECT_EQ(last_event().actor, "broker");
}

TEST_F(QueueTest, WhoGaveItAwayCanTakeItBackWhileNobodyHas) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(transfer(s.id, ada_, bob_));
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_CODE(pickup(s.id, bob_), Errc::already_picked_up);
}

TEST_F(QueueTest, ATransferToAChannelIsForWhoeverOfItComesFirst) {
  const auto print = add_channel("print", {&south_});
  const auto s = waiting_session(ada_);
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(transfer(s.id, ada_, print));
  EXPECT_TRUE(may(far_, Verb::session_pickup, s.id));
  EXPECT_FALSE(may(bob_, Verb::session_pickup, s.id) || may(far_, Verb::session_close, s.id));
  const auto taken = ok_value(pickup(s.id, far_));
  EXPECT_EQ(taken.session.channel, print.id);
  EXPECT_EQ(taken.session.technician, far_.id);
}

TEST_F(QueueTest, WhoIsAwayOrHasEnoughIsNamedWhenATransferIsRefused) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  set_presence(bob_, store::Presence::away);
  const auto refused = transfer(s.id, ada_, bob_);
  EXPECT_CODE(refused, Errc::technician_away);
  EXPECT_THAT(refused.error().message(), HasSubstr("bob@x is away since 20"));
  set_presence(ada_, store::Presence::away);
  const auto nobody = transfer(s.id, ada_, billing_);
  EXPECT_CODE(nobody, Errc::technician_away);
  EXPECT_THAT(nobody.error().message(), AllOf(HasSubstr("ada@x"), HasSubstr("bob@x"), HasSubstr("billing")));
  set_presence(bob_, store::Presence::busy);
  EXPECT_OK(transfer(s.id, ada_, bob_));
  EXPECT_OK(pickup(s.id, bob_));
  set_max(ada_, 1);
  EXPECT_OK(pickup(visitor_session().id, ada_));
  EXPECT_CODE(transfer(s.id, bob_, ada_), Errc::technician_away);
  set_presence(ada_, store::Presence::available);
  EXPECT_CODE(transfer(s.id, bob_, ada_), Errc::too_many_sessions);
  EXPECT_EQ(session(s.id).state, "active") << "a refused transfer changes nothing";
}

TEST_F(QueueTest, NobodyIsToldOfAccountsThatAreNoColleagues) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_CODE(transfer(s.id, ada_, far_), base::Errc::denied);
  set_presence(far_, store::Presence::away);
  EXPECT_CODE(transfer(s.id, ada_, far_), base::Errc::denied);
  EXPECT_OK(write([&](Transaction& tx) { return channels::assign(tx, billing_, south_, By("root@x"), now()); }));
  EXPECT_CODE(transfer(s.id, ada_, far_), Errc::technician_away) << "a colleague by the channel that both work in";
  EXPECT_CODE(transfer(s.id, ada_, ada_), base::Errc::invalid_argument);
  EXPECT_CODE(transfer(s.id, bob_, far_), Errc::technician_away) << "whoever may is judged before: the caller's verb";
  EXPECT_CODE(transfer(s.id, ada_, TransferTarget{}), base::Errc::invalid_argument);
  EXPECT_CODE(transfer(s.id, ada_, TransferTarget{.user = bob_.id, .channel = billing_.id}),
              base::Errc::invalid_argument);
}

TEST_F(QueueTest, ADisabledReceiverSendsTheTransferBack) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(transfer(s.id, ada_, bob_));
  EXPECT_OK(write([&](Transaction& tx) { return accounts::disable(tx, bob_.id, By("root@x"), now()); }));
  EXPECT_EQ(session(s.id).state, "on_hold");
  EXPECT_EQ(session(s.id).technician, ada_.id);
}

TEST_F(QueueTest, NobodyHoldsMoreThanAllowed) {
  set_max(ada_, 2);
  std::vector<store::Session> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(visitor_session());
  EXPECT_OK(pickup(waiting[0].id, ada_));
  EXPECT_OK(pickup(waiting[1].id, ada_));
  EXPECT_CODE(pickup(waiting[2].id, ada_), Errc::too_many_sessions);
  EXPECT_EQ(session(waiting[2].id).state, "waiting");
  EXPECT_OK(hold(waiting[0].id, ada_));
  EXPECT_OK(pickup(waiting[2].id, ada_)) << "what is put aside takes no room";
  EXPECT_CODE(pickup(waiting[0].id, ada_), Errc::too_many_sessions) << "nor is it taken up again without";
  set_max(ada_, 0);
  EXPECT_OK(pickup(waiting[0].id, ada_));
}

TEST_F(QueueTest, ASecondTechnicianHasNoMoreRightsThanTheFirst) {
  const auto s = waiting_session(far_);
  const auto first = ok_value(pickup(s.id, far_));
  const auto second = ok_value(pickup(s.id, ada_, new_key(), true));
  EXPECT_EQ(PermissionSet::from_bits(second.grant.permissions), PermissionSet::from_bits(first.grant.permissions));
  EXPECT_TRUE(PermissionSet::from_bits(second.grant.permissions).has(Permission::desktop_view));
  EXPECT_FALSE(PermissionSet::from_bits(second.grant.permissions).has(Permission::remote_control));
}

TEST_F(QueueTest, TheSecondTechniciansRightsFollowTheFirstOnesAtOnce) {
  const auto s = waiting_session(ada_);
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_OK(pickup(s.id, far_, new_key(), true));
  const auto set = [&](const store::Group& group, PermissionSet permissions) {
    groups::Change wanted;
    wanted.permissions = permissions;
    EXPECT_OK(write([&](Transaction& tx) {
      return groups::change(tx, group.id, wanted, By("root@x"), now(), groups::Bounds::any);
    }));
  };
  const auto rights = [&](const store::User& user) {
    for (const auto& grant : grants(s.id))
      if (grant.technician == user.id) return PermissionSet::from_bits(grant.permissions);
    return PermissionSet();
  };
  const auto generation = [&](const store::User& user) {
    for (const auto& grant : grants(s.id))
      if (grant.technician == user.id) return grant.generation;
    return std::uint64_t{0};
  };
  EXPECT_TRUE(rights(far_).has(Permission::desktop_view));
  const auto before = generation(far_);
  set(north_, PermissionSet{Permission::remote_control});
  EXPECT_EQ(rights(far_), PermissionSet());
  EXPECT_GT(generation(far_), before) << "the applet drops the wider one";
  set(north_, PermissionSet::all());
  EXPECT_EQ(rights(far_), (PermissionSet{Permission::desktop_view, Permission::private_sessions}));
  set(south_, PermissionSet::all());
  EXPECT_EQ(rights(far_), PermissionSet::all());
}

TEST_F(QueueTest, TheStricterRulesOfBothHoldForTheSecond) {
  groups::Change strict;
  strict.require_sas = true;
  strict.force_recording = true;
  strict.consent_timeout = 20s;
  strict.inactivity_timeout = 300s;
  const auto change = [&](const store::Group& group, const groups::Change& wanted) {
    EXPECT_OK(write([&](Transaction& tx) {
      return groups::change(tx, group.id, wanted, By("root@x"), now(), groups::Bounds::any);
    }));
  };
  change(north_, strict);
  groups::Change easy;
  easy.single_prompt = true;
  easy.inactivity_timeout = 0s;
  change(south_, easy);
  const auto s = waiting_session(ada_);
  EXPECT_OK(pickup(s.id, ada_));
  const auto second = ok_value(pickup(s.id, far_, new_key(), true)).grant;
  EXPECT_TRUE(second.require_sas);
  EXPECT_FALSE(second.single_prompt);
  EXPECT_EQ(second.recording, crypto::RecordingRule::forced);
  EXPECT_EQ(second.consent_timeout, 20s);
  EXPECT_EQ(second.inactivity_timeout, 300s);
}

TEST_F(QueueTest, ASecondTechnicianLeavesByItselfAndTheFirstDoesNot) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_CODE(leave(s.id, bob_), Errc::not_your_session);
  EXPECT_OK(pickup(s.id, bob_, new_key(), true));
  EXPECT_CODE(leave(s.id, ada_), Errc::wrong_state);
  EXPECT_OK(leave(s.id, bob_));
  EXPECT_THAT(grants(s.id), SizeIs(1));
  EXPECT_EQ(last_event().type, EventType::session_technician_left);
  EXPECT_EQ(session(s.id).state, "active");
}

TEST_F(QueueTest, ACrowdIsNotLetIn) {
  const auto s = visitor_session();
  EXPECT_OK(pickup(s.id, ada_));
  store::User last;
  for (std::size_t i = 1; i < kMaxTechnicians; ++i) {
    last = add_user("t" + std::to_string(i) + "@x");
    EXPECT_OK(pickup(s.id, last, new_key(), true));
  }
  EXPECT_CODE(pickup(s.id, bob_, new_key(), true), base::Errc::conflict);
  EXPECT_OK(pickup(s.id, last, new_key(), true)) << "who is in it comes again";
}

TEST_F(QueueTest, AnAppletThatComesBackFindsWhatItLeft) {
  const auto held = visitor_session();
  EXPECT_OK(pickup(held.id, ada_));
  EXPECT_OK(hold(held.id, ada_));
  const auto active = visitor_session();
  EXPECT_OK(pickup(active.id, ada_));
  for (const auto& [id, state] : {std::pair{held.id, "waiting"}, std::pair{active.id, "active"}}) {
    EXPECT_OK(write([&](Transaction& tx) { return desk_->applet_lost(tx, id, 90s, now()); }));
    EXPECT_EQ(session(id).state, "offline");
    EXPECT_THAT(last_event().data, HasSubstr("90 s"));
    EXPECT_OK(write([&](Transaction& tx) { return desk_->applet_back(tx, id, now()); }));
    EXPECT_EQ(session(id).state, state);
  }
  EXPECT_CODE(pickup(held.id, bob_), Errc::already_picked_up);
  EXPECT_OK(pickup(held.id, ada_));
}

TEST_F(QueueTest, AChannelWithPeopleWaitingStays) {
  const auto s = visitor_session();
  const auto remove = [&] {
    return write([&](Transaction& tx) { return channels::remove(tx, billing_.id, By("root@x"), now()); });
  };
  EXPECT_CODE(remove(), Errc::channel_in_use);
  EXPECT_OK(write([&](Transaction& tx) {
    return desk_->end(tx, s.id, wire::SessionEvent::close, {wire::Party::user, "user", {}}, "", now());
  }));
  EXPECT_OK(remove());
}

TEST_F(QueueTest, TechniciansSeeWhetherTheirColleaguesAreThere) {
  set_presence(bob_, store::Presence::busy);
  EXPECT_OK(pickup(visitor_session().id, bob_));
  const auto seen = [&](const store::User& by) {
    std::string out;
    for (const auto& one : ok_value(read([&](ReadTransaction& tx) { return presence::colleagues(tx, principal(by)); })))
      out += one.user.email + " " + std::string(store::to_string(one.user.presence)) + " " +
             std::to_string(one.sessions) + "\n";
    return out;
  };
  EXPECT_EQ(seen(ada_), "ada@x available 0\nbob@x busy 1\n");
  EXPECT_EQ(seen(far_), "far@x available 0\n");
  const auto before = events().size();
  set_presence(bob_, store::Presence::busy);
  EXPECT_EQ(events().size(), before) << "nothing changed";
}

}  // namespace
}  // namespace rescue::directory

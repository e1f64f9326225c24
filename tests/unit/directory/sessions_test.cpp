// SPDX-License-Identifier: Apache-2.0
#include "directory/sessions.hpp"

#include <set>

#include "audit/event_types.hpp"
#include "support.hpp"
#include "wire/permission.hpp"

namespace rescue::directory {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wire::SessionEvent;

class DeskTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    ada_ = add_user("ada@x");
    bob_ = add_user("bob@x");
  }
  base::Result<PickedUp> renew(const base::Guid& session_id, const store::User& by, const base::Bytes& key) {
    return write([&](Transaction& tx) { return desk_->renew(tx, session_id, key, principal(by), now()); });
  }
  base::Result<store::Session> end(const base::Guid& session_id, SessionEvent how, wire::Party by) {
    return write([&](Transaction& tx) {
      return desk_->end(tx, session_id, how, {by, "somebody", {}}, "enough", now());
    });
  }
  std::vector<store::Session> sweep() {
    return ok_value(write([&](Transaction& tx) { return desk_->sweep(tx, now()); }));
  }
  std::vector<crypto::Grant> grants(const base::Guid& session_id) {
    return ok_value(read([&](ReadTransaction& tx) { return desk_->current_grants(tx, session_id, now()); }));
  }
  store::User ada_, bob_;
};

TEST_F(DeskTest, ASessionStartsWithSixDigitsAndAnEvent) {
  const auto created = create(ada_);
  EXPECT_EQ(created.pin.size(), 6u);
  EXPECT_EQ(created.pin.find_first_not_of("0123456789"), std::string::npos);
  EXPECT_EQ(created.session.state, "created");
  EXPECT_EQ(created.session.pin_expires_at, now() + 20min);
  EXPECT_EQ(session(created.session.id), created.session);
  EXPECT_THAT(events(created.session.id), ElementsAre(EventType::session_created));
}

TEST_F(DeskTest, WithoutThePermissionNoSessionIsMade) {
  auto group = ok_value(read([](ReadTransaction& tx) { return store::groups::get_default(tx); }));
  EXPECT_EQ(wire::PermissionSet::from_bits(group.permissions),
            wire::PermissionSet::all() - wire::PermissionSet{wire::Permission::windows_credentials});
  auto permissions = wire::PermissionSet::from_bits(group.permissions);
  permissions.remove(wire::Permission::private_sessions);
  group.permissions = permissions.bits();
  EXPECT_OK(write([&](Transaction& tx) { return store::groups::update(tx, group); }));
  const NewSession wanted{id(), "", "{}"};
  EXPECT_CODE(write([&](Transaction& tx) { return desk_->create(tx, wanted, principal(ada_), now()); }),
              Errc::permission_missing);
}

TEST(PinDigits, GrowWhenMoreThanOneInAHundredThousandIsLive) {
  EXPECT_EQ(pin_digits_for(0), 6u);
  EXPECT_EQ(pin_digits_for(10), 6u);
  EXPECT_EQ(pin_digits_for(11), 7u);
  EXPECT_EQ(pin_digits_for(100), 7u);
  EXPECT_EQ(pin_digits_for(101), 8u);
  EXPECT_EQ(pin_digits_for(1'000'000'000'000), 12u);
}

TEST_F(DeskTest, LivePinsAreUniqueAndLongerWhenManyAreLive) {
  std::set<std::string> pins;
  std::array<int, 13> digits{};
  for (int i = 0; i < 130; ++i) {
    const auto pin = create(ada_).pin;
    EXPECT_TRUE(pins.insert(pin).second);
    ++digits[pin.size()];
  }
  EXPECT_EQ(digits[6], 11);
  EXPECT_EQ(digits[7], 90);
  EXPECT_EQ(digits[8], 29);
  for (const auto& pin : pins) EXPECT_OK(redeem(pin));
  clock_.advance(21min);
  EXPECT_EQ(create(ada_).pin.size(), 6u);
}

TEST_F(DeskTest, ARedeemedPinGivesTheGuidOfItsSessionAgainUntilAnAppletRegisters) {
  const auto created = create(ada_);
  const auto first = ok_value(redeem(created.pin));
  EXPECT_EQ(first.session.id, created.session.id);
  const auto guid_id = crypto::guid_id(first.guid.bytes());
  EXPECT_TRUE(
      std::equal(guid_id.begin(), guid_id.end(), created.session.guid_id.begin(), created.session.guid_id.end()));
  EXPECT_EQ(ok_value(redeem(created.pin.substr(0, 3) + " " + created.pin.substr(3))).guid, first.guid);
  EXPECT_TRUE(ok_value(register_applet(first.guid, new_key())).registered);
  EXPECT_CODE(redeem(created.pin), Errc::pin_spent);
}

TEST_F(DeskTest, UnknownExpiredSpentAndMalformedPinsAreToldApart) {
  const auto created = create(ada_);
  auto other = created.pin;
  other[0] = other[0] == '9' ? '0' : static_cast<char>(other[0] + 1);
  EXPECT_CODE(redeem(other), Errc::pin_unknown);
  for (const auto& bad : {std::string(), std::string("12345"), std::string("12345x"), std::string("1234567890123"),
                          std::string("١٢٣٤٥٦"), std::string(100'000, '1')}) {
    EXPECT_CODE(redeem(bad), base::Errc::invalid_argument);
  }
  clock_.advance(20min - 1us);
  EXPECT_OK(redeem(created.pin));
  clock_.advance(1us);
  EXPECT_CODE(redeem(created.pin), Errc::pin_expired);
  const auto closed = create(ada_);
  EXPECT_OK(end(closed.session.id, SessionEvent::close, wire::Party::technician));
  EXPECT_CODE(redeem(closed.pin), Errc::session_ended);
}

TEST_F(DeskTest, APinRedeemedInItsLastSecondLeavesTimeToRegister) {
  const auto created = create(ada_);
  clock_.advance(20min - 1s);
  const auto redeemed = ok_value(redeem(created.pin));
  EXPECT_EQ(redeemed.not_after, now() + 20min);
  clock_.advance(15min);
  EXPECT_THAT(sweep(), IsEmpty());
  EXPECT_TRUE(ok_value(register_applet(redeemed.guid, new_key())).registered);
}

TEST_F(DeskTest, ARegistrationThatComesTooLateIsRefused) {
  const auto redeemed = ok_value(redeem(create(ada_).pin));
  clock_.advance(20min);
  EXPECT_CODE(register_applet(redeemed.guid, new_key()), Errc::pin_expired);
}

TEST_F(DeskTest, TheGuidIsNowhereInTheDatabaseAndItsSaltGoesAtRegistration) {
  const auto created = create(ada_);
  const auto redeemed = ok_value(redeem(created.pin));
  const auto salt = ok_value(read([&](ReadTransaction& tx) {
                      return store::pins::find_by_session(tx, created.session.id);
                    }))->guid_salt;
  EXPECT_EQ(salt.size(), 32u);
  EXPECT_TRUE(ok_value(register_applet(redeemed.guid, new_key())).registered);
  store_.reset();  // the write-ahead log goes into the file
  const std::string_view guid = base::as_text(redeemed.guid.bytes());
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(stream), {});
    EXPECT_EQ(content.find(guid), std::string::npos) << file.path();
    EXPECT_EQ(content.find(redeemed.guid.text()), std::string::npos) << file.path();
    EXPECT_EQ(content.find(base::as_text(salt)), std::string::npos) << file.path();
    EXPECT_EQ(content.find("\"" + created.pin + "\""), std::string::npos) << file.path();
  }
}

TEST_F(DeskTest, AnotherSiteSecretGivesAnotherGuid) {
  SessionDesk other(policy_, base::SecretBytes(base::Bytes(32, 0x11)), random_);
  const auto created = create(ada_);
  EXPECT_CODE(write([&](Transaction& tx) { return other.redeem_pin(tx, created.pin, "", now()); }), Errc::pin_unknown);
}

TEST_F(DeskTest, TheFirstKeyBindsAndAnotherOneIsRefusedAndLogged) {
  const auto created = create(ada_);
  const auto guid = ok_value(redeem(created.pin)).guid;
  const auto key = new_key();
  const auto thief = new_key();
  const auto first = ok_value(register_applet(guid, key));
  ASSERT_TRUE(first.registered);
  EXPECT_TRUE(first.registered->first);
  EXPECT_EQ(first.registered->session.state, "waiting");
  EXPECT_EQ(first.registered->key.fingerprint, fingerprint_of(key));
  EXPECT_EQ(first.registered->ticket.role, crypto::Role::applet);
  EXPECT_EQ(first.registered->ticket.holder_spki, key);
  EXPECT_FALSE(ok_value(register_applet(guid, thief)).registered);
  EXPECT_EQ(last_event().type, EventType::session_key_refused);
  EXPECT_THAT(last_event().data, HasSubstr(base::to_hex(fingerprint_of(thief))));
  EXPECT_EQ(last_event().session, created.session.id);
  EXPECT_EQ(last_event().technician, ada_.id);
  const auto again = ok_value(register_applet(guid, key));
  ASSERT_TRUE(again.registered);
  EXPECT_FALSE(again.registered->first);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return desk_->session_of_applet(tx, fingerprint_of(key)); })).id,
            created.session.id);
  EXPECT_CODE(read([&](ReadTransaction& tx) { return desk_->session_of_applet(tx, fingerprint_of(thief)); }),
              Errc::sign_in_needed);
}

TEST_F(DeskTest, RegistrationNeedsAKnownGuidAndARealKey) {
  const auto guid = ok_value(redeem(create(ada_).pin)).guid;
  EXPECT_CODE(register_applet(id(), new_key()), Errc::guid_unknown);
  EXPECT_CODE(register_applet(base::Guid(), new_key()), Errc::guid_unknown);
  EXPECT_FALSE(register_applet(guid, base::Bytes{}).has_value());
  EXPECT_FALSE(register_applet(guid, base::Bytes(91, 0x30)).has_value());
  // A key that serves another session already cannot serve this one.
  const auto key = new_key();
  EXPECT_TRUE(ok_value(register_applet(guid, key)).registered);
  const auto second = ok_value(redeem(create(bob_).pin)).guid;
  EXPECT_CODE(register_applet(second, key), base::Errc::conflict);
}

TEST_F(DeskTest, OfTwoKeysAtOnceExactlyOneBinds) {
  const auto guid = ok_value(redeem(create(ada_).pin)).guid;
  std::vector<base::Bytes> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(new_key());
  std::latch finished(10);
  std::atomic<int> bound{0};
  for (const auto& key : keys) {
    store_->write<SessionDesk::RegisterOutcome>(
        [&, key](Transaction& tx) {
          return desk_->register_applet(tx, AppletHello{guid, key, "", "", "", "", ""}, now());
        },
        [&](base::Result<SessionDesk::RegisterOutcome> r) {
          if (r && r->registered) ++bound;
          finished.count_down();
        });
  }
  finished.wait();
  EXPECT_EQ(bound, 1);
}

TEST_F(DeskTest, APickupGivesAGrantAsTheGroupAllows) {
  const auto s = waiting_session(ada_);
  const auto key = new_key();
  const auto picked = ok_value(pickup(s.id, ada_, key));
  EXPECT_EQ(picked.session.state, "active");
  EXPECT_EQ(picked.session.technician, ada_.id);
  const auto& g = picked.grant;
  EXPECT_EQ(g.session, s.id);
  EXPECT_EQ(g.generation, 1u);
  EXPECT_EQ(g.technician, ada_.id);
  EXPECT_EQ(g.technician_email, "ada@x");
  EXPECT_EQ(g.organisation, "Example Ltd");
  EXPECT_EQ(base::to_bytes(g.console_fingerprint), fingerprint_of(key));
  EXPECT_EQ(g.applet_fingerprint, picked.applet_fingerprint);
  EXPECT_FALSE(wire::PermissionSet::from_bits(g.permissions).has(wire::Permission::windows_credentials));
  EXPECT_TRUE(wire::PermissionSet::from_bits(g.permissions).has(wire::Permission::remote_control));
  EXPECT_EQ(g.lease_until, now() + 15min);
  EXPECT_EQ(picked.ticket.role, crypto::Role::console);
  EXPECT_EQ(picked.ticket.holder_spki, key);
  EXPECT_EQ(grants(s.id).size(), 1u);
  EXPECT_EQ(grants(s.id)[0], g);
  EXPECT_EQ(last_event().type, EventType::session_picked_up);
  // What the desk says can be signed and read back.
  const auto site = ok_value(crypto::PrivateKey::generate(crypto::KeyKind::ed25519));
  const crypto::PublicKey site_keys[] = {site.public_key()};
  EXPECT_EQ(ok_value(crypto::open_grant(ok_value(crypto::make_grant(g, site)), site_keys, now())), g);
  EXPECT_EQ(ok_value(crypto::open_ticket(ok_value(crypto::make_ticket(picked.ticket, site)), site_keys, now())),
            picked.ticket);
}

TEST_F(DeskTest, OfAHundredPickupsAtOnceOneWinsAndNinetyNineConflict) {
  const auto s = waiting_session(ada_);
  const auto key = new_key();
  const auto who = principal(ada_);
  std::latch finished(100);
  std::atomic<int> won{0}, conflict{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        PickupRequest request;
        request.session = s.id;
        request.console_spki = key;
        store_->write<PickedUp>([&, request](Transaction& tx) { return desk_->pickup(tx, request, who, now()); },
                                [&](base::Result<PickedUp> r) {
                                  if (r) ++won;
                                  if (!r && r.error().code == Errc::already_picked_up) ++conflict;
                                  finished.count_down();
                                });
      }
    });
  }
  for (auto& c : callers) c.join();
  finished.wait();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(conflict, 99);
  EXPECT_EQ(grants(s.id).size(), 1u);
  const auto types = events(s.id);
  EXPECT_EQ(std::count(types.begin(), types.end(), EventType::session_picked_up), 1);
}

TEST_F(DeskTest, PickupIsRefusedWhereItMakesNoSense) {
  EXPECT_CODE(pickup(id(), ada_), Errc::session_not_found);
  EXPECT_CODE(pickup(create(ada_).session.id, ada_), Errc::not_waiting);
  const auto s = waiting_session(ada_);
  EXPECT_CODE(pickup(s.id, ada_, base::Bytes(91, 1)), crypto::Errc::key_malformed);
  EXPECT_CODE(pickup(s.id, ada_, new_key(crypto::KeyKind::rsa2048)), base::Errc::invalid_argument);
  EXPECT_EQ(session(s.id).state, "waiting");
  EXPECT_OK(pickup(s.id, ada_));
  EXPECT_CODE(pickup(s.id, bob_), Errc::already_picked_up);
  EXPECT_OK(end(s.id, SessionEvent::close, wire::Party::user));
  EXPECT_CODE(pickup(s.id, ada_), Errc::session_ended);
}

TEST_F(DeskTest, TheGenerationIsHigherThanWhatTheConsoleHasSeen) {
  const auto s = waiting_session(ada_);
  PickupRequest request;
  request.session = s.id;
  request.console_spki = new_key();
  request.seen_generation = std::uint64_t{1} << 63;
  const auto run = [&] {
    return write([&](Transaction& tx) { return desk_->pickup(tx, request, principal(ada_), now()); });
  };
  EXPECT_CODE(run(), base::Errc::invalid_argument);
  request.seen_generation = 41;
  EXPECT_EQ(ok_value(run()).grant.generation, 42u);
}

TEST_F(DeskTest, ASecondTechnicianJoinsWithAGrantOfItsOwn) {
  const auto s = waiting_session(ada_);
  ok_value(pickup(s.id, ada_));
  const auto joined = ok_value(pickup(s.id, bob_, new_key(), true));
  EXPECT_EQ(joined.grant.generation, 2u);
  EXPECT_EQ(joined.session.technician, ada_.id);
  EXPECT_EQ(grants(s.id).size(), 2u);
  const auto owner = [&](const store::User& u) {
    return ok_value(read([&](ReadTransaction& tx) { return desk_->object_for(tx, session(s.id), principal(u)); }))
        .owner;
  };
  EXPECT_EQ(owner(bob_), bob_.id);
  EXPECT_EQ(owner(add_user("eve@x")), ada_.id);
}

TEST_F(DeskTest, ALeaseIsRenewedByItsTechnicianAloneAndANewKeyGetsANewGeneration) {
  const auto s = waiting_session(ada_);
  const auto key = new_key();
  ok_value(pickup(s.id, ada_, key));
  clock_.advance(14min);
  const auto renewed = ok_value(renew(s.id, ada_, key));
  EXPECT_EQ(renewed.grant.generation, 1u);
  EXPECT_EQ(renewed.grant.lease_until, now() + 15min);
  EXPECT_CODE(renew(s.id, bob_, new_key()), Errc::not_your_session);
  const auto other = new_key();
  EXPECT_EQ(ok_value(renew(s.id, ada_, other)).grant.generation, 2u);
  ASSERT_EQ(grants(s.id).size(), 1u);
  EXPECT_EQ(base::to_bytes(grants(s.id)[0].console_fingerprint), fingerprint_of(other));
  clock_.advance(16min);
  EXPECT_THAT(grants(s.id), IsEmpty());  // the lease is over
  EXPECT_OK(renew(s.id, ada_, other));   // and comes back
  EXPECT_EQ(grants(s.id).size(), 1u);
  EXPECT_OK(end(s.id, SessionEvent::close, wire::Party::technician));
  EXPECT_CODE(renew(s.id, ada_, other), Errc::session_ended);
}

TEST_F(DeskTest, OfTwoMachinesOfOneTechnicianTheLastHasTheSession) {
  const auto s = waiting_session(ada_);
  const auto desk = new_key(), laptop = new_key();
  ok_value(pickup(s.id, ada_, desk));
  ok_value(renew(s.id, ada_, laptop));
  // The desk's machine hears that there is a newer grant, and asks for it.
  EXPECT_CODE(renew(s.id, ada_, desk), Errc::not_your_session);
  EXPECT_EQ(ok_value(renew(s.id, ada_, laptop)).grant.generation, 2u) << "nobody took it back meanwhile";
  EXPECT_EQ(ok_value(renew(s.id, ada_, new_key())).grant.generation, 3u) << "a process started anew has it";
}

TEST_F(DeskTest, ARenewalTakesAwayWhatTheGroupLost) {
  const auto s = waiting_session(ada_);
  const auto key = new_key();
  ok_value(pickup(s.id, ada_, key));
  auto group = ok_value(read([](ReadTransaction& tx) { return store::groups::get_default(tx); }));
  group.permissions = wire::PermissionSet{wire::Permission::desktop_view}.bits();
  EXPECT_OK(write([&](Transaction& tx) { return store::groups::update(tx, group); }));
  EXPECT_EQ(ok_value(renew(s.id, ada_, key)).grant.permissions, group.permissions);
}

TEST_F(DeskTest, TheOldProfileIsRefusedWhereTheAppletHasNoKeyForIt) {
  const auto s = waiting_session(ada_);
  PickupRequest request;
  request.session = s.id;
  request.console_spki = new_key(crypto::KeyKind::rsa2048);
  request.profile = crypto::Profile::aes256_sha;
  const auto refused = write([&](Transaction& tx) { return desk_->pickup(tx, request, principal(ada_), now()); });
  ASSERT_FALSE(refused);
  EXPECT_CODE(refused, base::Errc::conflict);
  EXPECT_THAT(refused.error().context, HasSubstr("rescue-applet --profile aes256-sha"));
  EXPECT_TRUE(grants(s.id).empty());
  EXPECT_EQ(ok_value(pickup(s.id, ada_)).grant.profile, crypto::Profile::modern) << "the session still waits";
}

TEST_F(DeskTest, TheOldProfileFollowsTheKindOfTheConsolesKey) {
  const auto s = waiting_session(ada_, crypto::KeyKind::rsa2048);
  PickupRequest request;
  request.session = s.id;
  request.console_spki = new_key(crypto::KeyKind::rsa2048);
  request.profile = crypto::Profile::aes256_sha;
  const auto picked =
      ok_value(write([&](Transaction& tx) { return desk_->pickup(tx, request, principal(ada_), now()); }));
  EXPECT_EQ(picked.grant.profile, crypto::Profile::aes256_sha);
  EXPECT_EQ(ok_value(renew(s.id, ada_, request.console_spki)).grant.profile, crypto::Profile::aes256_sha);
}

TEST_F(DeskTest, ARenewalKeepsTheProfileOfThePickup) {
  const auto s = waiting_session(ada_);
  ok_value(pickup(s.id, ada_));
  EXPECT_CODE(renew(s.id, ada_, new_key(crypto::KeyKind::rsa2048)), base::Errc::invalid_argument);
  ASSERT_EQ(grants(s.id).size(), 1u);
  EXPECT_EQ(grants(s.id)[0].profile, crypto::Profile::modern);
  EXPECT_EQ(grants(s.id)[0].generation, 1u);
}

TEST_F(DeskTest, AnEndIsSaidOnceRevokesGrantsAndNamesWhoEndedIt) {
  const auto s = waiting_session(ada_);
  ok_value(pickup(s.id, ada_));
  const auto ended = ok_value(end(s.id, SessionEvent::close, wire::Party::user));
  EXPECT_EQ(ended.state, "closed");
  EXPECT_EQ(ended.ended_by, "user");
  EXPECT_EQ(ended.end_reason, "enough");
  EXPECT_EQ(ended.ended_at, now());
  EXPECT_THAT(grants(s.id), IsEmpty());
  EXPECT_CODE(end(s.id, SessionEvent::close, wire::Party::technician), Errc::session_ended);
  const auto types = events(s.id);
  EXPECT_EQ(std::count(types.begin(), types.end(), EventType::session_closed), 1);
  EXPECT_CODE(end(id(), SessionEvent::close, wire::Party::technician), Errc::session_not_found);
}

TEST_F(DeskTest, StepsFollowTheTransitionTable) {
  const auto s = waiting_session(ada_);
  const auto step = [&](SessionEvent e, wire::Party by) {
    return write([&](Transaction& tx) { return desk_->step(tx, s.id, e, by, now()); });
  };
  EXPECT_CODE(step(SessionEvent::link_lost, wire::Party::console), Errc::wrong_state);
  ok_value(pickup(s.id, ada_));
  EXPECT_EQ(ok_value(step(SessionEvent::link_lost, wire::Party::console)).state, "reconnecting");
  EXPECT_EQ(ok_value(step(SessionEvent::link_up, wire::Party::applet)).state, "active");
  EXPECT_CODE(step(SessionEvent::held, wire::Party::user), Errc::wrong_state);
  EXPECT_EQ(ok_value(step(SessionEvent::applet_lost, wire::Party::broker)).state, "offline");
  EXPECT_EQ(ok_value(step(SessionEvent::applet_back, wire::Party::applet)).state, "waiting");
  EXPECT_CODE(pickup(s.id, bob_), Errc::already_picked_up);
  EXPECT_EQ(ok_value(pickup(s.id, ada_)).session.state, "active");
}

TEST_F(DeskTest, NotesReplaceAreSearchableAndKeepTheirLimits) {
  const auto s = create(ada_).session;
  const auto note = [&](std::string text) {
    return write([&](Transaction& tx) { return desk_->note(tx, s.id, text, actor_of(principal(ada_)), now()); });
  };
  EXPECT_OK(note("paper jam \"tray 2\""));
  EXPECT_EQ(session(s.id).note, "paper jam \"tray 2\"");
  store::LogFilter f;
  f.text = "jam";
  f.technician = ada_.id;
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) {
              return store::log::query(tx, f, store::LogOrder::newest_first);
            })).items.size(),
            1u);
  EXPECT_CODE(note(std::string(4001, 'x')), base::Errc::invalid_argument);
  EXPECT_CODE(note("\xff"), base::Errc::invalid_argument);
}

TEST_F(DeskTest, ClocksEndWhatNobodyCameFor) {
  const auto unused = create(ada_);
  const auto waiting = waiting_session(ada_);
  const auto held = waiting_session(bob_);
  const auto key = new_key();
  ok_value(pickup(held.id, bob_, key));
  EXPECT_THAT(sweep(), IsEmpty());
  clock_.advance(20min + 1us);
  ok_value(renew(held.id, bob_, key));
  ASSERT_EQ(sweep().size(), 1u);
  EXPECT_EQ(session(unused.session.id).state, "timed_out");
  EXPECT_EQ(session(unused.session.id).ended_by, "broker");
  EXPECT_CODE(redeem(unused.pin), Errc::pin_expired);
  clock_.advance(75min + 1us);
  ASSERT_EQ(sweep().size(), 1u);
  EXPECT_EQ(session(held.id).state, "timed_out");
  EXPECT_EQ(session(waiting.id).state, "waiting");
  clock_.advance(8h);
  ASSERT_EQ(sweep().size(), 1u);
  EXPECT_EQ(session(waiting.id).state, "timed_out");
  EXPECT_EQ(last_event().type, EventType::session_timed_out);
  clock_.advance(48h);
  EXPECT_THAT(sweep(), IsEmpty());
  EXPECT_CODE(redeem(unused.pin), Errc::pin_unknown);
}

TEST_F(DeskTest, EveryEventOfTheDirectoryIsOneTheBrokerMaySend) {
  waiting_session(ada_);
  for (const auto& e : log_rows()) {
    EXPECT_EQ(e.source, store::EventSource::broker);
    EXPECT_TRUE(audit::may_send(e.source, e.type)) << store::to_string(e.type);
  }
}

}  // namespace
}  // namespace rescue::directory

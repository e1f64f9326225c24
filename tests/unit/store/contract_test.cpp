// SPDX-License-Identifier: Apache-2.0
// What every engine behind the repositories has to do. Nothing here knows SQLite.
#include "support.hpp"

namespace rescue::store {
namespace {
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Contract : public StoreTest {};

TEST_F(Contract, AUserComesBackAsItWasStored) {
  auto u = a_user("Ada@Example.org");
  u.role = UserRole::administrator;
  u.password_hash = "$argon2id$…";
  u.must_change_password = true;
  u.failed_sign_ins = 3;
  u.locked_at = kNow + 1s;
  u.password_changed_at = kNow + 2s;
  u.last_login_at = kNow + 3s;
  u.allowed_networks = {"192.0.2.0/24"};
  u.sso_id = "ada-at-idp";
  u.sso_disabled = true;
  u.totp_secret = bytes(48);
  u.totp_confirmed_at = kNow + 4s;
  u.totp_last_step = 56'000'000;
  EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, u); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return users::get(tx, u.id); })), u);
  u.name = "Augusta Ada";
  u.disabled = true;
  u.locked_at.reset();
  EXPECT_OK(write([&](Transaction& tx) { return users::update(tx, u); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return users::get(tx, u.id); })), u);
}

TEST_F(Contract, EmailIsUniqueWhateverItsCaseUntilItsUserIsRemoved) {
  auto first = stored_user("ada@example.org");
  auto second = a_user("ADA@example.ORG");
  EXPECT_CODE(write([&](Transaction& tx) { return users::insert(tx, second); }), base::Errc::conflict);
  const auto found = ok_value(read([](ReadTransaction& tx) { return users::find_by_email(tx, "aDa@eXample.org"); }));
  EXPECT_EQ(found, first);
  first.removed_at = kNow;
  EXPECT_OK(write([&](Transaction& tx) { return users::update(tx, first); }));
  EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, second); }));
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return users::find_by_email(tx, "ada@example.org"); }))->id,
            second.id);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return users::get(tx, first.id); })), first);
}

TEST_F(Contract, UsersPageByEmailWithoutLossOrRepeat) {
  for (const auto* email : {"d@x", "b@x", "A@x", "e@x", "C@x"}) stored_user(email);
  std::vector<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    auto page = ok_value(read([&](ReadTransaction& tx) { return users::list(tx, cursor, 2); }));
    for (const auto& u : page.items) seen.push_back(u.email);
    cursor = page.next_cursor;
    ++pages;
  } while (!cursor.empty());
  EXPECT_THAT(seen, ElementsAre("A@x", "b@x", "C@x", "d@x", "e@x"));
  EXPECT_EQ(pages, 3);
  EXPECT_CODE(read([](ReadTransaction& tx) { return users::list(tx, "no cursor!", 2); }), base::Errc::invalid_argument);
}

TEST_F(Contract, MissingRowsAreNotFoundAndUnknownReferencesRefused) {
  auto u = a_user("x@y");
  EXPECT_CODE(read([&](ReadTransaction& tx) { return users::get(tx, u.id); }), base::Errc::not_found);
  EXPECT_CODE(write([&](Transaction& tx) { return users::update(tx, u); }), base::Errc::not_found);
  u.group = id();
  EXPECT_CODE(write([&](Transaction& tx) { return users::insert(tx, u); }), base::Errc::not_found);
  EXPECT_CODE(read([&](ReadTransaction& tx) { return sessions::get(tx, u.id); }), base::Errc::not_found);
  EXPECT_CODE(read([](ReadTransaction& tx) { return log::get(tx, 12); }), base::Errc::not_found);
}

TEST_F(Contract, OnlyAdministratorsWhoCanSignInAreCounted) {
  const auto count = [&] {
    return ok_value(read([](ReadTransaction& tx) { return users::count_administrators(tx); }));
  };
  auto u = a_user("root@x");
  u.role = UserRole::administrator;
  EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, u); }));
  stored_user("tech@x");
  EXPECT_EQ(count(), 1u);
  u.disabled = true;
  EXPECT_OK(write([&](Transaction& tx) { return users::update(tx, u); }));
  EXPECT_EQ(count(), 0u);
}

TEST_F(Contract, GroupsKeepFlagsAndNetworks) {
  Group g;
  g.id = id();
  g.name = "second line";
  g.permissions = 0b1011;
  g.single_prompt = g.require_sas = true;
  g.consent_timeout = 45s;
  g.inactivity_timeout = 90s;
  g.allowed_networks = {"10.0.0.0/8", "2001:db8::/32"};
  g.description = "who the first line asks";
  g.require_mfa = g.require_sso = true;
  g.created_at = kNow;
  EXPECT_OK(write([&](Transaction& tx) { return groups::insert(tx, g); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return groups::get(tx, g.id); })), g);
  g.force_recording = g.omit_chat_text = true;
  g.allowed_networks.clear();
  EXPECT_OK(write([&](Transaction& tx) { return groups::update(tx, g); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return groups::get(tx, g.id); })), g);
  EXPECT_THAT(ok_value(read([](ReadTransaction& tx) { return groups::list(tx); })), SizeIs(2));
  g.id = id();
  EXPECT_CODE(write([&](Transaction& tx) { return groups::insert(tx, g); }), base::Errc::conflict);
}

TEST_F(Contract, TokensAreRevokedOnceAndPurgedByTime) {
  const auto u = stored_user("a@x");
  const Token one{bytes(32), u.id, "laptop", kNow, kNow + 1h, std::nullopt, id()};
  Token two{bytes(32), u.id, "phone", kNow, kNow + 1h, std::nullopt, id()};
  two.kind = TokenKind::api;
  two.scopes = {"log.read", "sessions"};
  two.address = "192.0.2.1";
  two.last_used_at = kNow + 1s;
  EXPECT_OK(write([&](Transaction& tx) -> base::Result<> {
    RESCUE_CHECK(tokens::insert(tx, one));
    return tokens::insert(tx, two);
  }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return tokens::find(tx, one.hash); })), one);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return tokens::find_by_id(tx, two.id); })), two);
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return tokens::revoke_all(tx, u.id, kNow + 1min, two.hash); })), 1u);
  EXPECT_OK(write([&](Transaction& tx) { return tokens::revoke(tx, one.hash, kNow + 5min); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return tokens::find(tx, one.hash); }))->revoked_at, kNow + 1min);
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return tokens::purge(tx, kNow + 10min); })), 1u);
  EXPECT_FALSE(ok_value(read([&](ReadTransaction& tx) { return tokens::find(tx, one.hash); })));
  EXPECT_TRUE(ok_value(read([&](ReadTransaction& tx) { return tokens::find(tx, two.hash); })));
  EXPECT_CODE(write([&](Transaction& tx) { return tokens::revoke(tx, bytes(32), kNow); }), base::Errc::not_found);
}

TEST_F(Contract, ADeviceOfOneNameIsOneRow) {
  const auto u = stored_user("a@x");
  Device d{id(), u.id, "laptop", bytes(91), kNow, kNow, std::nullopt};
  const auto first = ok_value(write([&](Transaction& tx) { return devices::upsert(tx, d); }));
  auto again = d;
  again.id = id();
  again.public_key.clear();
  again.last_seen_at = kNow + 1h;
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return devices::upsert(tx, again); })), first);
  d.last_seen_at = again.last_seen_at;
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return devices::list(tx, u.id); })), ElementsAre(d));
}

TEST_F(Contract, SettingsAreReplaced) {
  const auto get = [&] { return ok_value(read([](ReadTransaction& tx) { return settings::get(tx, "a.b"); })); };
  EXPECT_EQ(get(), std::nullopt);
  EXPECT_OK(write([](Transaction& tx) { return settings::set(tx, "a.b", "1", kNow); }));
  EXPECT_OK(write([](Transaction& tx) { return settings::set(tx, "a.b", "", kNow); }));
  EXPECT_EQ(get(), "");
}

TEST_F(Contract, ASessionComesBackAsItWasStored) {
  const auto u = stored_user("a@x");
  auto s = stored_session(u);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sessions::get(tx, s.id); })), s);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sessions::find_by_guid_id(tx, s.guid_id); })), s);
  s.state = "closed";
  s.note = "ünï ☃";
  s.technician = u.id;
  s.generation = 7;
  s.pin_expires_at.reset();
  s.ended_at = kNow + 1h;
  s.ended_by = "user";
  s.end_reason = "done";
  EXPECT_OK(write([&](Transaction& tx) { return sessions::update(tx, s); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sessions::get(tx, s.id); })), s);
  auto twin = a_session(u);
  twin.guid_id = s.guid_id;
  EXPECT_CODE(write([&](Transaction& tx) { return sessions::insert(tx, twin); }), base::Errc::conflict);
}

TEST_F(Contract, SessionListsFilterByOwnerStateAndLifeNewestFirst) {
  const auto ada = stored_user("ada@x");
  const auto bob = stored_user("bob@x");
  std::vector<Session> made;
  for (int i = 0; i < 6; ++i) {
    auto s = a_session(i % 2 == 0 ? ada : bob);
    s.created_at = kNow + std::chrono::seconds(i);
    if (i == 2) s.technician = bob.id;  // made by ada, held by bob
    if (i == 4) s.ended_at = kNow + 1h, s.state = "closed";
    if (i == 5) s.state = "waiting";
    made.push_back(s);
    EXPECT_OK(write([&](Transaction& tx) { return sessions::insert(tx, s); }));
  }
  const auto list = [&](const SessionFilter& f) {
    std::vector<int> seen;
    std::string cursor;
    do {
      auto page = ok_value(read([&](ReadTransaction& tx) { return sessions::list(tx, f, cursor, 2); }));
      for (const auto& s : page.items) {
        for (int i = 0; i < 6; ++i) {
          if (made[static_cast<std::size_t>(i)] == s) seen.push_back(i);
        }
      }
      cursor = page.next_cursor;
    } while (!cursor.empty());
    return seen;
  };
  EXPECT_THAT(list({}), ElementsAre(5, 4, 3, 2, 1, 0));
  EXPECT_THAT(list({.states = {}, .technician = ada.id, .live_only = false}), ElementsAre(4, 0));
  EXPECT_THAT(list({.states = {}, .technician = ada.id, .live_only = true}), ElementsAre(0));
  EXPECT_THAT(list({.states = {}, .technician = bob.id, .live_only = false}), ElementsAre(5, 3, 2, 1));
  EXPECT_THAT(list({.states = {"waiting", "closed"}, .technician = {}, .live_only = false}), ElementsAre(5, 4));
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return sessions::count_live(tx); })), 5u);
}

TEST_F(Contract, AnAppletKeyIsBoundOnceToOneSession) {
  const auto u = stored_user("a@x");
  const auto s = stored_session(u);
  const auto other = stored_session(u);
  AppletKey k{s.id, bytes(32), bytes(91), "pc", "Debian 12", "eve", "0.1", "192.0.2.7", kNow};
  EXPECT_OK(write([&](Transaction& tx) { return applet_keys::insert(tx, k); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return applet_keys::find(tx, s.id); })), k);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sessions::find_by_applet(tx, k.fingerprint); }))->id, s.id);
  auto second = k;
  second.fingerprint = bytes(32);
  EXPECT_CODE(write([&](Transaction& tx) { return applet_keys::insert(tx, second); }), base::Errc::conflict);
  auto elsewhere = k;
  elsewhere.session = other.id;
  EXPECT_CODE(write([&](Transaction& tx) { return applet_keys::insert(tx, elsewhere); }), base::Errc::conflict);
  auto moved = k;
  moved.address = "198.51.100.1";
  moved.fingerprint = bytes(32);  // is not written
  EXPECT_OK(write([&](Transaction& tx) { return applet_keys::update_host(tx, moved); }));
  moved.fingerprint = k.fingerprint;
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return applet_keys::find(tx, s.id); })), moved);
}

TEST_F(Contract, APinNumberIsFreeAgainOnlyWhenItsPinIsDead) {
  const auto u = stored_user("a@x");
  const auto s = stored_session(u);
  Pin p{s.id, bytes(32), bytes(32), 6, kNow, kNow + 20min, std::nullopt, std::nullopt};
  EXPECT_OK(write([&](Transaction& tx) { return pins::insert(tx, p); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return pins::find(tx, p.pin_id); })), p);
  auto same_number = p;
  same_number.session = stored_session(u).id;
  EXPECT_CODE(write([&](Transaction& tx) { return pins::insert(tx, same_number); }), base::Errc::conflict);
  const auto forget = [&](base::WallTime now) {
    return ok_value(write([&](Transaction& tx) { return pins::forget_dead(tx, p.pin_id, now); }));
  };
  EXPECT_FALSE(forget(kNow + 19min));
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return pins::count_live(tx, kNow + 19min); })), 1u);
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return pins::count_live(tx, kNow + 20min); })), 0u);
  p.spent_at = kNow + 1min;
  p.guid_salt.clear();
  EXPECT_OK(write([&](Transaction& tx) { return pins::update(tx, p); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return pins::find_by_session(tx, s.id); })), p);
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return pins::count_live(tx, kNow + 2min); })), 0u);
  EXPECT_TRUE(forget(kNow + 2min));
  EXPECT_OK(write([&](Transaction& tx) { return pins::insert(tx, same_number); }));
}

TEST_F(Contract, GrantsAreCurrentUntilRevoked) {
  const auto ada = stored_user("ada@x");
  const auto bob = stored_user("bob@x");
  const auto s = stored_session(ada);
  const auto grant = [&](std::uint64_t generation, const User& u) {
    Grant g{s.id, generation, u.id, bytes(32), bytes(91), 3, kNow, kNow + 15min, std::nullopt};
    EXPECT_OK(write([&](Transaction& tx) { return grants::insert(tx, g); }));
    return g;
  };
  const auto first = grant(1, ada);
  const auto second = grant(2, bob);
  const auto current = [&] { return ok_value(read([&](ReadTransaction& tx) { return grants::current(tx, s.id); })); };
  EXPECT_THAT(current(), ElementsAre(first, second));
  EXPECT_CODE(write([&](Transaction& tx) { return grants::insert(tx, second); }), base::Errc::conflict);
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return grants::sessions_of(tx, bob.id); })), ElementsAre(s.id));
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return grants::revoke(tx, s.id, bob.id, kNow); })), 1u);
  EXPECT_THAT(current(), ElementsAre(first));
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return grants::sessions_of(tx, bob.id); })), IsEmpty());
  EXPECT_TRUE(ok_value(read([&](ReadTransaction& tx) { return grants::any_of(tx, s.id, bob.id); })));
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return grants::revoke(tx, s.id, std::nullopt, kNow); })), 1u);
  EXPECT_THAT(current(), IsEmpty());
}

TEST_F(Contract, WhatHasRunOutIsFoundForTheSweep) {
  const auto u = stored_user("a@x");
  auto fresh = stored_session(u);
  auto waiting = a_session(u);
  waiting.state = "waiting";
  waiting.pin_expires_at.reset();
  auto held = waiting;
  held.id = id();
  held.guid_id = bytes(32);
  held.state = "active";
  held.technician = u.id;
  EXPECT_OK(write([&](Transaction& tx) -> base::Result<> {
    RESCUE_CHECK(sessions::insert(tx, waiting));
    RESCUE_CHECK(sessions::insert(tx, held));
    return grants::insert(tx, {held.id, 1, u.id, bytes(32), bytes(91), 3, kNow, kNow + 15min, std::nullopt});
  }));
  const auto pins_at = [&](base::WallTime t) {
    return ok_value(read([&](ReadTransaction& tx) { return sessions::with_expired_pin(tx, t, 10); }));
  };
  EXPECT_THAT(pins_at(kNow + 20min), IsEmpty());
  EXPECT_THAT(pins_at(kNow + 20min + 1us), ElementsAre(fresh));
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return sessions::stale(tx, "waiting", kNow + 1s, 10); })),
              ElementsAre(waiting));
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return sessions::stale(tx, "waiting", kNow, 10); })), IsEmpty());
  const auto lapsed_at = [&](base::WallTime t) {
    return ok_value(read([&](ReadTransaction& tx) { return sessions::with_lapsed_lease(tx, t, 10); }));
  };
  EXPECT_THAT(lapsed_at(kNow + 15min), IsEmpty());
  EXPECT_THAT(lapsed_at(kNow + 15min + 1us), ElementsAre(held));
}

TEST_F(Contract, GatewayNamesAndKeysAreUniqueUntilRemoved) {
  Gateway g{id(), "gw1", {"gw.example.org:443", "[2001:db8::1]:443"}, bytes(91), bytes(32), bytes(32), kNow, false,
            {},   {}};
  EXPECT_OK(write([&](Transaction& tx) { return gateways::insert(tx, g); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return gateways::find_by_fingerprint(tx, g.fingerprint); })), g);
  auto same_name = g;
  same_name.id = id();
  same_name.fingerprint = bytes(32);
  EXPECT_CODE(write([&](Transaction& tx) { return gateways::insert(tx, same_name); }), base::Errc::conflict);
  auto same_key = g;
  same_key.id = id();
  same_key.name = "gw2";
  EXPECT_CODE(write([&](Transaction& tx) { return gateways::insert(tx, same_key); }), base::Errc::conflict);
  g.draining = true;
  g.last_seen_at = kNow + 1s;
  g.removed_at = kNow + 2s;
  EXPECT_OK(write([&](Transaction& tx) { return gateways::update(tx, g); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return gateways::get(tx, g.id); })), g);
  EXPECT_THAT(ok_value(read([](ReadTransaction& tx) { return gateways::list(tx); })), IsEmpty());
  EXPECT_OK(write([&](Transaction& tx) { return gateways::insert(tx, same_name); }));
}

TEST_F(Contract, AnEnrolmentTokenWorksOnce) {
  const auto u = stored_user("a@x");
  const EnrolmentToken t{bytes(32), "gw1", u.id, kNow, kNow + 24h, std::nullopt};
  EXPECT_OK(write([&](Transaction& tx) { return enrolment_tokens::insert(tx, t); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return enrolment_tokens::find(tx, t.hash); })), t);
  EXPECT_OK(write([&](Transaction& tx) { return enrolment_tokens::use(tx, t.hash, kNow); }));
  EXPECT_CODE(write([&](Transaction& tx) { return enrolment_tokens::use(tx, t.hash, kNow); }), base::Errc::conflict);
  EXPECT_CODE(write([&](Transaction& tx) { return enrolment_tokens::use(tx, bytes(32), kNow); }),
              base::Errc::not_found);
}

}  // namespace
}  // namespace rescue::store

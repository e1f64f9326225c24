// SPDX-License-Identifier: Apache-2.0
// The contract of store/sign_ins.hpp and store/channels.hpp.
#include "store/sign_ins.hpp"

#include "store/channels.hpp"
#include "support.hpp"

namespace rescue::store {
namespace {
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SignIns : public StoreTest {};

TEST_F(SignIns, OfOldPasswordsTheNewestAreKept) {
  const auto u = stored_user("a@x");
  for (int i = 0; i < 5; ++i)
    EXPECT_OK(write([&](Transaction& tx) {
      return password_history::add(tx, u.id, "hash " + std::to_string(i), kNow + std::chrono::seconds(i), 3);
    }));
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return password_history::list(tx, u.id); })),
              ElementsAre("hash 4", "hash 3", "hash 2"));
}

TEST_F(SignIns, ARecoveryCodeIsUsedOnceAndNewOnesReplaceAll) {
  const auto u = stored_user("a@x");
  const auto first = bytes(32), second = bytes(32), third = bytes(32);
  EXPECT_OK(write([&](Transaction& tx) { return recovery_codes::replace(tx, u.id, {first, second}); }));
  const auto use = [&](const base::Bytes& hash) {
    return ok_value(write([&](Transaction& tx) { return recovery_codes::use(tx, u.id, hash, kNow); }));
  };
  EXPECT_TRUE(use(first));
  EXPECT_FALSE(use(first));
  EXPECT_FALSE(use(third));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return recovery_codes::count_unused(tx, u.id); })), 1u);
  EXPECT_OK(write([&](Transaction& tx) { return recovery_codes::replace(tx, u.id, {third}); }));
  EXPECT_FALSE(use(second));
  EXPECT_TRUE(use(third));
}

TEST_F(SignIns, NetworksKeepSuccessesWhenFailuresAreForgotten) {
  const auto u = stored_user("a@x");
  const SignInNetwork known{u.id, "4 c0000201", kNow, 2, kNow + 1s};
  const SignInNetwork strange{u.id, "4 c6336401", std::nullopt, 4, kNow + 2s};
  for (const auto& row : {known, strange})
    EXPECT_OK(write([&](Transaction& tx) { return sign_in_networks::put(tx, row); }));
  const auto find = [&](const std::string& network) {
    return ok_value(read([&](ReadTransaction& tx) { return sign_in_networks::find(tx, u.id, network); }));
  };
  EXPECT_EQ(find(known.network), known);
  EXPECT_EQ(find(strange.network), strange);
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return sign_in_networks::purge(tx, kNow + 2s); })), 0u);
  EXPECT_OK(write([&](Transaction& tx) { return sign_in_networks::forget_failures(tx, u.id); }));
  EXPECT_EQ(find(strange.network), std::nullopt);
  EXPECT_EQ(find(known.network)->failures, 0u);
  EXPECT_EQ(find(known.network)->succeeded_at, kNow);
}

TEST_F(SignIns, AnInvitationIsUsedOnceAndTheNewestCounts) {
  const auto u = stored_user("a@x");
  const auto by = stored_user("boss@x");
  const Invitation first{bytes(32), u.id, by.id, kNow, kNow + 1h, std::nullopt};
  const Invitation second{bytes(32), u.id, by.id, kNow + 1min, kNow + 2h, std::nullopt};
  EXPECT_OK(write([&](Transaction& tx) { return invitations::insert(tx, first); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return invitations::find(tx, first.hash); })), first);
  EXPECT_OK(write([&](Transaction& tx) { return invitations::insert(tx, second); }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return invitations::find(tx, first.hash); })), std::nullopt);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return invitations::newest(tx, u.id); })), second);
  const auto use = [&] {
    return ok_value(write([&](Transaction& tx) { return invitations::use(tx, second.hash, kNow + 2min); }));
  };
  EXPECT_TRUE(use());
  EXPECT_FALSE(use());
}

TEST_F(SignIns, SsoRequestsAssertionsAndCodesAreUsedOnce) {
  const auto u = stored_user("a@x");
  const SsoRequest request{"_id1", bytes(32), "/done", kNow, kNow + 10min, std::nullopt};
  const SignInCode code{bytes(32), u.id, bytes(32), kNow, kNow + 1min, std::nullopt, kNow + 8h};
  const auto assertion = bytes(32);
  EXPECT_OK(write([&](Transaction& tx) -> base::Result<> {
    RESCUE_CHECK(sso::insert(tx, request));
    return sign_in_codes::insert(tx, code);
  }));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sso::find(tx, "_id1"); })), request);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return sign_in_codes::find(tx, code.hash); })), code);
  for (const bool first : {true, false}) {
    EXPECT_EQ(ok_value(write([&](Transaction& tx) { return sso::use(tx, "_id1", kNow); })), first);
    EXPECT_EQ(ok_value(write([&](Transaction& tx) { return sso::remember(tx, assertion, kNow + 1h); })), first);
    EXPECT_EQ(ok_value(write([&](Transaction& tx) { return sign_in_codes::use(tx, code.hash, kNow); })), first);
  }
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return sso::purge(tx, kNow + 30min); })), 2u);
  EXPECT_FALSE(ok_value(write([&](Transaction& tx) { return sso::remember(tx, assertion, kNow + 1h); })));
}

TEST_F(SignIns, ARequestIdIsOnePersons) {
  const auto u = stored_user("a@x");
  const RequestId row{u.id, "retry-1", "createUser", bytes(32), 201, "{}", kNow};
  EXPECT_OK(write([&](Transaction& tx) { return request_ids::insert(tx, row); }));
  EXPECT_CODE(write([&](Transaction& tx) { return request_ids::insert(tx, row); }), base::Errc::conflict);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return request_ids::find(tx, u.id, "retry-1"); })), row);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return request_ids::find(tx, id(), "retry-1"); })), std::nullopt);
  EXPECT_EQ(ok_value(write([&](Transaction& tx) { return request_ids::purge(tx, kNow + 1s); })), 1u);
}

TEST_F(SignIns, TokensAreListedByWhoseTheyAre) {
  const auto a = stored_user("a@x"), b = stored_user("b@x");
  Token one{bytes(32), a.id, "laptop", kNow, kNow + 1h, std::nullopt, id()};
  Token two{bytes(32), b.id, "ci", kNow, kNow + 1h, std::nullopt, id(), TokenKind::api, {"sessions"}, "", kNow};
  for (const auto& token : {one, two}) EXPECT_OK(write([&](Transaction& tx) { return tokens::insert(tx, token); }));
  const auto list = [&](tokens::Filter filter, base::WallTime now = kNow) {
    return ok_value(read([&](ReadTransaction& tx) { return tokens::list(tx, filter, now); })).items;
  };
  EXPECT_EQ(list({}).size(), 2u);
  EXPECT_THAT(list({.user = a.id}), ElementsAre(one));
  EXPECT_THAT(list({.kind = TokenKind::api}), ElementsAre(two));
  EXPECT_THAT(list({.group = id()}), IsEmpty());
  EXPECT_THAT(list({}, kNow + 2h), IsEmpty());
  EXPECT_OK(write([&](Transaction& tx) { return tokens::used(tx, one.hash, kNow + 5min); }));
  EXPECT_OK(write([&](Transaction& tx) { return tokens::used(tx, one.hash, kNow + 1min); }));
  EXPECT_EQ(list({.user = a.id}).at(0).last_used_at, kNow + 5min);
}

TEST_F(SignIns, AnSsoIdIsOnePersonsUntilRemoved) {
  auto a = a_user("a@x"), b = a_user("b@x");
  a.sso_id = b.sso_id = "ada";
  EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, a); }));
  EXPECT_CODE(write([&](Transaction& tx) { return users::insert(tx, b); }), base::Errc::conflict);
  const auto find = [&](const std::string& sso) {
    return ok_value(read([&](ReadTransaction& tx) { return users::find_by_sso_id(tx, sso); }));
  };
  EXPECT_EQ(find("ada"), a);
  EXPECT_EQ(find("Ada"), std::nullopt);
  EXPECT_EQ(find(""), std::nullopt);
  a.removed_at = kNow;
  EXPECT_OK(write([&](Transaction& tx) { return users::update(tx, a); }));
  EXPECT_EQ(find("ada"), std::nullopt);
  EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, b); }));
}

TEST_F(SignIns, ChannelsAndTheirGroups) {
  const auto group = ok_value(read([](ReadTransaction& tx) { return groups::get_default(tx); }));
  Channel c{id(), "billing", "invoices", kNow};
  EXPECT_OK(write([&](Transaction& tx) { return channels::insert(tx, c); }));
  Channel same{id(), "billing", "", kNow};
  EXPECT_CODE(write([&](Transaction& tx) { return channels::insert(tx, same); }), base::Errc::conflict);
  for (const bool first : {true, false})
    EXPECT_EQ(ok_value(write([&](Transaction& tx) { return channels::assign(tx, c.id, group.id); })), first);
  EXPECT_CODE(write([&](Transaction& tx) { return channels::assign(tx, c.id, id()); }), base::Errc::not_found);
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return channels::list(tx, group.id); })), ElementsAre(c));
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return channels::groups_of(tx, c.id); })),
              ElementsAre(group.id));
  EXPECT_OK(write([&](Transaction& tx) { return channels::remove(tx, c.id); }));
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) { return channels::list(tx, group.id); })), IsEmpty());
}

TEST_F(SignIns, TheLocalAdministratorIsInNoListAndCountsForNobody) {
  EXPECT_THAT(ok_value(read([](ReadTransaction& tx) { return users::list(tx); })).items, IsEmpty());
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return users::count_administrators(tx); })), 0u);
  const auto local = base::Guid::parse(kLocalAdministratorId);
  ASSERT_TRUE(local);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return users::get(tx, *local); })).email, "local administrator");
}

}  // namespace
}  // namespace rescue::store

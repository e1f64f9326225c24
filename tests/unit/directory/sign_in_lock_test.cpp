// SPDX-License-Identifier: Apache-2.0
// Who is shut out by wrong passwords, and who is not.
#include "directory/impl/sign_in_lock.hpp"

#include "directory/site_policy.hpp"
#include "store/sign_ins.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::HasSubstr;

constexpr const char* kOffice = "192.0.2.1";
constexpr const char* kHome = "2001:db8:1:2::7";
constexpr const char* kStranger = "203.0.113.9";

class SignInLockTest : public DirectoryTest {
 protected:
  base::Result<SignedIn> from(std::string address, std::string password = std::string(kPassword)) {
    std::promise<base::Result<SignedIn>> promise;
    sign_in_->sign_in({"ada@x", std::move(password), "laptop", std::move(address)},
                      [&](base::Result<SignedIn> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }
  void guess(const std::string& address, int times) {
    for (int i = 0; i < times; ++i) EXPECT_CODE(from(address, "wrong"), Errc::sign_in_failed);
  }
  static std::string stranger(int n) { return "198.51.100." + std::to_string(n); }
  bool locked(const store::User& u) { return user(u.id).locked_at.has_value(); }
  void unlock(const store::User& u) {
    EXPECT_OK(write([&](Transaction& tx) { return accounts::unlock(tx, u.id, "root@x", now()); }));
  }
};

TEST_F(SignInLockTest, AStrangerShutsOutItselfAndNobodyElse) {
  const auto ada = add_user("ada@x");
  EXPECT_OK(from(kOffice));
  EXPECT_OK(from(kHome));
  guess(kStranger, 5);
  EXPECT_EQ(last_event().type, EventType::auth_locked);
  EXPECT_EQ(last_event().data, R"({"failures":5,"address":"203.0.113.9","scope":"network"})");
  EXPECT_FALSE(locked(ada));
  // From there not even the right password helps, which the stranger is not told.
  EXPECT_CODE(from(kStranger), Errc::sign_in_failed);
  EXPECT_THAT(last_event().data, HasSubstr("closed to this network"));
  EXPECT_OK(from(kOffice));
  EXPECT_OK(from(kHome));
  // Another network is another stranger.
  EXPECT_OK(from(stranger(1)));
}

TEST_F(SignInLockTest, ANetworkThatWasClosedOpensAgainByTime) {
  add_user("ada@x");
  EXPECT_OK(from(kOffice));
  guess(kStranger, 5);
  clock_.advance(30min);
  guess(kStranger, 20);  // they count for nothing more, and do not make it longer
  clock_.advance(30min - 1s);
  EXPECT_CODE(from(kStranger), Errc::sign_in_failed);
  clock_.advance(1s);
  EXPECT_OK(from(kStranger));
}

TEST_F(SignInLockTest, ManyStrangersCloseTheAccountToStrangersAlone) {
  const auto ada = add_user("ada@x");
  EXPECT_OK(from(kOffice));
  for (int i = 0; i < 20; ++i) guess(stranger(i), 1);
  EXPECT_EQ(last_event().type, EventType::auth_locked);
  EXPECT_THAT(last_event().data, HasSubstr(R"("scope":"strangers")"));
  EXPECT_CODE(from(stranger(99)), Errc::sign_in_failed) << "also a network that has guessed nothing";
  EXPECT_FALSE(locked(ada));
  EXPECT_OK(from(kOffice));
  // A thousand more leave nothing behind: closed means closed, and the database does not grow.
  for (int i = 0; i < 40; ++i) guess("198.18." + std::to_string(i) + ".1", 1);
  const auto rows = ok_value(read([&](ReadTransaction& tx) { return store::sign_in_networks::list(tx, ada.id); }));
  EXPECT_LE(rows.size(), 21u);
  clock_.advance(1h);
  EXPECT_OK(from(stranger(99)));
}

TEST_F(SignInLockTest, FailuresFromAnOwnNetworkLockForEverybodyUntilSomebodyUnlocks) {
  const auto ada = add_user("ada@x");
  EXPECT_OK(from(kOffice));
  guess(kOffice, 4);
  EXPECT_FALSE(locked(ada));
  guess(kOffice, 1);
  EXPECT_TRUE(locked(ada));
  EXPECT_THAT(last_event().data, HasSubstr(R"("scope":"account")"));
  EXPECT_CODE(from(kOffice), Errc::sign_in_failed);
  clock_.advance(30 * 24h);
  EXPECT_CODE(from(kOffice), Errc::sign_in_failed) << "no lock opens by itself";
  unlock(ada);
  EXPECT_OK(from(kOffice));
}

TEST_F(SignInLockTest, UnlockingOpensToStrangersTooAndIsLogged) {
  const auto ada = add_user("ada@x");
  EXPECT_OK(from(kOffice));
  guess(kStranger, 5);
  unlock(ada);
  EXPECT_EQ(last_event().type, EventType::user_unlocked);
  EXPECT_OK(from(kStranger));
  const auto events = log_rows().size();
  unlock(ada);
  EXPECT_EQ(log_rows().size(), events) << "there was nothing to unlock";
}

TEST_F(SignInLockTest, AnAddressOfIpv6StandsForItsNetworkAndIpv4ForItself) {
  EXPECT_EQ(impl::network_of("2001:db8:1:2::7"), impl::network_of("2001:db8:1:2:ffff::1"));
  EXPECT_NE(impl::network_of("2001:db8:1:2::7"), impl::network_of("2001:db8:1:3::7"));
  EXPECT_EQ(impl::network_of("::ffff:192.0.2.1"), impl::network_of("192.0.2.1"));
  EXPECT_NE(impl::network_of("192.0.2.1"), impl::network_of("192.0.2.2"));
  EXPECT_EQ(impl::network_of("nonsense"), "?");
  const auto ada = add_user("ada@x");
  EXPECT_OK(from(kHome));
  guess("2001:db8:1:2:aaaa::1", 5);
  EXPECT_TRUE(locked(ada)) << "the same subscriber";
}

TEST_F(SignInLockTest, ANetworkIsTheAccountsOwnForNinetyDays) {
  const auto ada = add_user("ada@x");
  EXPECT_OK(from(kOffice));
  clock_.advance(60 * 24h);
  EXPECT_OK(from(kHome));
  clock_.advance(30 * 24h);
  guess(kOffice, 5);
  EXPECT_FALSE(locked(ada)) << "from the office nobody came for 90 days";
  EXPECT_OK(from(kHome));
}

TEST_F(SignInLockTest, TheLimitIsASetting) {
  const auto ada = add_user("ada@x");
  const std::vector<site_policy::Change> changes{{"password.lock_after", "2"}};
  EXPECT_OK(write([&](Transaction& tx) { return site_policy::change(tx, changes, "root@x", now()); }));
  guess(kOffice, 2);
  EXPECT_TRUE(locked(ada));
}

TEST_F(SignInLockTest, BrokersOnOneDatabaseCountTogether) {
  const auto ada = add_user("ada@x");
  SignIn other(
      *store_, [](std::move_only_function<void()> slow) { slow(); }, clock_, random_);
  other.set_cost(kCheap);
  guess(kOffice, 3);
  for (int i = 0; i < 2; ++i) {
    std::promise<base::Result<SignedIn>> promise;
    other.sign_in({"ada@x", "wrong", "", kOffice}, [&](base::Result<SignedIn> r) { promise.set_value(std::move(r)); });
    EXPECT_CODE(promise.get_future().get(), Errc::sign_in_failed);
  }
  EXPECT_TRUE(locked(ada));
}

}  // namespace
}  // namespace rescue::directory

// SPDX-License-Identifier: Apache-2.0
#include "directory/pin_guard.hpp"

#include <gtest/gtest.h>

namespace rescue::directory {
namespace {
using namespace std::chrono_literals;

class PinGuardTest : public ::testing::Test {
 protected:
  /// How many wrong guesses in a row `address` gets before it is refused.
  int guesses(std::string_view address, int most = 1000) {
    for (int i = 0; i < most; ++i) {
      if (!guard_.check(address, now_).allowed) return i;
      guard_.failed(address, now_);
    }
    return most;
  }
  PinGuard guard_{PinGuardLimits{}};
  base::SteadyTime now_{1h};
};

TEST_F(PinGuardTest, AnAddressHasAnAllowanceThatRefills) {
  EXPECT_EQ(guesses("192.0.2.1"), 10);
  const auto refused = guard_.check("192.0.2.1", now_);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 60s);
  EXPECT_EQ(guesses("192.0.2.2"), 10);
  now_ += 59s;
  EXPECT_EQ(guesses("192.0.2.1"), 0);
  now_ += 1s;
  EXPECT_EQ(guesses("192.0.2.1"), 1);
  now_ += 24h;
  EXPECT_EQ(guesses("192.0.2.1"), 10);
}

TEST_F(PinGuardTest, ANetworkSharesALargerAllowance) {
  int total = 0;
  for (int host = 1; host < 100; ++host) total += guesses("192.0.2." + std::to_string(host));
  EXPECT_EQ(total, 50);
  EXPECT_EQ(guesses("192.0.3.1"), 10);
}

TEST_F(PinGuardTest, AnIpv6SubscriberIsOneAddress) {
  int total = 0;
  for (int host = 1; host < 100; ++host) total += guesses("2001:db8:1:1::" + std::to_string(host));
  EXPECT_EQ(total, 10);
  for (int net = 2; net < 100; ++net) total += guesses("2001:db8:1:" + std::to_string(net) + "::1");
  EXPECT_EQ(total, 50);
  for (int net = 0; net < 100; ++net) total += guesses("2001:db8:1:" + std::to_string(net) + "00::1");
  EXPECT_EQ(total, 400);
}

TEST_F(PinGuardTest, MappedAddressesAreTheSameAsPlainOnes) {
  EXPECT_EQ(guesses("::ffff:192.0.2.1"), 10);
  EXPECT_EQ(guesses("192.0.2.1"), 0);
}

TEST_F(PinGuardTest, AttemptsRunningAtOnceAreCounted) {
  int allowed = 0;
  for (int i = 0; i < 100; ++i) allowed += guard_.check("192.0.2.1", now_).allowed ? 1 : 0;
  EXPECT_EQ(allowed, 10);
}

TEST_F(PinGuardTest, AttemptsThatStillRunRefuseNobodyForGood) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(guard_.check("192.0.2.1", now_).allowed);
  const auto waiting = guard_.check("192.0.2.1", now_);
  EXPECT_FALSE(waiting.allowed);
  EXPECT_TRUE(waiting.undecided);
  guard_.succeeded("192.0.2.1", now_);
  EXPECT_TRUE(guard_.check("192.0.2.1", now_).allowed);
  // Wrong ones leave no hope; neither do those of which nobody knows.
  for (int i = 0; i < 5; ++i) guard_.failed("192.0.2.1", now_);
  EXPECT_TRUE(guard_.check("192.0.2.1", now_).undecided);
  for (int i = 0; i < 5; ++i) guard_.abandoned("192.0.2.1", now_);
  const auto refused = guard_.check("192.0.2.1", now_);
  EXPECT_FALSE(refused.allowed);
  EXPECT_FALSE(refused.undecided);
}

TEST_F(PinGuardTest, ARightAnswerCostsNothingAndBuysNoWrongOnes) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(guard_.check("192.0.2.1", now_).allowed);
    guard_.succeeded("192.0.2.1", now_);
  }
  int wrong = 0;
  for (int i = 0; i < 100; ++i) {
    if (!guard_.check("192.0.2.1", now_).allowed) break;
    if (i % 2 == 0) {
      guard_.succeeded("192.0.2.1", now_);
    } else {
      guard_.failed("192.0.2.1", now_);
      ++wrong;
    }
  }
  EXPECT_EQ(wrong, 10);
  EXPECT_EQ(guesses("192.0.2.1"), 0);
}

TEST_F(PinGuardTest, ASurgeFromEverywhereDelaysEverybodyAndRefusesNobody) {
  for (int i = 0; i < 600; ++i) {
    const auto address = "10." + std::to_string(i % 250) + "." + std::to_string(i / 250) + ".1";
    ASSERT_TRUE(guard_.check(address, now_).allowed);
    guard_.failed(address, now_);
  }
  const auto stranger = guard_.check("203.0.113.5", now_);
  EXPECT_TRUE(stranger.allowed);
  EXPECT_EQ(stranger.delay, 1250ms);
  for (int i = 0; i < 5000; ++i) guard_.failed("10.9.9.9", now_);
  EXPECT_EQ(guard_.check("203.0.114.5", now_).delay, 3000ms);
  now_ += 10min;
  EXPECT_EQ(guard_.check("203.0.115.5", now_).delay, 0ms);
}

TEST_F(PinGuardTest, MemoryIsBounded) {
  PinGuardLimits limits;
  limits.max_entries = 100;
  PinGuard guard(limits);
  for (int i = 0; i < 10'000; ++i) {
    const auto address = "10." + std::to_string(i % 250) + "." + std::to_string(i / 250) + ".1";
    static_cast<void>(guard.check(address, now_));
    guard.failed(address, now_);
    ASSERT_LE(guard.entries(), 100u);
  }
}

TEST_F(PinGuardTest, AddressesThatCannotBeReadShareOneBucket) {
  int total = 0;
  for (int i = 0; i < 100; ++i) total += guesses("nonsense " + std::to_string(i));
  EXPECT_EQ(total, 50);
  EXPECT_EQ(guesses(""), 0);
  EXPECT_EQ(guesses(std::string(100'000, '1')), 0);
}

}  // namespace
}  // namespace rescue::directory

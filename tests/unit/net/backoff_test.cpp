// SPDX-License-Identifier: Apache-2.0
#include "net/backoff.hpp"

#include <gtest/gtest.h>

namespace rescue::net {

using namespace std::chrono_literals;

TEST(Backoff, StaysUnderAGrowingBoundAndUsesAllOfIt) {
  base::SeededRandom random(7);
  std::vector<base::Duration> most(12, 0us);
  for (int run = 0; run < 400; ++run) {
    Backoff b(BackoffOptions(100ms, 10s), random);
    for (auto& m : most) m = std::max(m, b.next());
  }
  base::Duration bound = 100ms;
  for (std::size_t i = 0; i < most.size(); ++i) {
    EXPECT_LE(most[i], bound) << i;
    EXPECT_GT(most[i], bound * 9 / 10) << i;
    bound = std::min<base::Duration>(bound * 2, 10s);
  }
}

TEST(Backoff, BeginsAgainAfterReset) {
  base::SeededRandom random(8);
  Backoff b(BackoffOptions(1ms, 60s), random);
  for (int i = 0; i < 40; ++i) (void)b.next();
  EXPECT_EQ(b.attempt(), 40u);
  b.reset();
  EXPECT_LE(b.next(), 1ms);
}

}  // namespace rescue::net

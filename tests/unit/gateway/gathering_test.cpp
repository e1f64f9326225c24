// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/gathering.hpp"

#include <gtest/gtest.h>

#include <array>

namespace rescue::gateway {
namespace {
using namespace std::chrono_literals;
const base::SteadyTime kStart{1h};

// One window in which `pairs` pairs move something, twice each.
template <std::size_t N>
base::SteadyTime window(Gathering& gathering, std::array<Gathering::Mark, N>& marks, std::size_t pairs,
                        base::SteadyTime now) {
  for (int twice = 0; twice < 2; ++twice) {
    for (std::size_t i = 0; i < pairs; ++i) gathering.moved(marks[i]);
    now += Gathering::kWindow / 2;
    gathering.turn(now);
  }
  return now;
}

TEST(Gathering, BeginsWithManyPairsAndEndsWithThem) {
  Gathering gathering(8, kStart);
  std::array<Gathering::Mark, 20> marks{};
  auto now = window(gathering, marks, 7, kStart);
  EXPECT_FALSE(gathering.on());  // seven, although they moved fourteen times
  now = window(gathering, marks, 8, now);
  EXPECT_TRUE(gathering.on());
  now = window(gathering, marks, 20, now);
  EXPECT_TRUE(gathering.on());
  window(gathering, marks, 1, now);
  EXPECT_FALSE(gathering.on());
}

TEST(Gathering, ALoopThatSleptIsNotBusy) {
  Gathering gathering(2, kStart);
  std::array<Gathering::Mark, 4> marks{};
  auto now = window(gathering, marks, 4, kStart);
  ASSERT_TRUE(gathering.on());
  for (auto& mark : marks) gathering.moved(mark);
  now += 10s;
  gathering.turn(now);
  EXPECT_FALSE(gathering.on());
}

TEST(Gathering, NeverWhenItIsSwitchedOff) {
  Gathering gathering(0, kStart);
  std::array<Gathering::Mark, 4> marks{};
  window(gathering, marks, 4, kStart);
  EXPECT_FALSE(gathering.on());
}

}  // namespace
}  // namespace rescue::gateway

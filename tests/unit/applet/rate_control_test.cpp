// SPDX-License-Identifier: Apache-2.0
#include "applet/core/rate_control.hpp"

#include <gtest/gtest.h>

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;
using screen::Fidelity;

session::ScreenLink path(double bytes_per_s, Duration round_trip) {
  session::ScreenLink out;
  out.bytes_per_s = bytes_per_s;
  out.round_trip = round_trip;
  return out;
}
constexpr SteadyTime kNow{1h};

TEST(RateControl, BeginsAsOnAWidePath) {
  const RateControl rate(30, false);
  const auto plan = rate.plan();
  EXPECT_EQ(plan.fidelity, Fidelity::visual);
  EXPECT_EQ(plan.work, kWorkMost);
  EXPECT_EQ(plan.interval, 33'333us);
  EXPECT_LE(plan.rest, 300ms) << "exact within a second of rest";
  EXPECT_EQ(plan.video_kbit, kVideoKbitMost);
  EXPECT_LE(rate.not_before(), kNow);
}

TEST(RateControl, ExactMeansExactOnAnyPath) {
  RateControl rate(30, true);
  for (double bytes_per_s : {32'000.0, 250'000.0, 100e6}) {
    rate.on_link(path(bytes_per_s, 100ms));
    EXPECT_EQ(rate.plan().fidelity, Fidelity::exact);
    EXPECT_EQ(rate.plan().video_kbit, 0U);
  }
}

TEST(RateControl, OnAThinPathPhotosAreCoarseAndPacketsSmall) {
  RateControl rate(30, false);
  rate.on_link(path(32'000, 300ms));
  // Photos: a byte for each unit of work; what fits into 50 ms at this rate is less than the least packet.
  for (int i = 0; i < 20; ++i) rate.on_packet(rate.plan().work, rate.plan().work, kNow, kNow + 1ms, true);
  auto plan = rate.plan();
  EXPECT_EQ(plan.fidelity, Fidelity::coarse);
  EXPECT_LE(plan.work, 3'200U);
  EXPECT_EQ(plan.video_kbit, 153U);
  EXPECT_GE(plan.rest, 1s);
  // Text: more work for the same bytes.
  for (int i = 0; i < 40; ++i) rate.on_packet(rate.plan().work / 20, rate.plan().work, kNow, kNow + 1ms, true);
  EXPECT_GT(rate.plan().work, 25'000U);
}

TEST(RateControl, NoVideoWhereThePathCannotCarryIt) {
  RateControl rate(30, false);
  rate.on_link(path(16'000, 300ms));
  EXPECT_EQ(rate.plan().video_kbit, 0U);
}

TEST(RateControl, PicturesComeNoFasterThanThePathTakesThem) {
  RateControl rate(30, false);
  rate.on_link(path(32'000, 300ms));
  for (int i = 0; i < 30; ++i) rate.on_packet(6'400, 10'000, kNow, kNow + 1ms, false);  // 200 ms each
  EXPECT_NEAR(static_cast<double>(rate.plan().interval.count()), 200'000, 10'000);
  for (int i = 0; i < 30; ++i) rate.on_packet(200, 10'000, kNow, kNow + 1ms, false);  // typing
  EXPECT_LT(rate.plan().interval, 40ms);
  for (int i = 0; i < 30; ++i) rate.on_packet(200'000, 10'000, kNow, kNow + 1ms, false);
  EXPECT_EQ(rate.plan().interval, kLongestInterval) << "never slower than this";
}

TEST(RateControl, DropAndRecoveryWithoutFlutter) {
  RateControl rate(30, false);
  rate.on_link(path(250'000, 40ms));
  EXPECT_EQ(rate.plan().fidelity, Fidelity::visual);
  rate.on_link(path(32'000, 40ms));
  EXPECT_EQ(rate.plan().fidelity, Fidelity::coarse);
  rate.on_link(path(100'000, 40ms));
  EXPECT_EQ(rate.plan().fidelity, Fidelity::coarse) << "not back at the first better moment";
  rate.on_link(path(200'000, 40ms));
  EXPECT_EQ(rate.plan().fidelity, Fidelity::visual);
  rate.on_link(path(100'000, 40ms));
  EXPECT_EQ(rate.plan().fidelity, Fidelity::visual);
  rate.on_link({});
  EXPECT_EQ(rate.plan().fidelity, Fidelity::visual) << "another path, of which nothing is known";
}

TEST(RateControl, TakesAFifthOfAProcessorInTheLongRunAndABurstAtOnce) {
  RateControl rate(60, false);
  auto now = kNow;
  unsigned first = 0, packets = 0;
  while (now < kNow + 10s) {
    if (rate.not_before() > now) {
      now = std::chrono::time_point_cast<SteadyTime::duration>(rate.not_before());
      continue;
    }
    rate.on_packet(10'000, kWorkMost, now, now + 10ms, true);
    now += 10ms;
    ++packets;
    if (now <= kNow + 260ms) ++first;
  }
  EXPECT_GE(first, 25U) << "a first picture is not held back";
  EXPECT_NEAR(packets, 220, 15);
  EXPECT_LE(rate.not_before() - now, 50ms) << "a key press waits no longer than this for the processor";
}

}  // namespace
}  // namespace rescue::applet

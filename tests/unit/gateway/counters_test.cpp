// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/counters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rescue::gateway {
namespace {
using testing::EndsWith;
using testing::HasSubstr;

TEST(Counters, SumOverLoopsAlsoWhenAGaugeFallsOnAnotherOne) {
  Counters one, two;
  one.add(Metric::waiting, 3);
  two.add(Metric::waiting, -2);
  one.refused(wire::handoff::RefuseReason::full);
  CounterValues sum;
  one.add_to(sum);
  two.add_to(sum);
  EXPECT_EQ(sum[Metric::waiting], 1U);
  EXPECT_EQ(sum.refused[static_cast<std::size_t>(wire::handoff::RefuseReason::full)], 1U);
}

TEST(OpenMetrics, NamesEachValueOnceWithTypeAndHelp) {
  CounterValues values;
  values[Metric::pairs] = 4;
  values[Metric::bytes_to_applet] = 1ULL << 40;
  values.ended[static_cast<std::size_t>(wire::gateway::PairEnd::reset)] = 2;
  const auto text =
      open_metrics(values, {.broker_connected = true, .draining = false, .certificate_expires_s = 1'800'000'000});
  EXPECT_THAT(text, HasSubstr("# TYPE rescue_gateway_pairs gauge\nrescue_gateway_pairs 4\n"));
  EXPECT_THAT(text, HasSubstr("rescue_gateway_bytes_to_applet_total 1099511627776\n"));
  EXPECT_THAT(text, HasSubstr("rescue_gateway_pairs_ended_total{end=\"reset\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("rescue_gateway_refused_total{reason=\"wrong_holder\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("rescue_gateway_broker_connected 1\n"));
  EXPECT_THAT(text, EndsWith("# EOF\n"));
}

}  // namespace
}  // namespace rescue::gateway

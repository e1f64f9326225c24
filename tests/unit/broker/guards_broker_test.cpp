// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "daemons/broker/requests.hpp"

namespace rescue::broker {
namespace {

TEST(BrokerGuards, AListHasAnEnd) {
  const auto events = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 1; i <= count; ++i)
      text += (i == 1 ? "" : ",") + std::string(R"({"time":"2026-01-01T00:00:00Z","type":"chat.message","seq":)") +
              std::to_string(i) + "}";
    return read_log_intake("{\"events\":[" + text + "]}");
  };
  EXPECT_TRUE(events(audit::kMaxBatch));
  const auto more = events(audit::kMaxBatch + 1);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().context, "field 'events' must have 1 to 500 elements");
}

}  // namespace
}  // namespace rescue::broker

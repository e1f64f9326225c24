// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "net/event_stream_client.hpp"

namespace rescue::net {

namespace {

std::string shown(const std::vector<ServerEvent>& events) {
  std::string out;
  for (const auto& e : events) out += "[" + e.id + "|" + e.type + "|" + e.data + "]";
  return out;
}

// Fields, comments, empty data, several lines, ids that stay, all line ends, a byte order mark: WHATWG HTML 9.2.6.
constexpr std::string_view kStream =
    "\xEF\xBB\xBF: hello\n\nid: 1\nevent: grant\ndata: a\ndata:b\ndata\n\r\n\rdata: later\r\rid\ndata:  two "
    "spaces\r\n\r\n"
    "event: dropped without data\n\nretry: 1500\nunknown: x\ndata: last\n\ndata: unfinished";
constexpr std::string_view kShown = "[1|grant|a\nb\n][1||later][|| two spaces][||last]";

}  // namespace

TEST(EventStreamParser, ReadsTheSpecificationsForms) {
  EventStreamParser p;
  const auto all = p.feed(kStream);
  ASSERT_TRUE(all);
  EXPECT_EQ(shown(*all), kShown);
  EXPECT_EQ(p.retry(), std::chrono::milliseconds(1500));
}

TEST(EventStreamParser, DoesNotMindWhereTheBytesAreCut) {
  for (std::size_t step = 1; step < 9; ++step) {
    EventStreamParser p;
    std::vector<ServerEvent> all;
    for (std::size_t at = 0; at < kStream.size(); at += step) {
      const auto part = p.feed(kStream.substr(at, step));
      ASSERT_TRUE(part);
      all.insert(all.end(), part->begin(), part->end());
    }
    EXPECT_EQ(shown(all), kShown) << step;
  }
}

TEST(EventStreamParser, RefusesAnEventWithoutEnd) {
  EventStreamParser line;
  EXPECT_EQ(line.feed("data: " + std::string(kEventCap, 'x')).error().code, base::Errc::too_large);
  EventStreamParser lines;
  base::Result<std::vector<ServerEvent>> r;
  for (int i = 0; i < 1000 && r; ++i) r = lines.feed("data: " + std::string(1000, 'x') + "\n");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, base::Errc::too_large);
}

}  // namespace rescue::net

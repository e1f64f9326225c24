// SPDX-License-Identifier: Apache-2.0
#include "link/link.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "link_pair.hpp"

namespace rescue::link {
namespace {
using base::Bytes;
using base::ByteView;
using testing::count_of;
using testing::filled;
using testing::Pair;
using testing::some_id;
using namespace std::chrono_literals;

TEST(Link, CarriesMessagesBothWaysOnTheFirstRoundTrip) {
  Pair p;
  p.up();
  ASSERT_TRUE(p.a.send(Channel::chat, filled(5, 1)));
  ASSERT_TRUE(p.b.send(Channel::control, filled(6, 2)));
  p.write();
  p.read();  // one crossing of the path is enough on a fresh link
  ASSERT_EQ(p.at_b.size(), 1u);
  EXPECT_EQ(p.at_b[0].bytes, filled(5, 1));
  EXPECT_EQ(p.at_b[0].channel, Channel::chat);
  ASSERT_EQ(p.at_a.size(), 1u);
  EXPECT_EQ(p.at_a[0].bytes, filled(6, 2));
}

TEST(Link, ReassemblesTheLongestMessageOfEachChannel) {
  Pair p;
  p.up();
  for (auto c : wire::kChannels) {
    Bytes m(wire::message_max(c));
    for (std::size_t i = 0; i < m.size(); ++i) m[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    p.at_b.clear();
    ASSERT_TRUE(p.a.send(c, m));
    p.settle();
    ASSERT_EQ(p.at_b.size(), 1u) << wire::name(c);
    EXPECT_TRUE(p.at_b[0].bytes == m) << wire::name(c);
    EXPECT_EQ(p.a.send(c, Bytes(wire::message_max(c) + 1)).error().code, Errc::message_too_large);
  }
  EXPECT_EQ(p.b.reassembly_bytes(), 0u);
}

TEST(Link, AKeyPressWaitsBehindAtMostOneFragmentOfAHundredMegabyteTransfer) {
  Pair p;
  p.up();
  p.settle();
  std::uint64_t file_left = 100'000'000;
  const auto refill = [&] {
    while (file_left > 0 && p.a.can_send(Channel::files)) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(file_left, 65'536));
      ASSERT_TRUE(p.a.send(Channel::files, filled(n, 9)));
      file_left -= n;
    }
  };
  std::size_t worst = 0;
  std::size_t keys = 0;
  for (int step = 0; file_left > 0; ++step) {
    refill();
    if (step % 5 == 0) {
      // One write is taken before the key arrives: what the socket has already. From then on count wire bytes.
      const auto before = p.a.poll_output(p.path, kFrameMax, p.now);
      ASSERT_TRUE(p.b.on_bytes(p.path, before, p.now));
      ASSERT_TRUE(p.a.send(Channel::input, filled(20, 3)));
      ++keys;
      p.drain();
      const auto had = p.at_b.size();
      std::size_t wire_bytes = 0;
      bool arrived = false;
      while (!arrived) {
        const auto bytes = p.a.poll_output(p.path, 1, p.now);
        ASSERT_FALSE(bytes.empty());
        ASSERT_LE(bytes.size(), kFrameMax);
        wire_bytes += bytes.size();
        ASSERT_TRUE(p.b.on_bytes(p.path, bytes, p.now));
        p.drain();
        for (auto i = had; i < p.at_b.size(); ++i) arrived |= p.at_b[i].channel == Channel::input;
      }
      worst = std::max(worst, wire_bytes);
    }
    p.write();
    p.read();
    std::erase_if(p.at_b, [](const auto& m) { return m.channel == Channel::files; });
  }
  p.settle();
  EXPECT_GT(keys, 50u);
  EXPECT_EQ(std::ranges::count(p.at_b, Channel::input, &MessageArrived::channel), static_cast<std::ptrdiff_t>(keys));
  EXPECT_LE(worst, kFrameMax + 64) << "a key press waited longer than one frame";
}

TEST(Link, OrdersInputControlScreenFiles) {
  Pair p;
  p.up();
  p.settle();
  // Given in the worst order, taken in one write.
  for (auto c : {Channel::files, Channel::screen, Channel::chat, Channel::control, Channel::input})
    ASSERT_TRUE(p.a.send(c, filled(100, static_cast<std::uint8_t>(c))));
  p.settle();
  std::vector<Channel> order;
  for (const auto& m : p.at_b) order.push_back(m.channel);
  ASSERT_EQ(order.size(), 5u);
  EXPECT_EQ(order[0], Channel::input);
  EXPECT_TRUE((order[1] == Channel::control && order[2] == Channel::chat) ||
              (order[1] == Channel::chat && order[2] == Channel::control));
  EXPECT_EQ(order[3], Channel::screen);
  EXPECT_EQ(order[4], Channel::files);
}

TEST(Link, ABusyScreenLeavesAFileItsShare) {
  Pair p;
  p.up();
  p.settle();
  ASSERT_TRUE(p.a.send(Channel::files, filled(60'000, 1)));
  std::size_t screen_bytes = 0;
  bool file_came = false;
  for (int i = 0; i < 200 && !file_came; ++i) {
    while (p.a.can_send(Channel::screen)) ASSERT_TRUE(p.a.send(Channel::screen, filled(50'000, 2)));  // never idle
    ASSERT_TRUE(p.b.on_bytes(p.path, p.a.poll_output(p.path, kFrameMax, p.now), p.now));
    ASSERT_TRUE(p.a.on_bytes(p.path, p.b.poll_output(p.path, kFrameMax, p.now), p.now));
    p.drain();
    for (const auto& m : std::exchange(p.at_b, {})) {
      if (m.channel == Channel::screen) screen_bytes += m.bytes.size();
      file_came |= m.channel == Channel::files;
    }
  }
  EXPECT_TRUE(file_came);
  EXPECT_GT(screen_bytes, 600'000u) << "the screen did not keep the larger share";
}

TEST(Link, AReaderThatStopsReadingFilesBlocksOnlyFiles) {
  Pair p;
  p.consume = false;
  p.capacity = SIZE_MAX;
  p.up();
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    while (p.a.can_send(Channel::files) && sent < 50'000'000) {
      ASSERT_TRUE(p.a.send(Channel::files, filled(65'536, 1)));
      sent += 65'536;
    }
    p.settle();
  }
  std::size_t arrived = 0;
  for (const auto& m : p.at_b) arrived += m.bytes.size();
  EXPECT_LE(arrived, receive_window(Channel::files));
  EXPECT_GE(arrived, receive_window(Channel::files) - 65'536);
  ASSERT_FALSE(p.a.can_send(Channel::files));
  // The others go on.
  p.at_b.clear();
  for (auto c : {Channel::input, Channel::control, Channel::chat, Channel::screen})
    ASSERT_TRUE(p.a.send(c, filled(10, 4)));
  p.settle();
  EXPECT_EQ(p.at_b.size(), 4u);
  // And files go on once the reader does.
  p.b.consumed(Channel::files, arrived);
  p.at_b.clear();
  p.settle();
  EXPECT_FALSE(p.at_b.empty());
  EXPECT_GE(count_of<Writable>(p.events_a), 1u);
}

TEST(Link, KeepsAtMostTheRetainedBoundWhenThePeerAcknowledgesNothing) {
  Pair p;
  p.up();
  p.settle();
  std::size_t wire_bytes = 0;
  for (int i = 0; i < 10'000; ++i) {
    while (p.a.can_send(Channel::screen)) ASSERT_TRUE(p.a.send(Channel::screen, filled(200'000, 1)));
    const auto bytes = p.a.poll_output(p.path, 64 * 1024, p.now);
    if (bytes.empty()) break;
    wire_bytes += bytes.size();
  }
  EXPECT_GT(wire_bytes, 4'000'000u);
  EXPECT_LE(p.a.retained_bytes(), kRetainedMax - kRetainedReserve + kFrameMax);
  // Input still goes although the picture may not.
  ASSERT_TRUE(p.a.send(Channel::input, filled(20, 2)));
  EXPECT_FALSE(p.a.poll_output(p.path, 64 * 1024, p.now).empty());
  EXPECT_LE(p.a.retained_bytes(), kRetainedMax);
}

TEST(Link, RefusesMoreThanTheSendQueueHolds) {
  Pair p;  // no path at all
  base::Result<void> last;
  std::size_t taken = 0;
  while ((last = p.a.send(Channel::files, filled(100'000, 1)))) taken += 100'000;
  EXPECT_EQ(last.error().code, Errc::queue_full);
  EXPECT_LE(taken, queue_max(Channel::files));
  EXPECT_EQ(p.a.queued_bytes(Channel::files), taken);
}

TEST(Link, DiscardDropsWhatIsQueuedAndAbandonsAMessageCutInTheMiddle) {
  Pair p;
  p.up();
  p.settle();
  ASSERT_TRUE(p.a.send(Channel::screen, filled(100'000, 1)));
  ASSERT_TRUE(p.a.send(Channel::screen, filled(50, 2)));
  const auto first = p.a.poll_output(p.path, 1, p.now);  // one fragment of the first
  ASSERT_TRUE(p.b.on_bytes(p.path, first, p.now));
  p.a.discard_queued(Channel::screen);
  EXPECT_EQ(p.a.queued_bytes(Channel::screen), 0u);
  ASSERT_TRUE(p.a.send(Channel::screen, filled(60, 3)));
  p.settle();
  ASSERT_EQ(p.at_b.size(), 1u);
  EXPECT_EQ(p.at_b[0].bytes, filled(60, 3));
  EXPECT_EQ(p.b.reassembly_bytes(), 0u);
}

TEST(Link, CancelDropsWhatIsPickedAndLeavesTheRestInOrder) {
  const auto is_one = [](base::ByteView message) { return message[0] == 1; };
  for (const std::uint8_t begun : {std::uint8_t{1}, std::uint8_t{2}}) {
    Pair p;
    p.up();
    p.settle();
    ASSERT_TRUE(p.a.send(Channel::files, filled(100'000, begun)));
    for (const std::uint8_t value : {3, 1, 4, 1, 5}) ASSERT_TRUE(p.a.send(Channel::files, filled(50, value)));
    const auto first = p.a.poll_output(p.path, 1, p.now);  // one fragment of the first
    ASSERT_TRUE(p.b.on_bytes(p.path, first, p.now));
    p.a.cancel_queued(Channel::files, is_one);
    EXPECT_LT(p.a.queued_bytes(Channel::files), begun == 1 ? 151u : 100'000u);
    p.settle();
    std::vector<int> arrived;
    for (const auto& m : p.at_b) arrived.push_back(m.bytes[0]);
    EXPECT_EQ(arrived, begun == 1 ? (std::vector<int>{3, 4, 5}) : (std::vector<int>{2, 3, 4, 5}));
    if (begun == 2) {
      EXPECT_EQ(p.at_b[0].bytes, filled(100'000, 2)) << "the one half out arrives whole";
    }
    EXPECT_EQ(p.a.queued_bytes(Channel::files), 0u);
    EXPECT_EQ(p.b.reassembly_bytes(), 0u);
  }
}

TEST(Link, AbandonedMessagesGiveTheirWindowBack) {
  Pair p;
  p.up();
  p.settle();
  for (int i = 0; i < 60; ++i) {  // 60 x 20 fragments of 16 KiB are far beyond the window of files
    ASSERT_TRUE(p.a.send(Channel::files, filled(wire::message_max(Channel::files), 1)));
    for (int k = 0; k < 20; ++k) ASSERT_TRUE(p.b.on_bytes(p.path, p.a.poll_output(p.path, 1, p.now), p.now));
    p.a.discard_queued(Channel::files);
    p.settle();
  }
  ASSERT_TRUE(p.at_b.empty());
  ASSERT_TRUE(p.a.send(Channel::files, filled(500'000, 2)));
  p.settle();
  ASSERT_EQ(p.at_b.size(), 1u);
}

TEST(Link, FinishIsAHalfCloseAndBothMakeAnOrderlyEnd) {
  Pair p;
  p.up();
  ASSERT_TRUE(p.a.send(Channel::files, filled(300'000, 1)));
  p.a.finish();
  EXPECT_EQ(p.a.send(Channel::chat, filled(1, 1)).error().code, Errc::closed);
  p.settle();
  EXPECT_EQ(p.at_b.size(), 1u) << "what was queued before finish() must still arrive";
  EXPECT_EQ(count_of<PeerFinished>(p.events_b), 1u);
  EXPECT_FALSE(p.a.is_closed());
  ASSERT_TRUE(p.b.send(Channel::chat, filled(9, 2)));
  p.settle();
  EXPECT_EQ(p.at_a.size(), 1u) << "the other direction stays open";
  p.b.finish();
  p.settle();
  for (auto* events : {&p.events_a, &p.events_b}) {
    const auto* closed = std::get_if<LinkClosed>(&events->back());
    ASSERT_NE(closed, nullptr);
    EXPECT_TRUE(closed->orderly);
  }
  EXPECT_TRUE(p.a.is_closed() && p.b.is_closed());
}

TEST(Link, CloseTellsThePeerCodeAndText) {
  Pair p;
  p.up();
  p.settle();
  p.a.close(CloseCode::replaced, "a newer console took over");
  p.write();
  p.read();
  ASSERT_FALSE(p.events_b.empty());
  const auto* closed = std::get_if<LinkClosed>(&p.events_b.back());
  ASSERT_NE(closed, nullptr);
  EXPECT_FALSE(closed->orderly);
  EXPECT_EQ(closed->code, static_cast<std::uint16_t>(CloseCode::replaced));
  EXPECT_EQ(closed->text, "a newer console took over");
  EXPECT_EQ(p.b.send(Channel::chat, filled(1, 1)).error().code, Errc::closed);
}

TEST(Link, MeasuresTheRoundTrip) {
  Pair p;
  p.up();
  p.write();
  p.read();   // RESUME both ways
  p.write();  // PING both ways
  p.now += 30ms;
  p.read();
  p.write();  // PONG both ways
  p.now += 30ms;
  p.read();
  ASSERT_TRUE(p.a.rtt());
  EXPECT_EQ(*p.a.rtt(), 60ms);
}

TEST(Link, ReportsASilentPathDeadOnceAndAlivePathNever) {
  Pair p;
  p.up();
  p.settle();
  for (int s = 0; s < 120; ++s) {  // two minutes of nothing but keepalive
    p.now += 1s;
    p.a.on_deadline(p.now);
    p.b.on_deadline(p.now);
    p.write();
    p.read();
  }
  EXPECT_EQ(count_of<PathDead>(p.events_a), 0u);
  // Now the path swallows everything.
  const auto silent_since = p.now;
  while (count_of<PathDead>(p.events_a) == 0 && p.now < silent_since + 60s) {
    const auto next = p.a.next_deadline();
    ASSERT_TRUE(next);
    ASSERT_GE(*next, p.now);
    p.now = *next;
    p.a.on_deadline(p.now);
    (void)p.a.poll_output(p.path, 65'536, p.now);
    p.drain();
  }
  EXPECT_LE(p.now - silent_since, kPathTimeout);
  for (int i = 0; i < 20; ++i) {
    p.now += 1s;
    p.a.on_deadline(p.now);
    p.drain();
  }
  EXPECT_EQ(count_of<PathDead>(p.events_a), 1u);
}

TEST(Link, ReportsAPathWithoutResumeDead) {
  Link a(some_id());
  const base::SteadyTime start{1h};
  a.path_up(PathId(1), start);
  ASSERT_EQ(a.next_deadline(), start + kResumeTimeout);
  a.on_deadline(start + kResumeTimeout);
  const auto e = a.poll_event();
  ASSERT_TRUE(e);
  EXPECT_TRUE(std::holds_alternative<PathDead>(*e));
}

TEST(Link, IgnoresBytesOfAnOldPath) {
  Pair p;
  p.up();
  p.settle();
  const auto old = p.path;
  p.up();
  EXPECT_TRUE(p.a.on_bytes(old, filled(100, 0x55), p.now)) << "garbage of an old socket is nobody's business";
  EXPECT_TRUE(p.a.poll_output(old, 1000, p.now).empty());
  p.settle();
  ASSERT_TRUE(p.a.send(Channel::chat, filled(3, 3)));
  p.settle();
  EXPECT_EQ(p.at_b.size(), 1u);
}

}  // namespace
}  // namespace rescue::link

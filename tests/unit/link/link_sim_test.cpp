// SPDX-License-Identifier: Apache-2.0
// Seeded simulation: random messages on all channels both ways, paths cut at any byte in either direction, slow
// readers. Oracle: per channel and direction, what comes out is exactly what went in, once and in order.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.hpp"
#include "link_pair.hpp"

namespace rescue::link {
namespace {
using base::Bytes;
using testing::Pair;

struct Traffic {
  std::map<Channel, std::deque<Bytes>> expected;
  std::size_t sent = 0;
  std::size_t delivered = 0;

  void maybe_send(Link& link, base::SeededRandom& random) {
    const auto c = wire::kChannels[random.below(wire::kChannelCount)];
    if (!link.can_send(c)) return;
    const auto most = random.below(10) == 0 ? wire::message_max(c) : std::min<std::size_t>(wire::message_max(c), 3000);
    Bytes m(random.below(std::min<std::size_t>(most, 200'000)) + 1);
    random.fill(m);
    if (!link.send(c, m)) return;
    expected[c].push_back(std::move(m));
    ++sent;
  }
  void check(std::vector<MessageArrived>& arrived, Link& reader) {
    for (auto& m : arrived) {
      auto& queue = expected[m.channel];
      ASSERT_FALSE(queue.empty()) << "a message nobody sent on " << wire::name(m.channel);
      ASSERT_TRUE(queue.front() == m.bytes) << "wrong or repeated message on " << wire::name(m.channel);
      queue.pop_front();
      reader.consumed(m.channel, m.bytes.size());
      ++delivered;
    }
    arrived.clear();
  }
};

void run(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::SeededRandom random(seed);
  Pair p;
  p.consume = false;
  p.capacity = 1000 + random.below(300'000);
  Traffic a_to_b, b_to_a;
  unsigned cuts = 0;
  bool up = false;
  for (int step = 0; step < 600; ++step) {
    if (!up && random.below(3) == 0) {
      p.up();
      up = true;
    }
    for (auto n = random.below(4); n > 0; --n) a_to_b.maybe_send(p.a, random);
    for (auto n = random.below(4); n > 0; --n) b_to_a.maybe_send(p.b, random);
    if (!up) continue;
    p.write(1 + random.below(70'000));
    ASSERT_NO_FATAL_FAILURE(p.read(random.below(60'000), random.below(60'000)));
    if (random.below(3) != 0) {  // the readers are slow at times
      ASSERT_NO_FATAL_FAILURE(a_to_b.check(p.at_b, p.b));
      ASSERT_NO_FATAL_FAILURE(b_to_a.check(p.at_a, p.a));
    }
    p.now += std::chrono::milliseconds(random.below(40));
    p.a.on_deadline(p.now);
    p.b.on_deadline(p.now);
    ASSERT_LE(p.a.retained_bytes(), kRetainedMax + kFrameMax);
    ASSERT_LE(p.b.retained_bytes(), kRetainedMax + kFrameMax);
    switch (random.below(40)) {
      case 0:  // both ends see it
        p.down();
        up = false;
        ++cuts;
        break;
      case 1:  // one end dials again before the other noticed anything
        p.up();
        ++cuts;
        break;
      case 2: {  // a last part still arrives, cut anywhere, on one side only
        ASSERT_NO_FATAL_FAILURE(p.read(random.below(2000), 0));
        p.down();
        up = false;
        ++cuts;
        break;
      }
      default:
        break;
    }
  }
  if (!up) p.up();
  for (int i = 0; i < 2000; ++i) {
    p.settle();
    if (p.at_a.empty() && p.at_b.empty()) break;
    ASSERT_NO_FATAL_FAILURE(a_to_b.check(p.at_b, p.b));
    ASSERT_NO_FATAL_FAILURE(b_to_a.check(p.at_a, p.a));
  }
  EXPECT_GT(cuts, 3u);
  EXPECT_GT(a_to_b.sent, 50u);
  EXPECT_EQ(a_to_b.delivered, a_to_b.sent);
  EXPECT_EQ(b_to_a.delivered, b_to_a.sent);
  EXPECT_EQ(p.a.retained_bytes(), 0u) << "everything is acknowledged at the end";
  EXPECT_EQ(p.a.stats().sent, p.a.stats().acknowledged);
  EXPECT_EQ(p.a.stats().sent, p.b.stats().received) << "conservation: each byte arrived once";
  EXPECT_EQ(p.b.stats().repeats_dropped, 0u) << "a resume sends nothing that had arrived";
  EXPECT_GT(p.a.stats().resent + p.b.stats().resent, 0u);
}

TEST(LinkSimulation, DeliversExactlyOnceOverPathsThatBreakAnywhere) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    run(seed);
    if (HasFatalFailure()) return;
  }
}

TEST(LinkSimulation, ResumesFromEveryByteOfTheFirstFrames) {
  // The path dies after exactly n bytes in one direction, for every n of a short exchange.
  std::size_t total = 0;
  {
    Pair p;
    p.up();
    for (std::uint8_t i = 1; i <= 5; ++i) ASSERT_TRUE(p.a.send(Channel::chat, testing::filled(i * 10u, i)));
    p.write();
    total = p.to_b.size();
  }
  ASSERT_GT(total, 100u);
  for (std::size_t n = 0; n <= total; ++n) {
    SCOPED_TRACE("cut after byte " + std::to_string(n));
    Pair p;
    p.up();
    for (std::uint8_t i = 1; i <= 5; ++i) ASSERT_TRUE(p.a.send(Channel::chat, testing::filled(i * 10u, i)));
    p.write();
    ASSERT_NO_FATAL_FAILURE(p.read(0, n));
    p.down();
    p.up();
    p.settle();
    ASSERT_EQ(p.at_b.size(), 5u);
    for (std::uint8_t i = 1; i <= 5; ++i) ASSERT_EQ(p.at_b[i - 1u].bytes, testing::filled(i * 10u, i));
  }
}

TEST(LinkSimulation, SameSeedGivesTheSameBytes) {
  const auto trace = [] {
    base::SeededRandom random(5);
    Pair p;
    Traffic t;
    Bytes all;
    p.up();
    for (int i = 0; i < 50; ++i) {
      t.maybe_send(p.a, random);
      p.write();
      base::append(all, p.to_b);
      p.read();
      p.at_b.clear();
    }
    return all;
  };
  EXPECT_TRUE(trace() == trace());
}

}  // namespace
}  // namespace rescue::link

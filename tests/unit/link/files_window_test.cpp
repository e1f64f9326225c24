// SPDX-License-Identifier: Apache-2.0
// A key press during a transfer, over a line whose buffers take whatever they are given: what is on its way goes first,
// so only the sender can keep the wait short. Manual time.
#include <gtest/gtest.h>

#include "link_pair.hpp"

namespace rescue::link {
namespace {
using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;
using testing::filled;
using testing::some_id;

constexpr std::size_t kChunk = 64 * 1024;
constexpr Duration kStep = 500us;

/// One direction: so many bytes a second, then so long on the way; an endless queue before it.
struct Line {
  double bytes_per_s;
  Duration delay;
  SteadyTime free{};
  std::deque<std::pair<SteadyTime, base::Bytes>> under_way{};

  void put(base::Bytes bytes, SteadyTime now) {
    const auto takes =
        std::chrono::microseconds(static_cast<std::int64_t>(static_cast<double>(bytes.size()) * 1e6 / bytes_per_s));
    free = std::max(free, now) + takes;
    under_way.emplace_back(free + delay, std::move(bytes));
  }
  std::optional<base::Bytes> take(SteadyTime now) {
    if (under_way.empty() || under_way.front().first > now) return std::nullopt;
    auto bytes = std::move(under_way.front().second);
    under_way.pop_front();
    return bytes;
  }
};

struct Transfer {
  Line there, back;
  Link a{some_id()}, b{some_id()};
  PathId path{1};
  SteadyTime now{1h};
  std::uint64_t file_bytes = 0;  // that have arrived
  std::optional<SteadyTime> pressed;
  std::vector<Duration> waits;  // of key presses

  Transfer(double bytes_per_s, Duration one_way) : there{bytes_per_s, one_way}, back{1e9, one_way} {
    a.path_up(path, now);
    b.path_up(path, now);
  }
  void speak(Link& from, Line& line) {
    while (from.has_output(path)) {
      auto bytes = from.poll_output(path, kFrameMax, now);
      if (bytes.empty()) break;
      line.put(std::move(bytes), now);
    }
  }
  void hear(Link& to, Line& line) {
    while (const auto bytes = line.take(now)) ASSERT_TRUE(to.on_bytes(path, *bytes, now));
    while (const auto e = to.poll_event()) {
      const auto* m = std::get_if<MessageArrived>(&*e);
      if (m == nullptr) continue;
      to.consumed(m->channel, m->bytes.size());
      if (m->channel == Channel::files) file_bytes += m->bytes.size();
      if (m->channel != Channel::input || !pressed) continue;
      waits.push_back(std::chrono::duration_cast<Duration>(now - *pressed));
      pressed.reset();
    }
  }
  /// With a key press every 37 ms at most, which falls anywhere between acknowledgements.
  void run(Duration time) {
    const auto until = now + time;
    for (auto next_key = now + 37ms; now < until; now += kStep) {
      hear(a, back);
      hear(b, there);
      a.on_deadline(now);
      b.on_deadline(now);
      while (a.can_send(Channel::files)) ASSERT_TRUE(a.send(Channel::files, filled(kChunk, 1)));
      if (!pressed && now >= next_key) {
        ASSERT_TRUE(a.send(Channel::input, filled(20, 2)));
        pressed = now;
        next_key = now + 37ms;
      }
      speak(a, there);
      speak(b, back);
    }
  }
  /// Bytes a second of the file, and the wait that nine of ten presses stay below, over this time.
  struct Seen {
    double rate;
    Duration wait;
  };
  Seen measure(Duration time) {
    const auto before = file_bytes;
    waits.clear();
    run(time);
    std::ranges::sort(waits);
    if (waits.empty()) return {0, 1h};
    return {static_cast<double>(file_bytes - before) * 1e6 / static_cast<double>(time.count()),
            waits[waits.size() * 9 / 10]};
  }
};

struct Case {
  const char* name;
  double bytes_per_s;
  Duration one_way;
};
const Case kCases[] = {
    {"local network", 20e6, 500us}, {"fast line", 5e6, 10ms}, {"far away", 5e6, 100ms}, {"10 Mbit/s", 1.25e6, 20ms}};
}  // namespace

TEST(FilesWindow, AKeyPressWaitsLittleAndTheFileKeepsThePathBusy) {
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    Transfer t(c.bytes_per_s, c.one_way);
    t.run(6s);  // longer than the first emptying of the path
    const auto seen = t.measure(6s);
    EXPECT_GE(seen.rate, 0.85 * c.bytes_per_s);
    // Two fragments at least are on their way, and one may just be going out.
    const auto least =
        std::chrono::microseconds(static_cast<std::int64_t>((kFilesWindowMin + kFrameMax) * 1e6 / c.bytes_per_s));
    EXPECT_LE(seen.wait, c.one_way + std::max<Duration>(least, kFilesQueueTime) + 6ms);
  }
}

TEST(FilesWindow, ReachesTheRateOfAFarPathInAFewRoundTrips) {
  Transfer t(5e6, 100ms);
  t.run(2s);
  EXPECT_GE(t.measure(1s).rate, 0.7 * 5e6);
}

TEST(FilesWindow, ALineTooSlowForTwoFragmentsStillMoves) {
  Transfer t(125e3, 50ms);
  t.run(3s);
  const auto seen = t.measure(10s);
  EXPECT_GE(seen.rate, 0.85 * 125e3);
  EXPECT_LE(seen.wait, 500ms);
}

TEST(FilesWindow, FollowsALineThatBecomesSlower) {
  Transfer t(20e6, 5ms);
  t.run(3s);
  t.there.bytes_per_s = 2e6;
  t.run(3s);
  const auto seen = t.measure(6s);
  EXPECT_GE(seen.rate, 0.85 * 2e6);
  EXPECT_LE(seen.wait, 5ms + 30ms);
}

TEST(FilesWindow, FollowsALineThatBecomesFaster) {
  Transfer t(1e6, 20ms);
  t.run(3s);
  t.there.bytes_per_s = 10e6;
  t.run(6s);
  EXPECT_GE(t.measure(6s).rate, 0.85 * 10e6);
}

TEST(FilesWindow, FollowsALineThatBecomesLonger) {
  Transfer t(5e6, 5ms);
  t.run(3s);
  t.there.delay = 80ms;
  t.run(12s);
  const auto seen = t.measure(6s);
  EXPECT_GE(seen.rate, 0.8 * 5e6) << "the shortest round trip of a route that is gone";
  EXPECT_LE(seen.wait, 80ms + 20ms);
}

TEST(FilesWindow, ANewPathIsMeasuredAnew) {
  Transfer t(20e6, 50ms);  // keeps 2 MB on its way, which the next path needs 4 s for
  t.run(3s);
  t.a.path_down(t.path, t.now);
  t.b.path_down(t.path, t.now);
  t.there = Line{500e3, 30ms};
  t.back = Line{1e9, 30ms};
  t.path += 1;
  t.pressed.reset();  // a key that was on its way comes again with what was sent behind it
  t.a.path_up(t.path, t.now);
  t.b.path_up(t.path, t.now);
  t.run(5s);
  EXPECT_LE(t.measure(500ms).wait, 30ms + 150ms) << "as soon as what the old path had lost is repeated";
  const auto seen = t.measure(6s);
  EXPECT_GE(seen.rate, 0.85 * 500e3);
  EXPECT_LE(seen.wait, 30ms + 150ms);
}

TEST(FilesWindow, AnotherChannelIsNotHeldUp) {
  // Nothing comes back: files stop at their window, the picture goes on to its own bounds.
  Transfer t(1e9, 0us);
  t.run(10ms);
  const auto sent = [&] { return t.a.stats().sent; };
  auto before = sent();
  for (int i = 0; i < 100; ++i) {
    while (t.a.can_send(Channel::files)) ASSERT_TRUE(t.a.send(Channel::files, filled(kChunk, 1)));
    (void)t.a.poll_output(t.path, kFrameMax, t.now);
  }
  EXPECT_LE(sent() - before, kRetainedMax / 2);
  before = sent();
  for (int i = 0; i < 100; ++i) {
    while (t.a.can_send(Channel::screen)) ASSERT_TRUE(t.a.send(Channel::screen, filled(kChunk, 1)));
    (void)t.a.poll_output(t.path, kFrameMax, t.now);
  }
  EXPECT_GT(sent() - before, 1'000'000u);
}

}  // namespace rescue::link

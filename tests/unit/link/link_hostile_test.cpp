// SPDX-License-Identifier: Apache-2.0
// A peer that breaks the rules of link/frame.hpp is dropped, told why, and costs no more memory than the bounds say.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "link_pair.hpp"

namespace rescue::link {
namespace {
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using testing::filled;
using testing::some_id;

struct Victim {
  Link link{some_id()};
  base::SteadyTime now{std::chrono::hours(1)};
  PathId path{1};
  std::uint64_t offset = 0;
  Victim() { link.path_up(path, now); }
  base::Result<void> give(ByteView b) { return link.on_bytes(path, b, now); }
  void resume(std::uint64_t received = 0) {
    Bytes b;
    write_resume(b, {some_id(), received});
    ASSERT_TRUE(give(b));
  }
  base::Result<void> record(std::uint8_t kind, std::uint8_t flags, ByteView payload) {
    ByteWriter w;
    w.u8(kind);
    w.u8(flags);
    w.u16(static_cast<std::uint16_t>(payload.size()));
    w.bytes(payload);
    Bytes b;
    write_data(b, offset, w.view());
    offset += w.size();
    return give(b);
  }
  base::Result<void> number(FrameType t, std::uint64_t v) {
    Bytes b;
    write_number(b, t, v);
    return give(b);
  }
};

void expect_dropped(Victim& v, const base::Result<void>& r, Errc code, const char* what) {
  ASSERT_FALSE(r) << what;
  EXPECT_EQ(r.error().code, code) << what << ": " << r.error().message();
  EXPECT_TRUE(v.link.is_closed()) << what;
  const auto last_words = v.link.poll_output(v.path, 65'536, v.now);
  bool close_seen = false;
  ByteView left = last_words;
  while (!left.empty()) {
    const auto frame = read_frame(left);
    ASSERT_TRUE(frame && *frame) << what;
    close_seen |= (*frame)->type == static_cast<std::uint8_t>(FrameType::close);
    left = left.subspan((*frame)->size);
  }
  EXPECT_TRUE(close_seen) << what << ": the peer is not told";
  EXPECT_FALSE(v.link.has_output(v.path)) << what;
}

TEST(LinkHostile, EachBrokenRuleDropsThePeer) {
  struct Case {
    const char* name;
    Errc code;
    std::function<base::Result<void>(Victim&)> act;
  };
  const Bytes ten(10, 1);
  const Case cases[] = {
      {"data before RESUME", Errc::protocol, [](Victim& v) { return v.number(FrameType::ack, 0); }},
      {"RESUME of another link", Errc::wrong_link,
       [](Victim& v) {
         Bytes b;
         write_resume(b, {some_id(99), 0});
         return v.give(b);
       }},
      {"RESUME that claims bytes never sent", Errc::resume_impossible,
       [](Victim& v) {
         Bytes b;
         write_resume(b, {some_id(), 1});
         return v.give(b);
       }},
      {"second RESUME", Errc::protocol,
       [](Victim& v) {
         v.resume();
         Bytes b;
         write_resume(b, {some_id(), 0});
         return v.give(b);
       }},
      {"ACK of bytes never sent", Errc::protocol,
       [](Victim& v) {
         v.resume();
         return v.number(FrameType::ack, 1);
       }},
      {"a gap in the stream", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         v.offset = 1;
         return v.record(0, kFirstFragment | kLastFragment, ten);
       }},
      {"unknown frame", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.give(Bytes{0x10, 0, 0, 0});
       }},
      {"SWITCH, which this version does not do", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.give(Bytes{0x07, 0, 0, 0});
       }},
      {"unknown record", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.record(0x42, 0, ten);
       }},
      {"channel that does not exist", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.record(5, kFirstFragment | kLastFragment, ten);
       }},
      {"empty fragment", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.record(0, kFirstFragment | kLastFragment, {});
       }},
      {"fragment without beginning", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.record(0, kLastFragment, ten);
       }},
      {"beginning inside a message", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         (void)v.record(0, kFirstFragment, ten);
         return v.record(0, kFirstFragment, ten);
       }},
      {"abandon of nothing", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.record(0, kAbandoned, {});
       }},
      {"credit that goes down", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         ByteWriter w;
         w.u8(4);
         w.u64(1);
         return v.record(kCreditRecord, 0, w.view());
       }},
      {"credit of a channel that does not exist", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         ByteWriter w;
         w.u8(5);
         w.u64(UINT64_MAX);
         return v.record(kCreditRecord, 0, w.view());
       }},
      {"FIN inside a message", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         (void)v.record(2, kFirstFragment, ten);
         return v.record(kFinRecord, 0, {});
       }},
      {"message after FIN", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         (void)v.record(kFinRecord, 0, {});
         return v.record(2, kFirstFragment | kLastFragment, ten);
       }},
      {"record longer than a frame", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         Bytes b;
         write_data(b, 0, Bytes{0, 1, 0xff, 0xff, 1, 2, 3});
         return v.give(b);
       }},
      {"frame longer than the cap", Errc::protocol,
       [&](Victim& v) {
         v.resume();
         return v.give(Bytes{2, 0xff, 0xff, 0xff});
       }},
  };
  for (const auto& c : cases) {
    Victim v;
    const auto r = c.act(v);
    expect_dropped(v, r, c.code, c.name);
  }
}

TEST(LinkHostile, AMessageBeyondItsChannelsCapIsRefusedBeforeItIsStored) {
  Victim v;
  v.resume();
  const Bytes kib(1024, 1);
  base::Result<void> r = v.record(1, kFirstFragment, kib);
  for (int i = 0; r && i < 100; ++i) r = v.record(1, 0, kib);
  expect_dropped(v, r, Errc::message_too_large, "8 KiB input message");
  EXPECT_LE(v.link.reassembly_bytes(), wire::message_max(Channel::input));
}

TEST(LinkHostile, APeerThatIgnoresTheWindowIsDropped) {
  Victim v;
  v.resume();
  const Bytes piece(16'000, 1);
  base::Result<void> r;
  std::size_t sent = 0;
  while ((r = v.record(4, kFirstFragment | kLastFragment, piece))) {
    sent += piece.size();
    ASSERT_LE(sent, receive_window(Channel::files));
  }
  expect_dropped(v, r, Errc::protocol, "window");
  EXPECT_LE(v.link.reassembly_bytes(), receive_window(Channel::files));
}

TEST(LinkHostile, RepeatedAndOverlappingBytesAreDeliveredOnce) {
  Victim v;
  v.resume();
  const Bytes stream = {2, 3, 0, 2, 'h', 'i', 2, 3, 0, 2, 'y', 'o'};  // two chat messages
  const auto give_range = [&](std::size_t from, std::size_t to) {
    Bytes b;
    write_data(b, from, ByteView(stream).subspan(from, to - from));
    return v.give(b);
  };
  ASSERT_TRUE(give_range(0, 5));
  ASSERT_TRUE(give_range(0, 5));
  ASSERT_TRUE(give_range(2, 9));
  ASSERT_TRUE(give_range(0, 12));
  ASSERT_TRUE(give_range(3, 4));
  std::vector<Bytes> messages;
  while (auto e = v.link.poll_event())
    if (auto* m = std::get_if<MessageArrived>(&*e)) messages.push_back(m->bytes);
  EXPECT_EQ(messages, (std::vector<Bytes>{{'h', 'i'}, {'y', 'o'}}));
  EXPECT_EQ(v.link.stats().repeats_dropped, 5u + 3u + 9u + 1u);
}

TEST(LinkHostile, IgnoresFramesAVersionToComeMayAdd) {
  Victim v;
  v.resume();
  EXPECT_TRUE(v.give(Bytes{0x80, 0, 0, 2, 1, 2}));
  EXPECT_TRUE(v.give(Bytes{0xff, 0, 0, 0}));
  EXPECT_FALSE(v.link.is_closed());
}

TEST(LinkHostile, AFloodOfPingsCostsOneAnswer) {
  Victim v;
  v.resume();
  (void)v.link.poll_output(v.path, 65'536, v.now);
  for (std::uint64_t i = 1; i <= 10'000; ++i) ASSERT_TRUE(v.number(FrameType::ping, i));
  const auto out = v.link.poll_output(v.path, 65'536, v.now);
  Bytes one;
  write_number(one, FrameType::pong, 10'000);
  EXPECT_EQ(out, one);
}

TEST(LinkHostile, RandomBytesNeverCrashAndStayWithinTheBounds) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    base::SeededRandom random(seed);
    Victim v;
    v.resume();
    for (int i = 0; i < 50 && !v.link.is_closed(); ++i) {
      Bytes b(random.below(64) + 1);
      random.fill(b);
      b[0] = static_cast<std::uint8_t>(random.below(8));
      if (b.size() > 3) b[1] = b[2] = 0, b[3] = static_cast<std::uint8_t>(random.below(60));
      (void)v.give(b);
      ASSERT_LE(v.link.reassembly_bytes(), 65'536u) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace rescue::link

// SPDX-License-Identifier: Apache-2.0
#include "screen/codec.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "scene.hpp"

namespace rescue::screen {
namespace {

Packet must_encode(Encoder& e, const Frame& f, const Damage* damage = nullptr, bool keyframe = false) {
  auto p = e.encode(f, damage, keyframe);
  EXPECT_TRUE(p) << p.error().message();
  EXPECT_TRUE(p->has_value());
  return std::move(**p);
}

TEST(Codec, IsExactOverRandomWorkAndDamageHintsChangeNothing) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Scene scene(seed, {static_cast<std::int32_t>(200 + seed * 17), static_cast<std::int32_t>(140 + seed * 5)});
    Encoder plain;
    Encoder hinted;
    Decoder decoder;
    Frame before = scene.frame();
    for (int i = 0; i < 60; ++i) {
      const Damage damage = scene.step();
      const auto packet = plain.encode(scene.frame());
      const auto same = hinted.encode(scene.frame(), &damage);
      ASSERT_TRUE(packet && same);
      ASSERT_EQ(packet->has_value(), same->has_value());
      if (!packet->has_value()) {
        ASSERT_EQ(scene.frame(), before) << "no packet means no change";
        continue;
      }
      ASSERT_EQ((*packet)->bytes, (*same)->bytes);
      const auto changed = decoder.decode((*packet)->bytes);
      ASSERT_TRUE(changed) << changed.error().message();
      ASSERT_EQ(decoder.canvas(), scene.frame());
      // What changed lies inside what was reported.
      for (std::int32_t y = 0; y < before.size().height; ++y) {
        for (std::int32_t x = 0; x < before.size().width; ++x) {
          if (before.row(y)[x] == scene.frame().row(y)[x]) continue;
          ASSERT_TRUE(std::ranges::any_of(changed->rects(), [&](const Rect& r) { return r.contains({x, y}); }));
        }
      }
      before = scene.frame();
    }
  }
}

TEST(Codec, GivesTheSameBytesForTheSameInput) {
  std::vector<base::Bytes> first;
  for (int run = 0; run < 2; ++run) {
    Scene scene(42, {320, 200});
    Encoder e;
    std::vector<base::Bytes> packets;
    for (int i = 0; i < 40; ++i) {
      scene.step();
      auto p = e.encode(scene.frame());
      ASSERT_TRUE(p);
      if (*p) packets.push_back((*p)->bytes);
    }
    if (run == 0) first = packets;
    EXPECT_EQ(packets, first);
  }
}

TEST(Codec, SaysNothingWhenNothingChangedAndIgnoresTheUnusedByte) {
  Frame f = *Frame::create({64, 48});
  Encoder e;
  must_encode(e, f);
  std::vector<Pixel> with_rubbish(f.pixels().begin(), f.pixels().end());
  for (Pixel& p : with_rubbish) p |= 0xab000000;
  const auto again = e.encode({with_rubbish.data(), f.size(), f.stride()});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->has_value());
  EXPECT_TRUE(must_encode(e, f, nullptr, true).info.keyframe) << "a keyframe is made although nothing changed";
}

TEST(Codec, ScrollingAPageCostsOnlyTheNewRows) {
  Scene scene(5, {640, 480});
  base::SeededRandom random(9);
  Frame page = *Frame::create({640, 4000});
  for (std::int32_t y = 0; y < 4000; ++y) {
    for (std::int32_t x = 0; x < 640; ++x) page.row(y)[x] = random.below(5) == 0 ? 0x000000 : 0xf8f8f8;
  }
  Encoder e;
  Decoder d;
  Frame view = *Frame::create({640, 480});
  std::size_t first = 0;
  for (std::int32_t top = 0; top < 400; top += 40) {
    blit(view, {0, -top}, page);
    const Packet p = must_encode(e, view);
    ASSERT_TRUE(d.decode(p.bytes));
    ASSERT_EQ(d.canvas(), view);
    if (top == 0) first = p.bytes.size();
    if (top > 0) {
      EXPECT_LT(p.bytes.size(), first / 6) << "40 of 480 rows are new, in three rows of tiles";
    }
  }
}

TEST(Codec, TilesSeenBeforeComeFromTheCache) {
  base::SeededRandom random(11);
  Frame noise = *Frame::create({320, 320});
  for (std::int32_t y = 0; y < 320; ++y) {
    for (std::int32_t x = 0; x < 320; ++x) noise.row(y)[x] = static_cast<Pixel>(random.below(0x1000000));
  }
  const Frame blank = *Frame::create({320, 320});
  Encoder e;
  const std::size_t first = must_encode(e, noise).bytes.size();
  must_encode(e, blank);
  EXPECT_LT(must_encode(e, noise).bytes.size(), first / 100);
}

TEST(Codec, FollowsSizeChangesInTheMiddle) {
  Scene scene(8, {100, 100});
  Encoder e;
  Decoder d;
  for (const Size s : {Size{100, 100}, Size{333, 47}, Size{16, 16}, Size{1, 1}, Size{1, 200}, Size{200, 1},
                       Size{17, 15}, Size{4500, 33}, Size{31, 3000}, Size{640, 480}}) {
    scene.resize(s);
    for (int i = 0; i < 4; ++i) {
      const auto p = e.encode(scene.frame());
      ASSERT_TRUE(p);
      if (i == 0) {
        EXPECT_TRUE(p->has_value() && (*p)->info.keyframe && (*p)->info.size == s);
      }
      if (*p) {
        ASSERT_TRUE(d.decode((*p)->bytes));
      }
      ASSERT_EQ(d.canvas(), scene.frame());
      scene.step();
    }
  }
}

TEST(Codec, TakesFramesWhoseRowsAreFarApart) {
  Scene scene(31, {61, 45});
  Encoder padded;
  Encoder plain;
  for (int i = 0; i < 12; ++i) {
    std::vector<Pixel> pixels(67 * 45, 0xdeadbeef);
    for (std::int32_t y = 0; y < 45; ++y) std::copy_n(scene.frame().row(y), 61, pixels.begin() + 67 * y);
    const auto a = padded.encode(FrameView{pixels.data(), {61, 45}, 67});
    const auto b = plain.encode(scene.frame());
    ASSERT_TRUE(a && b);
    ASSERT_EQ(a->has_value(), b->has_value());
    if (*a) {
      EXPECT_EQ((*a)->bytes, (*b)->bytes);
    }
    scene.step();
  }
}

TEST(Codec, TwoDisplaysDoNotKnowOfEachOther) {
  Scene left(12, {90, 60});
  Scene right(13, {120, 50});
  Encoder encoders[2];
  Decoder decoders[2];
  for (int i = 0; i < 25; ++i) {
    for (std::size_t k = 0; k < 2; ++k) {
      Scene& scene = k == 0 ? left : right;
      scene.step();
      const auto p = encoders[k].encode(scene.frame());
      ASSERT_TRUE(p);
      if (*p) {
        ASSERT_TRUE(decoders[k].decode((*p)->bytes));
      }
      ASSERT_EQ(decoders[k].canvas(), scene.frame());
    }
  }
}

/// Text-like dots all over: work for many calls.
Frame page(std::uint64_t seed, Size size) {
  base::SeededRandom random(seed);
  Frame f = *Frame::create(size);
  for (std::int32_t y = 0; y < size.height; ++y) {
    for (std::int32_t x = 0; x < size.width; ++x)
      f.row(y)[x] = random.below(4) == 0 ? 0x111111u * static_cast<Pixel>(random.below(16)) : 0xffffff;
  }
  return f;
}

TEST(Codec, ABigPictureGoesOutInPartsFromTheFocusOn) {
  const Frame f = page(17, {320, 480});
  const Damage nothing;
  Encoder e;
  Decoder d;
  const Point focus{100, 250};
  std::size_t parts = 0;
  std::int32_t nearest_missing = 0;
  do {
    const auto p = e.encode(f, EncodeRequest{parts == 0 ? nullptr : &nothing, false, 60'000, focus});
    ASSERT_TRUE(p && *p);
    ++parts;
    EXPECT_EQ((*p)->info.complete, !e.pending());
    EXPECT_EQ(inspect_packet((*p)->bytes)->complete, !e.pending());
    ASSERT_TRUE(d.decode((*p)->bytes));
    // Rows that differ stay away from the focus, and ever farther.
    std::int32_t missing = 480;
    for (std::int32_t y = 0; y < 480; ++y) {
      if (!std::equal(f.row(y), f.row(y) + 320, d.canvas().row(y))) missing = std::min(missing, std::abs(y - focus.y));
    }
    if (e.pending()) {
      EXPECT_LT(missing, 480);
      EXPECT_GE(missing, nearest_missing);
    }
    nearest_missing = missing;
  } while (e.pending() && parts < 200);
  EXPECT_GT(parts, 4u);
  EXPECT_EQ(d.canvas(), f);
  const auto p = e.encode(f, &nothing);
  ASSERT_TRUE(p);
  EXPECT_FALSE(p->has_value());
}

TEST(Codec, ANewerFrameReplacesWhatWasLeftOut) {
  Frame f = page(18, {320, 320});
  Encoder e;
  Decoder d;
  for (int i = 0; i < 30; ++i) {
    SCOPED_TRACE(i);
    Damage damage;
    if (i % 3 == 0) {  // scroll all: moves from a picture that the receiver has in part only
      for (std::int32_t y = 0; y + 24 < 320; ++y) std::copy_n(f.row(y + 24), 320, f.row(y));
      damage.add(whole(f.size()));
    } else if (i % 3 == 1) {
      f.fill({i * 5, i * 7, 30, 20}, static_cast<Pixel>(i * 0x050301));
      damage.add(Rect{i * 5, i * 7, 30, 20});
    }
    const auto p = e.encode(f, EncodeRequest{i == 0 ? nullptr : &damage, false, 30'000, {i * 10, i * 10}});
    ASSERT_TRUE(p);
    if (*p) {
      ASSERT_TRUE(d.decode((*p)->bytes));
    }
    if (!e.pending()) {
      ASSERT_EQ(d.canvas(), f);
    }
  }
  const auto last = e.encode(f);
  ASSERT_TRUE(last);
  if (*last) {
    ASSERT_TRUE(d.decode((*last)->bytes));
  }
  EXPECT_FALSE(e.pending());
  EXPECT_EQ(d.canvas(), f);
}

TEST(Codec, APictureIsCompleteAlsoWhenWhatWasLeftOutIsAsItWasAgain) {
  Frame f = page(19, {320, 320});
  Encoder e;
  Decoder d;
  ASSERT_TRUE(d.decode(must_encode(e, f).bytes));
  // News at the top, where the pointer is; far from it something blinks, for which there is no time.
  const Frame blink = page(20, {320, 32});
  blit(f, {0, 0}, blink.view());
  blit(f, {0, 288}, blink.view());
  Damage damage(Rect{0, 0, 320, 32});
  damage.add(Rect{0, 288, 320, 32});
  const auto part = e.encode(f, EncodeRequest{.damage = &damage, .work = 1});
  ASSERT_TRUE(part && *part);
  ASSERT_TRUE(d.decode((*part)->bytes));
  ASSERT_TRUE(e.pending());
  ASSERT_FALSE(d.complete());
  f = d.canvas();
  const auto rest = e.encode(f, &damage);
  ASSERT_TRUE(rest && *rest) << "the receiver still waits for the rest";
  ASSERT_TRUE(d.decode((*rest)->bytes));
  EXPECT_TRUE(d.complete());
  EXPECT_FALSE(e.pending());
  EXPECT_LT((*rest)->bytes.size(), 32u);
  const auto none = e.encode(f, &damage);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
}

TEST(Codec, AMissingPacketIsRefusedUntilAKeyframe) {
  Scene scene(3, {128, 128});
  Encoder e;
  Decoder d;
  Frame f = scene.frame();
  ASSERT_TRUE(d.needs_keyframe());
  ASSERT_TRUE(d.decode(must_encode(e, f).bytes));
  f.fill({0, 0, 10, 10}, 0xff0000);
  must_encode(e, f);  // lost
  f.fill({50, 50, 10, 10}, 0x00ff00);
  const Packet after = must_encode(e, f);
  EXPECT_EQ(d.decode(after.bytes).error().code, base::Errc::conflict);
  EXPECT_TRUE(d.needs_keyframe());
  ASSERT_TRUE(d.decode(must_encode(e, f, nullptr, true).bytes));
  EXPECT_FALSE(d.needs_keyframe());
  EXPECT_EQ(d.canvas(), f);
}

TEST(Codec, FlippedBitsAndTruncationsAreErrorsAndNeverAWrongPicture) {
  Scene scene(21, {90, 70});
  Encoder e;
  std::vector<base::Bytes> packets;
  while (packets.size() < 8) {
    const auto p = e.encode(scene.frame());
    ASSERT_TRUE(p);
    if (*p) packets.push_back((*p)->bytes);
    if (packets.size() < 8) scene.step();
  }
  const base::Bytes& last = packets.back();
  base::SeededRandom random(4);
  std::size_t refused = 0;
  const auto damaged_is_refused = [&](const base::Bytes& bytes, const char* how, std::size_t where) {
    Decoder d;
    for (std::size_t k = 0; k + 1 < packets.size(); ++k) ASSERT_TRUE(d.decode(packets[k]));
    const auto r = d.decode(bytes);
    if (r) {  // a bit that carries nothing
      EXPECT_EQ(d.canvas(), scene.frame()) << how << " at " << where;
      return;
    }
    EXPECT_TRUE(d.needs_keyframe());
    ++refused;
  };
  for (int i = 0; i < 90; ++i) {
    base::Bytes b = last;
    const std::size_t at = random.below(b.size() * 8);
    if (at / 8 == 3) continue;  // flags: a packet that says it is a keyframe is one
    b[at / 8] ^= static_cast<std::uint8_t>(1u << (at % 8));
    damaged_is_refused(b, "bit", at);
  }
  for (int i = 0; i < 30; ++i) {
    const std::size_t n = random.below(last.size());
    damaged_is_refused(base::Bytes(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(n)), "cut", n);
  }
  EXPECT_GT(refused, 100u);
}

TEST(Codec, HostileHeadersAreRefusedBeforeMemoryIsTaken) {
  Encoder e;
  Frame f = *Frame::create({32, 32});
  const base::Bytes good = must_encode(e, f).bytes;
  const auto with = [&](std::size_t at, std::initializer_list<std::uint8_t> v) {
    base::Bytes b = good;
    std::copy(v.begin(), v.end(), b.begin() + static_cast<std::ptrdiff_t>(at));
    const auto r = Decoder().decode(b);
    return r ? base::ErrorCode(base::Errc::internal) : r.error().code;
  };
  EXPECT_EQ(with(0, {0x00}), base::Errc::bad_format);
  EXPECT_EQ(with(1, {0x09}), base::Errc::unsupported);
  EXPECT_EQ(with(2, {kPhotoVersion + 1}), base::Errc::unsupported);
  EXPECT_EQ(with(3, {0x09}), base::Errc::bad_format) << "version 1 is always exact";
  EXPECT_EQ(with(3, {0x81}), base::Errc::bad_format);
  EXPECT_EQ(with(3, {0x03}), base::Errc::bad_format) << "a keyframe that continues a picture";
  EXPECT_EQ(with(3, {0x00}), base::Errc::conflict) << "not a keyframe, and none came before";
  EXPECT_EQ(with(6, {0x12, 0x34}), base::Errc::verification_failed) << "another canvas check";
  EXPECT_EQ(with(8, {0x40, 0x00, 0x40, 0x00}), base::Errc::too_large) << "16384x16384";
  EXPECT_EQ(with(8, {0x00, 0x00}), base::Errc::bad_format);
  EXPECT_EQ(Decoder(DecoderLimits{1000}).decode(good).error().code, base::Errc::too_large);
  for (std::size_t n = 0; n < 12; ++n)
    EXPECT_EQ(Decoder().decode(base::ByteView(good).first(n)).error().code, base::Errc::bad_format) << n;
  EXPECT_EQ(inspect_packet(good)->size, (Size{32, 32}));
  EXPECT_EQ(inspect_packet(good)->codec, CodecId::context);
  EXPECT_TRUE(inspect_packet(good)->keyframe);
  EXPECT_TRUE(inspect_packet(good)->complete);
}

TEST(Codec, AnEncoderRefusesBadFramesAndGoesOn) {
  Encoder e;
  Frame f = *Frame::create({32, 32});
  EXPECT_EQ(e.encode({}).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(e.encode({f.pixels().data(), {kMaxSide + 1, 1}, kMaxSide + 1}).error().code, base::Errc::too_large);
  EXPECT_EQ(e.encode({f.pixels().data(), {32, 32}, 16}).error().code, base::Errc::invalid_argument);
  EXPECT_TRUE(must_encode(e, f).info.keyframe);
}

}  // namespace
}  // namespace rescue::screen

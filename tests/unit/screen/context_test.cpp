// SPDX-License-Identifier: Apache-2.0
// The parts of the codec "context", and packets of it that no encoder makes.
#include <gtest/gtest.h>

#include <bit>

#include "scene.hpp"
#include "screen/impl/context_encoder.hpp"
#include "screen/impl/packet.hpp"

namespace rescue::screen {
namespace {
constexpr Size kSize{40, 40};  // three by three tiles, those at the right and below cut

TEST(BitCoder, ReadsWhatWasWrittenAtAnyProbability) {
  base::SeededRandom random(3);
  for (int run = 0; run < 50; ++run) {
    std::vector<std::pair<bool, std::uint32_t>> bits;
    const std::uint64_t count = random.below(3000);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto p = static_cast<std::uint32_t>(1 + random.below(run % 2 == 0 ? 65535 : 40));
      bits.emplace_back(random.below(65536) < p, p);
    }
    base::Bytes out;
    BitEncoder encoder(out);
    for (const auto& [bit, p] : bits) encoder.code(bit, p);
    encoder.finish();
    BitDecoder decoder(out);
    for (const auto& [bit, p] : bits) ASSERT_EQ(decoder.code(false, p), bit);
    EXPECT_FALSE(decoder.overrun());
    EXPECT_FALSE(decoder.left_over());
  }
}

TEST(BitCoder, SeesThatBytesAreMissing) {
  base::Bytes out;
  BitEncoder encoder(out);
  for (int i = 0; i < 800; ++i) encoder.code(i % 3 == 0, 32768);
  encoder.finish();
  BitDecoder decoder(base::ByteView(out).first(out.size() - 10));
  for (int i = 0; i < 800; ++i) decoder.code(false, 32768);
  EXPECT_TRUE(decoder.overrun());
}

TEST(Logistic, SquashAndStretchAreInversesAndMonotone) {
  EXPECT_EQ(squash(0), 32768u);
  for (int x = -2047; x < 2047; ++x) ASSERT_LE(squash(x), squash(x + 1));
  for (std::uint32_t p = 64; p < 65536 - 64; p += 16) {
    ASSERT_LE(stretch(p), stretch(p + 16));
    const auto back = static_cast<std::int64_t>(squash(stretch(p)));
    ASSERT_NEAR(static_cast<double>(back), static_cast<double>(p),
                16 + static_cast<double>(std::min(p, 65536 - p)) / 64);
  }
}

TEST(Logistic, ModelsComeNearToTheTruth) {
  base::SeededRandom random(4);
  SteadyBit steady;
  YoungBit young;
  double steady_sum = 0;
  double young_sum = 0;
  for (int i = 0; i < 3000; ++i) {
    const bool bit = random.below(10) == 0;
    steady.learn(bit);
    young.learn(bit);
    if (i < 1000) continue;
    steady_sum += steady.p();
    young_sum += young.p();
  }
  EXPECT_NEAR(steady_sum / 2000, 6553.6, 500);
  EXPECT_NEAR(young_sum / 2000, 6553.6, 500);
  for (int i = 0; i < 3000; ++i) young.learn(true);
  EXPECT_GT(young.p(), 64000u);
}

TEST(Kernels, AllFormsAgree) {
  base::SeededRandom random(5);
  std::vector<Pixel> a(400);
  std::vector<Pixel> b(400);
  const auto all = usable_kernels();
  ASSERT_EQ(std::string_view(all.front().name), "portable");
  for (int run = 0; run < 300; ++run) {
    const std::uint64_t colours = run % 3 == 0 ? 2 : run % 3 == 1 ? 5 : 0x100000000;
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = static_cast<Pixel>(random.below(colours) * 0x01020304u);
      b[i] = random.below(20) == 0 ? static_cast<Pixel>(random.below(colours))
                                   : a[i] ^ static_cast<Pixel>(random.below(256) << 24);
    }
    const std::size_t n = random.below(60);
    const std::size_t at = 1 + random.below(300);
    const auto picture = static_cast<std::uint32_t>(random.below(256));
    std::vector<Pixel> now(a.begin(), a.begin() + 64);
    for (Pixel& p : now) p &= kPixelMask;
    std::vector<Pixel> before(b.begin(), b.begin() + 64);
    for (Pixel& p : before) p &= kPixelMask;
    std::vector<Pixel> back(b.begin() + 100, b.begin() + 164);
    auto before0 = before;
    auto back0 = back;
    all[0].take_over(now.data(), before0.data(), back0.data(), n, picture);
    for (const Kernels& k : all) {
      SCOPED_TRACE(k.name);
      EXPECT_EQ(k.equal(a.data() + at, b.data() + at, n), all[0].equal(a.data() + at, b.data() + at, n));
      EXPECT_TRUE(k.equal(a.data() + at, a.data() + at, n));
      EXPECT_EQ(k.count_equal(a.data() + at, b.data() + at, n), all[0].count_equal(a.data() + at, b.data() + at, n));
      EXPECT_EQ(k.anchors16(a.data() + at), all[0].anchors16(a.data() + at));
      auto before1 = before;
      auto back1 = back;
      k.take_over(now.data(), before1.data(), back1.data(), n, picture);
      EXPECT_EQ(before1, before0);
      EXPECT_EQ(back1, back0);
    }
  }
}

TEST(Kernels, APacketDoesNotDependOnThem) {
  for (const Kernels& k : usable_kernels()) {
    SCOPED_TRACE(k.name);
    Scene scene(77, {300, 220});
    ContextEncoder reference(usable_kernels().front());
    ContextEncoder encoder(k);
    for (int i = 0; i < 50; ++i) {
      const auto want = reference.encode(scene.frame(), {});
      const auto got = encoder.encode(scene.frame(), {});
      ASSERT_TRUE(want && got);
      ASSERT_EQ(want->has_value(), got->has_value());
      if (*want) {
        ASSERT_EQ((*want)->bytes, (*got)->bytes);
      }
      scene.step();
    }
  }
}

/// A packet of a plan that nobody checked: its map, and behind it no pixels.
class Forger {
 public:
  explicit Forger(Size size = kSize) : size_(size) {
    grid_ = TileGrid(size);
    models_.reset(grid_);
    plan.vectors.assign(1, {});
    plan.tiles.assign(grid_.count(), {});
  }
  TilePlan plan;
  base::Bytes packet(bool keyframe = true) {
    base::Bytes body;
    BitEncoder coder(body);
    MapCoder<BitEncoder> map(coder, models_, grid_);
    map.vectors(plan.vectors);
    map.tiles(plan);
    coder.finish();
    base::Bytes out;
    PacketInfo info{CodecId::context, kContextVersion, keyframe, true, true, PacketSequence(keyframe ? 0u : 1u), size_};
    append_header(out, info, false, 0);
    base::append(out, body);
    return out;
  }

 private:
  Size size_;
  TileGrid grid_;
  MapModels models_;
};

std::string said(Forger& f) {
  Decoder d;
  const auto r = d.decode(f.packet());
  if (r) return "taken";
  EXPECT_TRUE(d.needs_keyframe());
  return r.error().context;
}

TEST(ContextGuards, AForgedMapThatKeepsTheRulesIsJudgedByThePictureAlone) {
  Forger f;
  f.plan.vectors.push_back({-8, -4});
  f.plan.tiles[4] = {.painted = true, .mode = TileMode::moved, .vector = 1};
  EXPECT_EQ(said(f), "picture after screen packet 0");
}

TEST(ContextGuards, NothingMovesInFromOutside) {
  for (const Vector v : {Vector{-17, 0}, {0, -17}, {9, 0}, {0, 9}, {32767, 32767}, {-32768 + 1, 0}}) {
    Forger moved;
    moved.plan.vectors.push_back(v);
    moved.plan.tiles[4] = {.painted = true, .mode = TileMode::moved, .vector = 1};
    EXPECT_EQ(said(moved), "screen packet: move from outside") << v.dx << ',' << v.dy;
    Forger compared;
    compared.plan.vectors.push_back(v);
    compared.plan.tiles[4] = {.painted = true, .mode = TileMode::exact, .reference = 1};
    EXPECT_EQ(said(compared), "screen packet: reference outside") << v.dx << ',' << v.dy;
  }
}

TEST(ContextGuards, TilesThatWereNeverStoredAreNotRead) {
  Forger f;
  f.plan.tiles[0] = {.painted = true, .mode = TileMode::cached, .slot = 0};
  EXPECT_EQ(said(f), "screen packet: cache slot");
  Forger last;
  last.plan.tiles[0] = {.painted = true, .mode = TileMode::cached, .slot = 0xffff};
  EXPECT_EQ(said(last), "screen packet: cache slot");

  // One full tile in the cache: full tiles may show it, cut ones not.
  SharedState state;
  ASSERT_TRUE(state.reset(kSize));
  state.cache.add(state.canvas.frame(), {0, 0, 16, 16});
  state.plan.tiles[1] = {.painted = true, .mode = TileMode::cached, .slot = 0};
  EXPECT_EQ(check_plan(state), nullptr);
  state.plan.tiles[1].slot = 1;
  EXPECT_STREQ(check_plan(state), "cache slot");
  state.plan.tiles[1] = {};
  state.plan.tiles[2] = {.painted = true, .mode = TileMode::cached, .slot = 0};
  EXPECT_STREQ(check_plan(state), "cache slot");
}

TEST(ContextGuards, VectorsThatDoNotExistAreNoIndexIntoMemory) {
  SharedState state;
  ASSERT_TRUE(state.reset(kSize));
  state.plan.tiles[0] = {.painted = true, .mode = TileMode::moved, .vector = 1};
  EXPECT_STREQ(check_plan(state), "move from outside");
  state.plan.tiles[0] = {.painted = true, .mode = TileMode::exact, .reference = 1};
  EXPECT_STREQ(check_plan(state), "reference outside");
}

TEST(ContextGuards, APictureGoesOnOnlyWhileItIsIncomplete) {
  Encoder e;
  Frame f = *Frame::create(kSize);
  Decoder d;
  ASSERT_TRUE(d.decode((**e.encode(f)).bytes));
  f.fill({0, 0, 5, 5}, 0xffffff);
  auto next = (**e.encode(f)).bytes;
  next[3] |= kFlagContinues;
  EXPECT_EQ(d.decode(next).error().context, "screen packet: goes on behind the end of a picture");
}

TEST(ContextGuards, BytesBehindAPacketAreAnError) {
  Encoder e;
  const Frame f = *Frame::create(kSize);
  auto bytes = (**e.encode(f)).bytes;
  for (int i = 0; i < 5; ++i) bytes.push_back(0);
  EXPECT_EQ(Decoder().decode(bytes).error().context, "screen packet: bytes left over");
}

TEST(ContextGuards, AnyBytesAreAPictureOrAnErrorInBoundedTime) {
  base::SeededRandom random(6);
  Encoder e;
  Scene scene(50, {150, 110});
  scene.step();
  const auto first = (**e.encode(scene.frame())).bytes;
  int refused = 0;
  for (int run = 0; run < 60; ++run) {
    Decoder d(DecoderLimits{256 * 256});
    ASSERT_TRUE(d.decode(first));
    base::Bytes bytes{kPacketMagic,
                      static_cast<std::uint8_t>(CodecId::context),
                      kContextVersion,
                      static_cast<std::uint8_t>(run % 4 == 0 ? kFlagKeyframe : 0),
                      0,
                      1,
                      0,
                      0};
    if (run % 4 == 0) base::append(bytes, base::Bytes{0, 200, 0, 200});
    const std::size_t head = bytes.size();
    bytes.resize(head + random.below(4000));
    random.fill(base::MutableByteView(bytes).subspan(head));
    const auto r = d.decode(bytes);
    if (!r) ++refused;
    EXPECT_LE(d.canvas().size().pixels(), 256 * 256);
  }
  EXPECT_GE(refused, 58) << "a random canvas check is right once in 65,536 times";
}

}  // namespace
}  // namespace rescue::screen

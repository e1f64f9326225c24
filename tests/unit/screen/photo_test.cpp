// SPDX-License-Identifier: Apache-2.0
// Photos that are shown inexactly at first: what that may be, and how it ends.
#include <gtest/gtest.h>

#include <cmath>

#include "scene.hpp"
#include "screen/impl/context_encoder.hpp"
#include "screen/impl/packet.hpp"

namespace rescue::screen {
namespace {

/// One mark a tile.
std::vector<std::uint8_t> inexact_tiles(const Decoder& d) {
  const TileGrid grid(d.canvas().size());
  std::vector<std::uint8_t> out(grid.count(), 0);
  const Damage where = d.inexact();
  for (std::size_t t = 0; t < grid.count(); ++t) {
    for (const Rect& r : where.rects()) out[t] |= grid.rect(t).intersected(r).empty() ? 0 : 1;
  }
  return out;
}

bool same(const Frame& a, const Frame& b, const Rect& r) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    if (!std::equal(a.row(y) + r.x, a.row(y) + r.x + r.width, b.row(y) + r.x)) return false;
  }
  return true;
}

/// Tiles that are not inexact are equal; how many are inexact.
std::size_t check_exact_tiles(const Decoder& d, const Frame& source) {
  const auto inexact = inexact_tiles(d);
  const TileGrid grid(source.size());
  std::size_t count = 0;
  for (std::size_t t = 0; t < grid.count(); ++t) {
    count += inexact[t];
    if (inexact[t] != 0) continue;
    EXPECT_TRUE(same(d.canvas(), source, grid.rect(t))) << "tile " << t;
  }
  return count;
}

struct Distance {
  double psnr = 99;
  int most = 0;
};
Distance distance(const Frame& a, const Frame& b) {
  Distance out;
  double squares = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i) {
    for (int shift = 0; shift < 24; shift += 8) {
      const int d = static_cast<int>((a.pixels()[i] >> shift) & 255) - static_cast<int>((b.pixels()[i] >> shift) & 255);
      squares += d * d;
      out.most = std::max(out.most, std::abs(d));
    }
  }
  if (squares > 0) out.psnr = 10 * std::log10(255.0 * 255 * 3 * static_cast<double>(a.pixels().size()) / squares);
  return out;
}

/// A receiver that is told everything.
struct Link {
  ContextEncoder encoder;
  Decoder decoder;
  std::size_t bytes = 0;
  PacketInfo last;

  explicit Link(const Kernels& kernels = best_kernels()) : encoder(kernels) {}
  /// The damage that came with it; nothing if there was no packet.
  std::optional<Damage> send(const Frame& f, const EncodeRequest& request) {
    const auto p = encoder.encode(f, request);
    EXPECT_TRUE(p) << p.error().message();
    if (!p || !*p) return std::nullopt;
    bytes += (*p)->bytes.size();
    last = (*p)->info;
    const auto changed = decoder.decode((*p)->bytes);
    EXPECT_TRUE(changed) << changed.error().message();
    EXPECT_EQ(decoder.inexact().empty(), last.exact);
    EXPECT_EQ(decoder.complete(), last.complete);
    EXPECT_EQ(inspect_packet((*p)->bytes)->exact, last.exact);
    return (*p)->changed;
  }
  /// How many packets it took.
  int refine(const Frame& f, std::uint32_t work = EncodeRequest::kWholePicture, Point focus = {}) {
    const Damage nothing;
    int packets = 0;
    while (encoder.inexact() && packets < 1000) {
      if (!send(f, {.damage = &nothing, .work = work, .focus = focus, .fidelity = Fidelity::visual, .refine = true}))
        break;
      ++packets;
    }
    return packets;
  }
};

Frame photo_frame(Size size, std::uint64_t seed = 8) {
  Scene scene(seed, size);
  scene.photo(whole(size));
  for (int i = 0; i < 3; ++i) scene.photo();
  return scene.frame();
}

TEST(Transform, ColoursComeBack) {
  base::SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto p = static_cast<Pixel>(random.below(0x1000000));
    ASSERT_EQ(to_pixel(to_tint(p)), p);
  }
}

TEST(Transform, ABlockComesBackWithinTheStep) {
  base::SeededRandom random(2);
  for (int run = 0; run < 300; ++run) {
    Samples in;
    for (auto& s : in) s = static_cast<std::int32_t>(random.below(511)) - 255;
    Samples coefficients;
    forward(in, coefficients);
    for (auto& c : coefficients) c = (c + (c >= 0 ? 2048 : -2048)) / 4096;  // to 1/8
    Samples out;
    inverse(coefficients, out);
    for (std::size_t i = 0; i < in.size(); ++i) ASSERT_NEAR(in[i], out[i], 1) << i;
  }
}

TEST(Transform, AnyCoefficientsStayInBounds) {
  base::SeededRandom random(3);
  for (int run = 0; run < 200; ++run) {
    Samples in;
    for (auto& s : in) s = run == 0 ? 32767 : random.below(2) == 0 ? -32767 : 32767;
    Samples out;
    inverse(in, out);  // the sanitiser sees what overflows
    for (const auto s : out) ASSERT_LT(std::abs(s), 1 << 20);
  }
  EXPECT_EQ(to_pixel({100'000, 100'000, -100'000}) & ~kPixelMask, 0u);
}

TEST(Photo, LooksTheSameAndCostsMuchLess) {
  const Frame f = photo_frame({320, 240});
  Link exact;
  Link visual;
  Link coarse;
  exact.send(f, {});
  visual.send(f, {.fidelity = Fidelity::visual});
  coarse.send(f, {.fidelity = Fidelity::coarse});
  EXPECT_TRUE(exact.last.exact);
  EXPECT_FALSE(visual.last.exact);
  EXPECT_EQ(exact.last.version, kContextVersion) << "what is exact is read by decoders of version 1";
  EXPECT_EQ(visual.last.version, kPhotoVersion);
  EXPECT_LT(visual.bytes * 2, exact.bytes);
  EXPECT_LT(coarse.bytes * 3, visual.bytes * 2);
  const Distance near = distance(visual.decoder.canvas(), f);
  EXPECT_GT(near.psnr, 40);
  EXPECT_LE(near.most, 40);
  EXPECT_GT(distance(coarse.decoder.canvas(), f).psnr, 30);
}

TEST(Photo, TextLinesAndAreasAreExactBesideIt) {
  Frame f = photo_frame({320, 240});
  base::SeededRandom random(9);
  const Rect text{64, 48, 128, 96};
  f.fill(text, 0xffffff);
  for (std::int32_t y = text.y; y < text.bottom(); ++y) {
    for (std::int32_t x = text.x; x < text.right(); ++x) {
      if (random.below(5) == 0) f.row(y)[x] = static_cast<Pixel>(0x101010 * random.below(10));
    }
  }
  f.fill({200, 100, 100, 3}, 0xff0000);
  for (const Fidelity fidelity : {Fidelity::visual, Fidelity::coarse}) {
    Link link;
    link.send(f, {.fidelity = fidelity});
    EXPECT_TRUE(same(link.decoder.canvas(), f, text));
    EXPECT_TRUE(same(link.decoder.canvas(), f, {200, 100, 100, 3}));
    EXPECT_GT(check_exact_tiles(link.decoder, f), 100u);
  }
}

TEST(Photo, BecomesExactAtRest) {
  const Frame f = photo_frame({320, 240});
  Link whole;
  whole.send(f, {});
  Link link;
  link.send(f, {.fidelity = Fidelity::visual});
  ASSERT_TRUE(link.encoder.inexact());
  EXPECT_EQ(link.refine(f), 1);
  EXPECT_FALSE(link.encoder.inexact());
  EXPECT_TRUE(link.last.exact);
  EXPECT_EQ(link.decoder.canvas(), f);
  EXPECT_LT(link.bytes, whole.bytes * 3 / 2) << "both together cost little more than the exact picture";
}

TEST(Photo, IsRefinedInPartsFromTheFocusOn) {
  const Frame f = photo_frame({320, 240});
  Link link;
  link.send(f, {.fidelity = Fidelity::visual});
  const Damage nothing;
  const auto changed = link.send(
      f, {.damage = &nothing, .work = 20'000, .focus = {10, 200}, .fidelity = Fidelity::visual, .refine = true});
  ASSERT_TRUE(changed);
  for (const Rect& r : changed->rects()) EXPECT_GE(r.y, 160) << "far from the focus";
  EXPECT_FALSE(link.encoder.pending()) << "nothing of the picture itself is missing";
  EXPECT_TRUE(link.last.complete);
  EXPECT_GT(link.refine(f, 20'000), 3);
  EXPECT_EQ(link.decoder.canvas(), f);
}

TEST(Photo, WhatMovedJustNowIsNotAtRest) {
  Frame f = photo_frame({160, 160});
  Link link;
  using std::chrono::milliseconds;
  const Damage nothing;
  const auto ask = [&](int ms) {
    return link.send(f, {.damage = &nothing, .fidelity = Fidelity::visual, .refine = true, .time = milliseconds(ms)});
  };
  link.send(f, {.fidelity = Fidelity::visual, .refine = true, .time = milliseconds(1000)});
  EXPECT_TRUE(link.encoder.inexact());
  EXPECT_FALSE(ask(1100)) << "too soon";
  EXPECT_TRUE(ask(1400));
  EXPECT_EQ(link.decoder.canvas(), f);
}

TEST(Photo, AskingForExactMakesItExactAtOnce) {
  Frame f = photo_frame({320, 240});
  Link link;
  link.send(f, {.fidelity = Fidelity::visual});
  const Damage nothing;
  ASSERT_TRUE(link.send(f, {.damage = &nothing}));
  EXPECT_TRUE(link.last.exact);
  EXPECT_EQ(link.decoder.canvas(), f);
  link.send(f, {.keyframe = true, .fidelity = Fidelity::visual});
  const Damage spot(Rect{0, 0, 8, 8});
  f.fill({0, 0, 8, 8}, 0x123456);
  ASSERT_TRUE(link.send(f, {.damage = &spot, .work = 20'000}));
  while (link.encoder.pending()) link.send(f, {.damage = &nothing, .work = 20'000});
  EXPECT_EQ(link.decoder.canvas(), f);
}

/// Anything that a desktop does, in parts or whole, with refinement in between; then rest.
TEST(Photo, AnyWorkEndsInTheExactPicture) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    Scene scene(seed, {200, 152});
    base::SeededRandom random(seed + 100);
    Link link;
    std::size_t inexact = 0;
    for (int i = 0; i < 60; ++i) {
      if (i == 35) scene.resize({135, 170});
      const Damage damage = random.below(3) == 0 ? scene.photo() : scene.step();
      const EncodeRequest request{.damage = random.below(2) == 0 && !link.encoder.pending() ? &damage : nullptr,
                                  .keyframe = random.below(40) == 0,
                                  .work = random.below(2) == 0 ? 12'000 : EncodeRequest::kWholePicture,
                                  .focus = {static_cast<std::int32_t>(random.below(200)), 50},
                                  .fidelity = static_cast<Fidelity>(random.below(8) == 0 ? 0 : 1 + random.below(2)),
                                  .refine = random.below(3) == 0};
      link.send(scene.frame(), request);
      if (!link.encoder.pending()) inexact += check_exact_tiles(link.decoder, scene.frame());
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(inexact, 100u) << "the scene shows photos";
    while (link.encoder.pending()) link.send(scene.frame(), {.fidelity = Fidelity::visual});
    link.refine(scene.frame(), 30'000);
    EXPECT_FALSE(link.encoder.inexact());
    EXPECT_TRUE(link.decoder.inexact().empty());
    EXPECT_EQ(link.decoder.canvas(), scene.frame());
  }
}

TEST(Photo, PacketsDoNotDependOnTheProcessor) {
  for (const Kernels& k : usable_kernels()) {
    SCOPED_TRACE(k.name);
    Scene scene(78, {200, 152});
    ContextEncoder reference(usable_kernels().front());
    ContextEncoder encoder(k);
    for (int i = 0; i < 40; ++i) {
      const EncodeRequest request{.fidelity = Fidelity::visual, .refine = i % 4 == 0};
      const auto want = reference.encode(scene.frame(), request);
      const auto got = encoder.encode(scene.frame(), request);
      ASSERT_TRUE(want && got);
      ASSERT_EQ(want->has_value(), got->has_value());
      if (*want) {
        ASSERT_EQ((*want)->bytes, (*got)->bytes);
      }
      i % 3 == 0 ? scene.photo() : scene.step();
    }
  }
}

std::string refusal(Decoder& d, const base::Bytes& packet) {
  const auto r = d.decode(packet);
  if (r) return "taken";
  EXPECT_TRUE(d.needs_keyframe());
  return r.error().context;
}

TEST(PhotoGuards, APacketMayNotSayThatItIsExactWhenItIsNot) {
  const Frame f = photo_frame({64, 64});
  Encoder e;
  auto bytes = (**e.encode(f, {.fidelity = Fidelity::visual})).bytes;
  ASSERT_NE(bytes[3] & kFlagInexact, 0);
  bytes[3] ^= kFlagInexact;
  Decoder d;
  EXPECT_EQ(refusal(d, bytes), "screen packet: exact or not");
}

TEST(PhotoGuards, AVersionDoesNotGoBackWithinAStream) {
  const Frame f = photo_frame({64, 64});
  Encoder e;
  Decoder d;
  ASSERT_TRUE(d.decode((**e.encode(f, {.fidelity = Fidelity::visual})).bytes));
  const Damage nothing;
  auto bytes = (**e.encode(f, {.damage = &nothing, .refine = true})).bytes;
  bytes[2] = kContextVersion;
  EXPECT_EQ(refusal(d, bytes), "screen packet: an older version behind a newer one");
}

TEST(PhotoGuards, PhotosConsistOfWholeBlocks) {
  SharedState state;
  ASSERT_TRUE(state.reset({40, 44}));
  TileChoice lossy{.painted = true, .mode = TileMode::photo, .form = PhotoForm::lossy};
  state.plan.tiles[2] = lossy;  // 8 x 16 pixels
  EXPECT_EQ(check_plan(state), nullptr);
  state.plan.tiles[2] = {};
  state.plan.tiles[6] = lossy;  // 16 x 12
  EXPECT_STREQ(check_plan(state), "photo of an odd size");
}

TEST(PhotoGuards, AnyBytesAreAPictureOrAnErrorInBoundedTime) {
  base::SeededRandom random(61);
  const Frame f = photo_frame({150, 110});
  Encoder e;
  const auto first = (**e.encode(f, {.fidelity = Fidelity::visual})).bytes;
  int refused = 0;
  for (int run = 0; run < 24; ++run) {
    Decoder d(DecoderLimits{256 * 256});
    ASSERT_TRUE(d.decode(first));
    base::Bytes bytes = first;
    if (run % 2 == 0) {  // a damaged photo
      for (int k = 0; k < 3; ++k)
        bytes[12 + random.below(bytes.size() - 12)] ^= static_cast<std::uint8_t>(1 + random.below(255));
    } else {
      bytes.resize(8);
      bytes[3] = static_cast<std::uint8_t>(random.below(2) * kFlagInexact);
      bytes[5] = 1;
      bytes.resize(8 + random.below(3000));
      random.fill(base::MutableByteView(bytes).subspan(8));
    }
    if (!d.decode(bytes)) ++refused;
  }
  EXPECT_GE(refused, 22) << "a random canvas check is right once in 65,536 times";
}

}  // namespace
}  // namespace rescue::screen

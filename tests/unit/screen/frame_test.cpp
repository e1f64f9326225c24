// SPDX-License-Identifier: Apache-2.0
#include "screen/frame.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/random.hpp"
#include "screen/compose.hpp"
#include "screen/png.hpp"
#include "support/temp_dir.hpp"

namespace rescue::screen {
namespace {

TEST(Crc32c, MatchesThePublishedVectors) {  // RFC 3720 section B.4
  EXPECT_EQ(base::crc32c(base::Bytes(32, 0x00)), 0x8a9136aau);
  EXPECT_EQ(base::crc32c(base::Bytes(32, 0xff)), 0x62a8ab43u);
  EXPECT_EQ(base::crc32c(base::as_bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(base::crc32c({}), 0u);
}

TEST(Crc32c, PortableAndHardwareAgreeAtEveryLengthAndSplit) {
  base::SeededRandom random(7);
  base::Bytes b(300);
  random.fill(b);
  for (std::size_t n = 0; n <= b.size(); ++n) {
    const auto part = base::ByteView(b).first(n);
    const auto portable = base::crc32c_portable(part);
    EXPECT_EQ(base::crc32c(part), portable);
    if (const auto hardware = base::crc32c_hardware(part)) {
      EXPECT_EQ(*hardware, portable) << n;
    }
    const std::size_t split = n / 3;
    EXPECT_EQ(base::crc32c_portable(part.subspan(split), base::crc32c_portable(part.first(split))), portable);
  }
}

TEST(Rect, IntersectsAndUnitesAtTheEdgesOfTheNumberRange) {
  const Rect far{INT32_MAX - 10, 0, 100, 100};
  EXPECT_TRUE(far.intersected({0, 0, 50, 50}).empty());
  EXPECT_EQ((Rect{0, 0, 10, 10}.intersected({5, 5, 10, 10})), (Rect{5, 5, 5, 5}));
  EXPECT_EQ((Rect{0, 0, 10, 10}.united({20, 20, 1, 1})), (Rect{0, 0, 21, 21}));
  EXPECT_EQ((Rect{}.united({3, 4, 5, 6})), (Rect{3, 4, 5, 6}));
  EXPECT_TRUE((Rect{INT32_MIN, INT32_MIN, 5, 5}.intersected(far)).empty());
}

TEST(Damage, StaysWithinItsCapAndStillCoversEverything) {
  Damage d;
  for (std::int32_t i = 0; i < 10'000; ++i) d.add({i * 2, i, 1, 1});
  EXPECT_LE(d.rects().size(), kMaxDamageRects);
  EXPECT_EQ(d.bounds(), (Rect{0, 0, 19'999, 10'000}));
  d.add(Rect{5, 5, 0, 7});
  d.add(d);
  EXPECT_LE(d.rects().size(), kMaxDamageRects);
}

TEST(Frame, RefusesPicturesOutsideTheLimits) {
  EXPECT_EQ(Frame::create({0, 5}).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(Frame::create({-1, 5}).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(Frame::create({kMaxSide + 1, 1}).error().code, base::Errc::too_large);
  EXPECT_EQ(Frame::create({kMaxSide, kMaxSide}).error().code, base::Errc::too_large);
  EXPECT_TRUE(Frame::create({kMaxSide, 1}));
}

TEST(Frame, CopyDropsThePaddingAndTheUnusedByte) {
  const std::vector<Pixel> padded{0xff112233, 0xaa445566, 0xdeadbeef, 0x01000000, 0x00ffffff, 0xdeadbeef};
  const auto f = Frame::copy_of({padded.data(), {2, 2}, 3});
  ASSERT_TRUE(f);
  EXPECT_EQ(f->row(0)[0], 0x112233u);
  EXPECT_EQ(f->row(0)[1], 0x445566u);
  EXPECT_EQ(f->row(1)[0], 0u);
  EXPECT_EQ(f->row(1)[1], 0xffffffu);
}

TEST(Compose, BlendsTheCursorAndCutsItAtTheEdge) {
  auto f = Frame::create({10, 10});
  ASSERT_TRUE(f);
  f->fill({0, 0, 10, 10}, 0x808080);
  CursorImage c{{4, 4}, {1, 1}, std::vector<std::uint32_t>(16, 0xffff0000)};
  c.argb[0] = 0;
  c.argb[1] = 0x80000080;  // half transparent blue
  EXPECT_EQ(draw_cursor(*f, c, {{1, 1}, true}), (Rect{0, 0, 4, 4}));
  EXPECT_EQ(f->row(0)[0], 0x808080u);
  EXPECT_EQ(f->row(0)[1], 0x4040c0u);
  EXPECT_EQ(f->row(3)[3], 0xff0000u);
  EXPECT_EQ(draw_cursor(*f, c, {{10, 10}, true}), (Rect{9, 9, 1, 1}));
  EXPECT_TRUE(draw_cursor(*f, c, {{INT32_MIN, INT32_MAX}, true}).empty());
  EXPECT_TRUE(draw_cursor(*f, c, {{5, 5}, false}).empty());
  c.argb.pop_back();
  EXPECT_TRUE(draw_cursor(*f, c, {{5, 5}, true}).empty()) << "a cursor whose pixels are missing is not drawn";
}

TEST(Png, WritesWhatReadsBackEqual) {
  auto f = Frame::create({37, 21});
  ASSERT_TRUE(f);
  base::SeededRandom random(3);
  for (std::int32_t y = 0; y < 21; ++y) {
    for (std::int32_t x = 0; x < 37; ++x) f->row(y)[x] = static_cast<Pixel>(random.below(0x1000000));
  }
  const test::TempDir dir;
  const std::string path = (dir / "still.png").string();
  ASSERT_TRUE(write_png(path, *f));
  ASSERT_TRUE(write_png(path, *f)) << "replaces an older one";
  const auto png = to_png(*f);
  ASSERT_TRUE(png);
  const auto back = from_png(*png);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, *f);
  EXPECT_EQ(std::filesystem::file_size(path), png->size());
  EXPECT_EQ(write_png((dir / "missing/x.png").string(), *f).error().code, base::Errc::not_found);
  EXPECT_FALSE(to_png({}));
}

}  // namespace
}  // namespace rescue::screen

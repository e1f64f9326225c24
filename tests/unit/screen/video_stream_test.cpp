// SPDX-License-Identifier: Apache-2.0
// VP9 streams, their colours, and what is let through to the VP9 library.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "screen/impl/vp9_frame_header.hpp"
#include "screen/impl/vp9_stream.hpp"

namespace rescue::screen {
namespace {

constexpr base::Duration kInterval = std::chrono::milliseconds(66);

/// A picture of soft shapes that move.
Frame film(Size size, int number) {
  Frame out = *Frame::create(size);
  for (std::int32_t y = 0; y < size.height; ++y) {
    for (std::int32_t x = 0; x < size.width; ++x) {
      const std::int32_t a = (x + 3 * number) * 2 % 256;
      const std::int32_t b = (y * 3 + x + 5 * number) / 2 % 256;
      out.row(y)[x] = static_cast<Pixel>(a << 16 | b << 8 | (a + b) / 2);
    }
  }
  return out;
}

Frame picture_of(const VideoPlanes& planes, Size size) {
  Frame out = *Frame::create(size);
  to_pixels(planes, whole(size), out.row(0), out.stride());
  return out;
}

struct PlaneCopy {
  explicit PlaneCopy(Size size)
      : bytes(static_cast<std::size_t>(size.pixels()) * 3),
        luma(static_cast<std::size_t>(size.pixels())),
        width(size.width) {}
  MutableVideoPlanes planes() {
    return {bytes.data(), bytes.data() + luma, bytes.data() + 2 * luma, width, (width + 1) / 2};
  }
  VideoPlanes view() {
    const auto p = planes();
    return {p.y, p.u, p.v, p.y_stride, p.uv_stride};
  }
  std::vector<std::uint8_t> bytes;
  std::size_t luma;
  std::int32_t width;
};

TEST(VideoColour, KeepsGreyExactlyAndSingleColoursNearly) {
  const Size size{16, 16};
  int worst = 0;
  for (std::uint32_t level = 0; level < 256; ++level) {
    for (const Pixel p : {level * 0x010101, level << 16, level << 8, level, level << 16 | (255 - level)}) {
      Frame f = *Frame::create(size);
      f.fill(whole(size), p);
      PlaneCopy copy(size);
      to_planes(f, whole(size), copy.planes());
      const Pixel back = picture_of(copy.view(), size).row(7)[5];
      if (p == level * 0x010101) {
        EXPECT_EQ(back, p);
      }
      for (int shift = 0; shift < 24; shift += 8)
        worst = std::max(worst, std::abs(static_cast<int>(back >> shift & 255) - static_cast<int>(p >> shift & 255)));
    }
  }
  EXPECT_LE(worst, 2);
}

/// What a second implementation must compute, in numbers: (y, u, v) and its pixel.
TEST(VideoColour, HasTheseValues) {
  const std::pair<std::array<std::uint8_t, 3>, Pixel> table[]{
      {{0, 128, 128}, 0x000000},   {{255, 128, 128}, 0xffffff}, {{128, 0, 0}, 0x00ff00},
      {{128, 255, 255}, 0xff00ff}, {{76, 85, 255}, 0xfe0000},   {{100, 140, 60}, 0x059079},
  };
  for (const auto& [yuv, pixel] : table) {
    const VideoPlanes planes{&yuv[0], &yuv[1], &yuv[2], 1, 1};
    Pixel out = 1;
    to_pixels(planes, {0, 0, 1, 1}, &out, 1);
    EXPECT_EQ(out, pixel) << int{yuv[0]} << " " << int{yuv[1]} << " " << int{yuv[2]};
  }
}

TEST(VideoColour, TakesAPartAsItStandsInTheWhole) {
  const Size size{37, 23};
  const Frame f = film(size, 1);
  PlaneCopy copy(size);
  to_planes(f, whole(size), copy.planes());
  const Frame all = picture_of(copy.view(), size);
  Frame part = *Frame::create({16, 11});
  to_pixels(copy.view(), {21, 12, 16, 11}, part.row(0), part.stride());
  for (std::int32_t y = 0; y < 11; ++y) {
    for (std::int32_t x = 0; x < 16; ++x) ASSERT_EQ(part.row(y)[x], all.row(y + 12)[x + 21]);
  }
}

class Vp9Stream : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(video_available()); }
};

TEST_F(Vp9Stream, EncoderKnowsWhatTheDecoderShows) {
  for (const Size size : {Size{64, 48}, Size{101, 77}, Size{16, 16}}) {
    auto encoder = Vp9Encoder::open(size, 500);
    auto decoder = Vp9Decoder::open(size);
    ASSERT_TRUE(encoder && decoder);
    for (int i = 0; i < 12; ++i) {
      const Frame f = film({size.width + 9, size.height + 5}, i);
      const auto bytes = encoder->encode(f, {6, 3}, kInterval * i);
      ASSERT_TRUE(bytes) << bytes.error().message();
      ASSERT_TRUE(decoder->decode(*bytes));
      ASSERT_EQ(picture_of(decoder->picture(), size), picture_of(encoder->picture(), size)) << "picture " << i;
      if (i == 5) encoder->set_rate(200);
    }
  }
}

TEST_F(Vp9Stream, LooksLikeTheSource) {
  const Size size{160, 96};
  auto encoder = Vp9Encoder::open(size, 1500);
  ASSERT_TRUE(encoder);
  Frame shown = *Frame::create(size);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(encoder->encode(film(size, i), {0, 0}, kInterval * i));
    shown = picture_of(encoder->picture(), size);
  }
  const Frame source = film(size, 9);
  double squares = 0;
  for (std::size_t i = 0; i < source.pixels().size(); ++i) {
    const int difference =
        static_cast<int>(source.pixels()[i] >> 8 & 255) - static_cast<int>(shown.pixels()[i] >> 8 & 255);
    squares += difference * difference;
  }
  EXPECT_LT(squares / static_cast<double>(size.pixels()), 60) << "mean square error of green";
}

TEST_F(Vp9Stream, RefusesWhatIsNotOneShownFrameOfItsSize) {
  const Size size{64, 48};
  auto encoder = Vp9Encoder::open(size, 500);
  ASSERT_TRUE(encoder);
  const auto key = encoder->encode(film(size, 0), {0, 0}, kInterval);
  const auto next = encoder->encode(film(size, 1), {0, 0}, kInterval * 2);
  ASSERT_TRUE(key && next);
  EXPECT_EQ(check_vp9_frame(*key, size, true), nullptr);
  EXPECT_EQ(check_vp9_frame(*next, size, false), nullptr);
  EXPECT_STREQ(check_vp9_frame(*next, size, true), "video: does not begin with a key frame");
  EXPECT_STREQ(check_vp9_frame(*key, size, false), "video: key frame");
  EXPECT_STREQ(check_vp9_frame(*key, {64, 49}, true), "video: size");
  EXPECT_STREQ(check_vp9_frame({}, size, true), "video: first bits");
  EXPECT_STREQ(check_vp9_frame(base::ByteView(*key).first(6), size, true), "video: size");
  EXPECT_STREQ(check_vp9_frame(base::ByteView(*next).first(1), size, false), "video: size");
  const auto changed = [](base::Bytes bytes, std::size_t at, int flip) {
    bytes[at] ^= static_cast<std::uint8_t>(flip);
    return bytes;
  };
  EXPECT_STREQ(check_vp9_frame(changed(*key, 0, 0x40), size, true), "video: first bits");
  EXPECT_STREQ(check_vp9_frame(changed(*key, 0, 0x20), size, true), "video: profile");
  EXPECT_STREQ(check_vp9_frame(changed(*key, 0, 0x08), size, true), "video: shows an earlier picture");
  EXPECT_STREQ(check_vp9_frame(changed(*key, 0, 0x02), size, true), "video: hidden picture");
  EXPECT_STREQ(check_vp9_frame(changed(*key, 2, 0x01), size, true), "video: sync code");
}

TEST_F(Vp9Stream, DecodesNothingThatHidesBehindAFrame) {
  const Size size{64, 48};
  auto encoder = Vp9Encoder::open(size, 500);
  auto plain = Vp9Decoder::open(size);
  auto other = Vp9Encoder::open(size, 500);
  auto large = Vp9Encoder::open({512, 512}, 500);
  ASSERT_TRUE(encoder && plain && other && large);
  const auto key = encoder->encode(film(size, 0), {0, 0}, kInterval);
  const auto hidden = large->encode(film({512, 512}, 3), {0, 0}, kInterval);
  const auto same_size = other->encode(film(size, 40), {0, 0}, kInterval);
  ASSERT_TRUE(key && hidden && same_size);
  ASSERT_TRUE(plain->decode(*key));
  for (const base::Bytes& second : {*hidden, *same_size}) {
    auto decoder = Vp9Decoder::open(size);
    ASSERT_TRUE(decoder);
    base::Bytes two = *key;
    base::append(two, second);
    // libvpx may take the second one for the tail of the first, or refuse it; it must not show it.
    if (!decoder->decode(two)) continue;
    EXPECT_EQ(picture_of(decoder->picture(), size), picture_of(plain->picture(), size));
  }
}

TEST_F(Vp9Stream, AnyDamageIsAnErrorOrAPicture) {
  const Size size{64, 48};
  auto encoder = Vp9Encoder::open(size, 500);
  ASSERT_TRUE(encoder);
  std::vector<base::Bytes> frames;
  for (int i = 0; i < 4; ++i) {
    auto bytes = encoder->encode(film(size, i), {0, 0}, kInterval * i);
    ASSERT_TRUE(bytes);
    frames.push_back(std::move(*bytes));
  }
  base::SeededRandom random(7);
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    auto decoder = Vp9Decoder::open(size);
    ASSERT_TRUE(decoder);
    const std::size_t damaged = random.below(frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      base::Bytes bytes = frames[i];
      if (i == damaged && round % 3 == 0) bytes.resize(random.below(bytes.size()));
      if (i == damaged && round % 3 != 0)
        bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
      const auto decoded = decoder->decode(bytes);
      if (decoded) continue;
      EXPECT_EQ(decoded.error().code, base::Errc::bad_format);
      ++refused;
      break;
    }
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace rescue::screen

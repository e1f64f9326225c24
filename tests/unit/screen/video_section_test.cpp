// SPDX-License-Identifier: Apache-2.0
// What packets say about video regions.
#include <gtest/gtest.h>

#include "screen/impl/video_section.hpp"

namespace rescue::screen {
namespace {
constexpr Size kPicture{4096, 2160};
using Kind = VideoStep::Kind;

base::Bytes section(std::initializer_list<VideoStep> steps) {
  base::Bytes out;
  append_video_section(out, std::vector<VideoStep>(steps));
  return out;
}

base::Error error_of(base::ByteView bytes, const VideoPlaces& places = {}, Size picture = kPicture) {
  const auto parsed = parse_video_section(bytes, picture, places);
  EXPECT_FALSE(parsed);
  return parsed ? base::Error(base::Errc::internal, "parsed") : parsed.error();
}

const base::Bytes kFrame{1, 2, 3};

TEST(VideoSection, SaysWhatWasWritten) {
  VideoPlaces before;
  before[1] = Rect{0, 0, 100, 50};
  before[2] = Rect{200, 0, 100, 50};
  before[3] = Rect{400, 0, 100, 50};
  base::Bytes bytes =
      section({{0, Kind::start, {5, 6, 700, 800}, kFrame}, {1, Kind::picture, {}, kFrame}, {2, Kind::end, {}, {}}});
  const std::size_t length = bytes.size();
  EXPECT_EQ(length, 1 + (1 + 8 + 3 + 3) + (1 + 3 + 3) + 1u);
  bytes.push_back(0xee);  // the body
  const auto parsed = parse_video_section(bytes, kPicture, before);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->bytes, length);
  ASSERT_EQ(parsed->steps.size(), 3u);
  EXPECT_EQ(parsed->steps[0].kind, Kind::start);
  EXPECT_EQ(parsed->steps[0].rect, (Rect{5, 6, 700, 800}));
  EXPECT_EQ(base::Bytes(parsed->steps[1].frame.begin(), parsed->steps[1].frame.end()), kFrame);
  EXPECT_EQ(parsed->places, (VideoPlaces{Rect{5, 6, 700, 800}, before[1], std::nullopt, before[3]}));
}

TEST(VideoSection, RefusesWhatIsCutOffAtAnyByte) {
  const base::Bytes bytes =
      section({{0, Kind::start, {5, 6, 700, 800}, kFrame}, {3, Kind::start, {800, 6, 16, 16}, kFrame}});
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_EQ(error_of(base::ByteView(bytes).first(n)).code, base::Errc::bad_format) << n;
}

TEST(VideoSection, RefusesRegionsOutsideOfThePictureOrTooSmall) {
  for (const Rect& r : {Rect{3400, 0, 700, 80}, Rect{0, 2100, 64, 64}, Rect{0, 0, 15, 64}, Rect{0, 0, 64, 0}})
    EXPECT_EQ(error_of(section({{0, Kind::start, r, kFrame}})).code, base::Errc::bad_format);
}

TEST(VideoSection, RefusesMoreRegionsOrPixelsThanItsLimits) {
  EXPECT_EQ(error_of(section({{0, Kind::start, {0, 0, 2560, 1640}, kFrame}})).code, base::Errc::too_large);
  VideoPlaces before;
  before[1] = Rect{0, 0, 2560, 1440};
  const auto second = section({{2, Kind::start, {0, 1500, 2048, 512}, kFrame}});
  EXPECT_EQ(error_of(second, before).code, base::Errc::too_large);
  EXPECT_TRUE(parse_video_section(second, kPicture, {}));
  EXPECT_EQ(error_of(section({{4, Kind::start, {0, 0, 64, 64}, kFrame}})).code, base::Errc::bad_format);
  EXPECT_EQ(error_of(base::Bytes{5}).code, base::Errc::bad_format);
  EXPECT_EQ(error_of(base::Bytes{0}).code, base::Errc::bad_format);
}

TEST(VideoSection, RefusesFramesThatAreEmptyOrTooLong) {
  EXPECT_EQ(error_of(section({{0, Kind::start, {0, 0, 64, 64}, {}}})).code, base::Errc::bad_format);
  const base::Bytes longest(kMaxVideoFrameBytes, 0);
  const base::Bytes longer(kMaxVideoFrameBytes + 1, 0);
  EXPECT_TRUE(parse_video_section(section({{0, Kind::start, {0, 0, 64, 64}, longest}}), kPicture, {}));
  EXPECT_EQ(error_of(section({{0, Kind::start, {0, 0, 64, 64}, longer}})).code, base::Errc::too_large);
}

TEST(VideoSection, RefusesStepsThatMakeNoSense) {
  EXPECT_EQ(error_of(section({{0, Kind::picture, {}, kFrame}})).code, base::Errc::bad_format);
  EXPECT_EQ(error_of(section({{0, Kind::end, {}, {}}})).code, base::Errc::bad_format);
  VideoPlaces before;
  before[0] = before[1] = Rect{0, 0, 64, 64};
  EXPECT_EQ(error_of(section({{1, Kind::end, {}, {}}, {0, Kind::end, {}, {}}}), before).code, base::Errc::bad_format);
  EXPECT_EQ(error_of(section({{1, Kind::picture, {}, kFrame}, {1, Kind::picture, {}, kFrame}}), before).code,
            base::Errc::bad_format);
  EXPECT_EQ(error_of(base::Bytes{1, 0x30}, before).code, base::Errc::bad_format);
}

}  // namespace
}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
// Recordings that only some may open, and those that are not exact, as videos.
#include "media/convert.hpp"
#include "movie.hpp"

namespace rescue::media {
namespace {
using namespace movie;

TEST(Keys, AnEncryptedRecordingIsConvertedWithItsKeyAlone) {
  const test::TempDir dir;
  base::SeededRandom random(5);
  const auto mine = *crypto::X25519Private::generate(random);
  const auto other = *crypto::X25519Private::generate(random);
  const std::string in = (dir / "a.rcrec").string();
  screen::Frame picture = *screen::Frame::create({64, 48});
  picture.fill({8, 8, 20, 20}, 0x12ab34);
  {
    rcrec::RecordingStart start{*base::Guid::parse("7f1a2b3c-0000-4000-8000-00000000beef"),
                                base::WallTime(std::chrono::seconds(1'764'000'000)),
                                {}};
    start.recipients = {mine.public_key()};
    auto writer = *rcrec::Writer::create(*rcrec::create_file_sink(in), start, random);
    screen::Encoder encoder;
    const auto packet = encoder.encode(picture, nullptr, true);
    ASSERT_TRUE(packet && *packet);
    ASSERT_TRUE(writer.video((*packet)->bytes, true, milliseconds(0)));
    ASSERT_TRUE(writer.finish(milliseconds(1000)));
  }
  ConvertOptions o;
  o.codec = VideoCodec::ffv1;
  o.fps = 4;
  const std::string out = (dir / "a.avi").string();
  EXPECT_EQ(convert({in}, out, o).error().code, rcrec::Errc::key_needed);
  o.keys.add(other);
  EXPECT_EQ(convert({in}, out, o).error().code, rcrec::Errc::wrong_key);
  EXPECT_FALSE(std::filesystem::exists(out));
  o.keys.add(mine);
  const auto s = convert({in}, out, o);
  ASSERT_TRUE(s) << s.error().message();
  const auto frames = frames_of(out, {64, 48});
  ASSERT_EQ(frames.size(), 4u);
  for (const auto& f : frames) EXPECT_EQ(f, picture);
}

}  // namespace
}  // namespace rescue::media

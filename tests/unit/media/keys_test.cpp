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

/// Something like a photo: a soft picture under noise, which no codec spells out for nothing.
void paint_photo(screen::Frame& f, int step) {
  base::SeededRandom random(static_cast<std::uint64_t>(step) + 11);
  std::array<std::uint8_t, 3> noise{};
  for (int y = 0; y < f.size().height; ++y)
    for (int x = 0; x < f.size().width; ++x) {
      random.fill(noise);
      const auto channel = [&](int base, std::uint8_t n) { return static_cast<screen::Pixel>(base % 220 + n % 24); };
      f.row(y)[x] = channel(x + step, noise[0]) << 16 | channel(y + x / 2, noise[1]) << 8 | channel(x + y, noise[2]);
    }
}

TEST(Inexact, RecordingsShowWhatTheirDecoderShows) {
  const test::TempDir dir;
  base::SeededRandom random(6);
  const std::string in = (dir / "a.rcrec").string();
  constexpr screen::Size kSize{256, 192};
  auto writer = *rcrec::Writer::create(*rcrec::create_file_sink(in),
                                       {*base::Guid::parse("7f1a2b3c-0000-4000-8000-00000000beef"),
                                        base::WallTime(std::chrono::seconds(1'764'000'000)),
                                        {}},
                                       random);
  screen::Encoder encoder;
  screen::Decoder decoder;
  screen::Frame source = *screen::Frame::create(kSize);
  std::vector<screen::Frame> shown;
  bool inexact = false, exact_again = false;
  for (int n = 0; n < 10; ++n) {
    if (n < 4) paint_photo(source, n);  // then it comes to rest and is refined
    screen::EncodeRequest request;
    request.keyframe = n == 0;
    request.fidelity = screen::Fidelity::visual;
    request.refine = n >= 6;
    request.time = milliseconds(1000 * (n + 1));
    const auto packet = encoder.encode(source, request);
    ASSERT_TRUE(packet);
    if (*packet) {
      ASSERT_TRUE(decoder.decode((*packet)->bytes));
      ASSERT_TRUE(writer.video((*packet)->bytes, (*packet)->info.keyframe, milliseconds(1000 * n)));
    }
    shown.push_back(decoder.canvas());
    inexact = inexact || shown.back() != source;
    exact_again = inexact && shown.back() == source;
  }
  ASSERT_TRUE(writer.finish(milliseconds(10'000)));
  EXPECT_TRUE(inexact) << "else this shows nothing";
  EXPECT_TRUE(exact_again);
  ConvertOptions o;
  o.codec = VideoCodec::ffv1;
  o.fps = 1;
  const auto s = convert({in}, (dir / "a.avi").string(), o);
  ASSERT_TRUE(s) << s.error().message();
  const auto frames = frames_of((dir / "a.avi").string(), kSize);
  ASSERT_EQ(frames.size(), shown.size());
  for (std::size_t n = 0; n < frames.size(); ++n) EXPECT_EQ(frames[n], shown[n]) << n;
}

}  // namespace
}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
// Videos that ffmpeg made become recordings, and come back as they were.
#include "media/import.hpp"

#include "movie.hpp"
#include "rcrec/inspect.hpp"

namespace rescue::media {
namespace {
using namespace movie;

class ImportTest : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return (dir / name.c_str()).string(); }
  base::Result<ImportSummary> import(const std::string& in, const std::string& out, const ImportOptions& o = {}) {
    base::SeededRandom random(7);
    return import_video(file(in), file(out), o, random);
  }
  /// A moving test picture of 2 s at 15 frames per second, whose times are no whole microseconds.
  void make(const std::string& name, const std::string& how) const {
    output_of("ffmpeg -v error -f lavfi -i testsrc=s=96x64:r=15:d=2 " + how + " '" + file(name) + "'");
  }
  /// The frames of a recording at `fps`, by way of the exact FFV1.
  std::vector<screen::Frame> recorded(const std::string& name, int fps, screen::Size size) {
    ConvertOptions o;
    o.codec = VideoCodec::ffv1;
    o.container = Container::mkv;
    o.fps = fps;
    o.overwrite = true;
    const auto s = convert({file(name)}, file("back.mkv"), o);
    EXPECT_TRUE(s) << s.error().message();
    return frames_of(file("back.mkv"), size);
  }
  test::TempDir dir;
};

TEST_F(ImportTest, RgbVideosComeBackFrameByFrame) {
  struct Case {
    std::string name, how;
  };
  for (const Case& c : {Case{"a.mkv", "-c:v ffv1 -pix_fmt bgr0"}, Case{"b.mkv", "-c:v png"},
                        Case{"a.avi", "-c:v ffv1 -pix_fmt bgr0"}}) {
    SCOPED_TRACE(c.name);
    make(c.name, c.how);
    std::filesystem::remove(file("a.rcrec"));
    const auto s = import(c.name, "a.rcrec");
    ASSERT_TRUE(s) << s.error().message();
    EXPECT_EQ(s->frames, 30);
    EXPECT_EQ(s->duration, milliseconds(2000));
    EXPECT_EQ(s->size, (screen::Size{96, 64}));
    EXPECT_FALSE(s->damage) << *s->damage;
    EXPECT_EQ(std::filesystem::file_size(file("a.rcrec")), s->bytes);
    EXPECT_EQ(output_of("sha256sum < '" + file("a.rcrec") + "'").substr(0, 64), s->sha256_hex);
    EXPECT_EQ(rcrec::verify(file("a.rcrec"))->verdict, rcrec::Verdict::intact);
    const auto want = frames_of(file(c.name), {96, 64});
    const auto got = recorded("a.rcrec", 15, {96, 64});
    ASSERT_EQ(want.size(), 30u);
    ASSERT_EQ(got.size(), 30u);
    for (std::size_t n = 0; n < 30; ++n) EXPECT_EQ(got[n], want[n]) << "frame " << n;
  }
}

TEST_F(ImportTest, YuvVideosAreWhatFfmpegMakesOfThem) {
  make("a.avi", "-c:v mpeg4 -q:v 2 -pix_fmt yuv420p");
  const auto s = import("a.avi", "a.rcrec");
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->codec, "mpeg4");
  const std::string raw = output_of("ffmpeg -v error -i '" + file("a.avi") +
                                    "' -sws_flags bicubic+accurate_rnd+full_chroma_int -f rawvideo -pix_fmt bgr0 -");
  const auto got = recorded("a.rcrec", 15, {96, 64});
  ASSERT_EQ(got.size(), 30u);
  ASSERT_EQ(raw.size(), 30u * 96 * 64 * 4);
  std::size_t different = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (i % 4 == 3) continue;
    const auto& frame = got[i / (96 * 64 * 4)];
    const auto value = static_cast<int>(frame.pixels()[i / 4 % (96 * 64)] >> (8 * (i % 4)) & 255);
    if (std::abs(value - static_cast<int>(static_cast<unsigned char>(raw[i]))) > 1) ++different;
  }
  EXPECT_EQ(different, 0u);
}

TEST_F(ImportTest, OddSizesAndManyKindsOfPixelsComeBackAsTheyDecode) {
  constexpr screen::Size kOdd{97, 63}, kEven{98, 64};  // a video has even sides: a row and a column of black
  for (const char* pixels : {"bgr0", "gray", "yuv444p", "yuv422p", "yuv420p10le", "gbrp", "yuva420p", "rgb48le"}) {
    SCOPED_TRACE(pixels);
    output_of("ffmpeg -v error -y -f lavfi -i testsrc=s=97x63:r=10:d=0.5 -c:v ffv1 -pix_fmt " + std::string(pixels) +
              " '" + file("odd.mkv") + "'");
    std::filesystem::remove(file("odd.rcrec"));
    const auto s = import("odd.mkv", "odd.rcrec");
    ASSERT_TRUE(s) << s.error().message();
    EXPECT_EQ(s->size, kOdd);
    EXPECT_EQ(s->frames, 5);
    const std::string raw = output_of("ffmpeg -v error -i '" + file("odd.mkv") +
                                      "' -sws_flags bicubic+accurate_rnd+full_chroma_int -f rawvideo -pix_fmt bgr0 -");
    const auto got = recorded("odd.rcrec", 10, kEven);
    ASSERT_EQ(got.size(), 5u);
    ASSERT_EQ(raw.size(), 5u * 97 * 63 * 4);
    int worst = 0;
    for (std::size_t n = 0; n < 5; ++n)
      for (int y = 0; y < 63; ++y)
        for (int x = 0; x < 97; ++x)
          for (int c = 0; c < 3; ++c) {
            const auto at = ((n * 63 + static_cast<std::size_t>(y)) * 97 + static_cast<std::size_t>(x)) * 4 +
                            static_cast<std::size_t>(c);
            const auto value = static_cast<int>(got[n].row(y)[x] >> (8 * c) & 255);
            worst = std::max(worst, std::abs(value - static_cast<int>(static_cast<unsigned char>(raw[at]))));
          }
    // RGB of 8 bits is exact; of all else swscale rounds by its version.
    EXPECT_LE(worst, std::string_view(pixels) == "bgr0" || std::string_view(pixels) == "gbrp" ? 0 : 1);
  }
}

TEST_F(ImportTest, AVariableRateKeepsItsTimes) {
  // Frames 0, 1, 5, 6 and 20 of 25 a second.
  output_of(
      "ffmpeg -v error -f lavfi -i testsrc=s=64x48:r=25:d=1 -vf \"select='eq(n,0)+eq(n,1)+eq(n,5)+eq(n,6)+eq(n,20)'\" "
      "-fps_mode vfr -c:v ffv1 -pix_fmt bgr0 '" +
      file("vfr.mkv") + "'");
  const auto s = import("vfr.mkv", "vfr.rcrec");
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->frames, 5);
  auto timeline = *rcrec::Timeline::open(file("vfr.rcrec"));
  std::vector<rcrec::Time> times;
  for (auto item = *timeline.next(); item; item = *timeline.next()) times.push_back(item->t);
  EXPECT_EQ(times, (std::vector<rcrec::Time>{milliseconds(0), milliseconds(40), milliseconds(200), milliseconds(240),
                                             milliseconds(800)}));
  const auto source = frames_of(file("vfr.mkv"), {64, 48});
  const auto back = recorded("vfr.rcrec", 25, {64, 48});
  ASSERT_EQ(source.size(), 5u);
  ASSERT_GE(back.size(), 21u);
  const int shown[] = {0, 1, 1, 1, 1, 2, 3};
  for (std::size_t n = 0; n < std::size(shown); ++n)
    EXPECT_EQ(back[n], source[static_cast<std::size_t>(shown[n])]) << n;
  EXPECT_EQ(back[19], source[3]);
  EXPECT_EQ(back[20], source[4]);
}

TEST_F(ImportTest, StillFramesCostNothingAndTheirTimeIsKept) {
  output_of(
      "ffmpeg -v error -f lavfi -i color=c=red:s=64x64:r=25:d=3 -f lavfi -i color=c=blue:s=64x64:r=25:d=1 "
      "-filter_complex '[0][1]concat=n=2' -c:v ffv1 -pix_fmt bgr0 '" +
      file("a.mkv") + "'");
  const auto s = import("a.mkv", "a.rcrec");
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->frames, 100);
  EXPECT_EQ(s->changed, 2);
  EXPECT_EQ(s->duration, milliseconds(4000));
  auto timeline = *rcrec::Timeline::open(file("a.rcrec"));
  std::vector<rcrec::Time> times;
  for (auto item = *timeline.next(); item; item = *timeline.next()) times.push_back(item->t);
  EXPECT_EQ(times, (std::vector<rcrec::Time>{milliseconds(0), milliseconds(3000)}));
}

TEST_F(ImportTest, ADamagedVideoIsKeptAsFarAsItDecodes) {
  make("a.mkv", "-c:v ffv1 -level 3 -slicecrc 1 -g 1 -pix_fmt bgr0");
  const auto size = std::filesystem::file_size(file("a.mkv"));
  std::fstream f(file("a.mkv"), std::ios::in | std::ios::out | std::ios::binary);
  f.seekp(static_cast<std::streamoff>(size / 2));
  for (int i = 0; i < 64; ++i) f.put('\x55');
  f.close();
  const auto s = import("a.mkv", "a.rcrec");
  ASSERT_TRUE(s) << s.error().message();
  ASSERT_TRUE(s->damage);
  EXPECT_NE(s->damage->find("after frame "), std::string::npos) << *s->damage;
  EXPECT_GE(s->frames, 8);
  EXPECT_EQ(rcrec::verify(file("a.rcrec"))->verdict, rcrec::Verdict::intact);
}

TEST_F(ImportTest, WhatIsNoVideoIsRefusedAndLeavesNothing) {
  const auto refused = [&](const std::string& name, base::Errc code) {
    const auto s = import(name, "out.rcrec");
    ASSERT_FALSE(s) << name;
    EXPECT_EQ(s.error().code, code) << s.error().message();
    EXPECT_NE(s.error().message().find(name), std::string::npos) << s.error().message();
    EXPECT_FALSE(std::filesystem::exists(file("out.rcrec")));
    EXPECT_FALSE(std::filesystem::exists(file("out.rcrec.part")));
  };
  refused("none.avi", base::Errc::not_found);
  std::ofstream(file("text.avi")) << std::string(5000, 'x');
  refused("text.avi", base::Errc::bad_format);
  std::ofstream(file("list.m3u8")) << "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n";
  refused("list.m3u8", base::Errc::bad_format);
  EXPECT_NE(import("list.m3u8", "out.rcrec").error().message().find("playlist"), std::string::npos);
  output_of("ffmpeg -v error -f lavfi -i sine=d=1 '" + file("sound.wav") + "'");
  refused("sound.wav", base::Errc::bad_format);
  std::filesystem::create_directory(file("folder"));
  refused("folder", base::Errc::bad_format);

  make("a.mkv", "-c:v ffv1");
  ImportOptions o;
  int asked = 0;
  o.canceled = [&asked] { return ++asked > 5; };
  EXPECT_EQ(import("a.mkv", "out.rcrec", o).error().code, base::Errc::canceled);
  EXPECT_FALSE(std::filesystem::exists(file("out.rcrec.part")));
  std::ofstream(file("out.rcrec")) << "precious";
  EXPECT_EQ(import("a.mkv", "out.rcrec").error().code, base::Errc::conflict);
  EXPECT_EQ(std::filesystem::file_size(file("out.rcrec")), 8u);
}

}  // namespace
}  // namespace rescue::media

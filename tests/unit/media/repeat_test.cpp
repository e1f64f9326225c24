// SPDX-License-Identifier: Apache-2.0
// Frames that no encoder made: other programs must see them as frames, and the frames between them unharmed.
#include <sstream>

#include "media/convert.hpp"
#include "media/impl/h264_repeat.hpp"
#include "media/impl/pixels.hpp"
#include "movie.hpp"

namespace rescue::media {
namespace {
using namespace movie;

class RepeatTest : public testing::Test {
 protected:
  std::string file(const char* name) const { return (dir / name).string(); }
  /// 41 s of 15 ticks each; something changes at 0, 0.2, 7, 7.1 and 25.3 s. The size makes one odd macroblock row.
  void record() {
    Movie m(file("a.rcrec"), {150, 70});
    int n = 0;
    for (const int t : {0, 200, 7000, 7100, 25300}) {
      for (int y = 0; y < 70; ++y)
        for (int x = 0; x < 150; ++x)
          m.frame.row(y)[x] = static_cast<screen::Pixel>(x * 0x010100 + y * 3 + (x / 8 + y / 8 + n) % 2 * 0x400000);
      ++n;
      m.shoot(milliseconds(t));
    }
    m.end(milliseconds(41000));
  }
  test::TempDir dir;
};

TEST_F(RepeatTest, EveryFrameDecodesAndHeldOnesAreEqual) {
  record();
  for (const char* name : {"a.avi", "a.mp4", "a.mkv"}) {
    SCOPED_TRACE(name);
    ConvertOptions o;
    o.container = *container_from_path(name);
    const auto s = convert({file("a.rcrec")}, file(name), o);
    ASSERT_TRUE(s) << s.error().message();
    EXPECT_EQ(s->frames, 615);
    const Probe p = probe(file(name));
    EXPECT_EQ(p.frames, 615);
    EXPECT_NEAR(p.duration, 41.0, 0.002);
    EXPECT_EQ(p.rate, "15/1");
    // A decoder that conceals errors says so; one that finds gaps in frame_num does as well.
    EXPECT_EQ(output_of("ffmpeg -v warning -err_detect explode -xerror -i '" + file(name) + "' -f null - 2>&1"), "");
    const auto frames = frames_of(file(name), s->size);
    ASSERT_EQ(frames.size(), 615u);
    const auto same = [&](std::size_t from, std::size_t to) {
      for (std::size_t n = from + 1; n < to; ++n) EXPECT_EQ(frames[n], frames[from]) << "frame " << n;
    };
    same(0, 3);
    same(3, 75);  // a frame is encoded each 5 s, and may differ
    same(75, 105);
    same(107, 150);  // 7 s is tick 105, 7.1 s tick 107
    same(225, 300);
    same(380, 450);  // 25.3 s
    same(525, 600);
    same(600, 615);
    EXPECT_NE(frames[0], frames[3]);
    EXPECT_NE(frames[374], frames[380]);
  }
}

TEST_F(RepeatTest, FrameNumbersCountOnAndKeyframesComeEveryTenSeconds) {
  record();
  ASSERT_TRUE(convert({file("a.rcrec")}, file("a.avi"), {}));
  const std::string trace =
      output_of("ffmpeg -v info -i '" + file("a.avi") + "' -c copy -bsf:v trace_headers -f null - 2>&1");
  std::istringstream lines(trace);
  std::string line;
  std::vector<int> numbers;
  while (std::getline(lines, line)) {
    const auto at = line.find(" frame_num ");
    if (at != std::string::npos) numbers.push_back(std::stoi(line.substr(line.rfind('=') + 1)));
  }
  ASSERT_EQ(numbers.size(), 615u);
  int expected = 0;
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    if (n % 150 == 0) expected = 0;
    EXPECT_EQ(numbers[n], expected % 16) << "frame " << n;
    ++expected;
  }
  std::istringstream flags(
      output_of("ffprobe -v error -show_entries packet=flags -of csv=p=0 '" + file("a.avi") + "'"));
  for (int n = 0; std::getline(flags, line); ++n) EXPECT_EQ(line.front() == 'K', n % 150 == 0) << "frame " << n;
}

TEST_F(RepeatTest, AHeldFrameCostsAFewBytes) {
  record();
  ASSERT_TRUE(convert({file("a.rcrec")}, file("a.avi"), {}));
  std::istringstream sizes(output_of("ffprobe -v error -show_entries packet=size -of csv=p=0 '" + file("a.avi") + "'"));
  int small = 0;
  for (int size = 0; sizes >> size;) {
    small += size < 32 ? 1 : 0;
    sizes.ignore(10, '\n');
  }
  EXPECT_GE(small, 600);
}

TEST_F(RepeatTest, EveryCodecShowsHeldFramesForAFewBytes) {
  record();
  struct Case {
    const char* out;
    VideoCodec codec;
    int most;  // bytes of a held frame
  };
  for (const Case& c : {Case{"m.avi", VideoCodec::mpeg4, 20}, Case{"m.mp4", VideoCodec::mpeg4, 20},
                        Case{"m.mkv", VideoCodec::mpeg4, 20}, Case{"z.avi", VideoCodec::zmbv, 16},
                        Case{"v.webm", VideoCodec::vp9, 1}, Case{"v.mkv", VideoCodec::vp9, 1}}) {
    SCOPED_TRACE(c.out);
    ConvertOptions o;
    o.container = *container_from_path(c.out);
    o.codec = c.codec;
    const auto s = convert({file("a.rcrec")}, file(c.out), o);
    ASSERT_TRUE(s) << s.error().message();
    const Probe p = probe(file(c.out));
    EXPECT_EQ(p.frames, 615);
    EXPECT_NEAR(p.duration, 41.0, 0.002);
    EXPECT_EQ(output_of("ffmpeg -v warning -err_detect explode -xerror -i '" + file(c.out) + "' -f null - 2>&1"), "");
    const auto frames = frames_of(file(c.out), s->size);
    ASSERT_EQ(frames.size(), 615u);
    const auto same = [&](std::size_t from, std::size_t to) {
      for (std::size_t n = from + 1; n < to; ++n) EXPECT_EQ(frames[n], frames[from]) << "frame " << n;
    };
    same(0, 3);
    same(3, 75);
    same(107, 150);
    same(380, 450);
    EXPECT_NE(frames[0], frames[3]);
    EXPECT_NE(frames[374], frames[380]);
    std::istringstream sizes(output_of("ffprobe -v error -show_entries packet=size -of csv=p=0 '" + file(c.out) + "'"));
    int small = 0;
    for (int size = 0; sizes >> size;) {
      small += size <= c.most ? 1 : 0;
      sizes.ignore(10, '\n');
    }
    EXPECT_GE(small, 600);
  }
}

TEST_F(RepeatTest, TimesInAnMpeg4StreamGoOnOverHeldFrames) {
  record();
  ConvertOptions o;
  o.codec = VideoCodec::mpeg4;
  ASSERT_TRUE(convert({file("a.rcrec")}, file("a.avi"), o));
  const std::string trace = output_of("ffmpeg -v debug -threads 1 -debug pict -i '" + file("a.avi") +
                                      "' -f null - 2>&1 | grep ' time:.*tincr:'");
  std::istringstream lines(trace);
  std::string line;
  std::vector<int> times;
  while (std::getline(lines, line)) times.push_back(std::stoi(line.substr(line.find(" time:") + 6)));
  ASSERT_GE(times.size(), 615u) << trace;
  times.erase(times.begin(), times.end() - 615);  // what was decoded to find out about the file
  for (int n = 0; n < 615; ++n) EXPECT_EQ(times[static_cast<std::size_t>(n)], n);
}

TEST(Repeaters, RefuseWhatTheyDoNotUnderstand) {
  const auto refuses = [](Repeater& r, const base::Bytes& packet) {
    EXPECT_EQ(r.picture(packet, 0).error().code, base::Errc::unsupported) << base::to_hex(packet);
  };
  for (const auto& r : {make_mpeg4_repeater({64, 64}, 15), make_vp9_repeater(), make_zmbv_repeater({64, 64})}) {
    EXPECT_EQ(r->repeat(0).error().code, base::Errc::conflict);
    refuses(*r, {});
    refuses(*r, {0});
  }
  refuses(*make_mpeg4_repeater({64, 64}, 15), {0, 0, 1, 0xb6, 0x50, 0x7f});  // no group before it
  refuses(*make_vp9_repeater(), {0xc2, 0x49});                               // profile 1
  refuses(*make_vp9_repeater(), {0x80});                                     // not shown
  refuses(*make_zmbv_repeater({64, 64}), {1, 0, 1, 0, 8, 16, 16});           // not compressed
  refuses(*make_zmbv_repeater({64, 64}), {1, 0, 1, 1, 8, 0, 16});            // blocks of no width
  refuses(*make_zmbv_repeater({64, 64}), {1, 0, 1, 1, 8, 16, 16, 0xff, 0xff});
  const auto vp9 = make_vp9_repeater();
  ASSERT_TRUE(vp9->picture(base::Bytes{0x82, 0x49}, 0));  // a keyframe is in all slots
  EXPECT_EQ(*vp9->repeat(1), (base::Bytes{0x88}));
  ASSERT_TRUE(vp9->picture(base::Bytes{0x86, 0x01, 0x00}, 2));  // in slot 2 alone
  EXPECT_EQ(*vp9->repeat(3), (base::Bytes{0x8a}));
  ASSERT_TRUE(vp9->picture(base::Bytes{0x86, 0x00, 0x00}, 4));  // in none
  EXPECT_FALSE(vp9->repeat(5));
}

TEST(H264Repeater, RefusesWhatItDoesNotUnderstand) {
  H264Repeater r({64, 64});
  EXPECT_EQ(r.repeat(0).error().code, base::Errc::conflict);
  const base::Bytes p_slice{0, 0, 1, 0x41, 0x9a, 0x02, 0x03};
  EXPECT_EQ(r.picture(p_slice, 0).error().code, base::Errc::unsupported) << "without a keyframe";
  EXPECT_EQ(r.picture({}, 0).error().code, base::Errc::unsupported);
  EXPECT_EQ(r.picture(base::Bytes{0, 0, 1, 0x67, 100}, 0).error().code, base::Errc::unsupported) << "cut off";
  EXPECT_EQ(r.parameters(base::Bytes{0, 0, 1, 0x68, 0xce}).error().code, base::Errc::unsupported);
}

struct Yuv {
  int y, cb, cr;
};
Yuv convert_one(screen::Pixel p, Matrix m) {
  const std::array<screen::Pixel, 4> pixels{p, p, p, p};
  std::array<std::uint8_t, 4> y{};
  std::uint8_t cb = 0, cr = 0;
  to_yuv420({pixels.data(), {2, 2}, 2}, {0, 0, 1, 1}, m, {{y.data(), &cb, &cr}, {2, 1, 1}});
  EXPECT_EQ(y[0], y[3]) << "a part grows to whole chroma";
  return {y[0], cb, cr};
}

TEST(Pixels, KnownColours) {
  const auto expect = [](screen::Pixel p, Matrix m, Yuv want) {
    const Yuv got = convert_one(p, m);
    EXPECT_EQ(got.y, want.y) << std::hex << p;
    EXPECT_EQ(got.cb, want.cb) << std::hex << p;
    EXPECT_EQ(got.cr, want.cr) << std::hex << p;
  };
  // The primaries of BT.709 and BT.601 as their tables of colour bars have them.
  expect(0x000000, Matrix::bt709, {16, 128, 128});
  expect(0xffffff, Matrix::bt709, {235, 128, 128});
  expect(0xff0000, Matrix::bt709, {63, 102, 240});
  expect(0x00ff00, Matrix::bt709, {173, 42, 26});
  expect(0x0000ff, Matrix::bt709, {32, 240, 118});
  expect(0x808080, Matrix::bt709, {126, 128, 128});
  expect(0xff0000, Matrix::bt601, {81, 90, 240});
  expect(0x00ff00, Matrix::bt601, {145, 54, 34});
  expect(0x0000ff, Matrix::bt601, {41, 240, 110});
  expect(0xffffff, Matrix::bt601_full, {255, 128, 128});
  expect(0xff0000, Matrix::bt601_full, {76, 85, 255});
  expect(0x0000ff, Matrix::bt601_full, {29, 255, 107});
}

TEST(Pixels, PartsMakeTheSameAsTheWhole) {
  const screen::Size size{70, 38};
  auto frame = *screen::Frame::create(size);
  base::SeededRandom random(3);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      std::array<std::uint8_t, 3> b{};
      random.fill(b);
      frame.row(y)[x] = screen::Pixel{b[0]} << 16 | screen::Pixel{b[1]} << 8 | b[2];
    }
  const auto planes = [&](const std::vector<screen::Rect>& parts) {
    std::vector<std::uint8_t> out(70 * 38 * 3 / 2);
    const Planes to{{out.data(), out.data() + 70 * 38, out.data() + 70 * 38 * 5 / 4}, {70, 35, 35}};
    for (const auto& r : parts) to_yuv420(frame, r, Matrix::bt709, to);
    return out;
  };
  const auto whole = planes({screen::whole(size)});
  EXPECT_EQ(planes({{0, 0, 33, 19}, {33, 0, 100, 19}, {0, 19, 17, 30}, {16, 19, 54, 19}, {-5, -5, 3, 3}}), whole);
}

}  // namespace
}  // namespace rescue::media

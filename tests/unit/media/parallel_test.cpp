// SPDX-License-Identifier: Apache-2.0
// Long recordings are converted in parts: the bytes do not depend on how many at a time, and nobody sees the seams.
#include "media/convert.hpp"
#include "media/impl/segment_queue.hpp"
#include "movie.hpp"

namespace rescue::media {
namespace {
using namespace movie;

constexpr screen::Size kSize{96, 64};
constexpr int kSeconds = 250;

/// What the picture shows from second `n` on: both square and background tell it.
screen::Frame picture_of(int n) {
  screen::Frame f = *screen::Frame::create(kSize);
  f.fill(screen::whole(kSize), static_cast<screen::Pixel>(0x202020 + n));
  f.fill({n % 80, n % 48, 16, 16}, 0xffffff);
  return f;
}

class ParallelTest : public testing::Test {
 protected:
  /// Something changes each second; checkpoints every 20 s; chat just before places where parts may meet; a cursor that
  /// is moved once.
  void SetUp() override {
    Movie m(file("a.rcrec"), kSize);
    for (int n = 0; n < kSeconds; ++n) {
      m.frame = picture_of(n);
      m.shoot(milliseconds(1000 * n), n % 20 == 0);
      if (n % 10 == 9) {
        ASSERT_TRUE(m.writer->chat("technician", "line " + std::to_string(n), milliseconds(1000 * n)));
      }
    }
    m.end(milliseconds(1000 * kSeconds));
  }
  std::string file(const std::string& name) const { return (dir / name.c_str()).string(); }
  Summary must_convert(const std::string& out, ConvertOptions o, int jobs) {
    o.jobs = jobs;
    o.container = *container_from_path(out);
    o.overwrite = true;
    auto s = convert({file("a.rcrec")}, file(out), o);
    EXPECT_TRUE(s) << s.error().message();
    return s ? *s : Summary{};
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  test::TempDir dir;
};

TEST(SegmentQueueTest, WhatPeopleSaidCountsAsMuchAsItTakes) {
  SegmentQueue queue;
  boost::json::array numbers(100'000, 0);
  ASSERT_TRUE(queue.push(Happening{{{}, 0, rcrec::EventItem{"", {{"numbers", numbers}}}}, {}, {}}));
  EXPECT_GE(queue.bytes(), 100'000 * sizeof(boost::json::value));
  ASSERT_TRUE(queue.push(Happening{{{}, 0, rcrec::ChatItem{"", "", {{"text", std::string(1000, 'a')}}}}, {}, {}}));
  ASSERT_TRUE(queue.pop({}));
  EXPECT_GE(queue.bytes(), 1000u);
  EXPECT_LT(queue.bytes(), 20'000u);
  ASSERT_TRUE(queue.pop({}));
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST_F(ParallelTest, TheBytesAreTheSameForAnyNumberOfJobs) {
  ConvertOptions o;
  o.overlay = {true, true, true};
  o.sidecars = true;
  o.fps = 5;
  for (const char* name : {"a.avi", "a.mp4"}) {
    const Summary one = must_convert(name, o, 1);
    const std::string subtitles = bytes_of(file("a.srt"));
    const Summary four = must_convert(name, o, 4);
    EXPECT_EQ(one.sha256_hex, four.sha256_hex) << name;
    EXPECT_EQ(bytes_of(file("a.srt")), subtitles);
  }
}

TEST_F(ParallelTest, NoSeamShowsInPictureOrTime) {
  ConvertOptions o;
  o.fps = 4;
  o.codec = VideoCodec::zmbv;
  must_convert("z.avi", o, 3);
  const auto exact = frames_of(file("z.avi"), kSize);
  ASSERT_EQ(exact.size(), std::size_t{kSeconds} * 4);
  for (std::size_t n = 0; n < exact.size(); ++n) EXPECT_EQ(exact[n], picture_of(static_cast<int>(n / 4))) << n;

  o.codec.reset();
  must_convert("h.mp4", o, 3);
  const Probe p = probe(file("h.mp4"));
  EXPECT_EQ(p.frames, kSeconds * 4);
  EXPECT_NEAR(p.duration, kSeconds, 0.01);
  EXPECT_EQ(output_of("ffmpeg -v warning -err_detect explode -xerror -i '" + file("h.mp4") + "' -f null - 2>&1"), "");
  std::istringstream times(
      output_of("ffprobe -v error -show_entries packet=pts_time -of csv=p=0 '" + file("h.mp4") + "'"));
  for (int n = 0; n < kSeconds * 4; ++n) {
    double t = -1;
    ASSERT_TRUE(times >> t) << n;
    EXPECT_NEAR(t, n / 4.0, 1e-3);
    times.ignore(10, '\n');
  }
}

TEST_F(ParallelTest, EveryLineIsWrittenOnceAndInOrder) {
  ConvertOptions o;
  o.fps = 2;
  o.sidecars = true;
  must_convert("a.avi", o, 4);
  std::ifstream events(file("a.events.jsonl"));
  std::string line;
  int n = 9;
  for (; std::getline(events, line); n += 10) {
    const auto e = boost::json::parse(line);
    EXPECT_EQ(e.at("data").at("text").as_string(), "line " + std::to_string(n));
    EXPECT_EQ(e.at("t_us").as_int64(), n * 1'000'000);
  }
  EXPECT_EQ(n, 259);
}

TEST_F(ParallelTest, APartIsConvertedInPartsToo) {
  ConvertOptions o;
  o.fps = 4;
  o.codec = VideoCodec::zmbv;
  o.from = milliseconds(33'500);
  o.to = milliseconds(240'000);
  must_convert("z.avi", o, 2);
  const auto exact = frames_of(file("z.avi"), kSize);
  ASSERT_EQ(exact.size(), 826u);
  for (std::size_t n = 0; n < exact.size(); ++n)
    EXPECT_EQ(exact[n], picture_of(static_cast<int>((33'500 + 250 * n) / 1000))) << n;
}

TEST_F(ParallelTest, CancellingOrAFullDiskStopsAllParts) {
  ConvertOptions o;
  o.jobs = 4;
  int asked = 0;
  o.canceled = [&asked] { return ++asked > 20; };
  EXPECT_EQ(convert({file("a.rcrec")}, file("x.avi"), o).error().code, base::Errc::canceled);
  EXPECT_FALSE(std::filesystem::exists(file("x.avi.part")));
  o.canceled = nullptr;
  o.jobs = 0;
  EXPECT_EQ(convert({file("a.rcrec")}, file("x.avi"), o).error().code, base::Errc::invalid_argument);
}

/// Frames that must not drift: at uneven rates of the source, over ten minutes, each change within a frame.
TEST(Drift, EventsOfTenMinutesLandWithinAFrame) {
  const test::TempDir dir;
  const std::string in = (dir / "long.rcrec").string();
  std::vector<int> changes;
  {
    Movie m(in, {64, 48});
    for (int t = 0, n = 0; t < 600'000; t += 1237 + n % 7 * 411, ++n) {
      m.frame.fill({0, 0, 64, 48}, static_cast<screen::Pixel>(0x100000 + changes.size()));
      m.shoot(milliseconds(t), n % 50 == 0);
      changes.push_back(t);
    }
    m.end(milliseconds(600'000));
  }
  constexpr int kFps = 7;  // ticks are no whole microseconds
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.fps = kFps;
  o.overwrite = true;
  o.jobs = 2;
  const std::string out = (dir / "long.avi").string();
  const auto s = convert({in}, out, o);
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->frames, 600 * kFps);
  const Probe p = probe(out);
  EXPECT_EQ(p.frames, 600 * kFps);
  EXPECT_NEAR(p.duration, 600.0, 1.0 / kFps);
  const auto frames = frames_of(out, {64, 48});
  std::size_t shown = 0;
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const std::size_t index = frames[n].row(0)[0] - 0x100000;
    if (index == shown && n > 0) continue;
    const double at = static_cast<double>(n) * 1000 / kFps;
    EXPECT_GE(at, changes[index]) << index;
    EXPECT_LE(at - changes[index], 1000.0 / kFps) << index;
    shown = index;
  }
  EXPECT_EQ(shown, changes.size() - 1);
}

}  // namespace
}  // namespace rescue::media

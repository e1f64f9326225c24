// SPDX-License-Identifier: Apache-2.0
#include "media/convert.hpp"

#include <signal.h>
#include <sys/resource.h>

#include "movie.hpp"
#include "rcrec/inspect.hpp"

namespace rescue::media {
namespace {
using namespace movie;

class ConvertTest : public testing::Test {
 protected:
  std::string file(const char* name) const { return (dir / name).string(); }
  Summary must_convert(const std::vector<std::string>& in, const std::string& out, const ConvertOptions& options) {
    auto s = convert(in, out, options);
    EXPECT_TRUE(s) << s.error().message();
    return s ? *s : Summary{};
  }
  /// Three seconds of a square that jumps at uneven times, at 128x96; chat and an event; the last half second is still.
  void record(const std::string& path) {
    Movie m(path, {128, 96});
    for (const int t : {0, 40, 55, 700, 710, 1300, 2450}) {
      m.frame.fill({0, 0, 128, 96}, 0x204060);
      m.frame.fill({t / 30, t / 50, 20, 20}, 0xffcc00);
      m.shoot(milliseconds(t));
      if (t == 700) {
        ASSERT_TRUE(m.writer->chat("technician", "Hello\n\n1\n00:00:00,000 --> inject", milliseconds(700)));
      }
      if (t == 1300) {
        ASSERT_TRUE(m.writer->event("control.started", {{"technician", "Ada"}}, milliseconds(1500)));
      }
    }
    m.end(milliseconds(2990));
  }
  screen::Frame picture_at(int t) const {
    int newest = 0;
    for (const int change : {0, 40, 55, 700, 710, 1300, 2450}) newest = change <= t ? change : newest;
    screen::Frame f = *screen::Frame::create({128, 96});
    f.fill({0, 0, 128, 96}, 0x204060);
    f.fill({newest / 30, newest / 50, 20, 20}, 0xffcc00);
    return f;
  }
  test::TempDir dir;
};

TEST_F(ConvertTest, LosslessFfv1ShowsAtEveryTickTheNewestPicture) {
  record(file("a.rcrec"));
  for (const char* name : {"a.avi", "a.mkv"}) {
    ConvertOptions o;
    o.codec = VideoCodec::ffv1;
    o.container = *container_from_path(name);
    o.fps = 20;
    must_convert({file("a.rcrec")}, file(name), o);
    const auto frames = frames_of(file(name), {128, 96});
    ASSERT_EQ(frames.size(), 60u);
    for (int n = 0; n < 60; ++n)
      EXPECT_EQ(frames[static_cast<std::size_t>(n)], picture_at(n * 50)) << name << " frame " << n;
  }
}

TEST_F(ConvertTest, LosslessAviShowsAtEveryTickTheNewestPicture) {
  record(file("a.rcrec"));
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.fps = 20;
  const Summary s = must_convert({file("a.rcrec")}, file("a.avi"), o);
  EXPECT_EQ(s.frames, 60);
  EXPECT_EQ(s.duration, milliseconds(3000));
  EXPECT_FALSE(s.partial());
  EXPECT_EQ(s.bytes, std::filesystem::file_size(file("a.avi")));
  EXPECT_EQ(output_of("sha256sum < '" + file("a.avi") + "'").substr(0, 64), s.sha256_hex);
  const Probe p = probe(file("a.avi"));
  EXPECT_EQ(p.codec, "zmbv");
  EXPECT_EQ(p.frames, 60);
  EXPECT_NEAR(p.duration, 3.0, 0.001);
  EXPECT_EQ(p.rate, "20/1");
  EXPECT_EQ(p.width, 128);
  EXPECT_EQ(p.height, 96);
  const auto frames = frames_of(file("a.avi"), {128, 96});
  ASSERT_EQ(frames.size(), 60u);
  for (int n = 0; n < 60; ++n) EXPECT_EQ(frames[static_cast<std::size_t>(n)], picture_at(n * 50)) << "frame " << n;
}

TEST_F(ConvertTest, FfprobeAgreesForEveryContainerAndCodec) {
  record(file("a.rcrec"));
  struct Case {
    const char* out;
    std::optional<VideoCodec> codec;
    const char* probed;
  };
  for (const Case& c : {Case{"x.avi", std::nullopt, "h264"}, Case{"m.avi", VideoCodec::mpeg4, "mpeg4"},
                        Case{"j.avi", VideoCodec::mjpeg, "mjpeg"}, Case{"x.mp4", std::nullopt, "h264"},
                        Case{"m.mp4", VideoCodec::mpeg4, "mpeg4"}, Case{"x.mkv", std::nullopt, "h264"},
                        Case{"f.mkv", VideoCodec::ffv1, "ffv1"}, Case{"x.webm", std::nullopt, "vp9"}}) {
    SCOPED_TRACE(c.out);
    ConvertOptions o;
    o.container = *container_from_path(c.out);
    o.codec = c.codec;
    const Summary s = must_convert({file("a.rcrec")}, file(c.out), o);
    const Probe p = probe(file(c.out));
    EXPECT_EQ(p.codec, c.probed);
    EXPECT_EQ(p.frames, 45);
    EXPECT_EQ(s.frames, 45);
    EXPECT_NEAR(p.duration, 3.0, 0.001);
    EXPECT_EQ(screen::Size({p.width, p.height}), s.size);
    // Lossy, but the picture: the square and the background are where they belong.
    const auto frames = frames_of(file(c.out), s.size);
    ASSERT_EQ(frames.size(), 45u);
    const auto close = [](screen::Pixel a, screen::Pixel b) {
      for (int shift = 0; shift < 24; shift += 8) {
        if (std::abs(static_cast<int>((a >> shift) & 255) - static_cast<int>((b >> shift) & 255)) > 14) return false;
      }
      return true;
    };
    EXPECT_TRUE(close(frames[44].row(59)[91], 0xffcc00)) << std::hex << frames[44].row(59)[91];
    EXPECT_TRUE(close(frames[44].row(10)[10], 0x204060)) << std::hex << frames[44].row(10)[10];
    EXPECT_TRUE(close(frames[2].row(10)[10], 0xffcc00)) << std::hex << frames[2].row(10)[10];
  }
}

TEST_F(ConvertTest, AVariableRateHasAFrameWhereSomethingChanges) {
  record(file("a.rcrec"));
  for (const char* name : {"v.mkv", "v.mp4"}) {
    SCOPED_TRACE(name);
    ConvertOptions o;
    o.container = *container_from_path(name);
    o.variable = true;
    const Summary s = must_convert({file("a.rcrec")}, file(name), o);
    // 0, 40 and 55 at 50 and 67, 700 (the same at 710), 1300, 2450, and the end.
    EXPECT_EQ(s.frames, 7);
    EXPECT_EQ(s.fps, 0);
    const Probe p = probe(file(name));
    EXPECT_EQ(p.frames, 7);
    EXPECT_NEAR(p.duration, 3.0, 0.02);
    const std::string times =
        output_of("ffprobe -v error -show_entries packet=pts_time -of csv=p=0 '" + file(name) + "'");
    std::istringstream lines(times);
    std::vector<double> got;
    for (double t = 0; lines >> t;) {
      got.push_back(t);
      lines.ignore(10, '\n');
    }
    const std::vector<double> want{0, 0.05, 0.0667, 0.7, 1.3, 2.45, 2.9833};
    ASSERT_EQ(got.size(), want.size()) << times;
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 0.017) << i;
  }
  ConvertOptions o;
  o.variable = true;
  EXPECT_EQ(convert({file("a.rcrec")}, file("v.avi"), o).error().code, base::Errc::invalid_argument);
}

TEST_F(ConvertTest, APartBeginsWithThePictureOfItsTime) {
  record(file("a.rcrec"));
  record(file("b.rcrec"));
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.fps = 20;
  o.from = milliseconds(1000);
  o.to = milliseconds(3500);  // 500 ms into the second
  o.sidecars = true;
  const Summary s = must_convert({file("a.rcrec"), file("b.rcrec")}, file("part.avi"), o);
  EXPECT_EQ(s.frames, 50);
  const auto frames = frames_of(file("part.avi"), {128, 96});
  ASSERT_EQ(frames.size(), 50u);
  for (int n = 0; n < 50; ++n) {
    // The first recording ends at 2990 ms.
    const int t = 1000 + n * 50;
    EXPECT_EQ(frames[static_cast<std::size_t>(n)], picture_at(t < 2990 ? t : t - 2990)) << "frame " << n;
  }
  std::ifstream srt(file("part.srt"));
  const std::string subtitles((std::istreambuf_iterator<char>(srt)), std::istreambuf_iterator<char>());
  EXPECT_EQ(subtitles, "1\n00:00:00,500 --> 00:00:05,500\n[control.started]\n\n")
      << "the chat line at 0.7 s is before, that at 3.69 s behind";
  std::ifstream events(file("part.events.jsonl"));
  std::string line;
  ASSERT_TRUE(std::getline(events, line));
  EXPECT_EQ(boost::json::parse(line).at("t_us").as_int64(), 500'000);
  EXPECT_FALSE(std::getline(events, line)) << line;

  o.from = milliseconds(3200);
  o.to.reset();
  const Summary second = must_convert({file("a.rcrec"), file("b.rcrec")}, file("second.avi"), o);
  EXPECT_EQ(second.frames, 56) << "2780 ms";
  EXPECT_EQ(frames_of(file("second.avi"), {128, 96})[0], picture_at(210));

  o.from = milliseconds(5980);
  EXPECT_EQ(convert({file("a.rcrec"), file("b.rcrec")}, file("x.avi"), o).error().code, base::Errc::invalid_argument);
  o.from = milliseconds(500);
  o.to = milliseconds(500);
  EXPECT_EQ(convert({file("a.rcrec")}, file("x.avi"), o).error().code, base::Errc::invalid_argument);
}

TEST_F(ConvertTest, AnotherSizeKeepsTheShape) {
  Movie m(file("a.rcrec"), {200, 100});
  m.frame.fill({0, 0, 200, 100}, 0x00ff00);
  m.frame.fill({0, 0, 100, 100}, 0x0000ff);
  m.shoot(milliseconds(0));
  m.end(milliseconds(200));
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.size = {101, 100};
  const Summary s = must_convert({file("a.rcrec")}, file("a.avi"), o);
  EXPECT_EQ(s.size, (screen::Size{102, 100}));
  EXPECT_EQ(probe(file("a.avi")).width, 102);
  const auto frames = frames_of(file("a.avi"), s.size);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].row(2)[50], 0u) << "black above";
  EXPECT_EQ(frames[0].row(97)[50], 0u) << "and below";
  EXPECT_EQ(frames[0].row(50)[10], 0x0000ffu);
  EXPECT_EQ(frames[0].row(50)[90], 0x00ff00u);
  o.size = {20000, 100};
  EXPECT_EQ(convert({file("a.rcrec")}, file("b.avi"), o).error().code, base::Errc::invalid_argument);
}

TEST_F(ConvertTest, SizeChangesAreLetterboxedToTheLargestWithEvenSides) {
  Movie m(file("a.rcrec"), {63, 41});
  m.frame.fill({0, 0, 63, 41}, 0x00ff00);
  m.shoot(milliseconds(0));
  m.resize({31, 75});
  m.frame.fill({0, 0, 31, 75}, 0x0000ff);
  m.shoot(milliseconds(500));
  m.end(milliseconds(1000));
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.fps = 10;
  const Summary s = must_convert({file("a.rcrec")}, file("a.avi"), o);
  EXPECT_EQ(s.size, (screen::Size{64, 76}));
  const auto frames = frames_of(file("a.avi"), s.size);
  ASSERT_EQ(frames.size(), 10u);
  EXPECT_EQ(frames[0].row(0)[0], 0u);
  EXPECT_EQ(frames[0].row(38)[30], 0x00ff00u);
  EXPECT_EQ(frames[9].row(38)[2], 0u);
  EXPECT_EQ(frames[9].row(38)[30], 0x0000ffu);
  EXPECT_EQ(frames[9].row(74)[30], 0x0000ffu);
}

TEST_F(ConvertTest, TheCursorIsDrawnOnWishOnly) {
  Movie m(file("a.rcrec"), {64, 64});
  m.shoot(milliseconds(0));
  ASSERT_TRUE(
      m.writer->cursor_shape({5, 2, 2, 0, 0, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, milliseconds(0)));
  ASSERT_TRUE(m.writer->cursor_move({10, 20, 5, true}, milliseconds(100)));
  ASSERT_TRUE(m.writer->cursor_move({30, 20, 5, true}, milliseconds(500)));
  m.end(milliseconds(1000));
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.fps = 10;
  must_convert({file("a.rcrec")}, file("a.avi"), o);
  const auto with = frames_of(file("a.avi"), {64, 64});
  ASSERT_EQ(with.size(), 10u);
  EXPECT_EQ(with[0].row(20)[10], 0u) << "no cursor before it was seen";
  EXPECT_EQ(with[4].row(20)[10], 0xffffffu);
  EXPECT_EQ(with[4].row(21)[11], 0xffffffu);
  EXPECT_EQ(with[5].row(20)[10], 0u);
  EXPECT_EQ(with[5].row(20)[30], 0xffffffu);
  o.draw_cursor = false;
  must_convert({file("a.rcrec")}, file("b.avi"), o);
  EXPECT_EQ(frames_of(file("b.avi"), {64, 64})[4].row(20)[10], 0u);
}

TEST_F(ConvertTest, ChatAndEventsGoBesideTheVideo) {
  record(file("a.rcrec"));
  ConvertOptions o;
  o.sidecars = true;
  const Summary s = must_convert({file("a.rcrec")}, file("a.avi"), o);
  ASSERT_EQ(s.sidecar_paths, (std::vector{file("a.srt"), file("a.events.jsonl")}));
  std::ifstream srt(file("a.srt"));
  const std::string subtitles((std::istreambuf_iterator<char>(srt)), std::istreambuf_iterator<char>());
  EXPECT_EQ(subtitles,
            "1\n00:00:00,700 --> 00:00:05,700\ntechnician: Hello\n1\n00:00:00,000 --\u2060> inject\n\n"
            "2\n00:00:01,500 --> 00:00:06,500\n[control.started]\n\n");
  std::ifstream events(file("a.events.jsonl"));
  std::string line;
  std::vector<boost::json::object> lines;
  while (std::getline(events, line)) lines.push_back(boost::json::parse(line).as_object());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("kind").as_string(), "chat");
  EXPECT_EQ(lines[1].at("data").at("type").as_string(), "control.started");
  EXPECT_EQ(lines[1].at("t_us").as_int64(), 1'500'000);
  EXPECT_EQ(lines[1].at("time").as_string(), "2025-11-24T16:00:01.500000Z");
}

TEST_F(ConvertTest, SeveralRecordingsFollowOneAnother) {
  record(file("a.rcrec"));
  Movie m(file("b.rcrec"), {64, 64});
  m.frame.fill({0, 0, 64, 64}, 0x123456);
  m.shoot(milliseconds(0));
  m.end(milliseconds(1010));
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.fps = 10;
  const Summary s = must_convert({file("a.rcrec"), file("b.rcrec")}, file("ab.avi"), o);
  EXPECT_EQ(s.frames, 40);
  const auto frames = frames_of(file("ab.avi"), {128, 96});
  ASSERT_EQ(frames.size(), 40u);
  EXPECT_EQ(frames[29], picture_at(2900));
  EXPECT_EQ(frames[30].row(48)[64], 0x123456u);
  EXPECT_EQ(frames[39].row(48)[64], 0x123456u);
  EXPECT_EQ(frames[39].row(2)[2], 0u);
}

TEST_F(ConvertTest, ATornRecordingIsConvertedUpToItsEnd) {
  record(file("a.rcrec"));
  std::filesystem::resize_file(file("a.rcrec"), std::filesystem::file_size(file("a.rcrec")) - 150);
  const Summary s = must_convert({file("a.rcrec")}, file("a.avi"), {});
  EXPECT_TRUE(s.unfinished);
  EXPECT_FALSE(s.partial());
  EXPECT_GE(s.duration, milliseconds(1400));
  EXPECT_EQ(probe(file("a.avi")).frames, s.frames);
}

TEST_F(ConvertTest, ADamagedMiddleIsShownAsAHoleAndNamed) {
  Movie m(file("a.rcrec"), {64, 64});
  for (int i = 0; i < 6; ++i) {
    m.frame.fill({0, 0, 64, 64}, 0x808080u + static_cast<screen::Pixel>(i));
    m.shoot(milliseconds(1000 * i), i == 4);
  }
  m.end(milliseconds(6000));
  auto reader = rcrec::ChunkReader::open(file("a.rcrec"));
  std::uint64_t offset = 0;
  while (offset == 0) {
    const auto peek = reader->peek_next();
    ASSERT_TRUE(peek && *peek);
    if ((*peek)->header.type == static_cast<std::uint8_t>(rcrec::ChunkType::video)) offset = (*peek)->offset;
  }
  std::fstream f(file("a.rcrec"), std::ios::in | std::ios::out | std::ios::binary);
  f.seekp(static_cast<std::streamoff>(offset + 52));
  f.put('\x7f');
  f.close();
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  o.fps = 2;
  const Summary s = must_convert({file("a.rcrec")}, file("a.avi"), o);
  EXPECT_TRUE(s.partial());
  ASSERT_EQ(s.gaps.size(), 1u);
  EXPECT_EQ(s.gaps[0].place.offset, offset);
  EXPECT_EQ(s.gaps[0].path, file("a.rcrec"));
  const auto frames = frames_of(file("a.avi"), {64, 64});
  ASSERT_EQ(frames.size(), 12u);
  EXPECT_EQ(frames[1].row(32)[32], 0x808080u);
  EXPECT_EQ(frames[7].row(0)[0], 0xd02020u) << "the hole has a red border";
  EXPECT_EQ(frames[7].row(32)[32], 0x202020u) << "and is dimmed";
  EXPECT_EQ(frames[8].row(32)[32], 0x808084u) << "up to the next checkpoint";
  EXPECT_EQ(frames[8].row(0)[0], 0x808084u);
}

TEST_F(ConvertTest, PacketsThatDoNotDecodeAreAHoleToo) {
  Movie m(file("a.rcrec"), {64, 64});
  m.shoot(milliseconds(0));
  ASSERT_TRUE(m.writer->video(base::Bytes(40, 0xd5), false, milliseconds(300)));
  m.frame.fill({0, 0, 64, 64}, 0xffffff);
  m.shoot(milliseconds(600), true);
  m.end(milliseconds(1000));
  const Summary s = must_convert({file("a.rcrec")}, file("a.avi"), {});
  ASSERT_EQ(s.gaps.size(), 1u);
  EXPECT_EQ(s.gaps[0].place.kind, rcrec::DamageKind::bad_content);
}

TEST_F(ConvertTest, ErrorsNameTheFileAndLeaveNothingBehind) {
  const auto error_of = [&](const std::vector<std::string>& in, ConvertOptions o = {}) {
    const auto s = convert(in, file("out.avi"), o);
    EXPECT_FALSE(s);
    EXPECT_FALSE(std::filesystem::exists(file("out.avi")));
    EXPECT_FALSE(std::filesystem::exists(file("out.avi.part")));
    return s.error();
  };
  EXPECT_EQ(error_of({file("none.rcrec")}).code, base::Errc::not_found);
  EXPECT_EQ(error_of({}).code, base::Errc::invalid_argument);
  std::ofstream(file("text.rcrec")) << "This is no recording at all, it is text.";
  EXPECT_EQ(error_of({file("text.rcrec")}).code, base::Errc::bad_format);
  EXPECT_NE(error_of({file("text.rcrec")}).message().find("text.rcrec"), std::string::npos);
  {
    Movie m(file("empty.rcrec"), {8, 8});
    m.end(milliseconds(10));
  }
  const auto empty = error_of({file("empty.rcrec")});
  EXPECT_EQ(empty.code, base::Errc::bad_format);
  EXPECT_NE(empty.message().find("empty.rcrec"), std::string::npos);
  {
    Movie m(file("bad.rcrec"), {64, 64});
    m.shoot(milliseconds(0));
    m.end(milliseconds(10));
  }
  std::filesystem::resize_file(file("bad.rcrec"), 150);
  const auto damaged = error_of({file("bad.rcrec")});
  EXPECT_NE(damaged.message().find("offset"), std::string::npos) << damaged.message();

  record(file("a.rcrec"));
  ConvertOptions o;
  o.fps = 0;
  EXPECT_EQ(error_of({file("a.rcrec")}, o).code, base::Errc::invalid_argument);
  o.fps = 15;
  o.codec = VideoCodec::vp9;
  EXPECT_EQ(error_of({file("a.rcrec")}, o).code, base::Errc::invalid_argument);
  o.codec = VideoCodec::h264;
  int asked = 0;
  o.canceled = [&asked] { return ++asked > 10; };
  EXPECT_EQ(error_of({file("a.rcrec")}, o).code, base::Errc::canceled);
}

TEST_F(ConvertTest, AWriteThatFailsInTheMiddleIsAnErrorAndLeavesNothing) {
  record(file("a.rcrec"));
  EXPECT_EQ(convert({file("a.rcrec")}, file("none") + "/x.avi", {}).error().code, base::Errc::not_found);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{6000, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  ConvertOptions o;
  o.codec = VideoCodec::zmbv;
  const auto s = convert({file("a.rcrec")}, file("x.avi"), o);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, base::Errc::io) << s.error().message();
  EXPECT_NE(s.error().message().find("x.avi"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file("x.avi")));
  EXPECT_FALSE(std::filesystem::exists(file("x.avi.part")));
}

TEST_F(ConvertTest, AnExistingOutputIsKeptUnlessToldOtherwise) {
  record(file("a.rcrec"));
  std::ofstream(file("a.avi")) << "precious";
  EXPECT_EQ(convert({file("a.rcrec")}, file("a.avi"), {}).error().code, base::Errc::conflict);
  EXPECT_EQ(std::filesystem::file_size(file("a.avi")), 8u);
  ConvertOptions o;
  o.overwrite = true;
  std::int64_t last = 0;
  o.on_progress = [&](const Progress& p) {
    EXPECT_GE(p.frames_done, last);
    EXPECT_EQ(p.frames_total, 45);
    last = p.frames_done;
  };
  must_convert({file("a.rcrec")}, file("a.avi"), o);
  EXPECT_EQ(last, 45) << "the last report says that all is done";
  EXPECT_EQ(probe(file("a.avi")).frames, 45);
}

TEST(Names, ContainersAndCodecs) {
  EXPECT_EQ(container_from_path("/x/y.AVI"), Container::avi);
  EXPECT_EQ(container_from_path("y.webm"), Container::webm);
  EXPECT_EQ(container_from_path("y.mkv"), Container::mkv);
  EXPECT_EQ(container_from_path("y.mov"), std::nullopt);
  EXPECT_EQ(container_from_path("avi"), std::nullopt);
  for (const auto c : kCodecs) EXPECT_EQ(codec_from_name(codec_name(c)), c);
  EXPECT_EQ(codec_from_name("h265"), std::nullopt);
}

}  // namespace
}  // namespace rescue::media

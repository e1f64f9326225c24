// SPDX-License-Identifier: Apache-2.0
// Chat and events as subtitles inside the file, and drawn into the picture.
#include <fstream>

#include "media/convert.hpp"
#include "media/impl/overlay.hpp"
#include "media/overlay.hpp"
#include "movie.hpp"

namespace rescue::media {
namespace {
using namespace movie;
using std::chrono::seconds;

class TextTest : public testing::Test {
 protected:
  void SetUp() override {
    Movie m(file("a.rcrec"), {640, 400});
    m.frame.fill({0, 0, 640, 400}, 0x306030);
    m.shoot(milliseconds(0));
    ASSERT_TRUE(m.writer->chat("Jörg", "Grüße aus Köln\nzweite Zeile", milliseconds(2000)));
    ASSERT_TRUE(m.writer->event("control.started", {}, milliseconds(4000)));
    ASSERT_TRUE(m.writer->chat("technician", "late", milliseconds(18'000)));
    m.end(milliseconds(20'000));
  }
  std::string file(const std::string& name) const { return (dir / name.c_str()).string(); }
  Summary must_convert(const std::string& out, ConvertOptions o) {
    o.container = *container_from_path(out);
    auto s = convert({file("a.rcrec")}, file(out), o);
    EXPECT_TRUE(s) << s.error().message();
    return s ? *s : Summary{};
  }
  test::TempDir dir;
};

TEST_F(TextTest, SubtitlesInsideAreReadByOthers) {
  ConvertOptions o;
  o.subtitles = Subtitles::inside;
  o.fps = 5;
  const auto srt = [&](const char* name) {
    must_convert(name, o);
    const Probe p = probe(file(name));
    EXPECT_EQ(p.frames, 100);
    EXPECT_NEAR(p.duration, 20.0, 0.1) << name;
    // Without what ffmpeg's own writer adds.
    return output_of("ffmpeg -v error -i '" + file(name) +
                     "' -map 0:s:0 -f srt - | sed -e 's/<[^>]*>//g' -e 's/\\r$//'");
  };
  EXPECT_EQ(srt("a.mkv"),
            "1\n00:00:02,000 --> 00:00:07,000\nJörg: Grüße aus Köln\nzweite Zeile\n\n"
            "2\n00:00:04,000 --> 00:00:09,000\n[control.started]\n\n"
            "3\n00:00:18,000 --> 00:00:20,000\ntechnician: late\n\n");
  EXPECT_EQ(srt("a.webm").substr(0, 69), "1\n00:00:02,000 --> 00:00:07,000\nJörg: Grüße aus Köln\nzweite Zeile");
  EXPECT_EQ(srt("a.mp4"),
            "1\n00:00:02,000 --> 00:00:04,000\nJörg: Grüße aus Köln\nzweite Zeile\n\n"
            "2\n00:00:04,000 --> 00:00:07,000\nJörg: Grüße aus Köln\nzweite Zeile\n[control.started]\n\n"
            "3\n00:00:07,000 --> 00:00:09,000\n[control.started]\n\n"
            "4\n00:00:18,000 --> 00:00:20,000\ntechnician: late\n\n");
  o.container = Container::avi;
  EXPECT_EQ(convert({file("a.rcrec")}, file("a.avi"), o).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(output_of("ffprobe -v error -select_streams s -show_entries stream=codec_name -of csv=p=0 '" +
                      file("a.mkv") + "'"),
            "subrip\n");
}

TEST_F(TextTest, SubtitlesBesideAreOneFile) {
  ConvertOptions o;
  o.subtitles = Subtitles::beside;
  const Summary s = must_convert("a.avi", o);
  EXPECT_EQ(s.sidecar_paths, std::vector{file("a.srt")});
  EXPECT_FALSE(std::filesystem::exists(file("a.events.jsonl")));
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST_F(TextTest, ChatForgesNoSubtitlesAndHidesNothing) {
  Movie m(file("a2.rcrec"), {64, 48});
  m.shoot(milliseconds(0));
  ASSERT_TRUE(m.writer->chat("9", "\n00:00:01,000 --> 00:00:09,000\nforged", milliseconds(2000)));
  ASSERT_TRUE(m.writer->chat("x", "{\\alpha&HFF&}<font size=0>seen</font> a<b & c", milliseconds(8000)));
  m.end(milliseconds(20'000));
  std::filesystem::rename(file("a2.rcrec"), file("a.rcrec"));
  ConvertOptions o;
  o.fps = 5;
  o.subtitles = Subtitles::beside;
  must_convert("a.avi", o);
  const auto again = [&](const std::string& from) {
    return output_of("ffmpeg -v error -i '" + file(from) + "' -map 0:s:0 -f srt - | sed -e 's/\\r$//'");
  };
  const auto count = [](const std::string& in, std::string_view what) {
    int n = 0;
    for (auto at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count(content_of(file("a.srt")), "-->"), 2);
  const std::string beside = again("a.srt");
  EXPECT_EQ(count(beside, " --> "), 2) << beside;
  EXPECT_EQ(count(beside, "seen"), 1) << beside;
  EXPECT_EQ(count(content_of(file("a.srt")), "{\\"), 0);
  EXPECT_EQ(count(content_of(file("a.srt")), "<font"), 0);
  o.subtitles = Subtitles::inside;
  must_convert("a.webm", o);
  const std::string inside = again("a.webm");
  EXPECT_EQ(count(inside, " --> "), 2 + count(inside, "--> 00:00:09,000\nforged")) << inside;
  EXPECT_EQ(count(inside, "a<b & c"), 1) << inside;
}

TEST_F(TextTest, ManyLinesAtATimeDoNotMakeAnMp4Large) {
  Movie m(file("a2.rcrec"), {64, 48});
  m.shoot(milliseconds(0));
  for (int n = 0; n < 2000; ++n)
    ASSERT_TRUE(m.writer->chat("x", std::string(100, 'a'), milliseconds(1000) + std::chrono::microseconds(1000 * n)));
  m.end(milliseconds(20'000));
  std::filesystem::rename(file("a2.rcrec"), file("a.rcrec"));
  ConvertOptions o;
  o.fps = 1;
  o.subtitles = Subtitles::inside;
  EXPECT_LT(must_convert("a.mp4", o).bytes, 2000u * 100 * 20);
}

TEST_F(TextTest, SidecarsAreNobodyElsesAndFollowNoLink) {
  std::ofstream(file("precious")) << "precious";
  std::filesystem::create_symlink(file("precious"), file("a.srt.part"));
  ConvertOptions o;
  o.subtitles = Subtitles::beside;
  must_convert("a.avi", o);
  EXPECT_EQ(content_of(file("precious")), "precious");
  EXPECT_FALSE(std::filesystem::is_symlink(file("a.srt")));
  EXPECT_EQ(std::filesystem::status(file("a.srt")).permissions(), std::filesystem::perms(0600));
}

TEST_F(TextTest, AColonInANameIsNoProtocol) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir / "");
  ConvertOptions o;
  o.fps = 5;
  o.container = Container::mkv;
  const auto s = convert({"a.rcrec"}, "10:30.mkv", o);
  std::filesystem::current_path(before);
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_TRUE(std::filesystem::exists(file("10:30.mkv")));
}

/// Pixels of a part that differ from the plain picture.
int drawn(const screen::Frame& f, screen::Rect part) {
  int n = 0;
  for (std::int32_t y = part.y; y < part.bottom(); ++y)
    for (std::int32_t x = part.x; x < part.right(); ++x) n += f.row(y)[x] != 0x306030 ? 1 : 0;
  return n;
}

TEST_F(TextTest, ChatEventsAndClockAreDrawnWhileTheyStand) {
  constexpr screen::Rect kLower{0, 280, 640, 120}, kUpper{320, 0, 320, 60};
  ConvertOptions o;
  o.codec = VideoCodec::ffv1;
  o.fps = 2;
  o.overlay = {true, false, false};
  must_convert("chat.mkv", o);
  const auto chat = frames_of(file("chat.mkv"), {640, 400});
  ASSERT_EQ(chat.size(), 40u);
  EXPECT_EQ(drawn(chat[3], screen::whole({640, 400})), 0) << "nothing was said yet";
  EXPECT_GT(drawn(chat[4], kLower), 300);
  EXPECT_EQ(drawn(chat[4], {0, 0, 640, 280}), 0);
  EXPECT_EQ(chat[4], chat[13]);
  EXPECT_EQ(drawn(chat[14], screen::whole({640, 400})), 0) << "after 5 s the picture is as it was";

  o.overlay = {true, true, true};
  must_convert("all.mkv", o);
  const auto all = frames_of(file("all.mkv"), {640, 400});
  EXPECT_GT(drawn(all[0], kUpper), 200) << "the clock";
  EXPECT_EQ(all[0], all[1]) << "within a second";
  EXPECT_NE(all[1], all[2]);
  EXPECT_GT(drawn(all[9], kLower), drawn(chat[9], kLower) + 100) << "the event's line";

  o.overlay = {false, false, false};
  must_convert("none.mkv", o);
  EXPECT_EQ(drawn(frames_of(file("none.mkv"), {640, 400})[9], screen::whole({640, 400})), 0);
}

TEST_F(TextTest, APartThatBeginsWhileALineStandsShowsIt) {
  ConvertOptions o;
  o.codec = VideoCodec::ffv1;
  o.fps = 2;
  o.overlay = {true, false, false};
  o.from = milliseconds(5000);
  o.sidecars = true;
  must_convert("part.mkv", o);
  const auto frames = frames_of(file("part.mkv"), {640, 400});
  EXPECT_GT(drawn(frames[0], screen::whole({640, 400})), 300);
  EXPECT_GT(drawn(frames[3], screen::whole({640, 400})), 300);
  EXPECT_EQ(drawn(frames[4], screen::whole({640, 400})), 0);
  std::ifstream srt(file("part.srt"));
  const std::string subtitles((std::istreambuf_iterator<char>(srt)), std::istreambuf_iterator<char>());
  EXPECT_EQ(subtitles, "1\n00:00:13,000 --> 00:00:18,000\ntechnician: late\n\n");
}

/// What is left of the plain picture where an overlay drew `text`.
std::vector<screen::Rect> place_of(const std::string& text, screen::Size size, screen::Frame* out = nullptr) {
  auto overlay = Overlay::create(size, {true, true, false});
  EXPECT_TRUE(overlay);
  overlay->add({NoteKind::chat, text}, rcrec::Time{});
  screen::Frame plain = *screen::Frame::create(size);
  screen::Damage changed{screen::whole(size)};
  const auto drawn = overlay->draw(plain, rcrec::Time{}, {}, changed);
  EXPECT_TRUE(drawn);
  if (out != nullptr) *out = **drawn;
  screen::Rect box;
  for (std::int32_t y = 0; y < size.height; ++y)
    for (std::int32_t x = 0; x < size.width; ++x)
      if ((*drawn)->row(y)[x] != 0) box = box.united({x, y, 1, 1});
  return {box};
}

TEST(Overlay, TextFitsAndIsLegibleAtAnySize) {
  ASSERT_TRUE(font_places());
  const std::string lines = "technician: a line of usual length, with umlauts äöüß and 日本語 and العربية";
  for (const screen::Size size : {screen::Size{320, 200}, {1280, 800}, {3840, 2160}, {100, 1000}}) {
    const screen::Rect box = place_of(lines, size)[0];
    EXPECT_GT(box.height, 10) << size.width;
    EXPECT_GT(box.width, size.width / 8);
    EXPECT_LT(box.right(), size.width) << "nothing is cut off";
    EXPECT_LT(box.bottom(), size.height);
  }
  const screen::Rect word = place_of("x: " + std::string(200, 'm'), {640, 400})[0];
  EXPECT_LT(word.right(), 640) << "a word without a space is broken";
  EXPECT_GT(word.height, 40);
}

TEST(Overlay, WhatPeopleTypeIsNoMarkup) {
  const screen::Size size{640, 400};
  EXPECT_EQ(place_of("{\\pos(300,10)\\fs90}x", size)[0].bottom(), place_of("{.pos(300,10).fs90}x", size)[0].bottom());
  EXPECT_GT(place_of("{\\pos(300,10)\\fs90}x", size)[0].y, 300) << "stays below";
  EXPECT_EQ(place_of("a\\Nb", size)[0].height, place_of("a/Nb", size)[0].height) << "no line break";
  screen::Frame with, without;
  place_of("{\\alpha&HFF&}secret", size, &with);
  EXPECT_NE(with, *screen::Frame::create(size)) << "nothing can be hidden";
  place_of("", size, &without);
}

TEST(Overlay, OldTextIsTakenOff) {
  const screen::Size size{320, 200};
  auto overlay = Overlay::create(size, {true, true, false});
  ASSERT_TRUE(overlay);
  const screen::Frame plain = *screen::Frame::create(size);
  screen::Damage changed{screen::whole(size)};
  overlay->add({NoteKind::event, "[one]"}, rcrec::Time{});
  EXPECT_NE(**overlay->draw(plain, rcrec::Time{}, {}, changed), plain);
  changed.clear();
  static_cast<void>(overlay->draw(plain, seconds(1), {}, changed));
  EXPECT_TRUE(changed.empty()) << "the same text, the same picture";
  EXPECT_EQ(**overlay->draw(plain, seconds(5), {}, changed), plain);
  EXPECT_FALSE(changed.empty());
  EXPECT_LT(changed.bounds().height, 100);
}

}  // namespace
}  // namespace rescue::media

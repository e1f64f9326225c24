// SPDX-License-Identifier: Apache-2.0
// The tools that measure the screen codec, on a small capture that they make.
#include <gtest/gtest.h>

#include "perf/clip_frames.hpp"
#include "perf/clip_record.hpp"
#include "perf/clip_run.hpp"
#include "perf/made_clip.hpp"
#include "perf/side_by_side.hpp"
#include "perf/xcp_writer.hpp"
#include "rcrec/inspect.hpp"
#include "support/temp_dir.hpp"

namespace rescue::perf {
namespace {

using std::chrono::microseconds;

class Clips : public testing::Test {
 protected:
  std::string made(const MadeClip& settings = {.seconds = 2, .size = {320, 200}}) {
    const std::string path = dir_.path() / "made.xcp.zst";
    EXPECT_TRUE(make_clip(path, settings));
    return path;
  }
  test::TempDir dir_;
};

TEST_F(Clips, ReadBackWhatWasWritten) {
  const std::string path = dir_.path() / "a.xcp.zst";
  auto frame = *screen::Frame::create({130, 70});  // neither side is a multiple of a tile
  auto writer = *XcpWriter::create(path, frame.size());
  const screen::CursorImage arrow{{2, 1}, {1, 0}, {0xff010203, 0x80404040}};
  ASSERT_EQ(*writer.frame(frame, microseconds(10)), 6U) << "all tiles at first";
  ASSERT_TRUE(writer.cursor_shape(7, arrow, microseconds(11)));
  ASSERT_TRUE(writer.cursor_move({-3, 69}, 7, microseconds(12)));
  ASSERT_EQ(*writer.frame(frame, microseconds(20)), 0U) << "nothing changed";
  frame.row(69)[129] = 0xa1b2c3;
  ASSERT_EQ(*writer.frame(frame, microseconds(30)), 1U);
  ASSERT_TRUE(writer.finish(microseconds(40)));

  auto reader = *XcpReader::open(path);
  auto r = *reader.next();
  EXPECT_EQ(r.kind, XcpReader::Kind::frame);
  EXPECT_EQ(reader.frame(), *screen::Frame::create({130, 70}));
  r = *reader.next();
  EXPECT_EQ(r.kind, XcpReader::Kind::cursor_shape);
  EXPECT_EQ(r.shape, arrow);
  r = *reader.next();
  EXPECT_EQ(r.kind, XcpReader::Kind::cursor_move);
  EXPECT_EQ(r.position, (screen::Point{-3, 69}));
  EXPECT_EQ(r.shape_id, 7U);
  r = *reader.next();
  EXPECT_EQ(r.t, microseconds(30));
  EXPECT_EQ(r.damage.bounds(), (screen::Rect{128, 64, 2, 6}));
  EXPECT_EQ(reader.frame(), frame);
  EXPECT_EQ(reader.next()->kind, XcpReader::Kind::end);
}

TEST_F(Clips, SayThatTheEndIsMissing) {
  const std::string path = made();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const auto result = run_clip(path, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::Errc::bad_format);
}

TEST_F(Clips, SampledAtARateHaveOnePictureATick) {
  const std::string path = made();
  std::size_t sampled = 0;
  std::size_t changed = 0;
  const auto count = [](std::size_t& n) {
    return [&n](const screen::Frame&) -> base::Result<> {
      ++n;
      return {};
    };
  };
  ASSERT_TRUE(each_frame(path, {.fps = 10}, count(sampled)));
  ASSERT_TRUE(each_frame(path, {}, count(changed)));
  EXPECT_EQ(sampled, 20U);
  EXPECT_EQ(changed, 25U) << "30 ticks, the last five of them at rest";
}

TEST_F(Clips, ComeOutExactWithoutLoss) {
  const std::string path = made();
  RunSettings settings;
  const auto whole = run_clip(path, settings);
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->frames, 25U);
  EXPECT_EQ(whole->quality.exact_pictures(), 25U);
  EXPECT_EQ(whole->quality.inexact_share(), 0);
  EXPECT_GT(whole->bytes, whole->first_bytes);
  settings.compare = true;
  const auto compared = run_clip(path, settings);
  ASSERT_TRUE(compared) << compared.error().message();
  EXPECT_EQ(compared->bytes, whole->bytes) << "the encoder finds what it would be told";
  settings.compare = false;
  settings.work = 20000;
  const auto parts = run_clip(path, settings);
  ASSERT_TRUE(parts) << parts.error().message();
  EXPECT_GT(parts->call_ms.size(), parts->frames) << "some pictures take more than one packet";
  EXPECT_TRUE(parts->last_exact);
}

TEST_F(Clips, ComeOutInexactOnlyWhereTheDecoderSaysSo) {
  const std::string path = made({.seconds = 4, .size = {320, 200}});
  RunSettings settings;
  settings.fidelity = screen::Fidelity::visual;
  settings.pictures = dir_.path() / "pictures";
  const auto visual = run_clip(path, settings);
  ASSERT_TRUE(visual) << visual.error().message();
  EXPECT_LT(visual->quality.inexact_share(), 0.8) << "text is exact";
  settings.refine = true;
  const auto refined = run_clip(path, settings);
  ASSERT_TRUE(refined) << refined.error().message();
  EXPECT_TRUE(refined->last_exact) << "the picture stands still at the end";
}

TEST_F(Clips, ComeOutAsTheyShouldByAllMeansAtOnce) {
  RunSettings settings;
  settings.fidelity = screen::Fidelity::coarse;
  settings.refine = true;
  settings.video_kbit = 500;
  settings.work = 30000;
  const auto all = run_clip(made({.seconds = 4, .size = {320, 200}}), settings);
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->frames, 50U);
  EXPECT_TRUE(all->last_exact) << "what moved stands still at the end";
}

TEST_F(Clips, PresentedInRealTimeAreAllAccountedFor) {
  const std::string path = made();
  RunSettings settings;
  settings.fps = 15;
  settings.until = std::chrono::seconds(1);
  const auto result = run_clip(path, settings);
  ASSERT_TRUE(result) << result.error().message();
  // A tick at 15 Hz may meet two pictures of the capture or none, and a loaded machine drops some.
  EXPECT_LE(result->frames + result->dropped, 16U);
  EXPECT_GE(result->frames + result->dropped, 13U);
  EXPECT_EQ(result->delay_ms.size(), result->frames);
}

TEST_F(Clips, BecomeRecordingsWithCursorAndEvents) {
  const std::string out = dir_.path() / "made.rcrec";
  const auto recorded = record_clip(made(), out, {});
  ASSERT_TRUE(recorded) << recorded.error().message();
  const auto info = rcrec::info(out);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_TRUE(info->finished);
  EXPECT_EQ(info->file_bytes, recorded->bytes);
  EXPECT_EQ(info->video_packets, 25U);
  EXPECT_EQ(info->events, 6U);
  EXPECT_GT(info->by_type[static_cast<int>(rcrec::ChunkType::cursor)].bytes, recorded->cursor_bytes);
  EXPECT_GT(recorded->overhead(), 0);
}

TEST(PictureQuality, MeasuresOnlyWhereSomethingDiffers) {
  auto source = *screen::Frame::create({64, 32});
  source.fill({40, 0, 1, 32}, 0xffffff);  // an edge to its left and to its right
  auto decoded = source;
  PictureQuality q;
  EXPECT_TRUE(q.add(source, decoded));
  EXPECT_EQ(q.inexact_psnr(), 0);
  for (std::int32_t y = 0; y < 16; ++y) decoded.row(y)[40] = 0xffe0ff;  // green off by 31 in one tile of eight
  EXPECT_FALSE(q.add(source, decoded));
  EXPECT_EQ(q.exact_pictures(), 1U);
  EXPECT_DOUBLE_EQ(q.inexact_share(), 1.0 / 16);
  EXPECT_EQ(q.max_error(), 31);
  EXPECT_DOUBLE_EQ(q.smudged_edges(), 16.0 / 128);
  // 16 of the tile's 768 samples are off by 31.
  EXPECT_NEAR(q.inexact_psnr(), 10 * std::log10(65025.0 * 768 / (16 * 31 * 31)), 1e-9);
}

TEST(SideBySide, AmplifiesTheDifference) {
  auto a = *screen::Frame::create({8, 8});
  auto b = a;
  a.row(1)[2] = 0x010000;
  b.row(3)[4] = 0x0000ff;
  const auto off = *difference(a, b);
  EXPECT_EQ(off.row(1)[2], 0x080000U);
  EXPECT_EQ(off.row(3)[4], 0x0000ffU);
  EXPECT_EQ(off.row(0)[0], 0U);
}

}  // namespace
}  // namespace rescue::perf

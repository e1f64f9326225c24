// SPDX-License-Identifier: Apache-2.0
#include "client/recorded_pictures.hpp"

#include <gtest/gtest.h>

#include <random>

namespace rescue::client {
namespace {
using namespace std::chrono_literals;
constexpr base::SteadyTime kStart{1h};

/// The supported end, this end, and what a reader of the recording sees.
struct Scene {
  Scene() {
    std::mt19937 random(3);
    for (std::int32_t y = 0; y < 192; ++y)
      for (std::int32_t x = 0; x < 256; ++x) frame.row(y)[x] = random() & screen::kPixelMask;
  }
  /// One packet; false when there was none.
  bool send(bool keyframe, std::uint32_t work, const screen::Damage* damage = nullptr) {
    const auto packet = encoder.encode(frame, {.damage = damage, .keyframe = keyframe, .work = work}).value();
    if (!packet) return false;
    const auto changed = shown.decode(packet->bytes).value();
    write(recorded.take(packet->bytes, packet->info.keyframe, shown.complete(), shown.canvas(), changed, now));
    return true;
  }
  void send_rest() {
    const screen::Damage nothing;
    while (encoder.pending()) send(false, kSome, &nothing);
  }
  void change(screen::Pixel colour) { frame.fill({40, 40, 30, 30}, colour); }
  void write(const std::vector<RecordedPacket>& packets) {
    for (const auto& p : packets) {
      if (p.keyframe) checkpoints.emplace_back();
      if (checkpoints.empty()) FAIL() << "the recording does not begin with a keyframe";
      checkpoints.back().push_back(p.bytes);
      ASSERT_TRUE(read.decode(p.bytes));
      ++written;
    }
  }
  static constexpr std::uint32_t kSome = 10'000;
  screen::Frame frame = screen::Frame::create({256, 192}).value();
  screen::Encoder encoder;
  screen::Decoder shown, read;
  RecordedPictures recorded;
  std::vector<std::vector<base::Bytes>> checkpoints;  // each with what was written behind it
  base::SteadyTime now = kStart;
  int written = 0;
};

TEST(RecordedPictures, AKeyframeInPartsIsWrittenWhenItIsWhole) {
  Scene s;
  s.send(true, Scene::kSome);
  ASSERT_TRUE(s.encoder.pending());
  EXPECT_EQ(s.written, 0);
  s.send_rest();
  EXPECT_GT(s.written, 1);
  EXPECT_EQ(s.read.canvas(), s.frame);
  EXPECT_TRUE(s.read.complete());
  // A later one as well, and what is seen until then is not lost.
  s.change(0x112233);
  s.send(false, screen::EncodeRequest::kWholePicture);
  EXPECT_EQ(s.read.canvas(), s.frame);
  s.send(true, Scene::kSome);
  EXPECT_EQ(s.checkpoints.size(), 1U) << "no checkpoint of which parts are missing";
  EXPECT_EQ(s.read.canvas(), s.frame);
  s.send_rest();
  EXPECT_EQ(s.checkpoints.size(), 2U);
  EXPECT_EQ(s.read.canvas(), s.frame);
}

TEST(RecordedPictures, PartsOfOtherPicturesAreWrittenAsTheyCome) {
  Scene s;
  s.send(true, screen::EncodeRequest::kWholePicture);
  std::mt19937 random(5);
  for (std::int32_t y = 0; y < 192; ++y)
    for (std::int32_t x = 0; x < 256; ++x) s.frame.row(y)[x] = random() & screen::kPixelMask;
  s.send(false, Scene::kSome);
  ASSERT_TRUE(s.encoder.pending());
  EXPECT_EQ(s.written, 2);
  EXPECT_EQ(s.read.canvas(), s.shown.canvas());
}

TEST(RecordedPictures, AKeyframeThatDoesNotBecomeWholeIsWrittenAllTheSame) {
  Scene s;
  s.send(true, Scene::kSome);
  s.now += 1900ms;
  s.write(s.recorded.overdue(s.now));
  EXPECT_EQ(s.written, 0);
  s.now += 200ms;
  s.write(s.recorded.overdue(s.now));
  EXPECT_EQ(s.written, 1);
  s.send_rest();
  EXPECT_EQ(s.read.canvas(), s.frame);
}

TEST(RecordedPictures, WhatIsHeldBackAtTheEndIsNotLost) {
  Scene s;
  s.send(true, Scene::kSome);
  s.write(s.recorded.overdue(std::nullopt));
  EXPECT_EQ(s.written, 1);
  EXPECT_EQ(s.read.canvas(), s.shown.canvas());
}

TEST(RecordedPictures, AKeyframeThatAnotherReplacesIsForgotten) {
  Scene s;
  s.send(true, Scene::kSome);
  s.send(true, screen::EncodeRequest::kWholePicture);
  EXPECT_EQ(s.written, 1);
  EXPECT_EQ(s.read.canvas(), s.frame);
}

TEST(RecordedPictures, BegunInTheMiddleItLosesNoPictureUntilTheKeyframeThatWasAskedFor) {
  Scene s;
  s.recorded = {};
  {
    // Not recorded yet.
    const auto packet = s.encoder.encode(s.frame, nullptr, true).value();
    ASSERT_TRUE(s.shown.decode(packet->bytes));
  }
  s.recorded.begin_in_the_middle();
  EXPECT_TRUE(s.recorded.wants_keyframe());
  s.write(s.recorded.seen(s.shown.canvas()));
  EXPECT_EQ(s.read.canvas(), s.frame);
  for (screen::Pixel colour : {0x100000U, 0x200000U, 0x300000U}) {
    s.change(colour);
    s.send(false, screen::EncodeRequest::kWholePicture);
    EXPECT_EQ(s.read.canvas(), s.frame) << colour;
  }
  s.send(true, Scene::kSome);
  EXPECT_FALSE(s.recorded.wants_keyframe()) << "it is coming";
  EXPECT_EQ(s.read.canvas(), s.frame) << "the picture before stands until the new one is whole";
  s.send_rest();
  EXPECT_EQ(s.checkpoints.size(), 2U);
  s.change(0x400000);
  s.send(false, screen::EncodeRequest::kWholePicture);
  EXPECT_EQ(s.read.canvas(), s.frame);
}

}  // namespace
}  // namespace rescue::client

// SPDX-License-Identifier: Apache-2.0
// A view at the technician's end: pictures that come in parts, displays, fidelity.
#include <functional>
#include <random>
#include <thread>

#include "agent_pair.hpp"
#include "rcrec/reader.hpp"
#include "screen/png.hpp"

namespace rescue::client {
namespace {
using testing::AgentPair;
using namespace std::chrono_literals;
namespace json = boost::json;

std::string slurp(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A picture that takes several packets, sent one by one.
struct Parts {
  explicit Parts(AgentPair& pair) : p(pair) {
    std::mt19937 random(7);
    for (std::int32_t y = 0; y < 192; ++y)
      for (std::int32_t x = 0; x < 256; ++x) frame.row(y)[x] = random() & screen::kPixelMask;
  }
  void send(bool keyframe = false) {
    const screen::Damage nothing;
    const auto packet =
        p.encoder.encode(frame, {.damage = keyframe ? nullptr : &nothing, .keyframe = keyframe, .work = 10'000})
            .value();
    ASSERT_TRUE(packet);
    ASSERT_TRUE(p.applet.screen_packet(1, packet->info.keyframe, packet->bytes, p.now()));
    p.settle();
  }
  void send_rest() {
    while (p.encoder.pending()) send();
  }
  AgentPair& p;
  screen::Frame frame = screen::Frame::create({256, 192}).value();
};

void see(AgentPair& p) {
  p.say(R"({"cmd":"ask","permission":"desktop_view"})");
  p.say(R"({"id":1,"cmd":"view"})");
  ASSERT_NE(p.view().find("result", 1), nullptr) << p.view().text();
}

void allow_in_real_time(AgentPair& p) {
  for (const char* permission : {"record_session", "desktop_view"}) allow(p, permission);
}

TEST(View, AScreenshotWaitsForTheWholePicture) {
  base::ManualClock clock;
  AgentPair p(clock);
  see(p);
  Parts parts(p);
  parts.send(true);
  const auto path = (p.dir / "whole.png").string();
  p.say(R"({"id":2,"cmd":"screenshot","path":")" + path + "\"}");
  EXPECT_EQ(p.view().find("result", 2), nullptr) << "half a picture";
  EXPECT_FALSE(std::filesystem::exists(path));
  parts.send_rest();
  ASSERT_NE(p.view().find("result", 2), nullptr) << p.view().text();
  EXPECT_EQ(screen::from_png(base::as_bytes(slurp(path))).value(), parts.frame);
}

TEST(View, AScreenshotOfAPictureThatNeverBecomesWholeFailsInTime) {
  base::ManualClock clock;
  AgentPair p(clock);
  see(p);
  Parts parts(p);
  parts.send(true);
  const auto path = (p.dir / "half.png").string();
  p.say(R"({"id":2,"cmd":"screenshot","path":")" + path + R"(","timeout":"2s"})");
  p.say(R"({"id":3,"cmd":"screenshot","path":")" + path + "\"}");
  clock.advance(2500ms);
  p.agent.tick();
  ASSERT_NE(p.view().find("error", 2), nullptr) << p.view().text();
  EXPECT_EQ(p.view().find("error", 2)->at("error").as_string(), "TIMED_OUT");
  EXPECT_EQ(p.view().find("error", 3), nullptr);
  p.say(R"({"cmd":"unview"})");
  EXPECT_NE(p.view().find("error", 3), nullptr) << "nothing more comes";
  p.say(R"({"id":4,"cmd":"screenshot","path":")" + path + "\"}");
  EXPECT_NE(p.view().find("error", 4), nullptr);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(View, AFirstPictureThatDoesNotBecomeWholeEndsTheWaitButNotTheView) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.answers_views = false;
  p.say(R"({"cmd":"ask","permission":"desktop_view"})");
  p.say(R"({"id":1,"cmd":"view"})");
  Parts parts(p);
  parts.send(true);
  clock.advance(kFirstPicture + 1s);
  p.agent.tick();
  ASSERT_NE(p.view().find("error", 1), nullptr) << p.view().text();
  EXPECT_EQ(p.view().find("error", 1)->at("error").as_string(), "TIMED_OUT");
  const std::string said(p.view().find("error", 1)->at("message").as_string());
  EXPECT_TRUE(said.contains("the view goes on")) << said;
  parts.send_rest();
  EXPECT_NE(p.view().find("picture"), nullptr);
  p.say(R"({"id":2,"cmd":"view"})");
  EXPECT_NE(p.view().find("result", 2), nullptr) << "it is seen";
}

TEST(View, FramesAreWholePicturesAndSayWhatTheyTook) {
  base::ManualClock clock;
  AgentPair p(clock);
  see(p);
  p.say(R"({"cmd":"subscribe","frames":true})");
  Parts parts(p);
  parts.send(true);
  EXPECT_EQ(p.view().find("frame"), nullptr);
  parts.send_rest();
  const auto* frame = p.view().find("frame");
  ASSERT_NE(frame, nullptr);
  EXPECT_TRUE(frame->at("keyframe").as_bool());
  EXPECT_TRUE(frame->at("exact").as_bool());
  EXPECT_GT(frame->at("packets").to_number<int>(), 1);
  EXPECT_GT(frame->at("bytes").to_number<int>(), 100'000) << "of all parts together";
  p.say(R"({"id":2,"cmd":"state"})");
  EXPECT_EQ(p.view().find("result", 2)->at("frames"), frame->at("n"));
}

TEST(View, GoesOnAfterPacketsThatCannotBeDecoded) {
  base::ManualClock clock;
  AgentPair p(clock);
  see(p);
  // As many as may be under way: all of them are refused, and the keyframe needs their room.
  while (p.applet.can_send_screen(p.now()))
    ASSERT_TRUE(p.applet.screen_packet(1, false, base::as_bytes("this is no picture"), p.now()));
  p.settle();
  EXPECT_EQ(p.keyframes_wanted, 1);
  ASSERT_TRUE(p.applet.can_send_screen(p.now())) << "there is room for it";
  p.send_frame(true, 1, 0x445566);
  p.settle();
  const auto path = (p.dir / "after.png").string();
  p.say(R"({"id":2,"cmd":"screenshot","path":")" + path + "\"}");
  ASSERT_NE(p.view().find("result", 2), nullptr) << p.view().text();
  EXPECT_EQ(screen::from_png(base::as_bytes(slurp(path))).value().row(0)[0], 0x445566U);
}

TEST(View, ARecordingThatBeginsBetweenThePartsOfTheFirstPictureHasIt) {
  AgentPair p(base::system_clock());
  allow_in_real_time(p);
  p.answers_views = false;
  p.say(R"({"id":1,"cmd":"view"})");
  Parts parts(p);
  parts.send(true);
  p.say(R"({"id":2,"cmd":"record"})");
  ASSERT_NE(p.view().find("result", 2), nullptr) << p.view().text();
  parts.send_rest();
  ASSERT_NE(p.view().find("result", 1), nullptr) << "the first picture is whole";
  EXPECT_EQ(p.keyframes_wanted, 0) << "one would have begun anew";
  p.say(R"({"id":3,"cmd":"unrecord"})");
  ASSERT_NE(p.view().find("result", 3), nullptr) << p.view().text();
  auto timeline = rcrec::Timeline::open(std::string(p.view().find("result", 3)->at("path").as_string())).value();
  screen::Decoder decoder;
  while (auto item = timeline.next().value())
    if (const auto* video = std::get_if<rcrec::VideoItem>(&item->item)) {
      ASSERT_TRUE(decoder.decode(video->packet));
    }
  EXPECT_EQ(decoder.canvas(), parts.frame);
}

TEST(View, AnotherDisplayIsAnsweredWithItsOwnPicture) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.applet.set_displays({{1, 0, 0, 64, 48, 100, true, "left"}, {7, 64, 0, 64, 48, 100, false, "right"}}, p.now());
  see(p);
  p.say(R"({"id":2,"cmd":"view","display":7})");
  ASSERT_NE(p.view().find("result", 2), nullptr) << p.view().text();
  EXPECT_EQ(p.view().find("result", 2)->at("display").as_int64(), 7);
  EXPECT_EQ(p.capture.display, 7U);
  EXPECT_EQ(p.captures, 2);
  // Left out: what is seen. 0: the primary one.
  p.say(R"({"id":3,"cmd":"view"})");
  EXPECT_EQ(p.view().find("result", 3)->at("display").as_int64(), 7);
  EXPECT_EQ(p.captures, 2);
  p.say(R"({"id":4,"cmd":"view","display":0})");
  EXPECT_EQ(p.view().find("result", 4)->at("display").as_int64(), 1);
  p.say(R"({"id":5,"cmd":"view","display":99})");
  EXPECT_NE(p.view().find("error", 5), nullptr) << "there is no such display";
}

TEST(View, ExactIsAskedForAndStays) {
  base::ManualClock clock;
  AgentPair p(clock);
  see(p);
  EXPECT_FALSE(p.capture.exact);
  p.say(R"({"id":2,"cmd":"view","fidelity":"exact"})");
  ASSERT_NE(p.view().find("result", 2), nullptr) << p.view().text();
  EXPECT_TRUE(p.capture.exact);
  p.say(R"({"id":3,"cmd":"view"})");
  EXPECT_EQ(p.captures, 2) << "nothing was to be changed";
  p.say(R"({"id":4,"cmd":"view","fidelity":"auto"})");
  EXPECT_FALSE(p.capture.exact);
  p.say(R"({"id":5,"cmd":"view","fidelity":"blurred"})");
  EXPECT_NE(p.view().find("error", 5), nullptr);
}

TEST(View, ARecordingSaysWhichDisplayIsSeen) {
  AgentPair p(base::system_clock());
  p.applet.set_displays({{1, 0, 0, 64, 48, 100, true, "left"}, {7, 64, 0, 64, 48, 100, false, "right"}}, p.now());
  const auto until = [&](const std::function<bool()>& done) { return tick_until(p, done); };
  allow_in_real_time(p);
  p.say(R"({"id":1,"cmd":"record"})");
  ASSERT_NE(p.view().find("result", 1), nullptr) << p.view().text();
  p.say(R"({"id":2,"cmd":"view"})");
  ASSERT_TRUE(until([&] { return p.view().find("result", 2) != nullptr; }));
  p.say(R"({"id":3,"cmd":"view","display":7})");
  ASSERT_TRUE(until([&] { return p.view().find("result", 3) != nullptr; }));
  // The monitor is unplugged.
  p.applet.set_displays({{1, 0, 0, 64, 48, 100, true, "left"}}, p.now());
  ASSERT_TRUE(until([&] { return p.captures == 3; }));
  p.settle();
  p.say(R"({"id":4,"cmd":"unrecord"})");
  ASSERT_NE(p.view().find("result", 4), nullptr) << p.view().text();
  auto timeline = rcrec::Timeline::open(std::string(p.view().find("result", 4)->at("path").as_string())).value();
  std::vector<std::int64_t> seen;
  std::vector<std::size_t> counts;
  while (auto item = timeline.next().value()) {
    const auto* event = std::get_if<rcrec::EventItem>(&item->item);
    if (event == nullptr || event->type != "display") continue;
    seen.push_back(event->all.at("id").to_number<std::int64_t>());
    counts.push_back(event->all.at("displays").as_array().size());
  }
  ASSERT_GE(seen.size(), 3U);
  EXPECT_EQ(seen.back(), 1);
  EXPECT_EQ(counts.back(), 1U);
  EXPECT_NE(std::ranges::find(seen, 7), seen.end());
}

}  // namespace
}  // namespace rescue::client

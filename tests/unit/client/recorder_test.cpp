// SPDX-License-Identifier: Apache-2.0
#include "client/recorder.hpp"

#include "agent_pair.hpp"
#include "rcrec/inspect.hpp"
#include "rcrec/reader.hpp"

namespace rescue::client {
namespace {

using namespace testing;

/// A disk that is full while it is told to be.
class FillingSink final : public rcrec::Sink {
 public:
  FillingSink(std::unique_ptr<rcrec::Sink> inner, std::shared_ptr<std::atomic<bool>> full)
      : inner_(std::move(inner)), full_(std::move(full)) {}
  base::Result<> append(base::ByteView b) override {
    if (*full_) return base::fail(base::Errc::no_space, "write '" + name() + "'");
    return inner_->append(b);
  }
  base::Result<> truncate(std::uint64_t size) override { return inner_->truncate(size); }
  base::Result<> sync() override { return inner_->sync(); }
  const std::string& name() const override { return inner_->name(); }

 private:
  std::unique_ptr<rcrec::Sink> inner_;
  std::shared_ptr<std::atomic<bool>> full_;
};

struct Disk {
  std::shared_ptr<std::atomic<bool>> full = std::make_shared<std::atomic<bool>>(false);
  auto opener() const {
    return [flag = full](const std::string& path) -> base::Result<std::unique_ptr<rcrec::Sink>> {
      RESCUE_TRY(auto inner, rcrec::create_file_sink(path));
      return std::unique_ptr<rcrec::Sink>(new FillingSink(std::move(inner), flag));
    };
  }
};

bool recording_state(const Lines& lines, std::string_view state) {
  return std::ranges::any_of(lines.all, [&](const json::object& o) {
    return o.at("event").as_string() == "recording" && std::string_view(o.at("state").as_string()) == state;
  });
}

TEST(Recorder, WritesWhatItIsGivenAndFinishes) {
  test::TempDir dir;
  RecorderOptions options;
  options.path = (dir / "a.rcrec").string();
  options.start.session = base::Guid::parse("0f8fad5b-d9cb-469f-a165-70867728950e").value();
  auto recorder = Recorder::start(options).value();
  recorder->chat("technician", "hello");
  recorder->event("control.started", {});
  const auto done = recorder->finish().value();
  const auto checked = rcrec::verify(options.path).value();
  EXPECT_EQ(checked.verdict, rcrec::Verdict::intact);
  EXPECT_EQ(checked.sha256_hex, done.sha256_hex);
  EXPECT_EQ(checked.info.chat_lines, 1U);
  EXPECT_EQ(checked.info.events, 1U);
}

TEST(Recorder, NamesAFileThatExistsOrCannotBe) {
  test::TempDir dir;
  std::ofstream(dir / "a.rcrec") << "x";
  RecorderOptions options;
  options.path = (dir / "a.rcrec").string();
  EXPECT_EQ(Recorder::start(options).error().code, base::Errc::conflict);
  options.path = "/nowhere/a.rcrec";
  EXPECT_EQ(Recorder::start(options).error().code, base::Errc::not_found);
}

TEST(Recording, FollowsTheSessionAndVerifies) {
  AgentPair p(base::system_clock());
  allow(p, "record_session");
  allow(p, "desktop_view");
  p.say(R"({"id":1,"cmd":"record"})");
  ASSERT_NE(p.view().find("result", 1), nullptr) << p.view().text();
  p.say(R"({"id":2,"cmd":"view"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.view().find("result", 2) != nullptr; })) << p.view().text();
  p.say(R"({"cmd":"chat","text":"watch this"})");
  p.say(R"({"id":3,"cmd":"unrecord"})");
  const auto* ended = p.view().find("result", 3);
  ASSERT_NE(ended, nullptr) << p.view().text();
  const auto checked = rcrec::verify(std::string(ended->at("path").as_string())).value();
  EXPECT_EQ(checked.verdict, rcrec::Verdict::intact);
  EXPECT_EQ(checked.info.chat_lines, 1U);
  EXPECT_GE(checked.info.video_packets, 1U);
  EXPECT_EQ(checked.sha256_hex, std::string(ended->at("sha256").as_string()));
}

TEST(Recording, BegunInTheMiddleOfAViewHasThePictureFromItsFirstMoment) {
  AgentPair p(base::system_clock());
  allow(p, "record_session");
  allow(p, "desktop_view");
  p.say(R"({"id":1,"cmd":"view"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.view().find("result", 1) != nullptr; })) << p.view().text();
  // Begun and ended before the supported end has heard of it.
  p.agent.on_line(ViewId(1), R"({"id":2,"cmd":"record"})");
  p.agent.on_line(ViewId(1), R"({"id":3,"cmd":"unrecord"})");
  const auto* ended = p.view().find("result", 3);
  ASSERT_NE(ended, nullptr) << p.view().text();
  const auto checked = rcrec::verify(std::string(ended->at("path").as_string())).value();
  EXPECT_EQ(checked.info.video_packets, 1U);
  p.settle();
  EXPECT_EQ(p.keyframes_wanted, 1) << "the picture that what follows builds on";
}

TEST(Recording, LeavesOutWhatBuildsOnAPictureThatItHasNot) {
  AgentPair p(base::system_clock());
  allow(p, "record_session");
  allow(p, "desktop_view");
  p.say(R"({"id":1,"cmd":"view"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.view().find("result", 1) != nullptr; })) << p.view().text();
  // The sender's codec has a past that the recording does not know.
  for (const screen::Pixel colour : {0xaaaaaa, 0xbbbbbb, 0x112233}) {
    p.send_frame(false, 1, colour);
    p.settle();
  }
  p.agent.on_line(ViewId(1), R"({"id":2,"cmd":"record"})");
  p.send_frame(false, 1, 0x445566);  // on its way when the recording begins
  p.settle();
  p.send_frame(false, 1, 0x778899);
  p.settle();
  p.say(R"({"id":3,"cmd":"unrecord"})");
  const auto* ended = p.view().find("result", 3);
  ASSERT_NE(ended, nullptr) << p.view().text();
  auto timeline = rcrec::Timeline::open(std::string(ended->at("path").as_string())).value();
  screen::Decoder decoder;
  std::vector<screen::Pixel> seen;
  while (auto item = timeline.next().value()) {
    const auto* video = std::get_if<rcrec::VideoItem>(&item->item);
    if (video == nullptr) continue;
    ASSERT_TRUE(decoder.decode(video->packet)) << "a player would stop here";
    seen.push_back(decoder.canvas().row(0)[0]);
  }
  EXPECT_EQ(seen.front(), 0x112233U) << "what was seen when it began";
  EXPECT_EQ(seen.back(), 0x778899U);
}

TEST(Recording, NeedsConsent) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"id":1,"cmd":"record"})");
  ASSERT_NE(p.view().find("error", 1), nullptr) << p.view().text();
  EXPECT_EQ(p.view().find("error", 1)->at("code").as_int64(), 5);
  EXPECT_TRUE(std::filesystem::is_empty(p.dir.path() / "recordings")) << "no file is left behind";
}

TEST(Recording, ThatIsForcedPausesViewWhileTheDiskIsFull) {
  Disk disk;
  AgentHooks hooks;
  hooks.open_recording = disk.opener();
  AgentPair p(base::system_clock(), true, true, hooks);
  allow(p, "desktop_view");
  p.say(R"({"id":1,"cmd":"view"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.view().find("result", 1) != nullptr; })) << p.view().text();
  EXPECT_TRUE(recording_state(p.view(), "started")) << "policy starts it";
  *disk.full = true;
  p.say(R"({"cmd":"chat","text":"the disk fills"})");
  ASSERT_TRUE(tick_until(p, [&] { return recording_state(p.view(), "failing"); })) << p.view().text();
  ASSERT_TRUE(tick_until(p, [&] { return !p.console.viewing(); }));
  EXPECT_NE(p.view().find("paused"), nullptr);
  const auto gaps = std::ranges::count(p.log, "recording.gap", &LogEvent::type);
  EXPECT_GE(gaps, 1);
  *disk.full = false;
  ASSERT_TRUE(tick_until(p, [&] { return p.view().find("resumed") != nullptr && p.console.viewing(); }))
      << p.view().text();
  p.say(R"({"cmd":"close","reason":"done"})");
  const auto* ended = p.view().find("recording");
  ASSERT_NE(ended, nullptr);
  const auto checked = rcrec::verify(std::string(ended->at("path").as_string())).value();
  EXPECT_EQ(checked.verdict, rcrec::Verdict::intact) << p.view().text();
}

TEST(Recording, ThatIsForcedAndCannotStartRefusesTheView) {
  AgentHooks hooks;
  hooks.open_recording = [](const std::string& path) -> base::Result<std::unique_ptr<rcrec::Sink>> {
    return base::fail(base::Errc::no_space, "write '" + path + "'");
  };
  AgentPair p(base::system_clock(), true, true, hooks);
  allow(p, "desktop_view");
  p.say(R"({"id":1,"cmd":"view"})");
  const auto* refused = p.view().find("error", 1);
  ASSERT_NE(refused, nullptr) << p.view().text();
  EXPECT_EQ(std::string(refused->at("error").as_string()), "RECORDING_FAILED");
  EXPECT_NE(std::string(refused->at("message").as_string()).find("no space left"), std::string::npos);
  EXPECT_EQ(p.captures, 0);
}

/// Ends a recording that becomes a video: what the log and the views hear.
TEST(Recording, ThatBecomesAVideoIsToldWhenTheVideoIsThere) {
  AgentHooks hooks;
  std::string recording;
  AgentHooks::VideoDone done;
  hooks.make_video = [&](const std::string& path, AgentHooks::VideoDone d) {
    recording = path;
    done = std::move(d);
  };
  base::ManualClock clock;
  AgentPair p(clock, false, true, hooks);
  allow(p, "record_session");
  const auto record = [&] {
    p.say(R"({"id":1,"cmd":"record"})");
    p.say(R"({"id":2,"cmd":"unrecord"})");
  };
  const auto ended = [&] {
    std::vector<json::object> out;
    for (const auto& e : p.log)
      if (e.type == "recording.ended") out.push_back(json::parse(e.data).as_object());
    return out;
  };
  record();
  ASSERT_TRUE(done) << p.view().text();
  EXPECT_EQ(rcrec::verify(recording).value().verdict, rcrec::Verdict::intact) << "it was whole before";
  EXPECT_TRUE(recording_state(p.view(), "converting"));
  EXPECT_TRUE(ended().empty()) << "the log tells of what is delivered";
  done(DeliveredVideo{"/videos/a.avi", 77, "abcd", false});
  ASSERT_EQ(ended().size(), 1u);
  EXPECT_EQ(ended()[0].at("name").as_string(), "/videos/a.avi");
  EXPECT_EQ(ended()[0].at("sha256").as_string(), "abcd");
  EXPECT_EQ(ended()[0].at("size").to_number<int>(), 77);
  EXPECT_TRUE(recording_state(p.view(), "ended"));

  record();
  done(base::fail(base::Errc::no_space, "write '/videos/b.avi'"));
  ASSERT_EQ(ended().size(), 2u);
  EXPECT_EQ(std::string(ended()[1].at("name").as_string()), recording) << "the recording is what there is";
  EXPECT_EQ(std::string(ended()[1].at("sha256").as_string()), rcrec::verify(recording).value().sha256_hex);
}

}  // namespace
}  // namespace rescue::client

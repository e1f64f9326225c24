// SPDX-License-Identifier: Apache-2.0
// Recording by the group's rule: disks that hang or are slow, and a rule that comes in the middle of a session.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "agent_pair.hpp"
#include "rcrec/inspect.hpp"

namespace rescue::client {
namespace {

using namespace testing;

/// Two threads read it.
class SharedClock final : public base::Clock {
 public:
  [[nodiscard]] base::SteadyTime steady() const override {
    return base::SteadyTime(base::Duration(passed_.load())) + 1h;
  }
  [[nodiscard]] base::WallTime wall() const override {
    return base::WallTime(std::chrono::seconds(1'700'000'000)) + base::Duration(passed_.load());
  }
  void advance(base::Duration d) { passed_ += d.count(); }

 private:
  std::atomic<base::Duration::rep> passed_ = 0;
};

/// Lets through as many writes as it is told to; the others wait.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int tokens = 1000, waiting = 0;
  void pass() {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait(lock, [&] { return tokens > 0; });
    --waiting;
    --tokens;
  }
  void give(int n) {
    const std::scoped_lock lock(mutex);
    tokens = n;
    changed.notify_all();
  }
  /// A write is waiting now.
  [[nodiscard]] bool held(std::chrono::milliseconds patience = 30s) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, patience, [&] { return waiting > 0 && tokens == 0; });
  }
};

class GatedSink final : public rcrec::Sink {
 public:
  GatedSink(std::unique_ptr<rcrec::Sink> inner, std::shared_ptr<Gate> gate)
      : inner_(std::move(inner)), gate_(std::move(gate)) {}
  base::Result<> append(base::ByteView b) override {
    gate_->pass();
    return inner_->append(b);
  }
  base::Result<> truncate(std::uint64_t size) override { return inner_->truncate(size); }
  base::Result<> sync() override { return inner_->sync(); }
  const std::string& name() const override { return inner_->name(); }

 private:
  std::unique_ptr<rcrec::Sink> inner_;
  std::shared_ptr<Gate> gate_;
};

class SlowDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    RecorderOptions options;
    options.path = (dir_ / "a.rcrec").string();
    options.clock = &clock_;
    options.open = [gate = gate_](const std::string& path) -> base::Result<std::unique_ptr<rcrec::Sink>> {
      RESCUE_TRY(auto inner, rcrec::create_file_sink(path));
      return std::unique_ptr<rcrec::Sink>(new GatedSink(std::move(inner), gate));
    };
    recorder_ = Recorder::start(options).value();
    gate_->give(0);
  }
  void TearDown() override {
    gate_->give(100'000);
    recorder_.reset();
  }
  /// A picture that fills a chunk, so that it goes to the disk at once.
  void picture() { recorder_->video(base::Bytes(rcrec::kFlushBytes + 1, 7), true); }
  bool until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!done() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(2ms);
    return done();
  }

  test::TempDir dir_;
  SharedClock clock_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::unique_ptr<Recorder> recorder_;
};

TEST_F(SlowDisk, ThatHangsInTheMiddleOfAQueueIsNoticedWithinFiveSeconds) {
  for (int i = 0; i < 5; ++i) picture();
  gate_->give(2);
  ASSERT_TRUE(gate_->held()) << "the third write hangs";
  clock_.advance(3s);
  EXPECT_FALSE(recorder_->state().failing);
  clock_.advance(500ms);
  const auto state = recorder_->state();
  EXPECT_TRUE(state.failing);
  EXPECT_NE(state.why.find("does not answer"), std::string::npos) << state.why;
  EXPECT_NE(state.why.find("a.rcrec"), std::string::npos) << "it says which";
  gate_->give(1000);
  EXPECT_TRUE(until([&] { return !recorder_->state().failing; })) << "it is back";
}

TEST_F(SlowDisk, ThatTakesEachWriteButNotFastEnoughIsNoticedToo) {
  for (int i = 0; i < 6; ++i) picture();
  for (int second = 0; second < 3; ++second) {
    ASSERT_TRUE(gate_->held());
    clock_.advance(1200ms);
    EXPECT_EQ(recorder_->state().failing, second == 2) << "after " << second + 1 << " writes of 1.2 s each";
    gate_->give(1);
  }
  EXPECT_NE(recorder_->state().why.find("keep up"), std::string::npos);
  ASSERT_TRUE(gate_->held());
  EXPECT_TRUE(recorder_->state().failing) << "one more write is not enough";
  gate_->give(1000);
  EXPECT_TRUE(until([&] { return !recorder_->state().failing; }));
}

std::vector<json::object> tips(const AgentPair& p) {
  std::vector<json::object> out;
  for (const auto& e : p.log)
    if (e.type == "recording.tip") out.push_back(json::parse(e.data).as_object());
  return out;
}

TEST(ForcedRecording, AShareThatVanishesPausesViewAndControlWithinFiveSeconds) {
  SharedClock clock;
  auto gate = std::make_shared<Gate>();
  gate->tokens = 1'000'000;
  AgentHooks hooks;
  hooks.open_recording = [gate](const std::string& path) -> base::Result<std::unique_ptr<rcrec::Sink>> {
    RESCUE_TRY(auto inner, rcrec::create_file_sink(path));
    return std::unique_ptr<rcrec::Sink>(new GatedSink(std::move(inner), gate));
  };
  AgentPair p(clock, true, true, hooks);
  p.auto_answer.reset();
  for (const auto* permission : {"desktop_view", "remote_control"}) {
    p.say(R"({"cmd":"ask","permission":")" + std::string(permission) + "\"}");
    clock.advance(1s);
    ASSERT_TRUE(p.applet.user_answers(p.prompts.back().id, true, p.now()));
    p.settle();
    clock.advance(1s);
  }
  p.say(R"({"id":1,"cmd":"view"})");
  p.say(R"({"id":2,"cmd":"control"})");
  ASSERT_TRUE(p.console.viewing() && p.console.controlling()) << p.view().text();
  ASSERT_TRUE(tick_until(p, [&] { return tips(p).size() == 1; })) << "it is recorded";

  gate->give(0);
  p.say(R"({"cmd":"chat","text":"this does not reach the disk"})");
  // It is gathered for kFlushAfter from when the recorder's thread takes it, which may be later than here.
  bool held = false;
  for (int i = 0; i < 300 && !held; ++i) {
    clock.advance(rcrec::kFlushAfter + 10ms);
    held = gate->held(100ms);
  }
  ASSERT_TRUE(held);
  const auto gone = clock.steady() - rcrec::kFlushAfter;
  while (p.console.viewing() && clock.steady() - gone < 10s) {
    clock.advance(250ms);
    p.agent.tick();
    p.settle();
  }
  EXPECT_FALSE(p.console.viewing());
  EXPECT_FALSE(p.console.controlling());
  EXPECT_LE(clock.steady() - gone, 5s);
  EXPECT_NE(p.view().find("paused"), nullptr);
  EXPECT_FALSE(p.applet.can_send_screen(p.now())) << "at the supported end too";
  gate->give(1'000'000);
  EXPECT_TRUE(tick_until(p, [&] { return p.console.viewing() && p.console.controlling(); })) << p.view().text();
}

TEST(ForcedRecording, TheLogTellsHowFarItHasGot) {
  SharedClock clock;
  AgentPair p(clock, true);
  p.auto_answer.reset();
  p.say(R"({"cmd":"ask","permission":"desktop_view"})");
  clock.advance(1s);
  ASSERT_TRUE(p.applet.user_answers(p.prompts.back().id, true, p.now()));
  p.settle();
  p.say(R"({"id":1,"cmd":"view"})");
  ASSERT_TRUE(tick_until(p, [&] { return tips(p).size() == 1; })) << "at once, so that nobody misses it";
  const auto first = tips(p)[0];
  EXPECT_GE(first.at("chunks").to_number<int>(), 1);
  EXPECT_EQ(first.at("tip").as_string().size(), 32u) << "the chain hash, in hex";
  clock.advance(9s);
  p.agent.tick();
  EXPECT_EQ(tips(p).size(), 1u);
  p.say(R"({"cmd":"chat","text":"something to write down"})");
  clock.advance(2s);
  ASSERT_TRUE(tick_until(p, [&] { return tips(p).size() == 2; }));
  p.say(R"({"id":2,"cmd":"unrecord"})");
  const auto path = std::string(p.view().find("result", 2)->at("path").as_string());
  EXPECT_EQ(std::string(tips(p)[1].at("name").as_string()), path);
}

TEST(ForcedRecording, ARuleThatComesInTheMiddleOfAViewRecordsItFromThere) {
  AgentPair p(base::system_clock());
  allow(p, "desktop_view");
  allow(p, "remote_control");
  p.say(R"({"id":1,"cmd":"view"})");
  p.say(R"({"id":2,"cmd":"control"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.console.viewing() && p.console.controlling(); })) << p.view().text();
  // The applet hears of the rule before the console does.
  auto terms = terms_of(p.clock, true);
  terms.generation = 2;
  ASSERT_TRUE(p.applet.on_grant(terms, p.now()));
  p.settle();
  EXPECT_FALSE(p.console.viewing()) << "nothing is seen that is not recorded";
  EXPECT_FALSE(p.console.controlling());
  p.agent.on_grant(wire::PermissionSet::all(), true, false);
  ASSERT_TRUE(tick_until(p, [&] { return p.console.viewing() && p.console.controlling(); })) << p.view().text();
  EXPECT_NE(p.view().find("resumed"), nullptr);
  const auto* recording = p.view().find("recording");
  ASSERT_NE(recording, nullptr);
  EXPECT_EQ(recording->at("state").as_string(), "started");
}

TEST(ForcedRecording, ARuleThatTheConsoleHearsFirstInterruptsNothing) {
  AgentPair p(base::system_clock());
  allow(p, "desktop_view");
  p.say(R"({"id":1,"cmd":"view"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.console.viewing(); }));
  p.agent.on_grant(wire::PermissionSet::all(), true, false);
  p.settle();
  auto terms = terms_of(p.clock, true);
  terms.generation = 2;
  ASSERT_TRUE(p.applet.on_grant(terms, p.now()));
  p.settle();
  EXPECT_TRUE(p.console.viewing());
  EXPECT_EQ(p.view().find("paused"), nullptr);
  const auto path = std::string(p.view().find("recording")->at("path").as_string());
  p.say(R"({"cmd":"close","reason":"done"})");
  EXPECT_EQ(rcrec::verify(path).value().verdict, rcrec::Verdict::intact);
}

TEST(ForcedRecording, ARuleThatCannotBeFollowedPausesWhatGoesOn) {
  AgentHooks hooks;
  hooks.open_recording = [](const std::string& path) -> base::Result<std::unique_ptr<rcrec::Sink>> {
    return base::fail(base::Errc::no_space, "write '" + path + "'");
  };
  AgentPair p(base::system_clock(), false, true, hooks);
  allow(p, "desktop_view");
  allow(p, "remote_control");
  p.say(R"({"id":1,"cmd":"view"})");
  p.say(R"({"id":2,"cmd":"control"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.console.viewing() && p.console.controlling(); }));
  p.agent.on_grant(wire::PermissionSet::all(), true, false);
  p.settle();
  EXPECT_FALSE(p.console.viewing());
  EXPECT_FALSE(p.console.controlling());
  EXPECT_NE(p.view().find("paused"), nullptr);
  EXPECT_EQ(p.view().find("recording")->at("state").as_string(), "failed");
  p.say(R"({"id":3,"cmd":"control"})");
  const auto* refused = p.view().find("error", 3);
  ASSERT_NE(refused, nullptr) << p.view().text();
  EXPECT_EQ(std::string_view(refused->at("error").as_string()), "RECORDING_FAILED");
  // The rule goes: what was paused goes on.
  p.agent.on_grant(wire::PermissionSet::all(), false, false);
  ASSERT_TRUE(tick_until(p, [&] { return p.console.viewing() && p.console.controlling(); })) << p.view().text();
}

}  // namespace
}  // namespace rescue::client

// SPDX-License-Identifier: Apache-2.0
#include <future>

#include <gtest/gtest.h>

#include "applet/core/capture_loop.hpp"
#include "applet/core/input_worker.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;

// Notes what arrives; text can be made to take until it is let go.
class SlowInput final : public desktop::Input {
 public:
  base::Result<> key(std::uint32_t keysym, bool down) override {
    return note((down ? "+" : "-") + desktop::keysym_name(keysym));
  }
  base::Result<> text(std::string_view utf8) override {
    std::unique_lock lock(mutex);
    log.push_back("text " + std::string(utf8));
    entered.notify_all();
    gate.wait(lock, [&] { return open || releases > 0; });
    return {};
  }
  base::Result<> pointer(std::int32_t x, std::int32_t y, std::uint32_t buttons) override {
    return note("at " + std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(buttons));
  }
  base::Result<> wheel(std::int32_t dx, std::int32_t dy) override {
    return note("wheel " + std::to_string(dx) + "," + std::to_string(dy));
  }
  void release_all() override {
    std::lock_guard lock(mutex);
    ++releases;
    log.push_back("release");
    gate.notify_all();
  }
  base::Result<> note(std::string what) {
    std::lock_guard lock(mutex);
    log.push_back(std::move(what));
    entered.notify_all();
    return {};
  }
  bool wait_for(const std::string& what) {
    std::unique_lock lock(mutex);
    return entered.wait_for(lock, 10s, [&] { return std::ranges::find(log, what) != log.end(); });
  }
  std::mutex mutex;
  std::condition_variable gate, entered;
  bool open = false;
  int releases = 0;
  std::vector<std::string> log;
};

TEST(InputWorker, InjectsInOrder) {
  auto owned = std::make_unique<SlowInput>();
  auto& input = *owned;
  input.open = true;
  InputWorker worker(std::move(owned), 0);
  worker.post(KeyInput{'a', true});
  worker.post(PointerInput{1, 2, 0, 0, -1});
  worker.post(TextInput{"hi"});
  worker.post(KeyInput{'a', false});
  ASSERT_TRUE(input.wait_for("-a"));
  EXPECT_EQ(input.log, (std::vector<std::string>{"+a", "at 1,2,0", "wheel 0,-1", "text hi", "-a"}));
}

TEST(InputWorker, ReleaseDropsWhatWaitsAndEndsWhatRuns) {
  auto owned = std::make_unique<SlowInput>();
  auto& input = *owned;
  InputWorker worker(std::move(owned), 0);
  worker.post(TextInput{"long"});
  ASSERT_TRUE(input.wait_for("text long"));
  worker.post(KeyInput{'x', true});
  worker.release_all();
  worker.post(KeyInput{'y', true});
  ASSERT_TRUE(input.wait_for("+y"));
  EXPECT_EQ(std::ranges::find(input.log, "+x"), input.log.end());
  EXPECT_EQ(input.log[input.log.size() - 2], "release") << "once more after what was running";
}

TEST(InputWorker, MergesMovesButNeverClicks) {
  auto owned = std::make_unique<SlowInput>();
  auto& input = *owned;
  InputWorker worker(std::move(owned), 0);
  worker.post(TextInput{"busy"});
  ASSERT_TRUE(input.wait_for("text busy"));
  for (int i = 0; i < 500; ++i) worker.post(PointerInput{i, 0, 0, 0, 0});
  worker.post(PointerInput{7, 7, 1, 0, 0});
  for (int i = 0; i < 500; ++i) worker.post(PointerInput{i, 1, 1, 0, 0});
  worker.post(PointerInput{8, 8, 0, 0, 0});
  worker.post(KeyInput{'z', true});
  {
    std::lock_guard lock(input.mutex);
    input.open = true;
  }
  input.gate.notify_all();
  ASSERT_TRUE(input.wait_for("+z"));
  EXPECT_LT(input.log.size(), 12U);
  for (const auto* must : {"at 499,0,0", "at 7,7,1", "at 499,1,1", "at 8,8,0"})
    EXPECT_NE(std::ranges::find(input.log, must), input.log.end()) << must;
}

TEST(InputWorker, AFloodReleasesEverythingInsteadOfGrowing) {
  auto owned = std::make_unique<SlowInput>();
  auto& input = *owned;
  InputWorker worker(std::move(owned), 0);
  worker.post(TextInput{"busy"});
  ASSERT_TRUE(input.wait_for("text busy"));
  for (std::size_t i = 0; i <= InputWorker::kQueueMax; ++i) worker.post(KeyInput{'q', i % 2 == 0});
  std::lock_guard lock(input.mutex);
  EXPECT_GT(input.releases, 0);
}

TEST(InputWorker, TheUsersRevokeKeyIsNotTheTechnicians) {
  auto owned = std::make_unique<SlowInput>();
  auto& input = *owned;
  InputWorker worker(std::move(owned), 0xffc9);
  worker.post(KeyInput{0xffc9, true});
  worker.post(KeyInput{0xffc9, false});
  worker.post(KeyInput{'a', true});
  ASSERT_TRUE(input.wait_for("+a"));
  EXPECT_EQ(input.log, std::vector<std::string>{"+a"});
}

TEST(InputWorker, WithoutADesktopItDoesNothing) {
  InputWorker worker(nullptr, 0);
  worker.post(KeyInput{'a', true});
  worker.release_all();
}

TEST(CursorPicture, LosesItsPremultipliedAlpha) {
  screen::CursorImage image{{2, 2}, {0, 0}, {0xffffffff, 0x80402010, 0x00000000, 0x01010101}};
  auto rgba = to_straight_rgba(image);
  EXPECT_EQ(rgba, (base::Bytes{255, 255, 255, 255, 128, 64, 32, 128, 0, 0, 0, 0, 255, 255, 255, 1}));
}

TEST(CaptureLoop, SaysThatThereIsNoDesktopToSee) {
  std::promise<void> told;
  CaptureLoop loop(
      []() -> base::Result<std::unique_ptr<desktop::Capture>> {
        return base::fail(base::Errc::unreachable, "no display");
      },
      PersonId(1), [&](PersonId, SessionCall) { told.set_value(); });
  loop.start(1, 30, false);
  EXPECT_EQ(told.get_future().wait_for(10s), std::future_status::ready) << "capture_failed is delivered";
  loop.stop();
}

}  // namespace
}  // namespace rescue::applet

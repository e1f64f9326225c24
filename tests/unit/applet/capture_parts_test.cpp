// SPDX-License-Identifier: Apache-2.0
// Big pictures in parts, through real sessions: what is near the pointer first, what is new before what is left over,
// exact when it rests.
#include <atomic>
#include <condition_variable>
#include <random>

#include "unit/applet/session_rig.hpp"

namespace rescue::applet {
namespace {
using test::Rig;
using namespace std::chrono_literals;

constexpr screen::Size kSize{480, 360};

/// A desktop that shows what the test paints, and counts how often somebody looks.
class Board {
 public:
  Board() : frame_(screen::Frame::create(kSize).value()) {}
  void noise(unsigned seed) {
    std::mt19937 random(seed);
    std::lock_guard lock(mutex_);
    for (std::int32_t y = 0; y < kSize.height; ++y)
      for (std::int32_t x = 0; x < kSize.width; ++x) frame_.row(y)[x] = random() & screen::kPixelMask;
    damage_.add(screen::whole(kSize));
    changed_.notify_all();
  }
  void fill(screen::Rect r, screen::Pixel colour) {
    std::lock_guard lock(mutex_);
    frame_.fill(r, colour);
    damage_.add(r);
    changed_.notify_all();
  }
  screen::Frame frame() {
    std::lock_guard lock(mutex_);
    return frame_;
  }
  std::atomic<int> waits = 0, looks = 0;
  screen::Point pointer{200, 200};

  class Eyes final : public desktop::Capture {
   public:
    explicit Eyes(Board& board) : b(board) {}
    base::Result<std::vector<desktop::Display>> displays() override {
      return std::vector<desktop::Display>{{1, "board", screen::whole(kSize), true}};
    }
    base::Result<> start(desktop::DisplayId) override {
      std::lock_guard lock(b.mutex_);
      b.damage_ = screen::Damage(screen::whole(kSize));
      moved_ = true;
      return {};
    }
    base::Result<desktop::Change> wait(base::Duration limit) override {
      ++b.waits;
      std::unique_lock lock(b.mutex_);
      b.changed_.wait_for(lock, limit, [&] { return !b.damage_.empty() || b.woken_ || moved_; });
      b.woken_ = false;
      desktop::Change out;
      out.damage = std::exchange(b.damage_, {});
      out.cursor_moved = std::exchange(moved_, false);
      return out;
    }
    base::Result<> grab(screen::Frame& frame) override {
      ++b.looks;
      frame = b.frame();
      return {};
    }
    base::Result<screen::CursorState> cursor() override { return screen::CursorState{b.pointer, true}; }
    base::Result<screen::CursorImage> cursor_image() override { return screen::CursorImage{}; }
    void stop() override {}
    void wake() override {
      std::lock_guard lock(b.mutex_);
      b.woken_ = true;
      b.changed_.notify_all();
    }

   private:
    Board& b;
    bool moved_ = false;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  screen::Frame frame_;
  screen::Damage damage_;
  bool woken_ = false;
};

class AtTheBoard : public testing::Test {
 protected:
  Board board_;
  Rig rig_{[this] { return base::Result<std::unique_ptr<desktop::Capture>>(std::make_unique<Board::Eyes>(board_)); },
           nullptr};
  [[nodiscard]] bool shows(screen::Point p, screen::Pixel colour) const {
    const auto& canvas = rig_.decoder.canvas();
    return !canvas.empty() && canvas.row(p.y)[p.x] == colour;
  }
  /// One packet at a time from those that came.
  bool next_packet() {
    if (!rig_.until([&] { return !rig_.held.empty(); })) return false;
    const auto packet = rig_.held.front();
    rig_.held.erase(rig_.held.begin());
    rig_.show(packet);
    return true;
  }
};

TEST_F(AtTheBoard, ABigPictureComesInPartsAndEndsExact) {
  board_.noise(1);
  ASSERT_TRUE(rig_.view());
  EXPECT_FALSE(rig_.decoder.complete()) << "no single packet holds all of it";
  // In a fifth of a processor's time, which a slow machine has not much of.
  ASSERT_TRUE(rig_.until([&] { return rig_.decoder.canvas() == board_.frame(); }, 90s));
  EXPECT_GT(rig_.frames, 3);
  EXPECT_EQ(board_.looks, 1) << "nothing changed meanwhile";
}

TEST_F(AtTheBoard, AChangeAtThePointerIsShownBeforeTheRestOfAPictureFromBefore) {
  board_.noise(1);
  rig_.decode_screens = false;
  ASSERT_TRUE(rig_.ask(wire::Permission::desktop_view, true));
  ASSERT_TRUE(rig_.console->start_view(0, 60, rig_.now(), true));
  ASSERT_TRUE(next_packet());
  board_.fill({190, 190, 40, 20}, 0x00ff00);
  int packets = 0;
  while (!shows({200, 200}, 0x00ff00) && !rig_.decoder.complete() && packets < 100) {
    ASSERT_TRUE(next_packet());
    ++packets;
  }
  EXPECT_TRUE(shows({200, 200}, 0x00ff00));
  EXPECT_FALSE(rig_.decoder.complete()) << "the far corners are still to come";
  while (!rig_.decoder.complete()) ASSERT_TRUE(next_packet());
}

TEST_F(AtTheBoard, APictureBecomesWholeAlsoWhereAllChangesAllTheTime) {
  ASSERT_TRUE(rig_.ask(wire::Permission::desktop_view, true));
  ASSERT_TRUE(rig_.console->start_view(0, 60, rig_.now(), true));
  const auto whole = [&] { return rig_.frames > 0 && rig_.decoder.complete(); };
  const auto begin = std::chrono::steady_clock::now();
  bool seen = false;
  for (unsigned i = 0; !seen && std::chrono::steady_clock::now() - begin < 90s; ++i) {
    board_.noise(i);
    seen = rig_.until(whole, 20ms);
  }
  EXPECT_TRUE(seen) << "whoever waits for a whole picture waits for ever";
}

TEST_F(AtTheBoard, NobodyIsWokenWhenNothingHappens) {
  ASSERT_TRUE(rig_.view());
  ASSERT_TRUE(rig_.until([&] { return rig_.decoder.canvas() == board_.frame(); }));
  // The last acknowledgement still wakes it; on a slow machine that takes a while.
  for (int before = -1, round = 0; before != board_.waits && round < 20; ++round) {
    before = board_.waits;
    rig_.run_for(300ms);
  }
  const int waits = board_.waits, looks = board_.looks;
  rig_.run_for(1s);
  EXPECT_LE(board_.waits - waits, 1);
  EXPECT_EQ(board_.looks, looks);
}

TEST_F(AtTheBoard, ChangesWithoutEndAreLookedAtInTheirInterval) {
  ASSERT_TRUE(rig_.ask(wire::Permission::desktop_view, true));
  ASSERT_TRUE(rig_.console->start_view(0, 10, rig_.now()));
  ASSERT_TRUE(rig_.until([&] { return rig_.frames > 0; }));
  const int before = board_.looks;
  const auto begin = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::steady_clock::now() - begin; };
  for (unsigned i = 0; passed() < 1s || (board_.looks - before < 2 && passed() < 20s); ++i) {
    board_.fill({0, 0, 20, 20}, i & screen::kPixelMask);
    rig_.run_for(2ms);
  }
  const int looks = board_.looks - before;
  EXPECT_LE(looks, passed() / 100ms + 2) << "ten pictures a second were asked for";
  EXPECT_GE(looks, 2);
}

}  // namespace
}  // namespace rescue::applet

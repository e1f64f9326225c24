// SPDX-License-Identifier: Apache-2.0
#include "applet/headless/synthetic_desktop.hpp"

#include <algorithm>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "applet/headless/headless_ui.hpp"
#include "crypto/hash.hpp"
#include "support/temp_dir.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;

std::string hash_of(const screen::Frame& frame) {
  auto pixels = frame.pixels();
  return base::to_hex(crypto::sha256({reinterpret_cast<const std::uint8_t*>(pixels.data()), pixels.size_bytes()}));
}

std::vector<std::string> frames(std::uint64_t seed, int count, base::Duration pause) {
  SyntheticDesktop desktop({seed, {{400, 300}}, 1ms});
  auto capture = desktop.make_capture();
  EXPECT_TRUE(capture->start(1));
  std::vector<std::string> out;
  screen::Frame frame;
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(capture->wait(1s));
    std::this_thread::sleep_for(pause);  // how fast frames are taken must not show in them
    EXPECT_TRUE(capture->grab(frame));
    out.push_back(hash_of(frame));
  }
  return out;
}

TEST(SyntheticDesktop, FramesDependOnTheSeedAlone) {
  auto once = frames(7, 12, 0ms);
  EXPECT_EQ(once, frames(7, 12, 3ms));
  EXPECT_NE(once, frames(8, 12, 0ms));
  EXPECT_NE(once[0], once[1]) << "it moves";
}

TEST(SyntheticDesktop, FramesAreTheSameOnEveryMachine) {
  EXPECT_EQ(frames(1, 3, 0ms).back(), "6bcb7847cf88a1f45a31e0684d8ae0287c229a68c650d7737a455ef7ba1c946c");
}

TEST(SyntheticDesktop, DamageCoversWhatChanges) {
  SyntheticDesktop desktop({3, {{500, 400}}, 1ms});
  auto capture = desktop.make_capture();
  auto input = desktop.make_input();
  ASSERT_TRUE(capture->start(1));
  screen::Frame before, frame;
  ASSERT_TRUE(capture->wait(1s));
  ASSERT_TRUE(capture->grab(frame));
  for (int i = 0; i < 60; ++i) {
    before = frame;
    if (i % 7 == 0) {
      ASSERT_TRUE(input->text("ab\n"));
    }
    if (i % 11 == 0) {
      ASSERT_TRUE(input->pointer(400, 345, desktop::kButtonLeft));
      ASSERT_TRUE(input->pointer(400, 345, 0));
    }
    auto change = capture->wait(1s).value();
    ASSERT_TRUE(capture->grab(frame));
    for (std::int32_t y = 0; y < 400; ++y)
      for (std::int32_t x = 0; x < 500; ++x)
        ASSERT_TRUE(frame.row(y)[x] == before.row(y)[x] || std::ranges::any_of(change.damage.rects(),
                                                                               [&](auto& r) {
                                                                                 return r.contains({x, y});
                                                                               }))
            << x << "," << y;
  }
}

TEST(SyntheticDesktop, ShowsWhatIsTypedAndTellsTheHarness) {
  std::vector<std::string> seen;
  SyntheticDesktop desktop({1, {{400, 300}}, 0ms}, [&](std::string_view what, const std::string& value) {
    seen.push_back(std::string(what) + "=" + value);
  });
  auto capture = desktop.make_capture();
  auto input = desktop.make_input();
  ASSERT_TRUE(capture->start(1));
  screen::Frame empty, typed;
  ASSERT_TRUE(capture->wait(1s));
  ASSERT_TRUE(capture->grab(empty));
  EXPECT_TRUE(capture->wait(1ms).value().damage.empty()) << "with period zero it stands still";
  ASSERT_TRUE(input->key('h', true));
  ASSERT_TRUE(input->key('h', false));
  ASSERT_TRUE(input->text("äЖ"));
  EXPECT_EQ(desktop.field(), "häЖ");
  EXPECT_FALSE(capture->wait(1s).value().damage.empty());
  ASSERT_TRUE(capture->grab(typed));
  EXPECT_NE(hash_of(empty), hash_of(typed));
  ASSERT_TRUE(input->text("\b\n"));
  EXPECT_EQ(desktop.field(), "");
  EXPECT_NE(std::ranges::find(seen, "entered=hä"), seen.end());
  EXPECT_NE(std::ranges::find(seen, "key=h"), seen.end());
}

TEST(SyntheticDesktop, CountsClicksOnTheButtonOfAnyDisplay) {
  std::string clicks;
  SyntheticDesktop desktop({1, {{400, 300}, {400, 300}}, 0ms}, [&](std::string_view what, const std::string& value) {
    if (what == "clicks") clicks = value;
  });
  auto input = desktop.make_input();
  ASSERT_TRUE(input->pointer(10, 10, desktop::kButtonLeft));
  EXPECT_EQ(clicks, "");
  ASSERT_TRUE(input->pointer(400 + 300, 260, 0));
  ASSERT_TRUE(input->pointer(400 + 300, 260, desktop::kButtonLeft));
  EXPECT_EQ(clicks, "1");
  ASSERT_TRUE(input->pointer(400 + 301, 261, desktop::kButtonLeft)) << "a drag is no click";
  EXPECT_EQ(clicks, "1");
}

TEST(SyntheticDesktop, KnowsItsDisplays) {
  SyntheticDesktop desktop({1, {{400, 300}, {200, 100}}, 0ms});
  auto capture = desktop.make_capture();
  auto displays = capture->displays().value();
  ASSERT_EQ(displays.size(), 2U);
  EXPECT_EQ(displays[1].area, (screen::Rect{400, 0, 200, 100}));
  EXPECT_FALSE(capture->start(3));
  screen::Frame frame;
  EXPECT_FALSE(capture->grab(frame)) << "not before start";
}

TEST(SeededFile, IsTheSameEachTime) {
  test::TempDir dir;
  ASSERT_TRUE(write_seeded_file(dir / "a", 200'000, 5));
  ASSERT_TRUE(write_seeded_file(dir / "b", 200'000, 5));
  ASSERT_TRUE(write_seeded_file(dir / "c", 200'000, 6));
  auto content = [&](const char* name) {
    std::ifstream in(dir / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(content("a").size(), 200'000U);
  EXPECT_EQ(content("a"), content("b"));
  EXPECT_NE(content("a"), content("c"));
}

}  // namespace
}  // namespace rescue::applet

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <random>
#include <thread>

#include <xcb/randr.h>

#include <gtest/gtest.h>

#include "applet/x11/host.hpp"
#include "unit/applet/x_server.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
using test::XClient;
using test::XServer;

class X11Capture : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<desktop::Capture> open(const XServer& server) {
    return x11::make_capture({server.display(), GetParam()}).value();
  }
};
INSTANTIATE_TEST_SUITE_P(WithAndWithoutSharedMemory, X11Capture, testing::Bool(),
                         [](const auto& i) { return i.param ? "SharedMemory" : "GetImage"; });

// Takes changes until the frame is what the client sees and nothing is left to report.
void settle(desktop::Capture& capture, screen::Frame& frame) {
  for (int quiet = 0; quiet < 2;) {
    auto change = capture.wait(60ms).value();
    if (change.damage.empty() && !change.layout) {
      ++quiet;
      continue;
    }
    quiet = 0;
    ASSERT_TRUE(capture.grab(frame));
  }
}

desktop::DisplayId first_display(desktop::Capture& capture) { return capture.displays().value().at(0).id; }

TEST_P(X11Capture, FirstFrameIsTheWholeScreen) {
  XServer server("640x480x24");
  XClient client(server, {20, 30, 500, 400});
  client.fill({10, 10, 100, 50}, 0xff8040);
  auto capture = open(server);
  auto displays = capture->displays().value();
  ASSERT_EQ(displays.size(), 1U);
  EXPECT_EQ(displays[0].area, (screen::Rect{0, 0, 640, 480}));
  EXPECT_TRUE(displays[0].primary);
  ASSERT_TRUE(capture->start(displays[0].id));
  auto change = capture->wait(1s).value();
  EXPECT_EQ(change.damage.bounds(), (screen::Rect{0, 0, 640, 480}));
  screen::Frame frame;
  ASSERT_TRUE(capture->grab(frame));
  auto truth = client.screenshot();
  EXPECT_EQ(frame, truth);
  EXPECT_EQ(truth.row(45)[35], 0xff8040U) << "the picture is not black by accident";
}

TEST_P(X11Capture, DamageNamesEveryPixelThatChanged) {
  XServer server("640x480x24");
  XClient client(server, {0, 0, 640, 480});
  auto capture = open(server);
  ASSERT_TRUE(capture->start(first_display(*capture)));
  screen::Frame frame;
  settle(*capture, frame);
  std::mt19937 random(7);  // NOLINT(cert-msc32-c): the same drawings each run
  auto before = frame;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 5; ++i) {
      auto at = [&](unsigned n) { return static_cast<std::int32_t>(random() % n); };
      client.fill({at(640), at(480), 1 + at(90), 1 + at(60)},
                  static_cast<screen::Pixel>(random()) & screen::kPixelMask);
    }
    screen::Damage damage;
    while (true) {
      auto change = capture->wait(40ms).value();
      if (change.damage.empty()) break;
      damage.add(change.damage);
    }
    ASSERT_TRUE(capture->grab(frame));
    ASSERT_EQ(frame, client.screenshot()) << "round " << round;
    for (std::int32_t y = 0; y < 480; ++y)
      for (std::int32_t x = 0; x < 640; ++x)
        ASSERT_TRUE(frame.row(y)[x] == before.row(y)[x] || std::ranges::any_of(damage.rects(),
                                                                               [&](auto& r) {
                                                                                 return r.contains({x, y});
                                                                               }))
            << x << "," << y;
    before = frame;
  }
}

TEST_P(X11Capture, ASmallChangeIsReportedSmall) {
  XServer server("640x480x24");
  XClient client(server, {0, 0, 640, 480});
  auto capture = open(server);
  ASSERT_TRUE(capture->start(first_display(*capture)));
  screen::Frame frame;
  settle(*capture, frame);
  client.fill({100, 100, 7, 9}, 0x123456);
  auto change = capture->wait(5s).value();
  EXPECT_EQ(change.damage.bounds(), (screen::Rect{100, 100, 7, 9}));
}

TEST_P(X11Capture, FollowsAResizeInMidStream) {
  XServer server("640x480x24");
  XClient client(server, {0, 0, 640, 480});
  auto capture = open(server);
  ASSERT_TRUE(capture->start(first_display(*capture)));
  screen::Frame frame;
  settle(*capture, frame);
  ASSERT_EQ(frame.size(), (screen::Size{640, 480}));

  auto* c = client.connection().get();
  auto root = client.connection().root();
  auto resources =
      x11::reply(xcb_randr_get_screen_resources_reply, c, xcb_randr_get_screen_resources(c, root), "r").value();
  auto crtc = *xcb_randr_get_screen_resources_crtcs(resources.get());
  auto output = *xcb_randr_get_screen_resources_outputs(resources.get());
  xcb_randr_mode_info_t mode{};
  mode.width = 400, mode.height = 300;
  mode.htotal = mode.hsync_start = mode.hsync_end = 400;
  mode.vtotal = mode.vsync_start = mode.vsync_end = 300;
  mode.dot_clock = 7'200'000;
  mode.name_len = 5;
  auto made =
      x11::reply(xcb_randr_create_mode_reply, c, xcb_randr_create_mode(c, root, mode, 5, "small"), "mode").value();
  xcb_randr_add_output_mode(c, output, made->mode);
  auto set = [&](xcb_randr_mode_t m, std::uint32_t outputs) {
    return x11::reply(xcb_randr_set_crtc_config_reply, c,
                      xcb_randr_set_crtc_config(c, crtc, 0, 0, 0, 0, m, XCB_RANDR_ROTATION_ROTATE_0, outputs, &output),
                      "crtc");
  };
  ASSERT_TRUE(set(0, 0));
  xcb_randr_set_screen_size(c, root, 400, 300, 100, 75);
  ASSERT_TRUE(set(made->mode, 1));

  bool layout = false;
  while (!layout) layout = capture->wait(5s).value().layout;
  ASSERT_TRUE(capture->grab(frame));
  settle(*capture, frame);
  EXPECT_EQ(frame.size(), (screen::Size{400, 300}));
  EXPECT_EQ(frame, client.screenshot());
  EXPECT_EQ(capture->displays().value().at(0).area, (screen::Rect{0, 0, 400, 300}));
}

TEST_P(X11Capture, ReadsASixteenBitScreen) {
  XServer server("320x200x16");
  XClient client(server, {0, 0, 320, 200});
  auto capture = open(server);
  ASSERT_TRUE(capture->start(first_display(*capture)));
  client.fill({0, 0, 320, 100}, 0xffff);    // white in 5-6-5
  client.fill({0, 100, 320, 100}, 0xf800);  // red
  screen::Frame frame;
  settle(*capture, frame);
  EXPECT_EQ(frame.row(50)[100], 0xffffffU);
  EXPECT_EQ(frame.row(150)[100], 0xff0000U);
}

TEST_P(X11Capture, ShowsOneOfSeveralDisplays) {
  XServer server("640x480x24");
  XClient client(server, {0, 0, 640, 480});
  // Through Xlib: libxcb 1.15 miscounts the request's length.
  const auto xrandr = "DISPLAY=" + server.display() + " xrandr ";
  ASSERT_EQ(std::system((xrandr + "--setmonitor left 320/100x480/100+0+0 none").c_str()), 0);
  ASSERT_EQ(std::system((xrandr + "--setmonitor right 320/100x480/100+320+0 none").c_str()), 0);
  client.fill({320, 0, 320, 480}, 0x00aa00);
  auto capture = open(server);
  auto displays = capture->displays().value();
  auto right = std::ranges::find(displays, "right", &desktop::Display::name);
  ASSERT_NE(right, displays.end());
  ASSERT_TRUE(capture->start(right->id));
  screen::Frame frame;
  settle(*capture, frame);
  EXPECT_EQ(frame.size(), (screen::Size{320, 480}));
  EXPECT_EQ(frame.row(240)[0], 0x00aa00U) << "its first column is the right half's";
  client.warp(420, 100);
  EXPECT_EQ(capture->cursor().value().position, (screen::Point{100, 100})) << "in pixels of the display";
}

TEST_P(X11Capture, TellsPointerMovesAndNewCursorShapes) {
  XServer server("640x480x24");
  XClient client(server, {0, 0, 640, 480});
  client.warp(50, 60);
  auto capture = open(server);
  ASSERT_TRUE(capture->start(first_display(*capture)));
  auto first = capture->wait(1s).value();
  EXPECT_TRUE(first.cursor_moved);
  EXPECT_TRUE(first.cursor_shape);
  screen::Frame frame;
  settle(*capture, frame);
  auto arrow = capture->cursor_image().value();

  client.warp(123, 234);
  auto moved = capture->wait(5s).value();
  EXPECT_TRUE(moved.cursor_moved);
  EXPECT_EQ(capture->cursor().value().position, (screen::Point{123, 234}));

  client.set_cursor(152);  // XC_xterm
  bool shape = false;
  for (int i = 0; i < 100 && !shape; ++i) shape = capture->wait(50ms).value().cursor_shape;
  ASSERT_TRUE(shape);
  auto beam = capture->cursor_image().value();
  EXPECT_NE(beam, arrow);
  EXPECT_GT(beam.size.pixels(), 0);
  EXPECT_TRUE(std::ranges::any_of(beam.argb, [](auto p) { return p >> 24 != 0; })) << "something is visible";
}

TEST_P(X11Capture, ReadsNothingBeforeStartAndAfterStop) {
  XServer server("320x200x24");
  auto capture = open(server);
  screen::Frame frame;
  EXPECT_FALSE(capture->grab(frame));
  ASSERT_TRUE(capture->start(first_display(*capture)));
  ASSERT_TRUE(capture->wait(1s));
  capture->stop();
  EXPECT_FALSE(capture->grab(frame));
  EXPECT_TRUE(frame.empty());
  ASSERT_TRUE(capture->start(first_display(*capture))) << "it can begin again";
  EXPECT_FALSE(capture->wait(1s).value().damage.empty());
  EXPECT_TRUE(capture->grab(frame));
}

TEST_P(X11Capture, WakeEndsALongWait) {
  XServer server("320x200x24");
  auto capture = open(server);
  std::thread other([&] { capture->wake(); });
  auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(capture->wait(60s).value().any());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  other.join();
}

TEST_P(X11Capture, SaysThatTheServerIsGone) {
  XServer server("320x200x24");
  auto capture = open(server);
  ASSERT_TRUE(capture->start(first_display(*capture)));
  server.kill();
  base::Result<desktop::Change> change;
  for (int i = 0; i < 100; ++i) {
    change = capture->wait(100ms);
    if (!change) break;
  }
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, base::Errc::unreachable);
  screen::Frame frame;
  EXPECT_FALSE(capture->grab(frame));
}

TEST(X11CaptureOpen, NamesTheDisplayItCannotReach) {
  auto capture = x11::make_capture({":9999", true});
  ASSERT_FALSE(capture);
  EXPECT_EQ(capture.error().code, base::Errc::unreachable);
  EXPECT_NE(capture.error().message().find(":9999"), std::string::npos);
}

TEST(X11CaptureOpen, UnknownDisplayIsNotFound) {
  XServer server("320x200x24");
  auto capture = x11::make_capture({server.display(), true}).value();
  auto started = capture->start(123456);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, base::Errc::not_found);
}

}  // namespace
}  // namespace rescue::applet

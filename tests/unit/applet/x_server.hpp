// SPDX-License-Identifier: Apache-2.0
// A real X server without a screen (Xvfb) for one test, and a client that looks at it from outside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "applet/x11/xcb.hpp"
#include "screen/frame.hpp"

namespace rescue::test {
namespace x11 = applet::x11;

/// Starts Xvfb on a display number of its own choice; ends it with the object. Aborts the test when it does not start.
class XServer {
 public:
  explicit XServer(const std::string& screen = "800x600x24", std::vector<std::string> more = {});
  ~XServer();
  XServer(const XServer&) = delete;
  XServer& operator=(const XServer&) = delete;
  [[nodiscard]] const std::string& display() const { return display_; }
  void kill();

 private:
  bool start(const std::string& screen, const std::vector<std::string>& more);
  pid_t pid_ = -1;
  std::string display_;
};

/// Runs a program with $DISPLAY set; it is killed with the object.
class XProgram {
 public:
  XProgram(const XServer& server, const std::vector<std::string>& argv);
  ~XProgram();
  XProgram(const XProgram&) = delete;
  XProgram& operator=(const XProgram&) = delete;

 private:
  pid_t pid_ = -1;
};

/// A key or button as the window got it.
struct SeenEvent {
  bool key = false;
  bool down = false;
  std::uint32_t keysym = 0;  // by the keyboard mapping and the modifiers of that moment
  std::uint32_t button = 0;
  std::int32_t x = 0, y = 0;  // on the root window
  std::uint32_t state = 0;    // modifier mask
};

/// An ordinary client: a window that has the focus and notes what arrives; draws; reads the screen by plain GetImage.
class XClient {
 public:
  explicit XClient(const XServer& server, screen::Rect area = {0, 0, 800, 600});
  [[nodiscard]] const x11::Connection& connection() const { return connection_; }
  [[nodiscard]] xcb_window_t window() const { return window_; }
  void focus();
  void fill(screen::Rect area, screen::Pixel colour);
  void set_cursor(std::uint16_t glyph);
  void warp(std::int32_t x, std::int32_t y);
  void sync();
  /// The root window as GetImage gives it (24-bit screens only).
  [[nodiscard]] screen::Frame screenshot();
  /// All events so far, after a round trip of this client.
  [[nodiscard]] std::vector<SeenEvent> events();
  /// Collects events until `enough` says so; false after five seconds.
  bool wait_events(std::vector<SeenEvent>& all, const std::function<bool(const std::vector<SeenEvent>&)>& enough);
  /// Keycodes that are down on the server.
  [[nodiscard]] std::vector<std::uint8_t> keys_down();
  [[nodiscard]] std::uint32_t pointer_mask();

 private:
  [[nodiscard]] std::uint32_t keysym_of(std::uint8_t keycode, std::uint32_t state);
  x11::Connection connection_;
  xcb_window_t window_ = 0;
  xcb_gcontext_t gc_ = 0;
};

/// The text that key presses make.
[[nodiscard]] std::u32string typed(const std::vector<SeenEvent>& events);

}  // namespace rescue::test

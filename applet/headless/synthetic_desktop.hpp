// SPDX-License-Identifier: Apache-2.0
// A desktop that exists in memory only: a scrolling log, a window that wanders, a text field that shows what was typed,
// a button that counts clicks. Frame number n of a display is a pure function of the seed and of the input before it,
// to the byte, on every machine; how fast frames are asked for does not matter.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "desktop/host.hpp"
#include "desktop/keysym.hpp"

namespace rescue::applet {

struct SyntheticOptions {
  std::uint64_t seed = 1;
  std::vector<screen::Size> displays = {{1280, 800}};
  base::Duration period =
      std::chrono::milliseconds(100);  // a change is reported this often; zero: only input changes it
};

/// Something that a harness wants to see: {"key", "a"}, {"text", "whole field"}, {"pointer", "10,20,1"}, {"clicks",
/// "3"}.
using SyntheticObserver = std::function<void(std::string_view what, const std::string& value)>;

/// What is on the desktop. Thread-safe: captures and input come from different threads. Must outlive its hosts.
class SyntheticDesktop {
 public:
  explicit SyntheticDesktop(SyntheticOptions options, SyntheticObserver observer = nullptr);

  [[nodiscard]] std::unique_ptr<desktop::Capture> make_capture();
  [[nodiscard]] std::unique_ptr<desktop::Input> make_input();
  /// What has been typed into the field since the last Return, UTF-8.
  [[nodiscard]] std::string field() const;

 private:
  friend class SyntheticCapture;
  friend class SyntheticInput;
  // Where the parts of a display are; derived from its size.
  struct Parts {
    screen::Rect log, field, button, lane;  // lane: where the window wanders
  };
  struct Picture {
    std::string field;
    std::vector<std::string> entered;  // lines ended by Return, newest last
    unsigned clicks = 0;
    std::uint64_t changes = 0;  // of the above
  };
  [[nodiscard]] static Parts parts_of(screen::Size size);
  [[nodiscard]] screen::Rect window_at(const Parts& parts, std::uint64_t tick, std::size_t display) const;
  void draw(screen::Frame& frame, std::size_t display, std::uint64_t tick, const Picture& picture) const;
  void draw_log(screen::Frame& frame, const screen::Rect& area, std::uint64_t tick, const Picture& picture) const;
  [[nodiscard]] std::string log_line(std::uint64_t number) const;
  void press(desktop::Keysym keysym);
  void click();
  void observe(std::string_view what, const std::string& value) const;

  SyntheticOptions options_;
  SyntheticObserver observer_;
  std::vector<desktop::Display> displays_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Picture picture_;
  screen::Point pointer_{40, 40};
  std::uint32_t buttons_ = 0;
};

}  // namespace rescue::applet

// SPDX-License-Identifier: Apache-2.0
// Captures for one technician on a thread of its own: damage is gathered, and a frame is grabbed and encoded only when
// the console can take one, so there is never a queue of old pictures, and the newest is what is sent. A big picture
// goes out in parts, what is near the pointer first; between two parts the desktop is looked at again, so a change
// never waits behind the rest of what was before it. When nothing changes for a while, what was shown inexactly is made
// exact.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "applet/core/worker.hpp"
#include "desktop/host.hpp"
#include "screen/codec.hpp"

namespace rescue::applet {

/// Makes the Capture in the loop's thread. A fresh one for each technician.
using CaptureFactory = std::function<base::Result<std::unique_ptr<desktop::Capture>>()>;

/// All calls from the network thread. Deliveries: set_displays() at the beginning and at each change; while running
/// screen_packet(), cursor_shape(), cursor_position(); capture_failed() when capture broke down.
class CaptureLoop {
 public:
  CaptureLoop(CaptureFactory factory, PersonId person, Deliver deliver);
  /// Stops and joins.
  ~CaptureLoop();
  CaptureLoop(const CaptureLoop&) = delete;
  CaptureLoop& operator=(const CaptureLoop&) = delete;

  /// A view may begin soon: gets memory and tables ready, which takes as long as a picture. Captures nothing.
  void prepare();
  /// Gives that back unless a view runs.
  void unprepare();
  /// Shows this display (an id given to set_displays), beginning with a keyframe. `exact`: never inexact for the link.
  void start(std::uint32_t display, unsigned max_frames_per_s, bool exact);
  /// After it returns nothing more is grabbed; what was delivered before is dropped by the session.
  void stop();
  void keyframe();
  /// The console can take one more packet, and what is known of the way there. Each packet uses it up.
  void may_send(const session::ScreenLink& link);
  /// The displays as last delivered.
  [[nodiscard]] std::vector<desktop::Display> displays() const;

 private:
  struct Orders {
    bool quit = false;
    bool running = false;
    bool prepare = false;
    std::uint64_t generation = 0;  // of start() and stop()
    std::uint32_t display = 0;
    unsigned max_frames_per_s = 30;
    bool exact = false;
    bool keyframe = false;
    bool may_send = false;
    session::ScreenLink link;
  };
  class Run;
  void run();
  void get_ready(std::unique_ptr<screen::Encoder>& encoder) const;
  void change(const std::function<void(Orders&)>& f);
  void deliver_displays();
  void deliver(SessionCall call) { deliver_(person_, std::move(call)); }

  CaptureFactory factory_;
  PersonId person_;
  Deliver deliver_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Orders orders_;
  bool grabbing_ = false;  // a grab is in progress; stop() waits for its end
  std::vector<desktop::Display> displays_;
  desktop::Capture* capture_ = nullptr;  // for wake(); set and cleared by the thread
  std::thread thread_;
};

/// Premultiplied ARGB as the desktop gives it to straight RGBA bytes as the console gets it.
[[nodiscard]] base::Bytes to_straight_rgba(const screen::CursorImage& image);

}  // namespace rescue::applet

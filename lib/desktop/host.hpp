// SPDX-License-Identifier: Apache-2.0
// The seam between the portable applet and a desktop: X11, the synthetic desktop of the headless mode, later Windows.
// A host implements Capture and Input; whoever uses them keeps to this order.
//
// Capture: every call except wake() comes from one thread, the capture thread.
//   displays()                       at any time
//   start(display)                   then, until stop():
//     wait(limit) -> Change          sleeps until something happened, `limit` passed or wake() was called. It adds up:
//                                    what it has reported once it forgets, what it has not it keeps
//       Change::layout               displays came, went, moved or changed their size: read displays() again. When the
//                                    started display is another size now, the next grab() brings the new size; when it
//                                    is gone, grab() fails with not_found and start() must name another
//       Change::damage               pixels that may differ from the last grab(); never less than what differs.
//                                    Right after start() it is the whole display
//       Change::cursor_moved/_shape  read cursor() or cursor_image()
//     grab(frame)                    brings `frame` up to date. The caller hands in the same frame again and does not
//                                    change it; a frame of another size is replaced. Whoever skips a grab() keeps the
//                                    damage and adds to it
//   stop()                           also after errors; nothing is captured from then on. start() may follow
// Before start() and after stop() a host reads no pixels at all: that is how "no frame before consent" holds down here.
//
// Input: every call from one thread (not necessarily the capture thread). The caller has asked for consent; a host does
// not decide. What a host does refuse is input that would land in the applet's own windows (OwnWindows), so that a
// technician cannot answer a prompt. Keys and buttons held at release_all(), or when the object goes away, are
// released.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "screen/cursor.hpp"
#include "screen/frame.hpp"

namespace rescue::desktop {

/// Number of a display as its host counts; stable while the display exists.
using DisplayId = std::uint32_t;

struct Display {
  DisplayId id = 0;
  std::string name;   // as the system calls it ("HDMI-1"); for people
  screen::Rect area;  // in desktop coordinates; never empty
  bool primary = false;
  bool operator==(const Display&) const = default;
};

/// What happened since the last wait().
struct Change {
  screen::Damage damage;  // in pixels of the started display
  bool layout = false;
  bool cursor_moved = false;
  bool cursor_shape = false;
  [[nodiscard]] bool any() const { return !damage.empty() || layout || cursor_moved || cursor_shape; }
};

class Capture {
 public:
  virtual ~Capture() = default;
  /// At least one; the primary display first.
  [[nodiscard]] virtual base::Result<std::vector<Display>> displays() = 0;
  /// not_found: no such display. unsupported: this desktop cannot be captured (the context says why).
  [[nodiscard]] virtual base::Result<> start(DisplayId display) = 0;
  /// unreachable: the desktop is gone (server ended, session logged out).
  [[nodiscard]] virtual base::Result<Change> wait(base::Duration limit) = 0;
  /// not_found: the display is gone. unreachable: the desktop is.
  [[nodiscard]] virtual base::Result<> grab(screen::Frame& frame) = 0;
  /// Position in pixels of the started display; may lie outside it.
  [[nodiscard]] virtual base::Result<screen::CursorState> cursor() = 0;
  [[nodiscard]] virtual base::Result<screen::CursorImage> cursor_image() = 0;
  virtual void stop() = 0;
  /// Ends a wait() now, or the next one when none is running. From any thread.
  virtual void wake() = 0;
};

/// Which buttons are down, as bits.
enum Button : std::uint32_t {
  kButtonLeft = 1,
  kButtonMiddle = 2,
  kButtonRight = 4,
  kButtonBack = 8,
  kButtonForward = 16,
  kButtonAll = 31,
};

class Input {
 public:
  virtual ~Input() = default;
  /// A key of the technician's keyboard, named by X11 keysym (desktop/keysym.hpp). The host finds the key that makes it
  /// on this keyboard, with the modifiers it needs; a keysym that the layout has not is made possible for the moment.
  /// not_found: no key can make it. denied: the applet's own window has the focus. A second press without a release
  /// is ignored, as the system repeats held keys itself; so is a release without a press. May block for some
  /// milliseconds.
  [[nodiscard]] virtual base::Result<> key(std::uint32_t keysym, bool down) = 0;
  /// A key of the technician's keyboard of which its place is known too: `keycode` is an evdev code
  /// (linux/input-event-codes.h). Where the key of that place makes `keysym` here, it is that key and no other of the
  /// same name; where it does not, as on another layout, key() decides. A `keysym` of 0 means the place alone, with
  /// whatever modifiers are held: what it makes is this keyboard's matter. A release names the same place as its press.
  [[nodiscard]] virtual base::Result<> key_at(std::uint32_t /*keycode*/, std::uint32_t keysym, bool down) {
    return key(keysym, down);
  }
  /// Types UTF-8 as if by hand; '\n' is Return, '\t' Tab, '\b' BackSpace. not_found names the first character that
  /// cannot be typed; those before it were. denied as key().
  [[nodiscard]] virtual base::Result<> text(std::string_view utf8) = 0;
  /// Moves to a point in desktop coordinates and makes `buttons` (Button bits) the buttons that are down; a press over
  /// the applet's own windows is denied, the move is done.
  [[nodiscard]] virtual base::Result<> pointer(std::int32_t x, std::int32_t y, std::uint32_t buttons) = 0;
  /// Wheel steps where the pointer is; positive is right and up (away from the user). denied as pointer().
  [[nodiscard]] virtual base::Result<> wheel(std::int32_t dx, std::int32_t dy) = 0;
  /// Releases all that these calls hold, and drops what is not yet done. From any thread; done when it returns.
  virtual void release_all() = 0;
};

/// The windows of the applet itself, by the system's window number. The user interface keeps it, the input host reads
/// it. Thread-safe.
class OwnWindows {
 public:
  void set(std::vector<std::uint64_t> windows) {
    std::lock_guard lock(mutex_);
    windows_ = std::move(windows);
  }
  [[nodiscard]] std::vector<std::uint64_t> list() const {
    std::lock_guard lock(mutex_);
    return windows_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> windows_;
};

/// Both halves of one desktop. `input` may be null where a desktop cannot be controlled.
struct Host {
  std::unique_ptr<Capture> capture;
  std::unique_ptr<Input> input;
};

}  // namespace rescue::desktop

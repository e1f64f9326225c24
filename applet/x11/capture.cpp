// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <optional>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xcb/damage.h>
#include <xcb/xfixes.h>
#include <xcb/xinput.h>

#include <fmt/format.h>

#include "applet/x11/host.hpp"
#include "applet/x11/image_reader.hpp"
#include "applet/x11/layout.hpp"

namespace rescue::applet::x11 {
namespace {
using std::chrono::milliseconds;

// Without XInput 2 the X server has no event for "the pointer moved over somebody's window"; asking 50 times a second
// is smooth and costs one small round trip each.
constexpr milliseconds kPointerPoll{20};
// With it, only a program that puts the pointer somewhere else goes unreported.
constexpr milliseconds kPointerCheck{500};
// A mode change shrinks the root window between our asking for its size and reading it; more than this is no race.
constexpr int kGrabTries = 3;

class X11Capture final : public desktop::Capture {
 public:
  X11Capture(std::unique_ptr<Connection> connection, ImageReader reader, int wake_fd, bool hears_pointer)
      : connection_(std::move(connection)),
        reader_(std::move(reader)),
        wake_fd_(wake_fd),
        hears_pointer_(hears_pointer) {}
  X11Capture(const X11Capture&) = delete;
  X11Capture& operator=(const X11Capture&) = delete;
  ~X11Capture() override {
    stop();
    close(wake_fd_);
  }

  base::Result<std::vector<desktop::Display>> displays() override { return read_displays(*connection_); }
  base::Result<> start(desktop::DisplayId display) override;
  base::Result<desktop::Change> wait(base::Duration limit) override;
  base::Result<> grab(screen::Frame& frame) override;
  base::Result<screen::CursorState> cursor() override;
  base::Result<screen::CursorImage> cursor_image() override;
  void stop() override;
  void wake() override {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = write(wake_fd_, &one, sizeof one);  // a full counter wakes as well
  }

 private:
  [[nodiscard]] xcb_connection_t* c() const { return connection_->get(); }
  base::Result<> find_display();
  void hear_pointer(bool on);
  [[nodiscard]] bool is_pointer_event(const xcb_generic_event_t& event) const;
  void take_events();
  base::Result<> take_damage();
  base::Result<> look_at_pointer();
  bool sleep(base::Duration limit);

  std::unique_ptr<Connection> connection_;  // at a fixed address: the reader refers to it
  ImageReader reader_;
  int wake_fd_;
  bool hears_pointer_;  // XInput 2 tells of every motion
  bool started_ = false;
  desktop::DisplayId display_ = 0;
  screen::Rect area_;  // of the started display on the root window
  xcb_damage_damage_t damage_ = 0;
  xcb_xfixes_region_t region_ = 0;
  bool damage_waiting_ = false;  // the server holds damage for us
  bool layout_changed_ = false;
  bool pointer_moved_ = false;
  std::chrono::steady_clock::time_point pointer_seen_;
  desktop::Change pending_;   // found, not yet reported
  screen::Damage ungrabbed_;  // reported, not yet grabbed
  std::optional<screen::CursorState> last_cursor_;
};

base::Result<> X11Capture::find_display() {
  RESCUE_TRY(auto all, read_displays(*connection_));
  for (const auto& d : all) {
    if (d.id != display_) continue;
    if (d.area != area_) {
      area_ = d.area;
      ungrabbed_ = pending_.damage = screen::Damage(screen::whole({area_.width, area_.height}));
    }
    return {};
  }
  return base::fail(base::Errc::not_found, fmt::format("display {}", display_));
}

base::Result<> X11Capture::start(desktop::DisplayId display) {
  stop();
  display_ = display;
  area_ = {};
  RESCUE_CHECK(find_display());
  damage_ = xcb_generate_id(c());
  region_ = xcb_generate_id(c());
  xcb_damage_create(c(), damage_, connection_->root(), XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
  xcb_xfixes_create_region(c(), region_, 0, nullptr);
  xcb_xfixes_select_cursor_input(c(), connection_->root(), XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
  watch_layout(*connection_);
  hear_pointer(true);
  xcb_flush(c());
  started_ = true;
  pending_.cursor_moved = pending_.cursor_shape = true;
  return {};
}

void X11Capture::stop() {
  if (!started_) return;
  started_ = false;
  xcb_damage_destroy(c(), damage_);
  xcb_xfixes_destroy_region(c(), region_);
  xcb_xfixes_select_cursor_input(c(), connection_->root(), 0);
  hear_pointer(false);
  xcb_flush(c());
  take_events();
  pending_ = {};
  ungrabbed_.clear();
  damage_waiting_ = layout_changed_ = false;
  last_cursor_.reset();
}

void X11Capture::hear_pointer(bool on) {
  if (!hears_pointer_) return;
  struct {
    xcb_input_event_mask_t head;
    std::uint32_t bits;
  } mask{{XCB_INPUT_DEVICE_ALL_MASTER, 1}, on ? std::uint32_t{XCB_INPUT_XI_EVENT_MASK_RAW_MOTION} : 0U};
  xcb_input_xi_select_events(c(), connection_->root(), 1, &mask.head);
  pointer_moved_ = on;
}

bool X11Capture::is_pointer_event(const xcb_generic_event_t& event) const {
  if (!hears_pointer_ || (event.response_type & 0x7f) != XCB_GE_GENERIC) return false;
  const auto& e = reinterpret_cast<const xcb_ge_generic_event_t&>(event);
  return e.extension == xcb_get_extension_data(c(), &xcb_input_id)->major_opcode &&
         e.event_type == XCB_INPUT_RAW_MOTION;
}

void X11Capture::take_events() {
  const auto damage_notify = connection_->first_event(xcb_damage_id) + XCB_DAMAGE_NOTIFY;
  const auto cursor_notify = connection_->first_event(xcb_xfixes_id) + XCB_XFIXES_CURSOR_NOTIFY;
  while (Owned<xcb_generic_event_t> event{xcb_poll_for_event(c())}) {
    auto type = event->response_type & 0x7f;
    if (type == damage_notify)
      damage_waiting_ = true;
    else if (type == cursor_notify)
      pending_.cursor_shape = true;
    else if (is_pointer_event(*event))
      pointer_moved_ = true;
    else if (is_layout_event(*connection_, *event))
      layout_changed_ = true;
  }
}

// Moves what the server has gathered into pending_.damage. From then on the server counts anew, so a pixel that changes
// between this and the grab is reported once more rather than missed.
base::Result<> X11Capture::take_damage() {
  damage_waiting_ = false;
  xcb_damage_subtract(c(), damage_, XCB_XFIXES_REGION_NONE, region_);
  RESCUE_TRY(auto region,
             reply(xcb_xfixes_fetch_region_reply, c(), xcb_xfixes_fetch_region(c(), region_), "read damage"));
  const auto* rects = xcb_xfixes_fetch_region_rectangles(region.get());
  const int count = xcb_xfixes_fetch_region_rectangles_length(region.get());
  const auto whole = screen::whole({area_.width, area_.height});
  for (int i = 0; i < count; ++i) {
    screen::Rect r{rects[i].x - area_.x, rects[i].y - area_.y, rects[i].width, rects[i].height};
    pending_.damage.add(r.intersected(whole));
  }
  return {};
}

base::Result<> X11Capture::look_at_pointer() {
  const auto at = std::chrono::steady_clock::now();
  if (!std::exchange(pointer_moved_, false) && at - pointer_seen_ < (hears_pointer_ ? kPointerCheck : kPointerPoll))
    return {};
  pointer_seen_ = at;
  RESCUE_TRY(auto now, cursor());
  if (last_cursor_ != now) pending_.cursor_moved = true;
  last_cursor_ = now;
  return {};
}

// True when woken by wake().
bool X11Capture::sleep(base::Duration limit) {
  pollfd fds[] = {{xcb_get_file_descriptor(c()), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  auto ms = std::chrono::ceil<milliseconds>(limit).count();
  if (poll(fds, 2, static_cast<int>(ms)) <= 0 || (fds[1].revents & POLLIN) == 0) return false;
  std::uint64_t count = 0;
  [[maybe_unused]] auto n = read(wake_fd_, &count, sizeof count);
  return true;
}

base::Result<desktop::Change> X11Capture::wait(base::Duration limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  bool woken = false;
  for (;;) {
    bool again = false;
    take_events();
    if (!connection_->alive()) return base::fail(base::Errc::unreachable, "capture: the X server is gone");
    if (started_) {
      RESCUE_CHECK(look_at_pointer());
      // Waiting for a reply may have put events into our queue, where poll(2) does not see them: look again.
      take_events();
      again = damage_waiting_ || pointer_moved_;
      if (damage_waiting_) RESCUE_CHECK(take_damage());
      if (std::exchange(layout_changed_, false)) {
        pending_.layout = true;
        // A display that is gone is the caller's to learn from grab().
        if (auto found = find_display(); !found && found.error().code != base::Errc::not_found)
          return base::fail(std::move(found).error());
      }
    }
    auto left = std::chrono::duration_cast<base::Duration>(end - std::chrono::steady_clock::now());
    if (pending_.any() || woken || left <= base::Duration::zero()) break;
    if (!again)
      woken = sleep(started_ ? std::min<base::Duration>(left, hears_pointer_ ? kPointerCheck : kPointerPoll) : left);
  }
  ungrabbed_.add(pending_.damage);
  return std::exchange(pending_, {});
}

base::Result<> X11Capture::grab(screen::Frame& frame) {
  if (!started_) return base::fail(base::Errc::invalid_argument, "grab without start");
  for (int tries = 1;; ++tries) {
    const screen::Size size{area_.width, area_.height};
    if (frame.size() != size) {
      RESCUE_TRY(frame, screen::Frame::create(size));
      ungrabbed_ = screen::Damage(screen::whole(size));
    }
    auto read = reader_.read({area_.x, area_.y}, ungrabbed_.rects(), frame);
    if (read) break;
    if (!connection_->alive() || tries == kGrabTries) return read;
    RESCUE_CHECK(find_display());
  }
  ungrabbed_.clear();
  return {};
}

base::Result<screen::CursorState> X11Capture::cursor() {
  RESCUE_TRY(auto pointer,
             reply(xcb_query_pointer_reply, c(), xcb_query_pointer(c(), connection_->root()), "find the pointer"));
  return screen::CursorState{{pointer->root_x - area_.x, pointer->root_y - area_.y}, pointer->same_screen != 0};
}

base::Result<screen::CursorImage> X11Capture::cursor_image() {
  RESCUE_TRY(auto image,
             reply(xcb_xfixes_get_cursor_image_reply, c(), xcb_xfixes_get_cursor_image(c()), "read the cursor"));
  screen::CursorImage out;
  if (image->width > screen::kMaxCursorSide || image->height > screen::kMaxCursorSide) return out;
  out.size = {image->width, image->height};
  out.hotspot = {std::min<std::int32_t>(image->xhot, std::max(0, image->width - 1)),
                 std::min<std::int32_t>(image->yhot, std::max(0, image->height - 1))};
  const auto* pixels = xcb_xfixes_get_cursor_image_cursor_image(image.get());
  out.argb.assign(pixels, pixels + xcb_xfixes_get_cursor_image_cursor_image_length(image.get()));
  if (out.size.pixels() == 0) out = {};
  RESCUE_CHECK(screen::check(out));
  return out;
}
}  // namespace

namespace {
// Raw events come whatever window or grab the pointer is in since XInput 2.1.
bool has_raw_motion(const Connection& connection) {
  if (!connection.has(xcb_input_id)) return false;
  auto version = reply(xcb_input_xi_query_version_reply, connection.get(),
                       xcb_input_xi_query_version(connection.get(), 2, 2), "ask for XInput");
  return version &&
         ((*version)->major_version > 2 || ((*version)->major_version == 2 && (*version)->minor_version >= 1));
}
}  // namespace

base::Result<std::unique_ptr<desktop::Capture>> make_capture(const CaptureOptions& options) {
  RESCUE_TRY(auto opened, Connection::open(options.display));
  auto connection = std::make_unique<Connection>(std::move(opened));
  auto* c = connection->get();
  if (!connection->has(xcb_damage_id) || !connection->has(xcb_xfixes_id))
    return base::fail(base::Errc::unsupported, "the X server has no DAMAGE or XFIXES extension");
  // Servers refuse requests of an extension before its version was agreed on.
  RESCUE_TRY(auto fixes, reply(xcb_xfixes_query_version_reply, c, xcb_xfixes_query_version(c, 4, 0), "ask for XFIXES"));
  RESCUE_TRY(auto damage,
             reply(xcb_damage_query_version_reply, c, xcb_damage_query_version(c, 1, 1), "ask for DAMAGE"));
  if (fixes->major_version < 2) return base::fail(base::Errc::unsupported, "the X server's XFIXES is older than 2.0");
  RESCUE_TRY(auto reader, ImageReader::create(*connection, options.allow_shared_memory));
  int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return base::fail(base::errno_error("create an event descriptor"));
  const bool hears_pointer = has_raw_motion(*connection);
  return std::make_unique<X11Capture>(std::move(connection), std::move(reader), wake_fd, hears_pointer);
}

}  // namespace rescue::applet::x11

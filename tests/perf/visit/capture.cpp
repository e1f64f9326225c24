// SPDX-License-Identifier: Apache-2.0
// xcp_capture OUT.xcp.zst [--fps N] [--seconds N]: captures the X display of $DISPLAY without loss, its cursor beside
// it, until SIGTERM, SIGINT or the end of the time. Not through the capture of the applet: what is measured must not
// choose what it is measured on. Prints one JSON object: pictures, and ticks that came too late.
#include <signal.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <xcb/shm.h>
#include <xcb/xfixes.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <set>

#include "perf/xcp_writer.hpp"

namespace rescue::perf {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::microseconds;

volatile sig_atomic_t stopped = 0;

template <typename T>
using Reply = std::unique_ptr<T, decltype(&std::free)>;

std::unexpected<base::Error> refused(const char* what) { return base::fail(base::Errc::io, what); }

class Display {
 public:
  [[nodiscard]] base::Result<> open() {
    connection_.reset(xcb_connect(nullptr, nullptr));
    if (xcb_connection_has_error(connection_.get()) != 0) return refused("no X display");
    const xcb_screen_t* s = xcb_setup_roots_iterator(xcb_get_setup(connection_.get())).data;
    root_ = s->root;
    size_ = {s->width_in_pixels, s->height_in_pixels};
    const Reply<xcb_xfixes_query_version_reply_t> fixes(
        xcb_xfixes_query_version_reply(connection_.get(), xcb_xfixes_query_version(connection_.get(), 5, 0), nullptr),
        std::free);
    if (!fixes || s->root_depth != 24) return refused("the display has no XFixes, or not 24 bits a pixel");
    return attach();
  }
  ~Display() {
    if (pixels_ != nullptr) shmdt(pixels_);
  }

  [[nodiscard]] screen::Size size() const { return size_; }
  [[nodiscard]] base::Result<screen::FrameView> grab() {
    const auto cookie =
        xcb_shm_get_image(connection_.get(), root_, 0, 0, static_cast<std::uint16_t>(size_.width),
                          static_cast<std::uint16_t>(size_.height), ~0U, XCB_IMAGE_FORMAT_Z_PIXMAP, segment_, 0);
    const Reply<xcb_shm_get_image_reply_t> got(xcb_shm_get_image_reply(connection_.get(), cookie, nullptr), std::free);
    if (!got) return refused("the X server gives no picture");
    return screen::FrameView{static_cast<const screen::Pixel*>(pixels_), size_, size_.width};
  }
  /// Null when the server gives none.
  [[nodiscard]] Reply<xcb_xfixes_get_cursor_image_reply_t> cursor() {
    return {
        xcb_xfixes_get_cursor_image_reply(connection_.get(), xcb_xfixes_get_cursor_image(connection_.get()), nullptr),
        std::free};
  }

 private:
  [[nodiscard]] base::Result<> attach() {
    const int id = shmget(IPC_PRIVATE, static_cast<std::size_t>(size_.pixels()) * 4, IPC_CREAT | 0600);
    if (id < 0) return base::fail(base::errno_error("shared memory"));
    void* at = shmat(id, nullptr, 0);
    segment_ = xcb_generate_id(connection_.get());
    const Reply<xcb_generic_error_t> error(
        xcb_request_check(connection_.get(),
                          xcb_shm_attach_checked(connection_.get(), segment_, static_cast<std::uint32_t>(id), 0)),
        std::free);
    shmctl(id, IPC_RMID, nullptr);  // goes with its last user
    if (at == reinterpret_cast<void*>(-1) || error) return refused("the X server shares no memory");
    pixels_ = at;
    return {};
  }

  std::unique_ptr<xcb_connection_t, decltype(&xcb_disconnect)> connection_{nullptr, xcb_disconnect};
  xcb_window_t root_ = 0;
  screen::Size size_;
  xcb_shm_seg_t segment_ = 0;
  void* pixels_ = nullptr;
};

class CursorTrack {
 public:
  [[nodiscard]] base::Result<> write(const xcb_xfixes_get_cursor_image_reply_t& c, XcpWriter& to, microseconds t) {
    if (known_.insert(c.cursor_serial).second) {
      const std::uint32_t* argb = xcb_xfixes_get_cursor_image_cursor_image(&c);
      const std::size_t pixels = std::size_t{c.width} * c.height;
      RESCUE_CHECK(to.cursor_shape(c.cursor_serial, {{c.width, c.height}, {c.xhot, c.yhot}, {argb, argb + pixels}}, t));
    }
    const screen::Point at{c.x, c.y};
    if (at == at_ && c.cursor_serial == shape_) return {};
    at_ = at;
    shape_ = c.cursor_serial;
    return to.cursor_move(at, c.cursor_serial, t);
  }

 private:
  std::set<std::uint32_t> known_;
  screen::Point at_{-1, -1};
  std::uint32_t shape_ = 0;
};

base::Result<> capture(const std::string& path, double fps, double seconds) {
  Display display;
  RESCUE_CHECK(display.open());
  RESCUE_TRY(auto writer, XcpWriter::create(path, display.size()));
  CursorTrack cursor;
  const auto begin = Steady::now();
  const auto period = std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(1 / fps));
  const auto since = [begin] { return std::chrono::duration_cast<microseconds>(Steady::now() - begin); };
  std::size_t pictures = 0;
  std::size_t late = 0;
  for (auto due = begin; stopped == 0; due += period) {
    std::this_thread::sleep_until(due);
    while (Steady::now() > due + period) {
      due += period;
      ++late;
    }
    const microseconds t = since();
    if (std::chrono::duration<double>(t).count() >= seconds) break;
    RESCUE_TRY(const auto view, display.grab());
    RESCUE_TRY(const std::size_t tiles, writer.frame(view, t));
    pictures += tiles > 0 ? 1 : 0;
    if (const auto c = display.cursor()) RESCUE_CHECK(cursor.write(*c, writer, t));
  }
  if (stopped != 0) {  // what is seen at the end belongs to it
    RESCUE_TRY(const auto view, display.grab());
    RESCUE_TRY(const std::size_t tiles, writer.frame(view, since()));
    pictures += tiles > 0 ? 1 : 0;
  }
  RESCUE_CHECK(writer.finish(since()));
  fmt::print(R"({{"pictures":{},"late":{}}})"
             "\n",
             pictures, late);
  return {};
}

int run(int argc, char** argv) {
  std::string out;
  double fps = 15;
  double seconds = 1e6;
  CLI::App app{"captures an X display without loss"};
  app.add_option("out", out)->required();
  app.add_option("--fps", fps)->check(CLI::Range(1.0, 240.0));
  app.add_option("--seconds", seconds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  for (const int s : {SIGTERM, SIGINT}) signal(s, [](int) { stopped = 1; });
  const auto done = capture(out, fps, seconds);
  if (!done) fmt::print(stderr, "xcp_capture: {}\n", done.error().message());
  return done ? 0 : 1;
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) { return rescue::perf::run(argc, argv); }

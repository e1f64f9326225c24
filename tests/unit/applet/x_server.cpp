// SPDX-License-Identifier: Apache-2.0
#include "unit/applet/x_server.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "desktop/keysym.hpp"

namespace rescue::test {
namespace {
using std::chrono::seconds;

pid_t spawn(const std::vector<std::string>& argv, const std::string& display, int keep_fd) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves nothing running
  if (!display.empty()) setenv("DISPLAY", display.c_str(), 1);
  int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 1);
  dup2(null, 2);
  if (keep_fd >= 0) fcntl(keep_fd, F_SETFD, 0);
  std::vector<char*> raw;
  for (const auto& a : argv) raw.push_back(const_cast<char*>(a.c_str()));
  raw.push_back(nullptr);
  execvp(raw[0], raw.data());
  _exit(127);
}

void end(pid_t& pid) {
  if (pid <= 0) return;
  ::kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  pid = -1;
}
}  // namespace

// Servers that start at the same moment may choose the same number; the one that loses goes away again.
XServer::XServer(const std::string& screen, std::vector<std::string> more) {
  for (int tries = 0; tries < 10; ++tries) {
    if (start(screen, more) && x11::Connection::open(display_)) return;
    end(pid_);
  }
  std::fputs("Xvfb did not start\n", stderr);
  std::abort();
}

bool XServer::start(const std::string& screen, const std::vector<std::string>& more) {
  int fds[2];
  RESCUE_ASSERT(pipe2(fds, O_CLOEXEC) == 0);
  std::vector<std::string> argv = {"Xvfb", "-displayfd", std::to_string(fds[1]), "-screen", "0", screen, "-nolisten",
                                   "tcp",  "-noreset"};
  argv.insert(argv.end(), more.begin(), more.end());
  pid_ = spawn(argv, "", fds[1]);
  close(fds[1]);
  std::string number;
  pollfd p{fds[0], POLLIN, 0};
  while (number.empty() || number.back() != '\n') {
    char c = 0;
    if (poll(&p, 1, 30'000) != 1 || read(fds[0], &c, 1) != 1) break;
    number += c;
  }
  close(fds[0]);
  if (number.size() < 2) return false;
  number.pop_back();
  display_ = ":" + number;
  return true;
}
XServer::~XServer() { end(pid_); }
void XServer::kill() { end(pid_); }

XProgram::XProgram(const XServer& server, const std::vector<std::string>& argv)
    : pid_(spawn(argv, server.display(), -1)) {}
XProgram::~XProgram() { end(pid_); }

XClient::XClient(const XServer& server, screen::Rect area)
    : connection_(x11::Connection::open(server.display()).value()) {
  auto* c = connection_.get();
  window_ = xcb_generate_id(c);
  const std::uint32_t values[] = {0x202020, XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE |
                                                XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE |
                                                XCB_EVENT_MASK_EXPOSURE};
  xcb_create_window(c, XCB_COPY_FROM_PARENT, window_, connection_.root(), static_cast<std::int16_t>(area.x),
                    static_cast<std::int16_t>(area.y), static_cast<std::uint16_t>(area.width),
                    static_cast<std::uint16_t>(area.height), 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                    XCB_CW_BACK_PIXEL | XCB_CW_EVENT_MASK, values);
  xcb_map_window(c, window_);
  gc_ = xcb_generate_id(c);
  xcb_create_gc(c, gc_, window_, 0, nullptr);
  focus();
}

void XClient::focus() {
  xcb_set_input_focus(connection_.get(), XCB_INPUT_FOCUS_PARENT, window_, XCB_CURRENT_TIME);
  sync();
}

void XClient::sync() {
  std::free(xcb_get_input_focus_reply(connection_.get(), xcb_get_input_focus(connection_.get()), nullptr));
}

void XClient::fill(screen::Rect area, screen::Pixel colour) {
  xcb_change_gc(connection_.get(), gc_, XCB_GC_FOREGROUND, &colour);
  xcb_rectangle_t r{static_cast<std::int16_t>(area.x), static_cast<std::int16_t>(area.y),
                    static_cast<std::uint16_t>(area.width), static_cast<std::uint16_t>(area.height)};
  xcb_poly_fill_rectangle(connection_.get(), window_, gc_, 1, &r);
  sync();
}

void XClient::set_cursor(std::uint16_t glyph) {
  auto* c = connection_.get();
  auto font = xcb_generate_id(c);
  xcb_open_font(c, font, 6, "cursor");
  std::uint32_t cursor = xcb_generate_id(c);
  xcb_create_glyph_cursor(c, cursor, font, font, glyph, static_cast<std::uint16_t>(glyph + 1), 0, 0, 0, 65535, 65535,
                          65535);
  xcb_change_window_attributes(c, window_, XCB_CW_CURSOR, &cursor);
  sync();
}

void XClient::warp(std::int32_t x, std::int32_t y) {
  xcb_warp_pointer(connection_.get(), 0, connection_.root(), 0, 0, 0, 0, static_cast<std::int16_t>(x),
                   static_cast<std::int16_t>(y));
  sync();
}

screen::Frame XClient::screenshot() {
  auto* c = connection_.get();
  auto geometry = x11::reply(xcb_get_geometry_reply, c, xcb_get_geometry(c, connection_.root()), "size").value();
  auto image = x11::reply(xcb_get_image_reply, c,
                          xcb_get_image(c, XCB_IMAGE_FORMAT_Z_PIXMAP, connection_.root(), 0, 0, geometry->width,
                                        geometry->height, ~0U),
                          "image")
                   .value();
  const auto* pixels = reinterpret_cast<const screen::Pixel*>(xcb_get_image_data(image.get()));
  return screen::Frame::copy_of({pixels, {geometry->width, geometry->height}, geometry->width}).value();
}

std::uint32_t XClient::keysym_of(std::uint8_t keycode, std::uint32_t state) {
  auto* c = connection_.get();
  auto map = x11::reply(xcb_get_keyboard_mapping_reply, c, xcb_get_keyboard_mapping(c, keycode, 1), "keys").value();
  const auto* symbols = xcb_get_keyboard_mapping_keysyms(map.get());
  std::size_t column = (state & XCB_MOD_MASK_5) != 0 ? 4 : 0;
  const auto letter = symbols[0] >= 'a' && symbols[0] <= 'z';
  if (((state & XCB_MOD_MASK_SHIFT) != 0) != (letter && (state & XCB_MOD_MASK_LOCK) != 0)) ++column;
  return column < map->keysyms_per_keycode ? symbols[column] : 0;
}

std::vector<SeenEvent> XClient::events() {
  sync();
  std::vector<SeenEvent> out;
  while (x11::Owned<xcb_generic_event_t> event{xcb_poll_for_event(connection_.get())}) {
    auto type = event->response_type & 0x7f;
    const auto& e = *reinterpret_cast<const xcb_key_press_event_t*>(event.get());  // buttons have the same layout
    SeenEvent seen;
    seen.x = e.root_x;
    seen.y = e.root_y;
    seen.state = e.state;
    if (type == XCB_KEY_PRESS || type == XCB_KEY_RELEASE) {
      seen.key = true;
      seen.down = type == XCB_KEY_PRESS;
      seen.keysym = keysym_of(e.detail, e.state);
    } else if (type == XCB_BUTTON_PRESS || type == XCB_BUTTON_RELEASE) {
      seen.down = type == XCB_BUTTON_PRESS;
      seen.button = e.detail;
    } else {
      continue;
    }
    out.push_back(seen);
  }
  return out;
}

bool XClient::wait_events(std::vector<SeenEvent>& all,
                          const std::function<bool(const std::vector<SeenEvent>&)>& enough) {
  const auto end = std::chrono::steady_clock::now() + seconds(5);
  for (;;) {
    for (auto& e : events()) all.push_back(e);
    if (enough(all)) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    pollfd p{xcb_get_file_descriptor(connection_.get()), POLLIN, 0};
    poll(&p, 1, 20);
  }
}

std::vector<std::uint8_t> XClient::keys_down() {
  auto map = x11::reply(xcb_query_keymap_reply, connection_.get(), xcb_query_keymap(connection_.get()), "keys").value();
  std::vector<std::uint8_t> out;
  for (unsigned k = 0; k < 256; ++k)
    if ((map->keys[k / 8] >> (k % 8) & 1) != 0) out.push_back(static_cast<std::uint8_t>(k));
  return out;
}

std::uint32_t XClient::pointer_mask() {
  return x11::reply(xcb_query_pointer_reply, connection_.get(),
                    xcb_query_pointer(connection_.get(), connection_.root()), "p")
      .value()
      ->mask;
}

std::u32string typed(const std::vector<SeenEvent>& events) {
  std::u32string out;
  for (const auto& e : events) {
    if (!e.key || !e.down || desktop::is_modifier(e.keysym)) continue;
    if (e.keysym == desktop::kKeyReturn)
      out += U'\n';
    else
      out += desktop::keysym_to_unicode(e.keysym).value_or(U'\ufffd');
  }
  return out;
}

}  // namespace rescue::test

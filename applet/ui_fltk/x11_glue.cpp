// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/x11_glue.hpp"

#include <FL/Fl.H>
#include <FL/Fl_Window.H>
#include <FL/x.H>
#include <X11/Xlib.h>
#include <X11/Xutil.h>

namespace rescue::applet::fltk {
namespace {
struct GrabbedKey {
  int keycode = 0;
  std::function<void()> pressed;
};
GrabbedKey& grabbed() {
  static GrabbedKey key;
  return key;
}
bool g_grab_failed = false;
int note_grab_error(::Display*, XErrorEvent* e) {
  if (e->error_code == BadAccess) g_grab_failed = true;
  return 0;
}
// FLTK hands over events of windows that are not its own; grabbed keys come on the root window.
int on_event(void* event, void*) {
  const auto* e = static_cast<const XEvent*>(event);
  auto& key = grabbed();
  if (key.keycode == 0 || (e->type != KeyPress && e->type != KeyRelease)) return 0;
  if (static_cast<int>(e->xkey.keycode) != key.keycode || e->xkey.window != DefaultRootWindow(fl_display)) return 0;
  if (e->type == KeyPress) key.pressed();
  return 1;
}
}  // namespace

bool open_display(const std::string& name) {
  ::Display* probe = XOpenDisplay(name.empty() ? nullptr : name.c_str());
  if (probe == nullptr) return false;
  XCloseDisplay(probe);
  if (!name.empty()) Fl::display(name.c_str());
  fl_open_display();
  return true;
}

std::vector<std::uint64_t> shown_windows() {
  std::vector<std::uint64_t> out;
  for (Fl_Window* w = Fl::first_window(); w != nullptr; w = Fl::next_window(w))
    if (w->shown() != 0) out.push_back(fl_xid(w));
  return out;
}

bool grab_key(std::uint32_t keysym, std::function<void()> pressed) {
  const int keycode = XKeysymToKeycode(fl_display, keysym);
  if (keycode == 0) return false;
  XSync(fl_display, 0);
  g_grab_failed = false;
  auto* before = XSetErrorHandler(note_grab_error);
  XGrabKey(fl_display, keycode, AnyModifier, DefaultRootWindow(fl_display), 0, GrabModeAsync, GrabModeAsync);
  XSync(fl_display, 0);
  XSetErrorHandler(before);
  if (g_grab_failed) return false;
  grabbed() = {keycode, std::move(pressed)};
  Fl::add_system_handler(on_event, nullptr);
  return true;
}

void release_key() {
  if (grabbed().keycode == 0) return;
  XUngrabKey(fl_display, grabbed().keycode, AnyModifier, DefaultRootWindow(fl_display));
  XFlush(fl_display);
  Fl::remove_system_handler(on_event);
  grabbed() = {};
}

void name_window(Fl_Window& window, const char* name) {
  if (window.shown() != 0) XStoreName(fl_display, fl_xid(&window), name);
}

void raise(Fl_Window& window) {
  if (window.shown() != 0) XRaiseWindow(fl_display, fl_xid(&window));
}

void keep_above(Fl_Window& window) {
  if (window.shown() == 0) return;
  XEvent e{};
  e.xclient.type = ClientMessage;
  e.xclient.window = fl_xid(&window);
  e.xclient.message_type = XInternAtom(fl_display, "_NET_WM_STATE", 0);
  e.xclient.format = 32;
  e.xclient.data.l[0] = 1;  // add
  e.xclient.data.l[1] = static_cast<long>(XInternAtom(fl_display, "_NET_WM_STATE_ABOVE", 0));
  e.xclient.data.l[3] = 1;  // a normal application
  XSendEvent(fl_display, DefaultRootWindow(fl_display), 0, SubstructureNotifyMask | SubstructureRedirectMask, &e);
}

}  // namespace rescue::applet::fltk

// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/x11_glue.hpp"

#include <map>

#include <FL/Fl.H>
#include <FL/Fl_Window.H>
#include <FL/x.H>
#include <X11/Xatom.h>
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
std::map<const Fl_Window*, std::function<bool()>>& offers() {
  static std::map<const Fl_Window*, std::function<bool()>> all;
  return all;
}
Atom atom(const char* name) { return XInternAtom(fl_display, name, 0); }

int on_focus_offer(void* event, void*) {
  const auto* e = static_cast<const XEvent*>(event);
  if (e->type != ClientMessage || e->xclient.message_type != atom("WM_PROTOCOLS")) return 0;
  if (static_cast<Atom>(e->xclient.data.l[0]) != atom("WM_TAKE_FOCUS")) return 0;
  const auto found = offers().find(fl_find(e->xclient.window));
  if (found == offers().end()) return 0;
  const auto time = static_cast<Time>(e->xclient.data.l[1]);
  if (found->second()) XSetInputFocus(fl_display, e->xclient.window, RevertToParent, time);
  return 1;
}

void set_hints(const Fl_Window& window, Window id, const char* title) {
  XStoreName(fl_display, id, title);
  char name[] = "rescue-applet";
  XClassHint names{name, name};
  XSetClassHint(fl_display, id, &names);
  XWMHints input{};
  input.flags = InputHint | StateHint;
  input.input = 0;
  input.initial_state = NormalState;
  XSetWMHints(fl_display, id, &input);
  XSizeHints size{};
  size.flags = USPosition | PMinSize | PMaxSize;
  size.x = window.x(), size.y = window.y();
  size.min_width = size.max_width = window.w();
  size.min_height = size.max_height = window.h();
  XSetWMNormalHints(fl_display, id, &size);
  Atom protocols[] = {atom("WM_DELETE_WINDOW"), atom("WM_TAKE_FOCUS")};
  XSetWMProtocols(fl_display, id, protocols, 2);
  const unsigned long never = 0;
  XChangeProperty(fl_display, id, atom("_NET_WM_USER_TIME"), XA_CARDINAL, 32, PropModeReplace,
                  reinterpret_cast<const unsigned char*>(&never), 1);
  const Atom above = atom("_NET_WM_STATE_ABOVE");
  XChangeProperty(fl_display, id, atom("_NET_WM_STATE"), XA_ATOM, 32, PropModeReplace,
                  reinterpret_cast<const unsigned char*>(&above), 1);
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

void show_without_focus(Fl_Window& window, const char* title, std::function<bool()> takes_focus) {
  if (offers().empty()) Fl::add_system_handler(on_focus_offer, nullptr);
  offers()[&window] = std::move(takes_focus);
  // FLTK makes and maps a window in one call, and a window manager reads its hints when it is mapped. So it comes into
  // being as one that no manager cares for, and goes down and up again at once with the hints that it needs.
  window.set_override();
  window.show();
  const Window id = fl_xid(&window);
  XUnmapWindow(fl_display, id);
  XSetWindowAttributes managed{};
  managed.override_redirect = 0;
  XChangeWindowAttributes(fl_display, id, CWOverrideRedirect, &managed);
  set_hints(window, id, title);
  XMapRaised(fl_display, id);
}

void forget_focus(const Fl_Window& window) {
  if (offers().erase(&window) != 0 && offers().empty()) Fl::remove_system_handler(on_focus_offer);
}

unsigned long focused_window() {
  Window focus = None;
  int revert = 0;
  XGetInputFocus(fl_display, &focus, &revert);
  return focus == PointerRoot ? None : focus;
}

void focus_window(unsigned long id) {
  // It may have gone meanwhile; FLTK reports the error that this gives and goes on.
  XSetInputFocus(fl_display, id, RevertToParent, CurrentTime);
  XFlush(fl_display);
}

}  // namespace rescue::applet::fltk

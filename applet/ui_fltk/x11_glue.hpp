// SPDX-License-Identifier: Apache-2.0
// The few things of X11 that FLTK does not offer. Kept apart because Xlib's macros clash with everything. UI thread
// only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

class Fl_Window;

namespace rescue::applet::fltk {

/// Opens the display; false when there is none (FLTK itself would end the process).
[[nodiscard]] bool open_display(const std::string& name);
/// X windows of all windows that FLTK shows now.
[[nodiscard]] std::vector<std::uint64_t> shown_windows();
/// Calls `pressed` whenever the key goes down anywhere on the display, whatever has the focus. False when another
/// program holds the key, or the keyboard has none for this keysym. One key a process.
[[nodiscard]] bool grab_key(std::uint32_t keysym, std::function<void()> pressed);
void release_key();
/// Names a window that FLTK leaves without a name because no window manager will decorate it.
void name_window(Fl_Window& window, const char* name);
/// Puts the window above the others without giving it the focus.
void raise(Fl_Window& window);
/// Shows a window above the others that never gets the keyboard by appearing (ICCCM 4.1.7 "globally active" input, EWMH
/// _NET_WM_USER_TIME 0). Once the person clicks it or switches to it, the window manager offers the focus;
/// `takes_focus` then says whether it is taken. Call forget_focus before the window goes.
void show_without_focus(Fl_Window& window, const char* title, std::function<bool()> takes_focus);
void forget_focus(const Fl_Window& window);
/// The X window that has the focus (any client's), 0 when none in particular has it; and back to it.
[[nodiscard]] unsigned long focused_window();
void focus_window(unsigned long id);

}  // namespace rescue::applet::fltk

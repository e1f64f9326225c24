// SPDX-License-Identifier: Apache-2.0
// The few things of X11 that FLTK does not offer. Kept apart because Xlib's macros clash with everything. UI thread only.
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
/// Calls `pressed` whenever the key goes down anywhere on the display, whatever has the focus. False when another program
/// holds the key, or the keyboard has none for this keysym. One key a process.
[[nodiscard]] bool grab_key(std::uint32_t keysym, std::function<void()> pressed);
void release_key();
/// Names a window that FLTK leaves without a name because no window manager will decorate it.
void name_window(Fl_Window& window, const char* name);
/// Puts the window above the others without giving it the focus.
void raise(Fl_Window& window);
/// Asks the window manager to keep it above the others (EWMH _NET_WM_STATE_ABOVE).
void keep_above(Fl_Window& window);

}  // namespace rescue::applet::fltk

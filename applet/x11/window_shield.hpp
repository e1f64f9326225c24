// SPDX-License-Identifier: Apache-2.0
// Keeps injected input out of the applet's own windows: a technician must not answer a prompt.
#pragma once

#include "applet/x11/xcb.hpp"
#include "desktop/host.hpp"

namespace rescue::applet::x11 {

/// Asks the server each time; the thread of the connection's owner. Both outlive it.
class WindowShield {
 public:
  WindowShield(const Connection& connection, const desktop::OwnWindows& own) : connection_(connection), own_(own) {}
  /// True when the keyboard focus is in one of the applet's windows.
  [[nodiscard]] base::Result<bool> has_focus() const;
  /// True when the pointer is over one of them, its window manager's frame included.
  [[nodiscard]] base::Result<bool> under_pointer() const;

 private:
  const Connection& connection_;
  const desktop::OwnWindows& own_;
};

}  // namespace rescue::applet::x11

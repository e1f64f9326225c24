// SPDX-License-Identifier: Apache-2.0
// The X11 desktop: capture by MIT-SHM and DAMAGE, cursor by XFIXES, displays by RandR, input by XTEST, the clipboard by
// selections and XFIXES.
#pragma once

#include <string>

#include "desktop/clipboard.hpp"
#include "desktop/host.hpp"
#include "desktop/keysym.hpp"

namespace rescue::applet::x11 {

struct CaptureOptions {
  std::string display;              // empty: $DISPLAY
  bool allow_shared_memory = true;  // false: GetImage only
};

/// unreachable: no X server. unsupported: it lacks DAMAGE or XFIXES 2, or its screen has a palette.
[[nodiscard]] base::Result<std::unique_ptr<desktop::Capture>> make_capture(const CaptureOptions& options);

/// `own` must outlive the result. A key that has the symbol `never` is not pressed, whatever it is asked for: the
/// user's revoke key. unsupported: the server lacks XTEST. A process has one at a time per display.
[[nodiscard]] base::Result<std::unique_ptr<desktop::Input>> make_input(const std::string& display,
                                                                       const desktop::OwnWindows& own,
                                                                       desktop::Keysym never = desktop::kNoSymbol);

/// Texts and files of the selection CLIPBOARD, that of Copy and Paste. unsupported: the server lacks XFIXES.
[[nodiscard]] base::Result<std::unique_ptr<desktop::Clipboard>> make_clipboard(const std::string& display);

}  // namespace rescue::applet::x11

// SPDX-License-Identifier: Apache-2.0
// The X11 desktop: capture by MIT-SHM and DAMAGE, cursor by XFIXES, displays by RandR, input by XTEST.
#pragma once

#include <string>

#include "desktop/host.hpp"

namespace rescue::applet::x11 {

struct CaptureOptions {
  std::string display;              // empty: $DISPLAY
  bool allow_shared_memory = true;  // false: GetImage only
};

/// unreachable: no X server. unsupported: it lacks DAMAGE or XFIXES 2, or its screen has a palette.
[[nodiscard]] base::Result<std::unique_ptr<desktop::Capture>> make_capture(const CaptureOptions& options);

/// `own` must outlive the result. unsupported: the server lacks XTEST. A process has one at a time per display.
[[nodiscard]] base::Result<std::unique_ptr<desktop::Input>> make_input(const std::string& display,
                                                                       const desktop::OwnWindows& own);

}  // namespace rescue::applet::x11

// SPDX-License-Identifier: Apache-2.0
// The user interface as a window on X11, drawn with FLTK.
#pragma once

#include <memory>
#include <string>

#include "applet/ui.hpp"
#include "desktop/host.hpp"
#include "desktop/keysym.hpp"

namespace rescue::applet {

struct FltkOptions {
  std::string display;             // empty: $DISPLAY
  desktop::Keysym revoke_key = 0;  // kNoSymbol: none
};

/// Keeps `own` up to date with its windows; `own` outlives it. Create and run in one thread, once in a process.
/// unreachable: no display.
[[nodiscard]] base::Result<std::unique_ptr<Ui>> make_fltk_ui(const FltkOptions& options, desktop::OwnWindows& own);

}  // namespace rescue::applet

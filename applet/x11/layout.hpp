// SPDX-License-Identifier: Apache-2.0
// The displays of an X screen: RandR monitors, or the screen as one.
#pragma once

#include <vector>

#include "applet/x11/xcb.hpp"
#include "desktop/host.hpp"

namespace rescue::applet::x11 {

/// Asks the server each time. At least one display, the primary first; ids are the atoms of the monitors' names.
[[nodiscard]] base::Result<std::vector<desktop::Display>> read_displays(const Connection& connection);

/// Asks for events when the layout changes; `is_layout_event` knows them.
void watch_layout(const Connection& connection);
[[nodiscard]] bool is_layout_event(const Connection& connection, const xcb_generic_event_t& event);

}  // namespace rescue::applet::x11

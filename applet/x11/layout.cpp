// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/layout.hpp"

#include <algorithm>

#include <xcb/randr.h>

namespace rescue::applet::x11 {
namespace {
// RandR 1.5 brought monitors; before that a screen counts as one display.
bool has_monitors(const Connection& connection) {
  if (!connection.has(xcb_randr_id)) return false;
  auto version = reply(xcb_randr_query_version_reply, connection.get(), xcb_randr_query_version(connection.get(), 1, 5),
                       "ask for RandR");
  return version && ((*version)->major_version > 1 || (*version)->minor_version >= 5);
}

std::string atom_name(const Connection& connection, xcb_atom_t atom) {
  auto name =
      reply(xcb_get_atom_name_reply, connection.get(), xcb_get_atom_name(connection.get(), atom), "read a name");
  if (!name) return "display";
  return {xcb_get_atom_name_name(name->get()), static_cast<std::size_t>(xcb_get_atom_name_name_length(name->get()))};
}

base::Result<screen::Rect> root_area(const Connection& connection) {
  RESCUE_TRY(auto geometry, reply(xcb_get_geometry_reply, connection.get(),
                                  xcb_get_geometry(connection.get(), connection.root()), "read the screen size"));
  return screen::Rect{0, 0, geometry->width, geometry->height};
}
}  // namespace

base::Result<std::vector<desktop::Display>> read_displays(const Connection& connection) {
  RESCUE_TRY(auto root, root_area(connection));
  std::vector<desktop::Display> out;
  if (has_monitors(connection)) {
    RESCUE_TRY(auto monitors, reply(xcb_randr_get_monitors_reply, connection.get(),
                                    xcb_randr_get_monitors(connection.get(), connection.root(), 1), "read displays"));
    for (auto it = xcb_randr_get_monitors_monitors_iterator(monitors.get()); it.rem > 0;
         xcb_randr_monitor_info_next(&it)) {
      // A monitor may reach beyond the root window for a moment while the mode changes.
      auto area = screen::Rect{it.data->x, it.data->y, it.data->width, it.data->height}.intersected(root);
      if (!area.empty())
        out.push_back({it.data->name, atom_name(connection, it.data->name), area, it.data->primary != 0});
    }
    std::stable_partition(out.begin(), out.end(), [](const auto& d) { return d.primary; });
  }
  if (out.empty()) out.push_back({0, "screen", root, true});
  out.front().primary = true;
  return out;
}

void watch_layout(const Connection& connection) {
  const std::uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
  xcb_change_window_attributes(connection.get(), connection.root(), XCB_CW_EVENT_MASK, &mask);
  if (connection.has(xcb_randr_id))
    xcb_randr_select_input(connection.get(), connection.root(),
                           XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE | XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE);
}

bool is_layout_event(const Connection& connection, const xcb_generic_event_t& event) {
  auto type = event.response_type & 0x7f;
  if (type == XCB_CONFIGURE_NOTIFY)
    return reinterpret_cast<const xcb_configure_notify_event_t&>(event).window == connection.root();
  auto first = connection.first_event(xcb_randr_id);
  return first != 0 && (type == first + XCB_RANDR_SCREEN_CHANGE_NOTIFY || type == first + XCB_RANDR_NOTIFY);
}

}  // namespace rescue::applet::x11

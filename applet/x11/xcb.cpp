// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/xcb.hpp"

#include <fmt/format.h>

namespace rescue::applet::x11 {

base::Result<Connection> Connection::open(const std::string& display) {
  Connection out;
  int screen_number = 0;
  out.connection_.reset(xcb_connect(display.empty() ? nullptr : display.c_str(), &screen_number));
  if (!out.alive())
    return base::fail(base::Errc::unreachable,
                      fmt::format("connect to X display '{}'", display.empty() ? "$DISPLAY" : display));
  auto it = xcb_setup_roots_iterator(&out.setup());
  for (; screen_number > 0 && it.rem > 1; --screen_number) xcb_screen_next(&it);
  out.screen_ = it.data;
  if (out.screen_ == nullptr) return base::fail(base::Errc::unsupported, "the X server has no screen");
  return out;
}

bool Connection::has(xcb_extension_t& extension) const {
  const auto* data = xcb_get_extension_data(get(), &extension);
  return data != nullptr && data->present != 0;
}

std::uint8_t Connection::first_event(xcb_extension_t& extension) const {
  const auto* data = xcb_get_extension_data(get(), &extension);
  return data != nullptr && data->present != 0 ? data->first_event : 0;
}

base::Error x_error(const xcb_generic_error_t* error, std::string doing) {
  if (error == nullptr) return {base::Errc::unreachable, doing + ": the X server is gone"};
  return {base::Errc::internal, fmt::format("{}: X error {} on request {}.{}", doing, error->error_code,
                                            error->major_code, error->minor_code)};
}

}  // namespace rescue::applet::x11

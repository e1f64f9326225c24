// SPDX-License-Identifier: Apache-2.0
// RAII around libxcb: connection, replies, errors as values.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include <xcb/xcb.h>

#include "base/result.hpp"

namespace rescue::applet::x11 {

struct Free {
  void operator()(void* p) const { std::free(p); }  // NOLINT(cppcoreguidelines-no-malloc): libxcb allocates with malloc
};
/// A reply, event or error of libxcb.
template <typename T>
using Owned = std::unique_ptr<T, Free>;

struct Disconnect {
  void operator()(xcb_connection_t* c) const { xcb_disconnect(c); }
};

/// One connection to an X server. libxcb itself is thread-safe; users here keep one connection per thread all the same.
class Connection {
 public:
  /// `display` as in $DISPLAY; empty means $DISPLAY. unreachable: no server there, or it refuses us.
  [[nodiscard]] static base::Result<Connection> open(const std::string& display);

  [[nodiscard]] xcb_connection_t* get() const { return connection_.get(); }
  [[nodiscard]] const xcb_setup_t& setup() const { return *xcb_get_setup(get()); }
  [[nodiscard]] const xcb_screen_t& screen() const { return *screen_; }
  [[nodiscard]] xcb_window_t root() const { return screen_->root; }
  /// False when the server went away; then every call fails.
  [[nodiscard]] bool alive() const { return xcb_connection_has_error(get()) == 0; }
  /// The first event code of an extension, 0 when the server has not got it.
  [[nodiscard]] std::uint8_t first_event(xcb_extension_t& extension) const;
  [[nodiscard]] bool has(xcb_extension_t& extension) const;

 private:
  std::unique_ptr<xcb_connection_t, Disconnect> connection_;
  const xcb_screen_t* screen_ = nullptr;
};

/// `doing` and the X error (number, request) as unreachable (no error: the connection broke) or internal.
[[nodiscard]] base::Error x_error(const xcb_generic_error_t* error, std::string doing);

/// The reply of a request, or the error it met: `reply(xcb_query_tree_reply, c, xcb_query_tree(c, w), "read windows")`.
template <typename T, typename Cookie>
[[nodiscard]] base::Result<Owned<T>> reply(T* (*fetch)(xcb_connection_t*, Cookie, xcb_generic_error_t**),
                                           xcb_connection_t* c, Cookie cookie, const char* doing) {
  xcb_generic_error_t* raw = nullptr;
  Owned<T> result(fetch(c, cookie, &raw));
  Owned<xcb_generic_error_t> error(raw);
  if (!result) return base::fail(x_error(error.get(), doing));
  return result;
}

}  // namespace rescue::applet::x11

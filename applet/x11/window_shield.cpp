// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/window_shield.hpp"

#include <algorithm>

namespace rescue::applet::x11 {
namespace {
// Windows nest a few deep; a chain longer than this is another client's mischief.
constexpr int kMaxDepth = 64;

// The window just below the root that holds `window` (its frame), or 0 when it is gone.
xcb_window_t top_level_of(const Connection& connection, xcb_window_t window) {
  for (int depth = 0; depth < kMaxDepth && window != 0; ++depth) {
    auto tree = reply(xcb_query_tree_reply, connection.get(), xcb_query_tree(connection.get(), window), "read windows");
    if (!tree) return 0;  // closed meanwhile
    if ((*tree)->parent == (*tree)->root) return window;
    window = (*tree)->parent;
  }
  return 0;
}
}  // namespace

base::Result<bool> WindowShield::has_focus() const {
  auto own = own_.list();
  if (own.empty()) return false;
  RESCUE_TRY(auto focus, reply(xcb_get_input_focus_reply, connection_.get(), xcb_get_input_focus(connection_.get()),
                               "find the focus"));
  xcb_window_t at = focus->focus;
  // PointerRoot: keys go where the pointer is.
  if (at == XCB_INPUT_FOCUS_POINTER_ROOT || at == connection_.root()) return under_pointer();
  for (int depth = 0; depth < kMaxDepth && at > XCB_INPUT_FOCUS_POINTER_ROOT && at != connection_.root(); ++depth) {
    if (std::ranges::find(own, std::uint64_t{at}) != own.end()) return true;
    auto tree = reply(xcb_query_tree_reply, connection_.get(), xcb_query_tree(connection_.get(), at), "read windows");
    if (!tree) break;
    at = (*tree)->parent;
  }
  return false;
}

base::Result<bool> WindowShield::under_pointer() const {
  auto own = own_.list();
  if (own.empty()) return false;
  RESCUE_TRY(auto pointer, reply(xcb_query_pointer_reply, connection_.get(),
                                 xcb_query_pointer(connection_.get(), connection_.root()), "find the pointer"));
  if (pointer->child == 0) return false;
  return std::ranges::any_of(own, [&](std::uint64_t window) {
    return top_level_of(connection_, static_cast<xcb_window_t>(window)) == pointer->child;
  });
}

}  // namespace rescue::applet::x11

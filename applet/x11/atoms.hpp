// SPDX-License-Identifier: Apache-2.0
// The atoms of the clipboard (ICCCM chapter 2, freedesktop.org's clipboard specifications).
#pragma once

#include "applet/x11/xcb.hpp"

namespace rescue::applet::x11 {

struct ClipboardAtoms {
  xcb_atom_t clipboard = 0, targets = 0, timestamp = 0, multiple = 0, atom_pair = 0, incr = 0;
  xcb_atom_t utf8_string = 0, text_plain_utf8 = 0, text_plain = 0, text = 0;
  xcb_atom_t uri_list = 0, copied_files = 0;
  xcb_atom_t secret_hint = 0;  // a password manager's
  xcb_atom_t transfer = 0;     // property of our window that takes what we ask for
  xcb_atom_t clock = 0;        // property of our window whose change tells the server's time
  [[nodiscard]] static base::Result<ClipboardAtoms> read(const Connection& connection);
};

}  // namespace rescue::applet::x11

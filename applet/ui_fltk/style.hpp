// SPDX-License-Identifier: Apache-2.0
// Colours and small helpers of the window. UI thread only.
#pragma once

#include <string>
#include <string_view>

#include <FL/Enumerations.H>
#include <FL/Fl_Box.H>
#include <FL/Fl_Button.H>

namespace rescue::applet::fltk {

struct Palette {
  Fl_Color navy, paper, card, ink, soft_ink, line, red, green, amber, white;
};
/// Valid once the display is open.
[[nodiscard]] const Palette& palette();

/// Text from the other side, safe as the label of an Fl_Box: no control characters or direction tricks, '@' is no
/// symbol, at most `most` bytes. Not for buttons, where '&' marks a shortcut.
[[nodiscard]] std::string label_text(std::string_view text, std::size_t most = 200);

/// A line of text without border; the label is copied.
Fl_Box* make_text(int x, int y, int w, int h, std::string_view label, int size, bool bold, Fl_Color ink);
/// A flat button with readable focus; the label is copied.
void style_button(Fl_Button& button, Fl_Color face, Fl_Color ink, int size = 14, bool bold = true);

}  // namespace rescue::applet::fltk

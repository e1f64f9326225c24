// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/style.hpp"

#include <FL/fl_draw.H>

#include "base/utf8.hpp"

namespace rescue::applet::fltk {

const Palette& palette() {
  static const Palette colours{fl_rgb_color(0x1f, 0x3a, 0x5f), fl_rgb_color(0xf3, 0xf4, 0xf6),
                               fl_rgb_color(0xff, 0xff, 0xff), fl_rgb_color(0x1e, 0x23, 0x2b),
                               fl_rgb_color(0x5d, 0x66, 0x72), fl_rgb_color(0xd5, 0xd9, 0xe0),
                               fl_rgb_color(0xc0, 0x2a, 0x2a), fl_rgb_color(0x2c, 0x7a, 0x4b),
                               fl_rgb_color(0xb8, 0x6a, 0x00), fl_rgb_color(0xff, 0xff, 0xff)};
  return colours;
}

std::string label_text(std::string_view text, std::size_t most) {
  std::string clean = base::to_display_text(text);
  if (clean.size() > most) {
    clean.resize(most);
    while (!clean.empty() && !base::is_valid_utf8(clean)) clean.pop_back();
    clean += "…";
  }
  std::string out;
  for (char c : clean) {
    out += c;
    if (c == '@') out += c;
  }
  return out;
}

Fl_Box* make_text(int x, int y, int w, int h, std::string_view label, int size, bool bold, Fl_Color ink) {
  auto* box = new Fl_Box(x, y, w, h);  // owned by the current group, as all FLTK widgets
  box->copy_label(std::string(label).c_str());
  box->box(FL_NO_BOX);
  box->align(FL_ALIGN_LEFT | FL_ALIGN_INSIDE | FL_ALIGN_WRAP);
  box->labelfont(bold ? FL_HELVETICA_BOLD : FL_HELVETICA);
  box->labelsize(size);
  box->labelcolor(ink);
  return box;
}

void style_button(Fl_Button& button, Fl_Color face, Fl_Color ink, int size, bool bold) {
  button.box(FL_FLAT_BOX);
  button.down_box(FL_FLAT_BOX);
  button.color(face, fl_darker(face));
  button.labelcolor(ink);
  button.labelsize(size);
  button.labelfont(bold ? FL_HELVETICA_BOLD : FL_HELVETICA);
}

}  // namespace rescue::applet::fltk

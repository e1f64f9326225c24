// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/question_parts.hpp"

#include <FL/Fl.H>
#include <FL/Fl_Input.H>
#include <FL/Fl_Secret_Input.H>

#include "applet/ui_fltk/spelled_out.hpp"
#include "applet/ui_fltk/style.hpp"

namespace rescue::applet::fltk {
namespace {

void keep_digits(Fl_Widget* widget, void*) {
  auto* input = static_cast<Fl_Input*>(widget);
  std::string digits;
  for (const char c : std::string_view(input->value(), static_cast<std::size_t>(input->size())))
    if (c >= '0' && c <= '9') digits += c;
  if (static_cast<int>(digits.size()) == input->size()) return;
  input->value(digits.c_str());
  input->position(input->size());
}

}  // namespace

DetailBox::DetailBox(int x, int y, int w, int h, std::string_view text) : Fl_Text_Display(x, y, w, h) {
  const auto& p = palette();
  box(FL_BORDER_BOX);
  color(p.paper);
  textfont(FL_COURIER);
  textsize(13);
  textcolor(p.ink);
  wrap_mode(Fl_Text_Display::WRAP_AT_BOUNDS, 0);
  buffer(buffer_);
  buffer_.text(spelled_out(text).c_str());
}

DetailBox::~DetailBox() { buffer(nullptr); }

Fl_Input* make_line(int x, int y, int w, const QuestionLine& line) {
  constexpr int kLabel = 20, kHeight = 34;
  make_text(x, y, w, kLabel, label_text(line.label), 13, true, palette().soft_ink);
  auto* input = line.secret ? new Fl_Secret_Input(x, y + kLabel, w, kHeight) : new Fl_Input(x, y + kLabel, w, kHeight);
  input->maximum_size(static_cast<int>(line.max_bytes));
  input->textsize(line.digits ? 22 : 15);
  input->color(palette().white);
  if (line.digits) {
    input->textfont(FL_COURIER_BOLD);
    input->when(FL_WHEN_CHANGED);
    input->callback(keep_digits);
  }
  return input;
}

base::SecretBytes take_typed(Fl_Input& input) {
  const auto size = static_cast<std::size_t>(input.size());
  base::SecretBytes out(base::to_bytes(base::as_bytes(std::string_view(input.value(), size))));
  // The widget keeps its buffer: what follows is written over what was there.
  input.value(std::string(size, '*').c_str());
  input.value("");
  return out;
}

}  // namespace rescue::applet::fltk

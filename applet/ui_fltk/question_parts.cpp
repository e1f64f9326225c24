// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/question_parts.hpp"

#include <FL/Fl.H>
#include <FL/Fl_Input.H>
#include <FL/Fl_Secret_Input.H>

#include <fmt/format.h>

#include "applet/ui_fltk/style.hpp"
#include "base/utf8.hpp"

namespace rescue::applet::fltk {
namespace {

/// Takes no place on the screen, or one that cannot be told from an ordinary space.
bool is_unseen(char32_t c) {
  return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
         (c >= 0x180b && c <= 0x180f) || (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
         (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0x3164 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff ||
         c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff) || c == 0xa0;
}

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

std::string spelled_out(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto from = at;
    const auto c = base::next_code_point(text, at);
    const bool broken = c == 0xfffd && text.substr(from, at - from) != "\xef\xbf\xbd";
    if (broken) {
      for (auto i = from; i < at; ++i) out += fmt::format("⟨{:02X}⟩", static_cast<unsigned char>(text[i]));
    } else if (c == '\n' || c == '\t') {
      out += static_cast<char>(c);
    } else if (base::is_control(c) || is_unseen(c)) {
      out += fmt::format("⟨U+{:04X}⟩", static_cast<std::uint32_t>(c));
    } else {
      base::append_utf8(out, c);
    }
  }
  return out;
}

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

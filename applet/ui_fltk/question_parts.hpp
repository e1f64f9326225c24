// SPDX-License-Identifier: Apache-2.0
// What a question may hold beside its sentence: a text that is shown whole, and lines to fill in. UI thread only.
#pragma once

#include <string>
#include <string_view>

#include <FL/Fl_Text_Buffer.H>
#include <FL/Fl_Text_Display.H>

#include "base/bytes.hpp"

class Fl_Input;

namespace rescue::applet::fltk {

/// Text in a box with scroll bars, wrapped at its edge, so that nothing lies beyond it. Cannot be changed.
class DetailBox : public Fl_Text_Display {
 public:
  DetailBox(int x, int y, int w, int h, std::string_view text);
  ~DetailBox() override;

 private:
  Fl_Text_Buffer buffer_;
};

struct QuestionLine {
  std::string label;
  bool secret = false;
  bool digits = false;  // others are not taken; it must be full
  std::size_t max_bytes = 256;
};
/// The label stands above it.
[[nodiscard]] Fl_Input* make_line(int x, int y, int w, const QuestionLine& line);
/// What was typed; nothing of it stays in the widget.
[[nodiscard]] base::SecretBytes take_typed(Fl_Input& input);

}  // namespace rescue::applet::fltk

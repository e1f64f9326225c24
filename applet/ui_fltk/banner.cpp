// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/banner.hpp"

#include <algorithm>
#include <utility>

#include <FL/Fl.H>
#include <FL/Fl_Box.H>
#include <FL/Fl_Button.H>
#include <FL/fl_draw.H>

#include "applet/ui_fltk/style.hpp"
#include "applet/ui_fltk/x11_glue.hpp"

namespace rescue::applet::fltk {
namespace {
constexpr int kWidth = 680, kHeight = 34, kButtonWidth = 130;
constexpr int kTextSize = 14, kAround = 14, kHeightMax = 6 * kHeight;
constexpr std::size_t kTextMax = 1000;  // bytes
constexpr double kRaiseSeconds = 0.5;   // a program that raises itself covers the sign no longer than this
}  // namespace

Banner::Banner(std::function<void()> stop) : Fl_Double_Window(kWidth, kHeight), stop_(std::move(stop)) {
  const auto& p = palette();
  copy_label("Rescue: in progress");
  xclass("rescue-applet");
  set_override();
  color(p.red);
  text_ = make_text(14, 0, kWidth - kButtonWidth - 24, kHeight, "", kTextSize, true, p.white);
  text_->align(FL_ALIGN_LEFT | FL_ALIGN_INSIDE | FL_ALIGN_CLIP | FL_ALIGN_WRAP);
  button_ = new Fl_Button(kWidth - kButtonWidth - 4, 4, kButtonWidth, kHeight - 8);
  style_button(*button_, p.white, p.red, 13);
  button_->visible_focus(0);
  button_->callback([](Fl_Widget*, void* self) { static_cast<Banner*>(self)->stop_(); }, this);
  end();
}

Banner::~Banner() { Fl::remove_timeout(on_timer, this); }

void Banner::tell(const std::string& text, const std::string& stop_label) {
  if (text.empty()) return hide();
  const auto label_of = label_text(text, kTextMax);
  text_->copy_label(label_of.c_str());
  grow_to(label_of);
  button_->copy_label(stop_label.c_str());
  if (shown() != 0 && visible() != 0) return redraw();
  if (!std::exchange(placed_, true)) {
    int sx = 0, sy = 0, sw = 0, sh = 0;
    Fl::screen_xywh(sx, sy, sw, sh, 0);
    position(sx + (sw - w()) / 2, sy);
  }
  show();
  name_window(*this, label());
  stay_above();
}

/// As many lines as it takes: what goes on is not cut off.
void Banner::grow_to(const std::string& text) {
  fl_font(FL_HELVETICA_BOLD, kTextSize);
  int width = text_->w(), height = 0;
  fl_measure(text.c_str(), width, height, 0);
  const int wanted = std::clamp(height + kAround, kHeight, kHeightMax);
  if (wanted == h()) return;
  size(w(), wanted);
  // The window has stretched them along.
  text_->resize(kAround, 0, w() - kButtonWidth - 24, wanted);
  button_->resize(w() - kButtonWidth - 4, 4, kButtonWidth, kHeight - 8);
  redraw();
}

void Banner::on_timer(void* self) { static_cast<Banner*>(self)->stay_above(); }

void Banner::stay_above() {
  Fl::remove_timeout(on_timer, this);
  if (visible() == 0) return;
  raise(*this);
  Fl::add_timeout(kRaiseSeconds, on_timer, this);
}

int Banner::handle(int event) {
  if (Fl_Double_Window::handle(event) != 0) return 1;
  if (event == FL_PUSH) {
    grip_x_ = Fl::event_x_root() - x();
    grip_y_ = Fl::event_y_root() - y();
    return 1;
  }
  if (event == FL_DRAG) {
    int sx = 0, sy = 0, sw = 0, sh = 0;
    Fl::screen_xywh(sx, sy, sw, sh, Fl::event_x_root(), Fl::event_y_root());
    position(std::clamp(Fl::event_x_root() - grip_x_, sx, sx + sw - w()),
             std::clamp(Fl::event_y_root() - grip_y_, sy, sy + sh - h()));
    return 1;
  }
  return 0;
}

}  // namespace rescue::applet::fltk

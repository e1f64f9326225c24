// SPDX-License-Identifier: Apache-2.0
// The sign that stands above all windows for as long as somebody sees, controls or records this screen. It takes no
// focus and can be dragged aside. UI thread only.
#pragma once

#include <functional>
#include <string>

#include <FL/Fl_Double_Window.H>

class Fl_Box;
class Fl_Button;

namespace rescue::applet::fltk {

class Banner : public Fl_Double_Window {
 public:
  explicit Banner(std::function<void()> stop);
  ~Banner() override;
  /// Empty hides it. `stop_label` names the key too.
  void tell(const std::string& text, const std::string& stop_label);
  int handle(int event) override;

 private:
  static void on_timer(void* self);
  void stay_above();
  void grow_to(const std::string& text);
  std::function<void()> stop_;
  Fl_Box* text_;
  Fl_Button* button_;
  int grip_x_ = 0, grip_y_ = 0;
  bool placed_ = false;
};

}  // namespace rescue::applet::fltk

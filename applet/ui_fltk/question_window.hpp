// SPDX-License-Identifier: Apache-2.0
// One question to the user, in a window of its own: who asks, for what, and how long until it counts as No.
// For half a second it takes no answer, so that a click or key meant for something else does not answer it. The focus is on
// No; Alt+Y and Alt+N answer by keyboard, Tab moves, Return and Space press. Closing the window is a No. UI thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <FL/Fl_Double_Window.H>

#include "base/clock.hpp"

class Fl_Box;
class Fl_Button;

namespace rescue::applet::fltk {

struct Question {
  std::string who;                 // "Ada Lovelace (ada@example.org, Example Support)", untrusted
  std::string what;                // "wants to see your screen."
  std::vector<std::string> more;   // lines below it
  base::SteadyTime deadline{};     // zero: none
  struct Choice {
    std::string label;             // '&' marks the shortcut
    bool yes = false;              // coloured as the one that lets something happen
  };
  std::vector<Choice> choices;     // the last one is No: it has the focus, and closing means it
};

class QuestionWindow : public Fl_Double_Window {
 public:
  /// `answered` gets the index of the choice, once; the owner then deletes the window, later.
  QuestionWindow(Question question, std::function<void(std::size_t)> answered);
  ~QuestionWindow() override;
  void show() override;
  int handle(int event) override;

 private:
  void choose(std::size_t index);
  static void on_timer(void* self);
  void tick();
  Question question_;
  std::function<void(std::size_t)> answered_;
  std::vector<Fl_Button*> buttons_;
  Fl_Box* countdown_ = nullptr;
  base::SteadyTime deaf_until_{};
  bool done_ = false;
};

}  // namespace rescue::applet::fltk

// SPDX-License-Identifier: Apache-2.0
// One question to the user, in a window of its own: who asks, for what, and how long until it counts as No.
// For half a second it takes no answer, so that a click meant for something else does not answer it.
//
// It appears without the keyboard: what somebody is typing goes on to where it went. Should a window manager give it
// the keyboard all the same, it gives it back. Keys answer only when the person has turned to the window by a click or
// a switch of windows, half a second after that and after any other key: Alt and the letter underlined, Tab to a button
// and Space, or Escape for No. No button has the focus by itself, so that a Space alone answers nothing. Closing is a
// No. UI thread only.
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
  std::string who;                // "Ada Lovelace (ada@example.org, Example Support)", untrusted
  std::string what;               // "wants to see your screen."
  std::vector<std::string> more;  // lines below it
  base::SteadyTime deadline{};    // zero: none
  struct Choice {
    std::string label;  // '&' marks the shortcut
    bool yes = false;   // coloured as the one that lets something happen
  };
  std::vector<Choice> choices;  // the last one is No: closing means it
  std::function<void()>
      typed;  // a key of somebody who was typing into our own window when the question came; may be empty
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
  [[nodiscard]] bool keys_answer() const;
  int on_key();
  int on_shortcut();
  static void on_timer(void* self);
  void tick();
  Question question_;
  std::function<void(std::size_t)> answered_;
  std::vector<Fl_Button*> buttons_;
  Fl_Box* countdown_ = nullptr;
  base::SteadyTime deaf_until_{};
  base::SteadyTime keys_deaf_until_{};
  bool has_keyboard_ = false;
  unsigned long focus_before_ = 0;  // X window
  bool done_ = false;
};

}  // namespace rescue::applet::fltk

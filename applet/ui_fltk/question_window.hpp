// SPDX-License-Identifier: Apache-2.0
// One question to the user, in a window of its own: who asks, for what, and how long until it counts as No.
// For half a second it takes no answer, so that a click meant for something else does not answer it.
//
// It appears without the keyboard: what somebody is typing goes on to where it went. Should a window manager give it
// the keyboard all the same, it gives it back. Keys answer only when the person has turned to the window by a click or
// a switch of windows, half a second after that and after any other key: Alt and the letter underlined, Tab to a button
// and Space, or Escape for No; Alt+Y is always the first choice and Alt+N the last. No button has the focus by itself,
// so that a Space alone answers nothing. Return in the last line to fill in means Yes. Closing is a No. UI thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <FL/Fl_Double_Window.H>

#include "applet/ui_fltk/question_parts.hpp"
#include "base/clock.hpp"

class Fl_Box;
class Fl_Button;

namespace rescue::applet::fltk {

struct Question {
  std::string who;                // "Ada Lovelace (ada@example.org, Example Support)", untrusted
  std::string what;               // "wants to see your screen."
  std::vector<std::string> more;  // lines below it
  std::string text;               // some sentences, wrapped
  std::string detail;             // shown whole in a box that scrolls; empty: none
  std::vector<QuestionLine> lines;
  base::SteadyTime deadline{};  // zero: none
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
  /// Index of the choice; with the first one what was typed into the lines.
  using Answered = std::function<void(std::size_t, std::vector<base::SecretBytes>)>;
  /// `answered` is called once; the owner then deletes the window, later.
  QuestionWindow(Question question, Answered answered);
  ~QuestionWindow() override;
  void show() override;
  int handle(int event) override;

 private:
  int build_text(int y);
  int build_parts(int y);
  int build_buttons(int y);
  void choose(std::size_t index);
  [[nodiscard]] bool lines_filled();
  [[nodiscard]] bool keys_answer() const;
  int on_key();
  int on_shortcut();
  static void on_timer(void* self);
  void tick();
  Question question_;
  Answered answered_;
  const int width_;
  std::vector<Fl_Button*> buttons_;
  std::vector<Fl_Input*> lines_;
  Fl_Box* countdown_ = nullptr;
  base::SteadyTime deaf_until_{};
  base::SteadyTime keys_deaf_until_{};
  bool has_keyboard_ = false;
  unsigned long focus_before_ = 0;  // X window
  bool done_ = false;
};

}  // namespace rescue::applet::fltk

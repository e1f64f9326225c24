// SPDX-License-Identifier: Apache-2.0
// The window that is open all the time: who is helping, what is on, the chat, and the two ways out. UI thread only.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>

#include <FL/Fl_Double_Window.H>
#include <FL/Fl_Text_Buffer.H>

#include "applet/ui.hpp"

class Fl_Box;
class Fl_Button;
class Fl_Input;
class Fl_Progress;
class Fl_Text_Display;

namespace rescue::applet::fltk {

struct MainWindowActions {
  std::function<void(std::string)> say;
  std::function<void()> stop_all;
  std::function<void()> end;
  std::function<void(PersonId, session::TransferId)> cancel_file;
};

class MainWindow : public Fl_Double_Window {
 public:
  MainWindow(MainWindowActions actions, std::string stop_label);
  ~MainWindow() override;
  void tell_reach(Reach reach, std::string_view detail);
  void tell_standing(const Standing& standing);
  void tell_person(const PersonView& person);
  void forget_person(PersonId person);
  void add_chat(const ChatLine& line);
  /// A line of the applet's own in the chat.
  void add_note(std::string_view text);
  void tell_file(const FileView& file);
  void tell_end(const Ending& ending);
  /// What the banner says now: empty when nothing is on.
  [[nodiscard]] std::string banner_text() const;
  /// The chat's line has the keyboard.
  [[nodiscard]] bool is_typing() const;
  /// Gives the key of the current event to the chat's line.
  void type_on();
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  struct Sign {
    Fl_Box* card = nullptr;
    Fl_Box* state = nullptr;
  };
  void build_header();
  Sign build_sign(int x, int w, const char* title);
  void build_chat();
  void send();
  void refresh();
  void set_sign(const Sign& sign, bool on, const std::string& text);
  void add_line(std::string_view who, std::string_view text, char style);
  [[nodiscard]] std::string names_where(bool session::ShowStatus::*what) const;

  MainWindowActions actions_;
  std::string stop_label_;
  std::map<PersonId, PersonView> people_;
  Standing standing_;
  Reach reach_ = Reach::connecting;
  std::string detail_;
  bool ended_ = false;
  bool closed_ = false;
  Fl_Box* title_ = nullptr;
  Fl_Box* who_ = nullptr;
  Fl_Box* header_ = nullptr;
  Sign view_sign_, control_sign_, record_sign_;
  Fl_Button* stop_ = nullptr;
  Fl_Button* end_button_ = nullptr;
  Fl_Text_Display* chat_ = nullptr;
  Fl_Text_Buffer text_;
  Fl_Text_Buffer styles_;
  Fl_Input* input_ = nullptr;
  Fl_Button* send_ = nullptr;
  Fl_Progress* progress_ = nullptr;
  Fl_Button* cancel_ = nullptr;
  std::map<std::pair<PersonId, session::TransferId>, std::string> transfers_;  // running, by name
};

}  // namespace rescue::applet::fltk

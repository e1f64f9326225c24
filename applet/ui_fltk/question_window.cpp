// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/question_window.hpp"

#include <algorithm>

#include <FL/Fl.H>
#include <FL/Fl_Box.H>
#include <FL/Fl_Button.H>
#include <FL/Fl_Input.H>
#include <FL/fl_draw.H>

#include <fmt/format.h>

#include "applet/ui_fltk/style.hpp"
#include "applet/ui_fltk/x11_glue.hpp"
#include "session/consent.hpp"

namespace rescue::applet::fltk {
namespace {
constexpr int kWidth = 460, kWideWidth = 640, kMargin = 22, kLineHeight = 22, kButtonHeight = 44;
constexpr int kDetailHeight = 260;
constexpr std::size_t kTextMax = 1000;  // bytes
constexpr double kTickSeconds = 0.1;
constexpr const char* kTitle = "Rescue: your permission";

base::SteadyTime clock_now() { return std::chrono::steady_clock::now(); }
}  // namespace

QuestionWindow::QuestionWindow(Question question, Answered answered)
    : Fl_Double_Window(question.detail.empty() ? kWidth : kWideWidth, 100),
      question_(std::move(question)),
      answered_(std::move(answered)),
      width_(w()) {
  const auto& p = palette();
  color(p.card);
  auto* band = new Fl_Box(0, 0, width_, 40, "A technician asks you");
  band->box(FL_FLAT_BOX);
  band->color(p.navy);
  band->labelcolor(p.white);
  band->labelfont(FL_HELVETICA_BOLD);
  band->labelsize(15);
  int y = build_text(40 + 16);
  y = build_parts(y);
  countdown_ = make_text(kMargin, y + 4, width_ - 2 * kMargin, kLineHeight, "", 13, false, p.amber);
  y = build_buttons(y + kLineHeight + 14);
  end();
  size(width_, y);
  callback(
      [](Fl_Widget*, void* self) {
        auto* window = static_cast<QuestionWindow*>(self);
        window->choose(window->buttons_.size() - 1);
      },
      this);
}

int QuestionWindow::build_text(int y) {
  const auto& p = palette();
  make_text(kMargin, y, width_ - 2 * kMargin, 42, label_text(question_.who, 300), 14, false, p.ink);
  y += 46;
  make_text(kMargin, y, width_ - 2 * kMargin, 46, label_text(question_.what, 300), 18, true, p.ink);
  y += 52;
  for (const auto& line : question_.more) {
    make_text(kMargin, y, width_ - 2 * kMargin, kLineHeight, label_text(line), 13, false, p.soft_ink);
    y += kLineHeight;
  }
  if (question_.text.empty()) return y;
  const auto text = label_text(question_.text, kTextMax);
  fl_font(FL_HELVETICA, 14);
  int text_width = width_ - 2 * kMargin - 8, text_height = 0;
  fl_measure(text.c_str(), text_width, text_height, 1);
  auto* box = make_text(kMargin, y, width_ - 2 * kMargin, text_height + 6, text, 14, false, p.ink);
  box->align(FL_ALIGN_TOP_LEFT | FL_ALIGN_INSIDE | FL_ALIGN_WRAP);
  return y + text_height + 14;
}

int QuestionWindow::build_parts(int y) {
  const int width = width_ - 2 * kMargin;
  if (!question_.detail.empty()) {
    const auto lines = std::ranges::count(question_.detail, '\n') + (question_.detail.ends_with('\n') ? 0 : 1);
    const int height = std::clamp(static_cast<int>(lines) * 17 + 16, 48, kDetailHeight);
    new DetailBox(kMargin, y, width, height, question_.detail);
    y += height + 4;
    if (lines > 1) {
      const auto size = fmt::format("{} lines, {} bytes: this is all of it.", lines, question_.detail.size());
      make_text(kMargin, y, width, kLineHeight, size, 13, false, palette().soft_ink);
      y += kLineHeight;
    }
    y += 6;
  }
  for (const auto& line : question_.lines) {
    auto* input = make_line(kMargin, y, width, line);
    input->deactivate();
    lines_.push_back(input);
    y += 62;
  }
  return y;
}

int QuestionWindow::build_buttons(int y) {
  const auto& p = palette();
  const int count = static_cast<int>(question_.choices.size());
  const int gap = 12, width = (width_ - 2 * kMargin - gap * (count - 1)) / std::max(1, count);
  for (int at = 0; at < count; ++at) {
    const auto& choice = question_.choices[static_cast<std::size_t>(at)];
    auto* button = new Fl_Button(kMargin + at * (width + gap), y, width, kButtonHeight);
    button->copy_label(choice.label.c_str());
    style_button(*button, choice.yes ? p.green : p.paper, choice.yes ? p.white : p.ink, 15);
    button->callback(
        [](Fl_Widget* w, void* self) {
          auto* window = static_cast<QuestionWindow*>(self);
          for (std::size_t n = 0; n < window->buttons_.size(); ++n)
            if (window->buttons_[n] == w) return window->choose(n);
        },
        this);
    button->deactivate();
    buttons_.push_back(button);
  }
  return y + kButtonHeight + kMargin;
}

QuestionWindow::~QuestionWindow() {
  Fl::remove_timeout(on_timer, this);
  forget_focus(*this);
}

void QuestionWindow::show() {
  // FLTK calls this again for a window that is clicked without having had the focus.
  if (deaf_until_ != base::SteadyTime{}) return Fl_Double_Window::show();
  int sx = 0, sy = 0, sw = 0, sh = 0;
  Fl::screen_work_area(sx, sy, sw, sh);
  position(sx + (sw - w()) / 2, sy + (sh - h()) / 3);
  focus_before_ = focused_window();
  deaf_until_ = clock_now() + session::kPromptDeafTime;
  show_without_focus(*this, kTitle, [this] { return clock_now() >= deaf_until_; });
  tick();
}

void QuestionWindow::on_timer(void* self) { static_cast<QuestionWindow*>(self)->tick(); }

void QuestionWindow::tick() {
  if (done_) return;
  const auto now = clock_now();
  if (now >= deaf_until_) {
    for (auto* button : buttons_) button->activate();
    for (auto* line : lines_) line->activate();
  }
  if (question_.deadline != base::SteadyTime{}) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(question_.deadline - now).count();
    const auto text = fmt::format("Without an answer this counts as No in {} s.", std::max<long>(left, 0));
    if (text != countdown_->label()) countdown_->copy_label(text.c_str());
  }
  Fl::add_timeout(kTickSeconds, on_timer, this);
}

bool QuestionWindow::keys_answer() const { return has_keyboard_ && clock_now() >= keys_deaf_until_; }

int QuestionWindow::handle(int event) {
  switch (event) {
    case FL_FOCUS:
      // So soon nobody can have asked for it: a window manager gave it, and somebody is typing into another window.
      // Where the keyboard follows the pointer it was in no window, and there is none to give it back to.
      has_keyboard_ = clock_now() >= deaf_until_ || focus_before_ == 0;
      keys_deaf_until_ = clock_now() + session::kPromptDeafTime;
      if (!has_keyboard_) focus_window(focus_before_);
      return 1;
    case FL_UNFOCUS:  // also when one of the buttons takes it
      if (contains(Fl::focus()) == 0) has_keyboard_ = false;
      return 1;
    case FL_KEYBOARD:
      return on_key();
    case FL_SHORTCUT:
      return on_shortcut();
    default:
      return Fl_Double_Window::handle(event);
  }
}

// Comes for every key that the focused button has not used.
int QuestionWindow::on_key() {
  const int key = Fl::event_key();
  if (key == FL_Escape || (Fl::event_state() & FL_ALT) != 0) return 0;  // shortcuts
  const auto line = std::ranges::find(lines_, Fl::focus());
  if (line != lines_.end() && (key == FL_Enter || key == FL_KP_Enter)) {
    if (!keys_answer()) return 1;
    if (line + 1 == lines_.end())
      choose(0);
    else
      (*(line + 1))->take_focus();
    return 1;
  }
  const bool moves = key == FL_Tab || key == FL_Left || key == FL_Right;
  if (moves && keys_answer()) {
    if (Fl::focus() == this) return buttons_.back()->take_focus();
    return Fl_Double_Window::handle(FL_KEYBOARD);
  }
  for (std::size_t n = 0; n < buttons_.size(); ++n) {
    if (key != FL_Enter || Fl::focus() != buttons_[n] || !keys_answer()) continue;
    choose(n);
    return 1;
  }
  if (Fl::event_length() == 0) return 0;  // Shift and its like
  keys_deaf_until_ = clock_now() + session::kPromptDeafTime;
  if (!has_keyboard_ && question_.typed) question_.typed();
  return 1;
}

int QuestionWindow::on_shortcut() {
  if (!keys_answer()) return 1;
  if (Fl::event_key() == FL_Escape) {
    choose(buttons_.size() - 1);
    return 1;
  }
  if ((Fl::event_state() & FL_ALT) != 0 && (Fl::event_key() == 'y' || Fl::event_key() == 'n')) {
    choose(Fl::event_key() == 'y' ? 0 : buttons_.size() - 1);
    return 1;
  }
  // FLTK takes the bare letter as well.
  return (Fl::event_state() & FL_ALT) != 0 ? Fl_Double_Window::handle(FL_SHORTCUT) : 1;
}

/// Otherwise the first that is not gets the cursor.
bool QuestionWindow::lines_filled() {
  for (std::size_t n = 0; n < lines_.size(); ++n) {
    const auto& wanted = question_.lines[n];
    if (!wanted.digits || static_cast<std::size_t>(lines_[n]->size()) == wanted.max_bytes) continue;
    lines_[n]->take_focus();
    return false;
  }
  return true;
}

void QuestionWindow::choose(std::size_t index) {
  const bool by_key = Fl::event() == FL_KEYBOARD || Fl::event() == FL_SHORTCUT;
  if (done_ || clock_now() < deaf_until_ || (by_key && !keys_answer())) return;
  if (index == 0 && !lines_filled()) return;
  done_ = true;
  std::vector<base::SecretBytes> typed;
  for (auto* line : lines_) typed.push_back(take_typed(*line));
  if (index != 0) typed.clear();
  answered_(index, std::move(typed));
}

}  // namespace rescue::applet::fltk

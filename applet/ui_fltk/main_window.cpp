// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/main_window.hpp"

#include <algorithm>

#include <FL/Fl.H>
#include <FL/Fl_Box.H>
#include <FL/Fl_Button.H>
#include <FL/Fl_Input.H>
#include <FL/Fl_Progress.H>
#include <FL/Fl_Text_Display.H>

#include <fmt/format.h>

#include "applet/ui_fltk/status_text.hpp"
#include "applet/ui_fltk/style.hpp"
#include "base/utf8.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet::fltk {
namespace {
constexpr int kWidth = 420, kHeight = 620, kMargin = 16, kHeaderHeight = 96, kSignHeight = 58, kStopHeight = 46;
constexpr int kEdge = 8, kTopGap = 48;  // from the screen's right and upper edge
constexpr int kInputHeight = 32, kProgressHeight = 24;
constexpr int kChatBytesMax = 400'000;  // older lines go
constexpr int kChatBytesCut = 100'000;

const Fl_Text_Display::Style_Table_Entry* chat_styles() {
  static const Fl_Text_Display::Style_Table_Entry styles[] = {
      {palette().ink, FL_HELVETICA, 14, 0},              // A: text
      {palette().navy, FL_HELVETICA_BOLD, 14, 0},        // B: the technician's name
      {palette().green, FL_HELVETICA_BOLD, 14, 0},       // C: "You"
      {palette().soft_ink, FL_HELVETICA_ITALIC, 13, 0},  // D: notes of the applet
  };
  return styles;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 1'000'000) return fmt::format("{} kB", bytes / 1000);
  return fmt::format("{}.{} MB", bytes / 1'000'000, bytes / 100'000 % 10);
}
}  // namespace

MainWindow::MainWindow(MainWindowActions actions, std::string stop_label)
    : Fl_Double_Window(kWidth, kHeight), actions_(std::move(actions)), stop_label_(std::move(stop_label)) {
  copy_label("Rescue: remote help");
  xclass("rescue-applet");
  color(palette().paper);
  build_header();
  const int sign_width = (kWidth - 2 * kMargin - 16) / 3;
  view_sign_ = build_sign(kMargin, sign_width, "Your screen");
  control_sign_ = build_sign(kMargin + sign_width + 8, sign_width, "Mouse, keyboard");
  record_sign_ = build_sign(kMargin + 2 * (sign_width + 8), sign_width, "Recording");
  stop_ = new Fl_Button(kMargin, kHeaderHeight + 12 + kSignHeight + 10, kWidth - 2 * kMargin, kStopHeight);
  stop_->copy_label(stop_label_.c_str());
  style_button(*stop_, palette().red, palette().white, 17);
  stop_->callback([](Fl_Widget*, void* self) { static_cast<MainWindow*>(self)->actions_.stop_all(); }, this);
  build_chat();
  end();
  size_range(kWidth, 480);
  // Beside the work, not on it.
  int left = 0, top = 0, width = 0, height = 0;
  Fl::screen_work_area(left, top, width, height);
  position(left + std::max(0, width - kWidth - kEdge), top + std::min(kTopGap, std::max(0, height - kHeight)));
  callback(
      [](Fl_Widget*, void* self) {
        auto* window = static_cast<MainWindow*>(self);
        if (std::exchange(window->closed_, true) || window->ended_) return window->hide();
        window->actions_.end();
      },
      this);
  refresh();
}

// The chat's widget lets go of its buffers, which are members, before they go.
MainWindow::~MainWindow() { clear(); }

void MainWindow::build_header() {
  const auto& p = palette();
  header_ = new Fl_Box(0, 0, kWidth, kHeaderHeight);
  header_->box(FL_FLAT_BOX);
  header_->color(p.navy);
  title_ = make_text(kMargin, 14, kWidth - 2 * kMargin, 36, "", 19, true, p.white);
  title_->align(FL_ALIGN_LEFT | FL_ALIGN_INSIDE | FL_ALIGN_CLIP);
  who_ = make_text(kMargin, 50, kWidth - 2 * kMargin, 38, "", 13, false, fl_rgb_color(0xcf, 0xdc, 0xec));
  who_->align(FL_ALIGN_LEFT | FL_ALIGN_INSIDE | FL_ALIGN_WRAP | FL_ALIGN_TOP);
}

MainWindow::Sign MainWindow::build_sign(int x, int w, const char* title) {
  const auto& p = palette();
  const int y = kHeaderHeight + 12;
  Sign out;
  out.card = new Fl_Box(x, y, w, kSignHeight);
  out.card->box(FL_BORDER_BOX);
  auto* heading = make_text(x + 8, y + 5, w - 16, 20, title, 12, false, p.soft_ink);
  heading->align(FL_ALIGN_LEFT | FL_ALIGN_INSIDE | FL_ALIGN_CLIP);
  out.state = make_text(x + 8, y + 27, w - 16, 24, "", 15, true, p.ink);
  out.state->user_data(heading);  // takes its colour along
  return out;
}

void MainWindow::build_chat() {
  const auto& p = palette();
  const int top = kHeaderHeight + 12 + kSignHeight + 10 + kStopHeight + 12;
  const int end_height = 34;
  const int bottom = kHeight - kMargin - end_height - 10 - kInputHeight - 8;
  chat_ = new Fl_Text_Display(kMargin, top, kWidth - 2 * kMargin, bottom - top);
  chat_->box(FL_BORDER_BOX);
  chat_->color(p.card);
  chat_->buffer(text_);
  chat_->highlight_data(&styles_, chat_styles(), 4, 'A', nullptr, nullptr);
  chat_->wrap_mode(Fl_Text_Display::WRAP_AT_BOUNDS, 0);
  chat_->scrollbar_width(14);
  chat_->textsize(14);
  resizable(chat_);
  const int send_width = 76;
  input_ = new Fl_Input(kMargin, bottom + 8, kWidth - 2 * kMargin - send_width - 8, kInputHeight);
  input_->box(FL_BORDER_BOX);
  input_->textsize(14);
  input_->maximum_size(static_cast<int>(wire::kChatTextMax / 4));  // characters; a character has up to 4 bytes
  input_->when(FL_WHEN_ENTER_KEY_ALWAYS);
  input_->callback([](Fl_Widget*, void* self) { static_cast<MainWindow*>(self)->send(); }, this);
  send_ = new Fl_Button(kWidth - kMargin - send_width, bottom + 8, send_width, kInputHeight, "Send");
  style_button(*send_, p.navy, p.white);
  send_->callback([](Fl_Widget*, void* self) { static_cast<MainWindow*>(self)->send(); }, this);
  const int low = kHeight - kMargin - end_height;
  end_button_ = new Fl_Button(kWidth - kMargin - 150, low, 150, end_height, "End the session");
  style_button(*end_button_, p.line, p.ink, 13);
  end_button_->callback([](Fl_Widget*, void* self) { static_cast<MainWindow*>(self)->do_callback(); }, this);
  progress_ = new Fl_Progress(kMargin, low + 5, kWidth - 2 * kMargin - 150 - 8 - 70 - 8, kProgressHeight);
  progress_->box(FL_FLAT_BOX);
  progress_->color(p.line, p.green);
  progress_->labelsize(12);
  progress_->maximum(1000);
  progress_->hide();
  cancel_ = new Fl_Button(progress_->x() + progress_->w() + 8, low + 5, 70, kProgressHeight, "Cancel");
  style_button(*cancel_, p.line, p.ink, 12);
  cancel_->callback(
      [](Fl_Widget*, void* self) {
        auto* window = static_cast<MainWindow*>(self);
        for (const auto& [key, name] : window->transfers_) window->actions_.cancel_file(key.first, key.second);
      },
      this);
  cancel_->hide();
}

void MainWindow::send() {
  const std::string text = input_->value();
  if (text.empty() || text.find_first_not_of(" \t") == std::string::npos) return;
  input_->value("");
  actions_.say(text);
  input_->take_focus();
}

bool MainWindow::is_typing() const { return Fl::focus() == input_; }
void MainWindow::type_on() { input_->handle(FL_KEYBOARD); }

void MainWindow::tell_reach(Reach reach, std::string_view detail) {
  reach_ = reach;
  detail_ = detail;
  refresh();
}

void MainWindow::tell_person(const PersonView& person) {
  const bool fresh = people_.insert_or_assign(person.id, person).second;
  if (fresh) add_note(fmt::format("{} <{}> of {} has joined.", person.name, person.email, person.organisation));
  refresh();
}

void MainWindow::forget_person(PersonId person) {
  auto found = people_.find(person);
  if (found == people_.end()) return;
  add_note(fmt::format("{} has left.", found->second.name));
  people_.erase(found);
  std::erase_if(transfers_, [&](const auto& t) { return t.first.first == person; });
  refresh();
}

std::string MainWindow::names_where(bool session::ShowStatus::*what) const {
  std::string out;
  for (const auto& [id, person] : people_)
    if (person.status.*what) out += (out.empty() ? "" : ", ") + person.name;
  return out;
}

std::string MainWindow::banner_text() const {
  std::vector<const PersonView*> people;
  for (const auto& [id, person] : people_) people.push_back(&person);
  return activity_text(people);
}

void MainWindow::tell_standing(const Standing& standing) {
  for (const auto& line : standing_news(standing_, standing)) add_note(line);
  standing_ = standing;
  refresh();
}

void MainWindow::set_sign(const Sign& sign, bool on, const std::string& text) {
  const auto& p = palette();
  sign.card->color(on ? p.red : p.card);
  sign.state->copy_label(text.c_str());
  sign.state->labelcolor(on ? p.white : p.ink);
  static_cast<Fl_Box*>(sign.state->user_data())->labelcolor(on ? p.white : p.soft_ink);
}

void MainWindow::refresh() {
  std::string title, who;
  const bool helped = !people_.empty();
  const bool several = people_.size() > 1;  // the title has room for one name
  if (helped)
    title = several ? fmt::format("{} people are helping you", people_.size())
                    : people_.begin()->second.name + " is helping you";
  for (const auto& [id, person] : people_) {
    if (!who.empty()) who += "\n";
    who += several ? fmt::format("{} ({}), {}", person.name, person.email, person.organisation)
                   : fmt::format("{}, {}", person.email, person.organisation);
  }
  for (const auto& p : standing_.people)
    if (std::ranges::none_of(people_, [&](const auto& e) { return e.second.email == p.email; }))
      who += fmt::format("{}{} may take part", who.empty() ? "" : "\n", p.email);
  if (reach_ == Reach::reconnecting) who = "The connection broke. Reconnecting…";
  if (!helped) {
    title = reach_ == Reach::connecting     ? "Connecting…"
            : reach_ == Reach::reconnecting ? "Reconnecting…"
                                            : "Waiting for a technician…";
    who = detail_;
  }
  if (const auto stands = standing_text(standing_); !stands.empty()) {
    if (!helped) title = standing_.state == wire::SessionState::on_hold ? "On hold" : "Waiting for a colleague…";
    who = stands;
  }
  if (ended_) {
    title = "The session has ended";
    who = detail_;
  }
  // Lines of `who` are cleaned one by one: a name must not add one.
  std::string lines;
  for (std::size_t at = 0; at <= who.size();) {
    const auto end = std::min(who.find('\n', at), who.size());
    lines += (lines.empty() ? "" : "\n") + label_text(std::string_view(who).substr(at, end - at));
    at = end + 1;
  }
  title_->copy_label(label_text(title, 90).c_str());
  who_->copy_label(lines.c_str());
  const bool viewing = !names_where(&session::ShowStatus::viewing).empty();
  const bool controlling = !names_where(&session::ShowStatus::controlling).empty();
  const bool recording = !names_where(&session::ShowStatus::recording).empty();
  const bool held = !names_where(&session::ShowStatus::input_held).empty();
  set_sign(view_sign_, viewing, viewing ? "is seen" : "private");
  set_sign(control_sign_, controlling, !controlling ? "only yours" : held ? "on hold" : "shared");
  set_sign(record_sign_, recording, recording ? "is on" : "off");
  bool linked = false;
  for (const auto& [id, person] : people_) linked = linked || person.status.linked;
  if (linked && !ended_) {
    if (input_->active() == 0) {
      input_->activate();
      send_->activate();
      input_->take_focus();  // else Space, meant for the chat, would press whatever has the focus
    }
  } else {
    input_->deactivate();
    send_->deactivate();
  }
  if (helped && !ended_)
    stop_->activate();
  else
    stop_->deactivate();
  redraw();
}

void MainWindow::add_line(std::string_view who, std::string_view text, char style) {
  std::string line, styles;
  const auto body = base::to_display_text(text, true);
  if (!who.empty()) {
    line = base::to_display_text(who) + ": ";
    styles.assign(line.size(), style);
    style = 'A';
  }
  line += body + "\n";
  styles.resize(line.size(), style);
  text_.append(line.c_str());
  styles_.append(styles.c_str());
  if (text_.length() > kChatBytesMax) {
    const int cut = text_.line_end(kChatBytesCut) + 1;
    text_.remove(0, cut);
    styles_.remove(0, cut);
  }
  chat_->insert_position(text_.length());
  chat_->show_insert_position();
}

void MainWindow::add_chat(const ChatLine& line) {
  if (line.from.empty())
    add_line("You", line.text, 'C');
  else
    add_line(line.from, line.text, 'B');
}
void MainWindow::add_note(std::string_view text) { add_line("", text, 'D'); }

void MainWindow::tell_file(const FileView& view) {
  if (const auto* offered = std::get_if<session::FileOffered>(&view.event)) {
    transfers_[{view.person, offered->transfer}] = offered->name;
    add_note(fmt::format("{} '{}' ({})…",
                         offered->transfer.direction == session::FileDirection::to_applet ? "Receiving" : "Sending",
                         offered->name, size_text(offered->size)));
  } else if (const auto* progress = std::get_if<session::FileProgress>(&view.event)) {
    progress_->value(progress->size == 0 ? 1000.F : static_cast<float>(progress->done * 1000 / progress->size));
  } else if (const auto* done = std::get_if<session::FileFinished>(&view.event)) {
    transfers_.erase({view.person, done->transfer});
    if (done->reason == session::FileStop::none) {
      add_note(fmt::format("'{}' is complete.", done->name));
    } else {
      add_note(fmt::format("'{}' was {}: {}.", done->name, done->accepted ? "broken off" : "not transferred",
                           session::name(done->reason)));
    }
  }
  const bool running = !transfers_.empty();
  if (running != (progress_->visible() != 0)) {
    progress_->value(0);
    if (running) {
      progress_->show();
      cancel_->show();
    } else {
      progress_->hide();
      cancel_->hide();
    }
    redraw();
  }
}

void MainWindow::tell_end(const Ending& ending) {
  ended_ = true;
  people_.clear();
  detail_ = ending.text;
  end_button_->copy_label("Close");
  refresh();
}

}  // namespace rescue::applet::fltk

// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/fltk_ui.hpp"

#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include <FL/Fl.H>
#include <FL/Fl_File_Chooser.H>

#include <fmt/format.h>

#include "applet/ui_fltk/banner.hpp"
#include "applet/ui_fltk/main_window.hpp"
#include "applet/ui_fltk/question_window.hpp"
#include "applet/ui_fltk/status_text.hpp"
#include "applet/ui_fltk/style.hpp"
#include "applet/ui_fltk/x11_glue.hpp"
#include "base/log.hpp"

namespace rescue::applet {
namespace {
using namespace fltk;
constexpr double kLoopSeconds = 0.25;
// How long the last words stay when nobody is there to close the window.
constexpr std::chrono::seconds kEndShown{5};

std::string who_text(std::string_view name, std::string_view email, std::string_view organisation) {
  return organisation.empty() ? fmt::format("{} ({})", name, email)
                              : fmt::format("{} ({}, {})", name, email, organisation);
}

class FltkUi final : public Ui {
 public:
  FltkUi(const FltkOptions& options, desktop::OwnWindows& own) : options_(options), own_(own) {}

  void show_reach(Reach reach, std::string_view detail) override {
    post([this, reach, detail = std::string(detail)] { main_->tell_reach(reach, detail); });
  }
  void show_standing(const Standing& standing) override {
    post([this, standing] { main_->tell_standing(standing); });
  }
  void show_person(const PersonView& person) override {
    post([this, person] { main_->tell_person(person); });
  }
  void remove_person(PersonId person) override {
    post([this, person] {
      main_->forget_person(person);
      std::erase_if(questions_, [&](const auto& q) { return q.first.person == person; });
    });
  }
  void show_prompt(const PromptView& prompt) override {
    post([this, prompt] { ask(prompt); });
  }
  void close_prompt(PersonId person, session::PromptId prompt) override {
    post([this, person, prompt] { questions_.erase({person, prompt.get(), Kind::prompt}); });
  }
  void ask(const QuestionView& question) override {
    post([this, question] { put_question(question); });
  }
  void close_question(PersonId person, session::QuestionId question) override {
    post([this, person, question] { questions_.erase({person, question.get(), Kind::question}); });
  }
  void show_chat(const ChatLine& line) override {
    post([this, line] { main_->add_chat(line); });
  }
  void show_file(const FileView& file) override {
    post([this, file] { main_->tell_file(file); });
  }
  void ask_file(const FileQuestion& question) override {
    post([this, question] { ask(question); });
  }
  void end(const Ending& ending) override {
    post([this, ending] {
      questions_.clear();
      main_->tell_end(ending);
      end_at_ = std::chrono::steady_clock::now();
      if (!main_->closed()) *end_at_ += kEndShown;
    });
  }
  void run(UiEvents& events) override;

 private:
  enum class Kind : std::uint8_t { prompt, file, question };
  struct QuestionKey {
    PersonId person;
    std::uint32_t number = 0;
    Kind kind = Kind::prompt;
    auto operator<=>(const QuestionKey&) const = default;
  };
  void post(std::function<void()> f) {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(std::move(f));
    }
    Fl::awake();
  }
  void drain() {
    std::deque<std::function<void()>> batch;
    {
      std::lock_guard lock(mutex_);
      batch.swap(queue_);
    }
    for (auto& f : batch) f();
    banner_->tell(main_->banner_text(), stop_label_);
    own_.set(shown_windows());
  }
  void turn() {
    Fl::wait(kLoopSeconds);
    drain();
  }
  void ask(const PromptView& view);
  void put_question(const QuestionView& view);
  void ask(const FileQuestion& question);
  using Answered = std::function<void(std::size_t)>;
  void put(const QuestionKey& key, Question question, Answered answered);
  void put(const QuestionKey& key, Question question, QuestionWindow::Answered answered);
  void pick_file(const FileQuestion& question);

  FltkOptions options_;
  desktop::OwnWindows& own_;
  UiEvents* events_ = nullptr;
  std::mutex mutex_;
  std::deque<std::function<void()>> queue_;
  std::string stop_label_;
  std::unique_ptr<MainWindow> main_;
  std::unique_ptr<Banner> banner_;
  std::map<QuestionKey, std::unique_ptr<QuestionWindow>> questions_;
  std::optional<base::SteadyTime> end_at_;
};

void FltkUi::put(const QuestionKey& key, Question question, Answered answered) {
  put(key, std::move(question),
      QuestionWindow::Answered([answered = std::move(answered)](std::size_t i, const auto&) { answered(i); }));
}

void FltkUi::put(const QuestionKey& key, Question question, QuestionWindow::Answered answered) {
  if (main_->is_typing()) question.typed = [this] { main_->type_on(); };
  auto window = std::make_unique<QuestionWindow>(
      std::move(question),
      [this, key, answered = std::move(answered)](std::size_t i, std::vector<base::SecretBytes> typed) {
        answered(i, std::move(typed));
        // Not from within its own callback.
        if (auto found = questions_.find(key); found != questions_.end()) found->second->hide();
        post([this, key] { questions_.erase(key); });
      });
  window->show();
  questions_[key] = std::move(window);
  own_.set(shown_windows());
}

void FltkUi::ask(const PromptView& view) {
  const auto& prompt = view.show.prompt;
  Question q;
  q.who = who_text(view.show.technician_name, view.show.technician_email, view.show.organisation);
  q.deadline = prompt.deadline;
  using session::Answer;
  std::vector<Answer> answers;
  if (prompt.single) {
    q.what = "wants to help you with all of this:";
    for (auto p : wire::all_permissions())
      if (prompt.covers.has(p)) q.more.push_back(fmt::format("•  {}", wire::what_it_allows(p)));
    q.choices = {{"&Yes to all", true}, {"&One by one", false}, {"&No", false}};
    answers = {Answer::yes, Answer::one_by_one, Answer::no};
  } else {
    std::string what;
    for (auto p : wire::all_permissions())
      if (prompt.covers.has(p)) what += (what.empty() ? "" : ", ") + std::string(wire::what_it_allows(p));
    q.what = "wants to " + what + ".";
    q.choices = {{"&Yes, allow it", true}, {"&No", false}};
    answers = {Answer::yes, Answer::no};
  }
  if (view.show.recorded) q.more.push_back(recorded_text(view.show.organisation));
  put({view.person, prompt.id.get(), Kind::prompt}, std::move(q),
      Answered([this, person = view.person, id = prompt.id, answers](std::size_t i) {
        events_->answered(person, id, answers[i]);
      }));
}

void FltkUi::put_question(const QuestionView& view) {
  const auto& asked = view.ask.question;
  Question q;
  q.who = who_text(view.ask.technician_name, view.ask.technician_email, view.ask.organisation);
  q.what = asked.heading;
  q.text = asked.text;
  q.detail = asked.detail;
  for (const auto& field : asked.fields) q.lines.push_back({field.label, field.secret, field.digits, field.max_bytes});
  q.deadline = view.ask.deadline;
  q.choices = {{asked.yes, true}, {asked.no, false}};
  QuestionWindow::Answered answered = [this, person = view.person, id = view.ask.id](
                                          std::size_t i, std::vector<base::SecretBytes> typed) {
    events_->question_answered(person, id, i == 0, std::move(typed));
  };
  put({view.person, view.ask.id.get(), Kind::question}, std::move(q), std::move(answered));
}

void FltkUi::ask(const FileQuestion& question) {
  Question q;
  q.who = fmt::format("{} ({})", question.name, question.email);
  q.what = "would like a file from you.";
  q.more = {"You pick the file; nothing else is read."};
  q.choices = {{"&Yes, choose a file…", true}, {"&No file", false}};
  put({question.person, question.request, Kind::file}, std::move(q), Answered([this, question](std::size_t i) {
        if (i == 0)
          post([this, question] { pick_file(question); });
        else
          events_->file_picked(question.person, question.request, std::nullopt);
      }));
}

void FltkUi::pick_file(const FileQuestion& question) {
  Fl_File_Chooser chooser("", "*", Fl_File_Chooser::SINGLE, "Rescue: choose the file to send");
  chooser.preview(0);
  chooser.show();
  while (chooser.shown() != 0 && !end_at_) turn();
  std::optional<std::filesystem::path> picked;
  if (chooser.count() > 0 && chooser.value(1) != nullptr && !end_at_) picked = chooser.value(1);
  chooser.hide();
  events_->file_picked(question.person, question.request, picked);
}

void FltkUi::run(UiEvents& events) {
  events_ = &events;
  Fl::visible_focus(1);
  const bool keyed =
      options_.revoke_key != desktop::kNoSymbol && grab_key(options_.revoke_key, [this] { events_->revokes_all(); });
  stop_label_ = keyed ? fmt::format("Stop ({})", desktop::keysym_name(options_.revoke_key)) : "Stop";
  if (!keyed && options_.revoke_key != desktop::kNoSymbol)
    base::log(base::LogLevel::warn, "ui", "another program holds the revoke key; use the button",
              {{"key", desktop::keysym_name(options_.revoke_key)}});
  MainWindowActions actions;
  actions.say = [&](std::string text) { events.says(std::move(text)); };
  actions.stop_all = [&] { events.revokes_all(); };
  actions.end = [&] { events.ends(); };
  actions.cancel_file = [&](PersonId person, session::TransferId id) { events.cancels_file(person, id); };
  main_ = std::make_unique<MainWindow>(
      std::move(actions), keyed ? fmt::format("Stop everything ({})", desktop::keysym_name(options_.revoke_key))
                                : std::string("Stop everything"));
  banner_ = std::make_unique<Banner>([&] { events.revokes_all(); });
  main_->show();
  while (main_->shown() != 0 && (!end_at_ || std::chrono::steady_clock::now() < *end_at_)) turn();
  release_key();
  own_.set({});
  questions_.clear();
  banner_.reset();
  main_.reset();
  Fl::check();
}
}  // namespace

base::Result<std::unique_ptr<Ui>> make_fltk_ui(const FltkOptions& options, desktop::OwnWindows& own) {
  if (!open_display(options.display))
    return base::fail(base::Errc::unreachable,
                      fmt::format("open X display '{}'", options.display.empty() ? "$DISPLAY" : options.display));
  Fl::lock();  // prepares awake(), which other threads may call from now on
  Fl::scheme("gtk+");
  Fl::option(Fl::OPTION_VISIBLE_FOCUS, true);
  return std::make_unique<FltkUi>(options, own);
}

}  // namespace rescue::applet

// Read by LeakSanitizer in builds that have it: FLTK keeps its fonts, and with them fontconfig's patterns, to the end.
extern "C" const char*
__lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier): the sanitizer's name for it
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig.so\n"; }
extern "C" const char* __lsan_default_options();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }

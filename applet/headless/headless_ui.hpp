// SPDX-License-Identifier: Apache-2.0
// The user of the headless mode: does what the scenario says and writes what it sees as log lines of the room "user".
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "applet/headless/scenario.hpp"
#include "applet/ui.hpp"

namespace rescue::applet {

class HeadlessUi final : public Ui {
 public:
  /// Files that the scenario makes up are written below `scratch`, which must exist.
  HeadlessUi(Scenario scenario, std::uint64_t seed, std::filesystem::path scratch);
  /// What "copy" in the steps does; before run().
  void on_copy(std::function<void(const std::string& text)> copy) { copy_ = std::move(copy); }

  void show_reach(Reach reach, std::string_view detail) override;
  void show_standing(const Standing& standing) override;
  void show_person(const PersonView& person) override;
  void remove_person(PersonId person) override;
  void show_prompt(const PromptView& prompt) override;
  void close_prompt(PersonId person, session::PromptId prompt) override;
  void ask(const QuestionView& question) override;
  void close_question(PersonId person, session::QuestionId question) override;
  void show_chat(const ChatLine& line) override;
  void show_file(const FileView& file) override;
  void ask_file(const FileQuestion& question) override;
  void end(const Ending& ending) override;
  void run(UiEvents& events) override;

 private:
  using Deed = std::function<void(UiEvents&)>;
  void later(base::Duration delay, Deed deed);
  void fire(Trigger trigger);
  void answer(PersonId person, session::QuestionId id, const QuestionRule& rule);
  /// The first number in a line of chat, if it has six digits.
  void hear_digits(std::string_view text);
  [[nodiscard]] base::Result<std::filesystem::path> offered_file();

  struct WaitsForDigits {
    PersonId person;
    session::QuestionId question;
    QuestionRule rule;
  };
  Scenario scenario_;
  std::uint64_t seed_;
  std::filesystem::path scratch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<base::SteadyTime, Deed> deeds_;
  std::map<PersonId, session::ShowStatus> people_;
  std::vector<bool> fired_;  // by Trigger
  // Network thread:
  std::string digits_heard_;
  std::optional<WaitsForDigits> waits_for_digits_;
  bool ended_ = false;
  std::function<void(const std::string&)> copy_;
};

/// A file of `bytes` bytes made of the seed, the same on every machine.
[[nodiscard]] base::Result<> write_seeded_file(const std::filesystem::path& path, std::uint64_t bytes,
                                               std::uint64_t seed);

}  // namespace rescue::applet

// SPDX-License-Identifier: Apache-2.0
// The user's side of the applet, whatever draws it: the FLTK window, the scripted user of the headless mode, later
// Windows.
//
// The core calls Ui from its network thread; an implementation hands that over to its own thread and returns at once.
// The user interface calls UiEvents from its own thread; the core hands that over to the network thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "session/applet_session.hpp"
#include "wire/session_state.hpp"

namespace rescue::applet {

/// A technician's session in this process; counts from 1.
using PersonId = base::Strong<std::uint32_t, struct PersonIdTag>;

/// Where the applet stands with the site and the gateways.
enum class Reach : std::uint8_t {
  connecting,    // asking the site
  waiting,       // ready; no technician yet
  helped,        // a technician is linked
  reconnecting,  // the path broke; nothing to do for the user
  ended,
};

struct PersonView {
  PersonId id;
  std::string name, email, organisation;
  session::ShowStatus status;
};
/// Who may take part, as the site says: also those who have no link yet, or none just now.
struct Participant {
  std::string name, email;
  friend bool operator==(const Participant&, const Participant&) = default;
};
/// How the session stands with the site: held, handed over, with whom.
struct Standing {
  wire::SessionState state = wire::SessionState::waiting;
  std::string technician;  // who has it; empty: nobody
  std::string to;          // while it is handed over: to whom, if to a person
  std::vector<Participant> people;
  friend bool operator==(const Standing&, const Standing&) = default;
};
struct PromptView {
  PersonId person;
  session::ShowPrompt show;
};
/// Beside the consent prompts; see session/question.hpp for how it is to be shown.
struct QuestionView {
  PersonId person;
  session::AskUser ask;
};
struct ChatLine {
  std::string from;  // empty: the user
  std::string text;
  base::WallTime sent;
};
struct FileView {
  PersonId person;
  session::FileEvent event;
};
/// A technician would like a file; the user picks it or not.
struct FileQuestion {
  PersonId person;
  std::uint32_t request = 0;
  std::string name, email;
};
/// Why everything is over, in words for the user.
struct Ending {
  base::Exit exit = base::Exit::ok;
  std::string text;
};

class UiEvents {
 public:
  virtual ~UiEvents() = default;
  virtual void answered(PersonId person, session::PromptId prompt, session::Answer answer) = 0;
  /// `values`: what stands in the question's fields, in their order.
  virtual void question_answered(PersonId person, session::QuestionId question, bool yes,
                                 std::vector<base::SecretBytes> values) = 0;
  /// To everybody who is linked.
  virtual void says(std::string text) = 0;
  virtual void file_picked(PersonId person, std::uint32_t request, std::optional<std::filesystem::path> file) = 0;
  virtual void cancels_file(PersonId person, session::TransferId transfer) = 0;
  virtual void revokes(session::Permission permission) = 0;
  /// Stop button and revoke key: everything that was allowed, of everybody, at once.
  virtual void revokes_all() = 0;
  /// Ends the session; the window may close when Ui::end() comes.
  virtual void ends() = 0;
};

class Ui {
 public:
  virtual ~Ui() = default;
  // Any thread:
  virtual void show_reach(Reach reach, std::string_view detail) = 0;
  /// Whenever it changes.
  virtual void show_standing(const Standing& standing) = 0;
  virtual void show_person(const PersonView& person) = 0;
  virtual void remove_person(PersonId person) = 0;
  virtual void show_prompt(const PromptView& prompt) = 0;
  virtual void close_prompt(PersonId person, session::PromptId prompt) = 0;
  virtual void ask(const QuestionView& question) = 0;
  virtual void close_question(PersonId person, session::QuestionId question) = 0;
  virtual void show_chat(const ChatLine& line) = 0;
  virtual void show_file(const FileView& file) = 0;
  virtual void ask_file(const FileQuestion& question) = 0;
  /// Nothing follows. run() returns, in a window after the user has read it.
  virtual void end(const Ending& ending) = 0;

  /// Runs until end(), in the thread that owns the display; `events` outlives it.
  virtual void run(UiEvents& events) = 0;
};

}  // namespace rescue::applet

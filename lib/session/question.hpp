// SPDX-License-Identifier: Apache-2.0
// What is put to the user beside consent prompts: the text of a script, an address, digits to type, an account. One at
// a time and never beside a prompt; while one is open, and for kInputHoldAfterPrompt after, no input of the technician
// is injected. Sans-IO, one strand.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/strong.hpp"
#include "wire/permission.hpp"

namespace rescue::session {

using QuestionId = base::Strong<std::uint32_t, struct QuestionIdTag>;

enum class QuestionKind : std::uint8_t { script, url, sas, credentials, reboot, elevation };
[[nodiscard]] std::string_view name(QuestionKind k);  // "script"

struct QuestionField {
  std::string label;
  bool secret = false;  // not shown while it is typed, and masked in the captured picture
  bool digits = false;  // 0 to 9 alone
  std::size_t max_bytes = 256;
};
/// Text is UTF-8 for people, of which parts may be a technician's: shown as plain text, never as markup.
struct Question {
  QuestionKind kind = QuestionKind::script;
  std::string heading;                    // one line
  std::string text;                       // what is asked, in a sentence or two
  std::string detail;                     // shown whole, unchanged, where it can be scrolled: a script, an address
  std::vector<QuestionField> fields;      // to fill in; none: a plain yes or no
  std::string yes, no;                    // what stands on the buttons
  std::optional<wire::Permission> under;  // whose use is asked about; part of the receipt
};
struct QuestionAnswer {
  enum class How : std::uint8_t { yes, no, timed_out };
  How how = How::no;
  std::vector<base::SecretBytes> values;  // of the fields, in order; with yes only
};

/// Questions that wait beyond this are refused: a technician cannot pile them up before the user.
inline constexpr std::size_t kQuestionsMax = 8;

class Questions {
 public:
  struct Open {
    QuestionId id;
    Question question;
    base::SteadyTime opened, deadline;
  };
  struct Decided {
    QuestionId id;
    Question question;
    QuestionAnswer answer;
  };

  /// Nothing when kQuestionsMax wait.
  [[nodiscard]] std::optional<QuestionId> ask(Question question);
  /// Forgets it, open or waiting. It will not be decided.
  void close(QuestionId id, base::SteadyTime now);
  void close_all(base::SteadyTime now);
  /// False: not the open one, or younger than kPromptDeafTime, or past its deadline.
  [[nodiscard]] bool answer(QuestionId id, bool yes, std::vector<base::SecretBytes> values, base::SteadyTime now);
  /// Opens the next one where none is open and `allowed` (no prompt is); the user has `patience` from then on.
  void open_next(bool allowed, std::chrono::seconds patience, base::SteadyTime now);
  /// Times out the open one.
  void on_deadline(base::SteadyTime now);
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const;

  [[nodiscard]] const std::optional<Open>& open() const { return open_; }
  [[nodiscard]] bool waiting() const { return !waiting_.empty(); }
  [[nodiscard]] bool input_held(base::SteadyTime now) const;
  /// What the user, or time, has decided since the last call.
  [[nodiscard]] std::optional<Decided> poll();

 private:
  void decide(QuestionAnswer answer, base::SteadyTime now);

  std::optional<Open> open_;
  std::deque<std::pair<QuestionId, Question>> waiting_;
  std::deque<Decided> decided_;
  std::optional<base::SteadyTime> hold_until_;
  std::uint32_t next_ = 1;
};

}  // namespace rescue::session

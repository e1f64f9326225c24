// SPDX-License-Identifier: Apache-2.0
#include "session/question.hpp"

#include <algorithm>

#include "session/consent.hpp"

namespace rescue::session {
using base::SteadyTime;

std::string_view name(QuestionKind k) {
  switch (k) {
    case QuestionKind::script:
      return "script";
    case QuestionKind::url:
      return "url";
    case QuestionKind::sas:
      return "sas";
    case QuestionKind::credentials:
      return "credentials";
    case QuestionKind::reboot:
      return "reboot";
    case QuestionKind::elevation:
      return "elevation";
  }
  return "script";
}

std::optional<QuestionId> Questions::ask(Question question) {
  if (waiting_.size() + (open_ ? 1 : 0) >= kQuestionsMax) return std::nullopt;
  const QuestionId id(next_++);
  waiting_.emplace_back(id, std::move(question));
  return id;
}

void Questions::close(QuestionId id, SteadyTime now) {
  std::erase_if(waiting_, [&](const auto& w) { return w.first == id; });
  std::erase_if(decided_, [&](const auto& d) { return d.id == id; });
  if (!open_ || open_->id != id) return;
  open_.reset();
  hold_until_ = now + kInputHoldAfterPrompt;
}

void Questions::close_all(SteadyTime now) {
  waiting_.clear();
  decided_.clear();
  if (open_) close(open_->id, now);
}

bool Questions::answer(QuestionId id, bool yes, std::vector<base::SecretBytes> values, SteadyTime now) {
  on_deadline(now);
  if (!open_ || open_->id != id || now - open_->opened < kPromptDeafTime) return false;
  const auto& fields = open_->question.fields;
  if (!yes) return decide({QuestionAnswer::How::no, {}}, now), true;
  if (values.size() != fields.size()) return false;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (values[i].view().size() > fields[i].max_bytes) return false;
  decide({QuestionAnswer::How::yes, std::move(values)}, now);
  return true;
}

void Questions::decide(QuestionAnswer answer, SteadyTime now) {
  decided_.push_back({open_->id, std::move(open_->question), std::move(answer)});
  open_.reset();
  hold_until_ = now + kInputHoldAfterPrompt;
}

void Questions::open_next(bool allowed, std::chrono::seconds patience, SteadyTime now) {
  if (open_ || waiting_.empty() || !allowed) return;
  auto [id, question] = std::move(waiting_.front());
  waiting_.pop_front();
  open_ = Open{id, std::move(question), now, now + patience};
}

void Questions::on_deadline(SteadyTime now) {
  if (open_ && now >= open_->deadline) decide({QuestionAnswer::How::timed_out, {}}, now);
  if (hold_until_ && now >= *hold_until_) hold_until_.reset();
}

std::optional<SteadyTime> Questions::next_deadline() const {
  std::optional<SteadyTime> next = hold_until_;
  if (open_ && (!next || open_->deadline < *next)) next = open_->deadline;
  return next;
}

bool Questions::input_held(SteadyTime now) const { return open_ || (hold_until_ && now < *hold_until_); }

std::optional<Questions::Decided> Questions::poll() {
  if (decided_.empty()) return std::nullopt;
  auto d = std::move(decided_.front());
  decided_.pop_front();
  return d;
}

}  // namespace rescue::session

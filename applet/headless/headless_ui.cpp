// SPDX-License-Identifier: Apache-2.0
#include "applet/headless/headless_ui.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/random.hpp"
#include "session/sas.hpp"

namespace rescue::applet {
namespace {
constexpr std::size_t kTriggerCount = 9;
constexpr std::string_view kReachNames[] = {"connecting", "waiting", "helped", "reconnecting", "ended"};

void say(std::string_view what, std::initializer_list<base::LogField> fields) {
  base::log(base::LogLevel::info, "user", what, fields);
}
/// A value that stands for the six digits which a technician wrote.
constexpr std::string_view kFromChat = "@chat";
std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}
std::string_view answer_name(const std::optional<session::Answer>& a) {
  if (!a) return "ignore";
  return *a == session::Answer::yes ? "yes" : *a == session::Answer::no ? "no" : "one_by_one";
}
// Counts a use; false when the rule is spent.
bool use(int& times) {
  if (times < 0) return false;
  if (times > 0 && --times == 0) times = -1;
  return true;
}
}  // namespace

base::Result<> write_seeded_file(const std::filesystem::path& path, std::uint64_t bytes, std::uint64_t seed) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  base::SeededRandom random(seed);
  base::Bytes block(64 * 1024);
  for (std::uint64_t left = bytes; left > 0 && out;) {
    const auto n = std::min<std::uint64_t>(left, block.size());
    random.fill(base::MutableByteView(block).first(n));
    out.write(reinterpret_cast<const char*>(block.data()), static_cast<std::streamsize>(n));
    left -= n;
  }
  if (!out.flush()) return base::fail(base::Errc::io, fmt::format("write '{}'", path.string()));
  return {};
}

HeadlessUi::HeadlessUi(Scenario scenario, std::uint64_t seed, std::filesystem::path scratch)
    : scenario_(std::move(scenario)), seed_(seed), scratch_(std::move(scratch)), fired_(kTriggerCount) {}

void HeadlessUi::later(base::Duration delay, Deed deed) {
  {
    std::lock_guard lock(mutex_);
    deeds_.emplace(std::chrono::steady_clock::now() + delay, std::move(deed));
  }
  changed_.notify_all();
}

void HeadlessUi::fire(Trigger trigger) {
  {
    std::lock_guard lock(mutex_);
    auto done = fired_[static_cast<std::size_t>(trigger)];
    if (done) return;
    fired_[static_cast<std::size_t>(trigger)] = true;
  }
  for (const auto& step : scenario_.steps) {
    if (step.when != trigger) continue;
    later(step.after, [this, step](UiEvents& events) {
      switch (step.action) {
        case StepAction::say:
          events.says(step.text);
          break;
        case StepAction::copy:
          if (copy_) copy_(step.text);
          break;
        case StepAction::revoke:
          events.revokes(*step.permission);
          break;
        case StepAction::revoke_all:
          events.revokes_all();
          break;
        case StepAction::end:
          events.ends();
          break;
      }
    });
  }
}

void HeadlessUi::show_reach(Reach reach, std::string_view detail) {
  say("reach", {{"state", kReachNames[static_cast<std::size_t>(reach)]}, {"detail", detail}});
  if (reach == Reach::waiting) fire(Trigger::waiting);
}

void HeadlessUi::show_standing(const Standing& standing) {
  std::string people;
  for (const auto& p : standing.people) people += (people.empty() ? "" : " ") + p.email;
  say("standing", {{"state", wire::name(standing.state)},
                   {"technician", standing.technician},
                   {"to", standing.to},
                   {"people", people}});
}

void HeadlessUi::show_person(const PersonView& p) {
  {
    std::lock_guard lock(mutex_);
    people_[p.id] = p.status;
  }
  say("person", {{"person", p.id.get()},
                 {"name", p.name},
                 {"email", p.email},
                 {"organisation", p.organisation},
                 {"linked", p.status.linked},
                 {"viewing", p.status.viewing},
                 {"controlling", p.status.controlling},
                 {"held", p.status.input_held},
                 {"recording", p.status.recording},
                 {"in_force", p.status.in_force.text()}});
  if (p.status.linked) fire(Trigger::helped);
  if (p.status.viewing) fire(Trigger::viewing);
  if (p.status.controlling) fire(Trigger::controlling);
  if (p.status.recording) fire(Trigger::recording);
  if (p.status.on.has(session::Activity::clipboard)) fire(Trigger::clipboard);
}

void HeadlessUi::remove_person(PersonId person) {
  std::lock_guard lock(mutex_);
  people_.erase(person);
  say("person gone", {{"person", person.get()}});
}

void HeadlessUi::show_prompt(const PromptView& view) {
  const auto& prompt = view.show.prompt;
  say("prompt", {{"person", view.person.get()},
                 {"prompt", prompt.id.get()},
                 {"name", view.show.technician_name},
                 {"email", view.show.technician_email},
                 {"permissions", prompt.covers.text()},
                 {"single", prompt.single},
                 {"recorded", view.show.recorded}});
  for (auto& rule : scenario_.prompts) {
    const bool fits = prompt.single ? rule.single || !rule.permission
                                    : !rule.single && (!rule.permission || prompt.covers.has(*rule.permission));
    if (!fits || !use(rule.times)) continue;
    say("answer", {{"prompt", prompt.id.get()}, {"answer", answer_name(rule.answer)}});
    if (rule.answer)
      later(rule.delay, [person = view.person, id = prompt.id, answer = *rule.answer](UiEvents& events) {
        events.answered(person, id, answer);
      });
    return;
  }
}

void HeadlessUi::ask(const QuestionView& view) {
  const auto& question = view.ask.question;
  say("question", {{"person", view.person.get()},
                   {"question", view.ask.id.get()},
                   {"kind", session::name(question.kind)},
                   {"heading", question.heading},
                   {"text", question.text},
                   {"detail", question.detail},
                   {"fields", static_cast<std::int64_t>(question.fields.size())}});
  for (auto& rule : scenario_.questions) {
    if ((rule.kind && *rule.kind != question.kind) || !use(rule.times)) continue;
    if (!rule.yes) return;
    const bool needs_chat = std::ranges::find(rule.values, kFromChat) != rule.values.end();
    if (needs_chat && digits_heard_.empty())
      waits_for_digits_ = {view.person, view.ask.id, rule};
    else
      answer(view.person, view.ask.id, rule);
    return;
  }
}

void HeadlessUi::answer(PersonId person, session::QuestionId id, const QuestionRule& rule) {
  auto values = rule.values;
  for (auto& v : values)
    if (v == kFromChat) v = digits_heard_;
  later(rule.delay, [person, id, yes = *rule.yes, values](UiEvents& events) {
    std::vector<base::SecretBytes> typed;
    for (const auto& v : values) typed.emplace_back(base::to_bytes(base::as_bytes(v)));
    events.question_answered(person, id, yes, std::move(typed));
  });
}

void HeadlessUi::hear_digits(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const auto from = text.find_first_of(kDigits);
  if (from == text.npos) return;
  const auto digits = text.substr(from, text.find_first_not_of(kDigits, from) - from);
  if (digits.size() != session::kSasDigits) return;
  digits_heard_ = digits;
  if (const auto waiting = std::exchange(waits_for_digits_, std::nullopt))
    answer(waiting->person, waiting->question, waiting->rule);
}

void HeadlessUi::close_question(PersonId person, session::QuestionId question) {
  say("question closed", {{"person", person.get()}, {"question", question.get()}});
}

void HeadlessUi::close_prompt(PersonId person, session::PromptId prompt) {
  say("prompt closed", {{"person", person.get()}, {"prompt", prompt.get()}});
}

void HeadlessUi::show_chat(const ChatLine& line) {
  say("chat", {{"from", line.from}, {"text", line.text}});
  if (line.from.empty()) return;
  hear_digits(line.text);
  fire(Trigger::chat);
  for (auto& rule : scenario_.chat) {
    if (lower(line.text).find(lower(rule.contains)) == std::string::npos || !use(rule.times)) continue;
    later(rule.delay, [reply = rule.reply](UiEvents& events) { events.says(reply); });
    return;
  }
}

void HeadlessUi::show_file(const FileView& view) {
  if (const auto* offered = std::get_if<session::FileOffered>(&view.event)) {
    say("file offered",
        {{"direction", session::name(offered->transfer.direction)}, {"name", offered->name}, {"bytes", offered->size}});
  } else if (const auto* done = std::get_if<session::FileFinished>(&view.event)) {
    say("file finished", {{"direction", session::name(done->transfer.direction)},
                          {"name", done->name},
                          {"bytes", done->size},
                          {"outcome", session::name(done->reason)},
                          {"md5", base::to_hex(done->digests.md5)},
                          {"sha256", base::to_hex(done->digests.sha256)}});
    if (done->reason == session::FileStop::none && done->transfer.direction == session::FileDirection::to_applet)
      fire(Trigger::file_received);
  }
}

base::Result<std::filesystem::path> HeadlessUi::offered_file() {
  const auto& file = *scenario_.file;
  if (!file.path.empty()) return file.path;
  auto path = scratch_ / file.name;
  RESCUE_CHECK(write_seeded_file(path, file.bytes, seed_));
  return path;
}

void HeadlessUi::ask_file(const FileQuestion& question) {
  say("file asked", {{"person", question.person.get()}, {"email", question.email}});
  if (scenario_.file_answer == FileAnswer::ignore) return;
  later(scenario_.file_delay, [this, question](UiEvents& events) {
    std::optional<std::filesystem::path> picked;
    if (scenario_.file_answer == FileAnswer::offer) {
      auto path = offered_file();
      if (path)
        picked = *path;
      else
        say("file missing", {{"why", path.error().message()}});
    }
    events.file_picked(question.person, question.request, picked);
  });
}

void HeadlessUi::end(const Ending& ending) {
  say("ended", {{"text", ending.text}});
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

void HeadlessUi::run(UiEvents& events) {
  fire(Trigger::started);
  std::unique_lock lock(mutex_);
  while (!ended_) {
    if (deeds_.empty()) {
      changed_.wait(lock);
    } else if (auto next = deeds_.begin(); next->first > std::chrono::steady_clock::now()) {
      // A copy: the entry it is in may be gone by the time the wait looks at it again.
      const auto until = next->first;
      changed_.wait_until(lock, until);
    } else {
      auto deed = std::move(next->second);
      deeds_.erase(next);
      lock.unlock();
      deed(events);
      lock.lock();
    }
  }
}

}  // namespace rescue::applet

// SPDX-License-Identifier: Apache-2.0
// admin policy why, admin policy test: what somebody may do, and by which rule.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "cmd/rescue/csv.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/text_file.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
using base::Errc;

constexpr std::size_t kMaxExpectationBytes = 4 * 1024 * 1024;
constexpr std::size_t kQuestionsAtOnce = 1000;
constexpr std::string_view kKeys[] = {"decision", "rule", "reason", "conditions"};
constexpr cli::Column kColumns[] = {{"DECISION"}, {"RULE"}, {"REASON"}, {"ALSO"}};
constexpr cli::Column kTestColumns[] = {{"RESULT"},   {"AS"},       {"ACTION"}, {"CHANNEL"},
                                        {"EXPECTED"}, {"DECISION"}, {"RULE"},   {"REASON"}};

json::object question(const std::string& as, const std::string& action, const std::string& channel) {
  json::object out{{"as", as}, {"action", action}};
  if (!channel.empty()) out["channel"] = channel;
  return out;
}

base::Result<json::array> ask(Invocation& in, json::array questions) {
  RESCUE_TRY(auto* api, in.api());
  const auto count = questions.size();
  RESCUE_TRY(const auto answer, api->post("/policy/why", {{"questions", std::move(questions)}}));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(auto answers, client::array_field(answer.as_object(), "answers"));
  if (answers.size() != count || !std::ranges::all_of(answers, [](const json::value& v) { return v.is_object(); }))
    return base::fail(client::Errc::bad_answer, "other answers than questions");
  return answers;
}

/// A question that has no answer is the command's failure.
base::Result<> answered(const json::object& answer) {
  if (!answer.contains("error")) return {};
  return base::fail(client::errc_of(cell_of(answer, "error"), 400), cell_of(answer, "message"));
}

std::string joined(const json::object& answer, std::string_view key) {
  std::string out;
  const auto* list = answer.if_contains(json::string_view(key.data(), key.size()));
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& item : list->as_array())
    if (item.is_string()) out += fmt::format("{}{}", out.empty() ? "" : "; ", std::string_view(item.as_string()));
  return out;
}

struct Expectation {
  std::string as, action, channel, expect, rule;
  std::size_t line = 0;
};

base::Result<std::vector<Expectation>> read_expectations(std::string_view text, const std::string& name) {
  constexpr std::array<std::string_view, 5> kFields{"as", "action", "channel", "expect", "rule"};
  auto rows = parse_csv(text);
  if (!rows) return base::fail(rows.error().within(name));
  if (rows->empty()) return base::fail(Errc::bad_format, fmt::format("{}: no header", name));
  const auto& titles = rows->front().fields;
  for (const auto& title : titles)
    if (std::ranges::find(kFields, title) == kFields.end() || std::ranges::count(titles, title) > 1)
      return base::fail(Errc::invalid_argument,
                        fmt::format("{}:{}: column '{}' is unknown or there twice; known: {}", name, rows->front().line,
                                    base::to_display_text(title.substr(0, 64)), fmt::join(kFields, ", ")));
  std::vector<Expectation> out;
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    if (row->fields.size() != titles.size())
      return base::fail(Errc::bad_format, fmt::format("{}:{}: {} fields under {} columns", name, row->line,
                                                      row->fields.size(), titles.size()));
    const auto field = [&](std::string_view title) {
      const auto at = std::ranges::find(titles, title);
      return at == titles.end() ? std::string() : row->fields[static_cast<std::size_t>(at - titles.begin())];
    };
    Expectation e{field("as"), field("action"), field("channel"), field("expect"), field("rule"), row->line};
    if (e.as.empty() || e.action.empty() || (e.expect != "allow" && e.expect != "deny"))
      return base::fail(Errc::invalid_argument,
                        fmt::format("{}:{}: needs as, action and expect (allow or deny)", name, row->line));
    out.push_back(std::move(e));
  }
  if (out.empty()) return base::fail(Errc::bad_format, fmt::format("{}: no expectation", name));
  return out;
}

/// True when it is as expected.
bool add_row(cli::RecordWriter& writer, const Expectation& e, json::object answer) {
  const bool failed = answer.contains("error");
  const auto decision = cell_of(answer, "decision");
  const auto rule = cell_of(answer, "rule");
  const bool met = !failed && decision == e.expect && (e.rule.empty() || e.rule == rule);
  cli::Record row;
  const auto reason =
      failed ? fmt::format("{}: {}", cell_of(answer, "error"), cell_of(answer, "message")) : cell_of(answer, "reason");
  row.cells = {met ? "ok" : "wrong", e.as, e.action, e.channel, e.expect, decision, rule, reason};
  answer["result"] = row.cells[0];
  answer["expected"] = e.expect;
  if (!e.rule.empty()) answer["expected_rule"] = e.rule;
  answer["line"] = e.line;
  row.json = json::serialize(answer);
  row.name = row.cells[0];
  writer.add(row);
  return met;
}

}  // namespace

base::Result<int> policy_why(Invocation& in) {
  RESCUE_TRY(const auto answers,
             ask(in, {question(in.parsed.text("as"), in.parsed.text("action"), in.parsed.text("channel"))}));
  const auto& answer = answers[0].as_object();
  RESCUE_CHECK(answered(answer));
  auto record = record_of(answer, kKeys);
  record.cells.back() = joined(answer, "conditions");
  record.name = cell_of(answer, "decision");
  cli::write_object(in.env, in.format, in.color, kColumns, record);
  if (in.parsed.on("exit-code") && cell_of(answer, "decision") != "allow") return static_cast<int>(base::Exit::denied);
  return 0;
}

base::Result<int> policy_test(Invocation& in) {
  const auto file = in.parsed.positional("FILE");
  RESCUE_TRY(const auto text, read_text_file(in.env, file, kMaxExpectationBytes));
  RESCUE_TRY(const auto expectations, read_expectations(text, file == "-" ? "standard input" : file));
  cli::RecordWriter writer(in.env, in.format, in.color, kTestColumns);
  std::size_t wrong = 0;
  for (std::size_t at = 0; at < expectations.size(); at += kQuestionsAtOnce) {
    const auto end = std::min(at + kQuestionsAtOnce, expectations.size());
    json::array questions;
    for (auto i = at; i < end; ++i)
      questions.push_back(question(expectations[i].as, expectations[i].action, expectations[i].channel));
    RESCUE_TRY(auto answers, ask(in, std::move(questions)));
    for (auto i = at; i < end; ++i)
      wrong += add_row(writer, expectations[i], std::move(answers[i - at].as_object())) ? 0 : 1;
  }
  writer.finish();
  if (wrong == 0) return 0;
  return base::fail(Errc::verification_failed,
                    fmt::format("{} of {} expectations are not met", wrong, expectations.size()));
}

}  // namespace rescue::program

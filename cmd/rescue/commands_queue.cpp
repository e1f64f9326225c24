// SPDX-License-Identifier: Apache-2.0
// session hold, transfer, decline, leave, explain; presence set, list. resume is pickup: commands_view.cpp.
#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::string_view kPresenceKeys[] = {"email", "name", "presence", "presence_at", "sessions", "max_sessions"};
constexpr cli::Column kPresenceColumns[] = {{"EMAIL"}, {"NAME"},           {"PRESENCE"},
                                            {"SINCE"}, {"SESSIONS", true}, {"MOST", true}};
constexpr cli::Column kExplainColumns[] = {{"SINCE"}, {"UNTIL"}, {"WHAT"}, {"WHO"}, {"WHY"}};

/// POST to /sessions/ID/`step` with what is in `body`, and the session as it is then.
base::Result<int> step(Invocation& in, std::string_view step, json::object body) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer,
             api->post(fmt::format("/sessions/{}/{}", net::encode_component(in.parsed.positional("ID")), step),
                       std::move(body)));
  return show_session(in, answer);
}

json::object reason_of(const Invocation& in) {
  json::object body;
  if (in.parsed.given("reason")) body["reason"] = in.parsed.text("reason");
  return body;
}

/// One line of the table for each span of `key`: `what` and `who` name its fields.
void add_spans(cli::RecordWriter& writer, const json::object& told, std::string_view key,
               const std::function<std::string(const json::object&)>& what, std::string_view who) {
  const auto* spans = told.if_contains(json::string_view(key.data(), key.size()));
  if (spans == nullptr || !spans->is_array()) return;
  for (const auto& v : spans->as_array()) {
    if (!v.is_object()) continue;
    const auto& span = v.as_object();
    writer.add({{cli::short_time(cell_of(span, "since")), cli::short_time(cell_of(span, "until")), what(span),
                 cell_of(span, who), cell_of(span, "why")},
                json::serialize(span),
                what(span)});
  }
}

}  // namespace

base::Result<int> session_hold(Invocation& in) { return step(in, "hold", reason_of(in)); }
base::Result<int> session_decline(Invocation& in) { return step(in, "decline", reason_of(in)); }
base::Result<int> session_leave(Invocation& in) { return step(in, "leave", reason_of(in)); }

base::Result<int> session_transfer(Invocation& in) {
  if (in.parsed.given("to") == in.parsed.given("channel"))
    return base::fail(base::Errc::invalid_argument, "give --to or --channel, one of the two");
  json::object body;
  for (const char* key : {"to", "channel", "comment"})
    if (auto value = in.parsed.maybe(key)) body[key] = *value;
  return step(in, "transfer", std::move(body));
}

base::Result<int> session_explain(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer,
             api->get(fmt::format("/sessions/{}/explain", net::encode_component(in.parsed.positional("ID")))));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  const auto& told = answer.as_object();
  if (in.json()) {  // the whole account; the table is made of its parts
    *in.env.out << json::serialize(told) << '\n';
    return 0;
  }
  cli::RecordWriter writer(in.env, in.format, in.color, kExplainColumns);
  add_spans(
      writer, told, "states", [](const json::object& s) { return cell_of(s, "state"); }, "by");
  add_spans(
      writer, told, "technicians",
      [](const json::object& s) { return std::string(cell_of(s, "joined") == "true" ? "joined" : "held it"); },
      "technician");
  add_spans(
      writer, told, "paths",
      [](const json::object& s) { return fmt::format("{} path: {}", cell_of(s, "end"), cell_of(s, "path")); },
      "technician");
  writer.finish();
  if (cell_of(told, "complete") == "false") in.hint("the log is longer than what is explained; see 'rescue log show'");
  return 0;
}

base::Result<int> presence_set(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->post("/presence", {{"presence", in.parsed.positional("PRESENCE")}}));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto mine, client::object_field(answer.as_object(), "presence"));
  cli::write_object(in.env, in.format, in.color, kPresenceColumns, record_of(mine, kPresenceKeys));
  return 0;
}

base::Result<int> presence_list(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get("/presence"));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto colleagues, client::array_field(answer.as_object(), "technicians"));
  cli::RecordWriter writer(in.env, in.format, in.color, kPresenceColumns);
  for (const auto& one : colleagues)
    if (one.is_object()) writer.add(record_of(one.as_object(), kPresenceKeys));
  writer.finish();
  return 0;
}

}  // namespace rescue::program

// SPDX-License-Identifier: Apache-2.0
// log query, tail, show.
#include <algorithm>
#include <charconv>
#include <ostream>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/guid.hpp"
#include "base/utf8.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
using Query = std::vector<std::pair<std::string, std::string>>;

constexpr cli::Column kColumns[] = {{"ID", true}, {"TIME"}, {"SESSION"}, {"SOURCE"}, {"TYPE"}, {"ACTOR"}, {"DATA"}};

/// "key=value key=value": data of an event on one line.
std::string data_text(const json::object& event) {
  const auto* data = event.if_contains("data");
  if (data == nullptr || !data->is_object()) return "";
  std::string out;
  for (const auto& [key, value] : data->as_object()) {
    const std::string_view name(key.data(), key.size());
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, cell_of(data->as_object(), name));
  }
  return out;
}

cli::Record record_of_event(const json::object& e) {
  return {{cell_of(e, "id"), cli::short_time(cell_of(e, "time")), cell_of(e, "session"), cell_of(e, "source"),
           cell_of(e, "type"), cell_of(e, "actor"), data_text(e)},
          json::serialize(e),
          cell_of(e, "id")};
}

Query filter_of(const Invocation& in) {
  Query query;
  for (const char* key : {"session", "technician", "source"})
    if (auto value = in.parsed.maybe(key)) query.emplace_back(key, *value);
  if (const auto types = in.parsed.all("type"); !types.empty())
    query.emplace_back("type", fmt::format("{}", fmt::join(types, ",")));
  return query;
}

bool type_matches(std::string_view type, const std::vector<std::string>& wanted) {
  return wanted.empty() || std::ranges::any_of(wanted, [&](std::string_view w) {
           while (!w.empty()) {
             const auto comma = w.find(',');
             const auto one = w.substr(0, comma);
             if (one == type || (one.ends_with(".*") && type.starts_with(one.substr(0, one.size() - 1)))) return true;
             w = comma == w.npos ? std::string_view() : w.substr(comma + 1);
           }
           return false;
         });
}

std::uint64_t id_of(const json::object& event) {
  const auto* id = event.if_contains("id");
  return id != nullptr && id->is_int64() && id->as_int64() > 0 ? static_cast<std::uint64_t>(id->as_int64()) : 0;
}

/// New events as they come, until the reader of stdout goes away.
base::Result<int> follow(Invocation& in, client::BlockingApi& api, cli::RecordWriter& writer, std::uint64_t after) {
  const auto follower = api.follow("log", after);
  const auto session = in.parsed.text("session"), source = in.parsed.text("source");
  const auto types = in.parsed.all("type");
  const auto technician = in.parsed.text("technician");
  while (in.env.out->good()) {
    RESCUE_TRY(const auto message, follower->next());
    const auto kind = cell_of(*message, "type");
    if (kind == "disconnected" && in.parsed.on("verbose"))
      in.hint("connection to the broker lost: " + cell_of(*message, "reason"));
    if (kind != "log") continue;
    RESCUE_TRY(const auto event, client::object_field(*message, "event"));
    if (id_of(event) <= after) continue;
    after = id_of(event);
    if (!session.empty() && cell_of(event, "session") != session) continue;
    if (!source.empty() && cell_of(event, "source") != source) continue;
    if (!type_matches(cell_of(event, "type"), types)) continue;
    if (!technician.empty() && cell_of(event, "actor") != technician) continue;
    writer.add(record_of_event(event));
    in.env.out->flush();
  }
  return 0;
}

/// "12:30:05  chat.message  ada@example.org  from=user text=hello", under a line for the session.
base::Result<int> transcript(Invocation& in, client::BlockingApi& api, const std::string& session) {
  cli::RecordWriter writer(in.env, in.format, in.color, kColumns);
  std::size_t found = 0;
  RESCUE_TRY(const bool more, api.for_each("/log?session=" + net::encode_component(session) + "&order=asc", "events", 0,
                                           [&](const json::object& e) {
                                             writer.add(record_of_event(e));
                                             ++found;
                                             return true;
                                           }));
  if (found == 0 && !more) {
    RESCUE_TRY(const auto exists, api.get("/sessions/" + net::encode_component(session)));
  }
  writer.finish();
  return 0;
}

}  // namespace

base::Result<int> log_query(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  auto query = filter_of(in);
  for (const char* key : {"since", "until"})
    if (auto time = in.parsed.time(key)) query.emplace_back(key, base::to_rfc3339(*time));
  if (auto text = in.parsed.maybe("text")) query.emplace_back("text", *text);
  query.emplace_back("order", in.parsed.text("order"));
  cli::RecordWriter writer(in.env, in.format, in.color, kColumns);
  const auto limit = in.parsed.on("all") ? 0 : in.parsed.integer("limit");
  RESCUE_TRY(const bool more,
             api->for_each("/log" + net::encode_query(query), "events", limit, [&](const json::object& e) {
               writer.add(record_of_event(e));
               return in.env.out->good();
             }));
  writer.finish();
  if (more) in.tell_truncated(writer.count());
  return 0;
}

base::Result<int> log_tail(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  auto query = filter_of(in);
  query.emplace_back("order", "desc");
  std::vector<json::object> newest;
  const auto lines = in.parsed.integer("lines");
  std::uint64_t after = 0;
  if (lines > 0) {
    RESCUE_TRY(const bool more,
               api->for_each("/log" + net::encode_query(query), "events", lines, [&](const json::object& e) {
                 newest.push_back(e);
                 return true;
               }));
    static_cast<void>(more);
  }
  if (in.parsed.on("follow")) {  // from the newest event of all, not of those that match
    RESCUE_TRY(const bool more, api->for_each("/log?order=desc", "events", 1, [&](const json::object& e) {
      after = id_of(e);
      return false;
    }));
    static_cast<void>(more);
  }
  const bool endless = in.parsed.on("follow");
  const auto format = !endless || in.format == cli::Format::csv || in.format == cli::Format::name ? in.format
                      : in.json()                                                                 ? cli::Format::jsonl
                                                                                                  : cli::Format::tsv;
  cli::RecordWriter writer(in.env, format, in.color, kColumns);
  for (auto it = newest.rbegin(); it != newest.rend(); ++it) {
    // What arrived between the two questions is shown once.
    if (endless && id_of(*it) > after) after = id_of(*it);
    writer.add(record_of_event(*it));
  }
  if (!endless) {
    writer.finish();
    return 0;
  }
  in.env.out->flush();
  return follow(in, *api, writer, after);
}

base::Result<int> log_show(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  const auto text = in.parsed.positional("ID");
  if (base::Guid::parse(text)) return transcript(in, *api, text);
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id == 0)
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("'{}' is neither an event's number nor a session's id", text));
  std::optional<json::object> found;
  RESCUE_TRY(const bool more,
             api->for_each(fmt::format("/log?order=asc&after={}", id - 1), "events", 1, [&](const json::object& e) {
               if (id_of(e) == id) found = e;
               return false;
             }));
  static_cast<void>(more);
  if (!found) return base::fail(client::Errc::not_found, fmt::format("no event {}", id));
  cli::write_object(in.env, in.format, in.color, kColumns, record_of_event(*found));
  return 0;
}

}  // namespace rescue::program

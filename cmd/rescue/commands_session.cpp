// SPDX-License-Identifier: Apache-2.0
// session create, list, show, watch, wait, close, note. pickup and attach: commands_view.cpp.
#include <algorithm>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"
#include "wire/session_state.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
using Query = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kListKeys[] = {"id", "state", "channel", "technician", "created_at", "note"};
constexpr cli::Column kListColumns[] = {{"ID"}, {"STATE"}, {"CHANNEL"}, {"TECHNICIAN"}, {"CREATED"}, {"NOTE"}};
constexpr cli::Column kShowColumns[] = {{"ID"},          {"STATE"},   {"KIND"},     {"CREATED"},  {"CREATED BY"},
                                        {"TECHNICIAN"},  {"MACHINE"}, {"ONLINE"},   {"ADDRESS"},  {"FINGERPRINT"},
                                        {"PIN EXPIRES"}, {"ENDED"},   {"ENDED BY"}, {"REASON"},   {"CUSTOMER"},
                                        {"NOTE"},        {"CHANNEL"}, {"SINCE"},    {"TRANSFER"}, {"IN IT"}};
constexpr std::size_t kMaxNote = 4000;

std::string session_target(const Invocation& in) {
  return "/sessions/" + net::encode_component(in.parsed.positional("ID"));
}

std::string customer_text(const json::object& session) {
  const auto* c = session.if_contains("customer");
  std::string out;
  if (c != nullptr && c->is_object())
    for (const auto& [key, value] : c->as_object())
      out += fmt::format("{}{}={}", out.empty() ? "" : ", ", std::string_view(key.data(), key.size()),
                         cell_of(c->as_object(), std::string_view(key.data(), key.size())));
  return out;
}

/// "ada@x to bob@x: speaks French"
std::string transfer_text(const json::object& session) {
  const auto* v = session.if_contains("transfer");
  if (v == nullptr || !v->is_object()) return "";
  const auto& t = v->as_object();
  const auto channel = cell_of(t, "channel");
  const auto to = channel.empty() ? cell_of(t, "to") : "channel " + channel;
  const auto comment = cell_of(t, "comment");
  return fmt::format("from {}{}{}{}{}", cell_of(t, "from"), to.empty() ? "" : " to ", to, comment.empty() ? "" : ": ",
                     comment);
}

std::string people_text(const json::object& session) {
  const auto* v = session.if_contains("technicians");
  std::string out;
  if (v != nullptr && v->is_array())
    for (const auto& one : v->as_array())
      if (one.is_object()) out += (out.empty() ? "" : ", ") + cell_of(one.as_object(), "email");
  return out;
}

/// Whether the session is in what --queue says. `queue` empty: it is.
bool in_queue(const json::object& session, std::string_view queue) {
  constexpr std::string_view kChannel = "channel:";
  const auto* channel = session.if_contains("channel");
  const bool in_channel = channel != nullptr && channel->is_object();
  if (queue == "private") return !in_channel;
  if (!queue.starts_with(kChannel)) return true;
  const auto wanted = queue.substr(kChannel.size());
  const auto is_wanted = [&](const json::value* v) {
    return v != nullptr && v->is_object() &&
           (cell_of(v->as_object(), "name") == wanted || cell_of(v->as_object(), "id") == wanted);
  };
  if (is_wanted(channel)) return true;
  const auto* transfer = session.if_contains("transfer");
  if (transfer == nullptr || !transfer->is_object() || cell_of(transfer->as_object(), "pending") != "true")
    return false;
  return is_wanted(transfer->as_object().if_contains("channel"));
}

cli::Record show_record(const json::object& s) {
  json::object applet, host;
  if (const auto* a = s.if_contains("applet"); a != nullptr && a->is_object()) applet = a->as_object();
  if (const auto* h = applet.if_contains("host"); h != nullptr && h->is_object()) host = h->as_object();
  std::string machine;
  for (const char* key : {"name", "os", "user"})
    if (auto text = cell_of(host, key); !text.empty()) machine += (machine.empty() ? "" : ", ") + text;
  return {{cell_of(s, "id"),
           cell_of(s, "state"),
           cell_of(s, "kind"),
           cli::short_time(cell_of(s, "created_at")),
           cell_of(s, "created_by"),
           cell_of(s, "technician"),
           machine,
           cell_of(applet, "online"),
           cell_of(applet, "address"),
           cell_of(applet, "fingerprint"),
           cli::short_time(cell_of(s, "pin_expires_at")),
           cli::short_time(cell_of(s, "ended_at")),
           cell_of(s, "ended_by"),
           cell_of(s, "end_reason"),
           customer_text(s),
           cell_of(s, "note"),
           cell_of(s, "channel"),
           cli::short_time(cell_of(s, "state_since")),
           transfer_text(s),
           people_text(s)},
          json::serialize(s),
          cell_of(s, "id")};
}

base::Result<json::object> session_of(const json::value& answer) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  return client::object_field(answer.as_object(), "session");
}

base::Result<> check_queue(std::string_view queue) {
  if (queue.empty() || queue == "all" || queue == "private" || queue.starts_with("channel:")) return {};
  return base::fail(base::Errc::invalid_argument,
                    fmt::format("--queue is private, channel:NAME or all, not '{}'", queue));
}

base::Result<int> show_answer(Invocation& in, const base::Result<json::value>& answer) {
  if (!answer) return base::fail(answer.error());
  RESCUE_TRY(const auto session, session_of(*answer));
  cli::write_object(in.env, in.format, in.color, kShowColumns, show_record(session));
  return 0;
}

base::Result<json::object> customer_of(const std::vector<std::string>& pairs) {
  json::object out;
  for (const auto& pair : pairs) {
    const auto eq = pair.find('=');
    if (eq == pair.npos || eq == 0)
      return base::fail(base::Errc::invalid_argument, fmt::format("--customer needs KEY=VALUE, not '{}'", pair));
    out[pair.substr(0, eq)] = pair.substr(eq + 1);
  }
  return out;
}

}  // namespace

base::Result<int> session_create(Invocation& in) {
  RESCUE_TRY(auto customer, customer_of(in.parsed.all("customer")));
  RESCUE_TRY(auto* api, in.api());
  json::object body{{"kind", "private"}};
  if (in.parsed.given("channel")) {
    if (in.parsed.on("private"))
      return base::fail(base::Errc::invalid_argument, "--private and --channel exclude each other");
    body = {{"kind", "channel"}, {"channel", in.parsed.text("channel")}};
  }
  if (in.parsed.given("note")) body["note"] = in.parsed.text("note");
  if (!customer.empty()) body["customer"] = std::move(customer);
  RESCUE_TRY(const auto answer, api->post("/sessions", std::move(body)));
  RESCUE_TRY(const auto session, session_of(answer));
  const auto& o = answer.as_object();
  json::object shown{{"id", cell_of(session, "id")},
                     {"pin", cell_of(o, "pin")},
                     {"link", cell_of(o, "link")},
                     {"pin_expires_at", cell_of(session, "pin_expires_at")},
                     {"session", session}};
  constexpr cli::Column kColumns[] = {{"ID"}, {"PIN"}, {"LINK"}, {"PIN EXPIRES"}};
  cli::write_object(in.env, in.format, in.color, kColumns,
                    {{cell_of(shown, "id"), cell_of(shown, "pin"), cell_of(shown, "link"),
                      cli::short_time(cell_of(shown, "pin_expires_at"))},
                     json::serialize(shown),
                     cell_of(shown, "id")});
  return 0;
}

base::Result<int> session_list(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  const auto states = in.parsed.all("state");
  std::vector<std::pair<std::string, std::string>> query;
  if (!states.empty()) query.emplace_back("state", fmt::format("{}", fmt::join(states, ",")));
  if (auto technician = in.parsed.maybe("technician")) query.emplace_back("technician", *technician);
  if (auto queue = in.parsed.maybe("queue")) query.emplace_back("queue", *queue);
  cli::RecordWriter writer(in.env, in.format, in.color, kListColumns);
  const auto limit = in.parsed.on("all") ? 0 : in.parsed.integer("limit");
  RESCUE_TRY(const bool more,
             api->for_each("/sessions" + net::encode_query(query), "sessions", limit, [&](const json::object& s) {
               writer.add(record_of(s, kListKeys));
               return true;
             }));
  writer.finish();
  if (more) in.tell_truncated(writer.count());
  return 0;
}

base::Result<int> session_show(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  return show_answer(in, api->get(session_target(in)));
}

base::Result<int> session_close(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object body;
  if (in.parsed.given("reason")) body["reason"] = in.parsed.text("reason");
  return show_answer(in, api->post(session_target(in) + "/close", std::move(body)));
}

base::Result<int> session_note(Invocation& in) {
  auto text = in.parsed.positional("TEXT");
  if (text == "-") {
    RESCUE_TRY(text, cli::read_all(in.env.in_fd, kMaxNote));
  }
  RESCUE_TRY(auto* api, in.api());
  return show_answer(in, api->post(session_target(in) + "/note", {{"note", text}}));
}

base::Result<int> session_watch(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  const auto id = in.parsed.positional("ID");
  const auto queue = in.parsed.text("queue");
  RESCUE_CHECK(check_queue(queue));
  const auto follower = api->follow("sessions", 0);
  // A list that never ends has no JSON array around it.
  const auto format = in.format == cli::Format::json || in.format == cli::Format::table
                          ? (in.json() ? cli::Format::jsonl : cli::Format::tsv)
                          : in.format;
  cli::RecordWriter writer(in.env, format, in.color, kListColumns);
  bool over = false;
  const auto show = [&](const json::object& s) {
    if (!id.empty() && cell_of(s, "id") != id) return;
    if (!in_queue(s, queue)) return;
    writer.add(record_of(s, kListKeys));
    in.env.out->flush();
    const auto state = wire::parse_session_state(cell_of(s, "state"));
    over = !id.empty() && state && wire::is_final(*state);
  };
  while (!over && in.env.out->good()) {
    RESCUE_TRY(const auto message, follower->next());
    const auto type = cell_of(*message, "type");
    if (type == "connected" && !id.empty()) {
      RESCUE_TRY(const auto answer, api->get(session_target(in)));
      RESCUE_TRY(const auto session, session_of(answer));
      show(session);
    } else if (type == "connected" && !queue.empty()) {
      // Those that wait already, oldest first; and after a break what happened meanwhile.
      std::vector<json::object> live;
      const Query query{{"queue", queue}, {"state", "open"}};
      RESCUE_TRY(const bool more,
                 api->for_each("/sessions" + net::encode_query(query), "sessions", 0, [&](const json::object& s) {
                   live.push_back(s);
                   return true;
                 }));
      static_cast<void>(more);
      for (auto s = live.rbegin(); s != live.rend(); ++s) show(*s);
    } else if (type == "session") {
      RESCUE_TRY(const auto session, client::object_field(*message, "session"));
      show(session);
    } else if (type == "disconnected" && in.parsed.on("verbose")) {
      in.hint("connection to the broker lost: " + cell_of(*message, "reason"));
    }
  }
  return 0;
}

base::Result<int> show_session(Invocation& in, const json::value& answer) {
  RESCUE_TRY(const auto session, session_of(answer));
  cli::write_object(in.env, in.format, in.color, kShowColumns, show_record(session));
  return 0;
}

namespace {

/// What session_wait waits for.
struct Wanted {
  std::string id;  // empty: any session of the queue
  std::string queue;
  std::vector<std::string> states;
  [[nodiscard]] std::string what() const {
    return id.empty() ? fmt::format("no session of queue '{}'", queue) : fmt::format("session {}", id);
  }
};

/// As things are: the wanted session, or the oldest one of the queue that fits; nothing when there is none.
base::Result<std::optional<json::object>> look(client::BlockingApi& api, const Wanted& wanted) {
  if (!wanted.id.empty()) {
    RESCUE_TRY(const auto answer, api.get("/sessions/" + net::encode_component(wanted.id)));
    RESCUE_TRY(auto session, session_of(answer));
    return std::optional(std::move(session));
  }
  std::optional<json::object> oldest;
  const Query query{{"queue", wanted.queue}, {"state", fmt::format("{}", fmt::join(wanted.states, ","))}};
  RESCUE_TRY(const bool more,
             api.for_each("/sessions" + net::encode_query(query), "sessions", 0, [&](const json::object& s) {
               oldest = s;
               return true;
             }));
  static_cast<void>(more);
  return oldest;
}

}  // namespace

base::Result<int> session_wait(Invocation& in) {
  const Wanted wanted{in.parsed.positional("ID"), in.parsed.text("queue"), in.parsed.all("state")};
  RESCUE_CHECK(check_queue(wanted.queue));
  if (wanted.id.empty() == wanted.queue.empty())
    return base::fail(base::Errc::invalid_argument, "give the id of a session, or --queue");
  RESCUE_TRY(auto* api, in.api());
  const auto deadline = in.env.clock->steady() + in.parsed.duration("timeout");
  const auto follower = api->follow("sessions", 0);
  std::string state = "unknown";
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - in.env.clock->steady());
    const auto message =
        left.count() > 0 ? follower->next(left) : base::Result<std::optional<json::object>>(std::nullopt);
    if (!message) return base::fail(message.error());
    if (!*message)
      return base::fail(base::Errc::timed_out,
                        wanted.id.empty() ? fmt::format("{} is {}", wanted.what(), fmt::join(wanted.states, " or "))
                                          : fmt::format("{} is '{}', not {}", wanted.what(), state,
                                                        fmt::join(wanted.states, " or ")));
    std::optional<json::object> session;
    const auto type = cell_of(**message, "type");
    if (type == "connected") {  // what happened before, and while the connection was away
      RESCUE_TRY(session, look(*api, wanted));
    } else if (type == "session") {
      RESCUE_TRY(session, client::object_field(**message, "session"));
      const bool other = wanted.id.empty() ? !in_queue(*session, wanted.queue) : cell_of(*session, "id") != wanted.id;
      if (other) continue;
    }
    if (!session) continue;
    state = cell_of(*session, "state");
    if (std::ranges::find(wanted.states, state) != wanted.states.end()) {
      cli::write_object(in.env, in.format, in.color, kShowColumns, show_record(*session));
      return 0;
    }
    const auto parsed = wire::parse_session_state(state);
    if (!wanted.id.empty() && parsed && wire::is_final(*parsed))
      return base::fail(client::Errc::session_over, fmt::format("session {} ended as '{}'", wanted.id, state));
  }
}

}  // namespace rescue::program

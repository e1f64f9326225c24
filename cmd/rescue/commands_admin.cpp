// SPDX-License-Identifier: Apache-2.0
// admin user, admin gateway.
#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::string_view kUserKeys[] = {"id",       "email",  "name",          "role",        "group",
                                          "disabled", "locked", "last_login_at", "max_sessions"};
constexpr cli::Column kUserColumns[] = {
    {"ID"}, {"EMAIL"}, {"NAME"}, {"ROLE"}, {"GROUP"}, {"DISABLED"}, {"LOCKED"}, {"LAST LOGIN"}, {"MAX SESSIONS", true}};
constexpr std::string_view kGatewayKeys[] = {"id", "name", "host", "port", "connected", "draining", "pairs", "waiting"};
constexpr cli::Column kGatewayColumns[] = {{"ID"},        {"NAME"},     {"HOST"},        {"PORT", true},
                                           {"CONNECTED"}, {"DRAINING"}, {"PAIRS", true}, {"WAITING", true}};

std::string user_target(const Invocation& in) {
  return "/users/" + net::encode_component(in.parsed.positional("USER"));
}

base::Result<int> show_user(Invocation& in, const json::value& answer) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto user, client::object_field(answer.as_object(), "user"));
  cli::write_object(in.env, in.format, in.color, kUserColumns, record_of(user, kUserKeys));
  return 0;
}

/// An account together with the password that is shown this once.
base::Result<int> show_user_and_password(Invocation& in, const json::value& answer) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto user, client::object_field(answer.as_object(), "user"));
  const auto password = cell_of(answer.as_object(), "initial_password");
  constexpr cli::Column kColumns[] = {{"ID"}, {"EMAIL"}, {"NAME"}, {"ROLE"}, {"INITIAL PASSWORD"}};
  cli::write_object(
      in.env, in.format, in.color, kColumns,
      {{cell_of(user, "id"), cell_of(user, "email"), cell_of(user, "name"), cell_of(user, "role"), password},
       json::serialize(answer),
       cell_of(user, "id")});
  if (!password.empty()) in.hint("The initial password is shown this once; it must be changed at the first sign-in.");
  return 0;
}

base::Result<json::object> find_gateway(client::BlockingApi& api, const std::string& name_or_id) {
  RESCUE_TRY(const auto answer, api.get("/gateways"));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto all, client::array_field(answer.as_object(), "gateways"));
  for (const auto& g : all)
    if (g.is_object() && (cell_of(g.as_object(), "id") == name_or_id || cell_of(g.as_object(), "name") == name_or_id))
      return g.as_object();
  return base::fail(client::Errc::gateway_not_found, fmt::format("no gateway '{}'", name_or_id));
}

}  // namespace

base::Result<> confirmed(Invocation& in, const std::string& question) {
  if (in.parsed.on("yes")) return {};
  if (!in.env.in_is_tty) return base::fail(base::Errc::invalid_argument, "needs --yes where nobody can be asked");
  if (!cli::confirm_on_terminal(in.env, question)) return base::fail(base::Errc::canceled, "nothing was removed");
  return {};
}

base::Result<int> user_add(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object body{
      {"email", in.parsed.positional("EMAIL")}, {"name", in.parsed.text("name")}, {"role", in.parsed.text("role")}};
  if (auto group = in.parsed.maybe("group")) body["group"] = *group;
  const bool invite = in.parsed.on("invite");
  const bool named = in.parsed.on("password-stdin") || in.parsed.given("password-file");
  if (invite && named) return base::fail(base::Errc::invalid_argument, "--invite and a password exclude each other");
  if (invite) {
    body["invite"] = true;
  } else if (named || in.env.var("RESCUE_NEW_PASSWORD")) {
    RESCUE_TRY(const auto password, cli::read_secret(in.env, in.parsed, "password", "Initial password"));
    body["password"] = base::as_text(password.view());
  }
  RESCUE_TRY(const auto answer, api->post("/users", std::move(body)));
  return invite ? show_invitation(in, answer) : show_user_and_password(in, answer);
}

base::Result<int> user_list(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  cli::RecordWriter writer(in.env, in.format, in.color, kUserColumns);
  const auto limit = in.parsed.on("all") ? 0 : in.parsed.integer("limit");
  std::string list = "/users";
  for (const char* key : {"group", "role"})
    if (auto value = in.parsed.maybe(key))
      list += fmt::format("{}{}={}", list.contains('?') ? '&' : '?', key, net::encode_component(*value));
  RESCUE_TRY(const bool more, api->for_each(list, "users", limit, [&](const json::object& user) {
    writer.add(record_of(user, kUserKeys));
    return true;
  }));
  writer.finish();
  if (more) in.tell_truncated(writer.count());
  return 0;
}

base::Result<int> user_show(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get(user_target(in)));
  return show_user(in, answer);
}

base::Result<int> user_set(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object body;
  for (const char* key : {"email", "name", "role", "group"})
    if (auto value = in.parsed.maybe(key)) body[key] = *value;
  if (in.parsed.given("allow-network")) {
    const auto networks = in.parsed.all("allow-network");
    json::array list;
    if (networks.size() != 1 || networks.front() != "any")
      for (const auto& network : networks) list.emplace_back(network);
    body["allowed_networks"] = std::move(list);
  }
  if (in.parsed.given("max-sessions")) body["max_sessions"] = in.parsed.integer("max-sessions");
  if (body.empty())
    return base::fail(base::Errc::invalid_argument,
                      "nothing to change: give --email, --name, --role, --group, --allow-network or --max-sessions");
  RESCUE_TRY(const auto answer, api->patch(user_target(in), std::move(body)));
  return show_user(in, answer);
}

base::Result<int> user_act(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->post(fmt::format("{}/{}", user_target(in), in.parsed.command().name)));
  return show_user(in, answer);
}

base::Result<int> user_reset_password(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->post(user_target(in) + "/reset-password"));
  return show_user_and_password(in, answer);
}

base::Result<int> user_remove(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_CHECK(confirmed(in, fmt::format("Remove the account {}?", in.parsed.positional("USER"))));
  RESCUE_TRY(const auto answer, api->del(user_target(in)));
  return 0;
}

base::Result<int> gateway_enroll(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->post("/gateways/tokens", {{"name", in.parsed.positional("NAME")}}));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  const auto& o = answer.as_object();
  RESCUE_TRY(const auto token, client::text_field(o, "token"));
  constexpr cli::Column kColumns[] = {{"TOKEN"}, {"EXPIRES"}};
  cli::write_object(in.env, in.format, in.color, kColumns,
                    {{token, cli::short_time(cell_of(o, "expires_at"))}, json::serialize(o), token});
  in.hint("The token is shown this once and enrols one gateway.");
  return 0;
}

base::Result<int> gateway_list(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get("/gateways"));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto all, client::array_field(answer.as_object(), "gateways"));
  cli::RecordWriter writer(in.env, in.format, in.color, kGatewayColumns);
  for (const auto& g : all)
    if (g.is_object()) writer.add(record_of(g.as_object(), kGatewayKeys));
  writer.finish();
  return 0;
}

base::Result<int> gateway_act(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto gateway, find_gateway(*api, in.parsed.positional("GATEWAY")));
  const auto target =
      fmt::format("/gateways/{}/{}", net::encode_component(cell_of(gateway, "id")), in.parsed.command().name);
  RESCUE_TRY(const auto answer, api->post(target));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto changed, client::object_field(answer.as_object(), "gateway"));
  cli::write_object(in.env, in.format, in.color, kGatewayColumns, record_of(changed, kGatewayKeys));
  return 0;
}

base::Result<int> gateway_remove(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto gateway, find_gateway(*api, in.parsed.positional("GATEWAY")));
  RESCUE_CHECK(confirmed(in, fmt::format("Remove the gateway {}?", cell_of(gateway, "name"))));
  RESCUE_TRY(const auto answer, api->del("/gateways/" + net::encode_component(cell_of(gateway, "id"))));
  return 0;
}

}  // namespace rescue::program

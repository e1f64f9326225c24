// SPDX-License-Identifier: Apache-2.0
// admin group, admin channel, admin token.
#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr cli::Column kGroupColumns[] = {{"ID"}, {"NAME"}, {"DEFAULT"}, {"MEMBERS", true}, {"PERMISSIONS"}};
constexpr cli::Column kGroupShow[] = {{"ID"},
                                      {"NAME"},
                                      {"DESCRIPTION"},
                                      {"DEFAULT"},
                                      {"MEMBERS"},
                                      {"PERMISSIONS"},
                                      {"CHANNELS"},
                                      {"SINGLE PROMPT"},
                                      {"FORCE RECORDING"},
                                      {"REQUIRE SAS"},
                                      {"OMIT CHAT TEXT"},
                                      {"REQUIRE MFA"},
                                      {"REQUIRE SSO"},
                                      {"CONSENT TIMEOUT"},
                                      {"INACTIVITY TIMEOUT"},
                                      {"ALLOWED NETWORKS"}};
constexpr cli::Column kChannelColumns[] = {{"ID"}, {"NAME"}, {"GROUPS"}, {"DESCRIPTION"}};
constexpr cli::Column kTokenColumns[] = {{"ID"}, {"NAME"}, {"USER"}, {"SCOPES"}, {"EXPIRES"}, {"LAST USED"}};

/// The elements of a list in one cell: texts as they are, objects by name.
std::string joined(const json::object& o, std::string_view key) {
  std::string out;
  const auto* list = o.if_contains(json::string_view(key.data(), key.size()));
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& element : list->as_array()) {
    if (!out.empty()) out += ",";
    if (element.is_string()) out += std::string_view(element.as_string());
    if (element.is_object()) out += cell_of(element.as_object(), "name");
  }
  return out;
}

cli::Record record(const json::object& o, std::vector<std::string> cells) {
  return {std::move(cells), json::serialize(o), cell_of(o, "id")};
}
cli::Record group_record(const json::object& g) {
  return record(g, {cell_of(g, "id"), cell_of(g, "name"), cell_of(g, "default"), cell_of(g, "members"),
                    joined(g, "permissions")});
}
cli::Record channel_record(const json::object& c) {
  return record(c, {cell_of(c, "id"), cell_of(c, "name"), joined(c, "groups"), cell_of(c, "description")});
}
cli::Record token_record(const json::object& t) {
  return record(t, {cell_of(t, "id"), cell_of(t, "name"), cell_of(t, "user"), joined(t, "scopes"),
                    cli::short_time(cell_of(t, "expires_at")), cli::short_time(cell_of(t, "last_used_at"))});
}

std::string target(std::string_view list, const std::string& name) {
  return fmt::format("/{}/{}", list, net::encode_component(name));
}
std::string group_target(const Invocation& in) { return target("groups", in.parsed.positional("GROUP")); }
std::string channel_target(const Invocation& in) { return target("channels", in.parsed.positional("CHANNEL")); }

base::Result<json::object> member(const json::value& answer, std::string_view key) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  return client::object_field(answer.as_object(), key);
}

base::Result<int> show_group(Invocation& in, const json::value& answer) {
  RESCUE_TRY(const auto g, member(answer, "group"));
  std::vector<std::string> cells{cell_of(g, "id"),      cell_of(g, "name"),    cell_of(g, "description"),
                                 cell_of(g, "default"), cell_of(g, "members"), joined(g, "permissions"),
                                 joined(g, "channels")};
  for (const char* key : {"single_prompt", "force_recording", "require_sas", "omit_chat_text", "require_mfa",
                          "require_sso", "consent_timeout", "inactivity_timeout"})
    cells.push_back(cell_of(g, key));
  cells.push_back(joined(g, "allowed_networks"));
  cli::write_object(in.env, in.format, in.color, kGroupShow, record(g, std::move(cells)));
  return 0;
}

base::Result<int> show_channel(Invocation& in, const json::value& answer) {
  RESCUE_TRY(const auto channel, member(answer, "channel"));
  cli::write_object(in.env, in.format, in.color, kChannelColumns, channel_record(channel));
  return 0;
}

base::Result<int> show_list(Invocation& in, std::string_view what, std::span<const cli::Column> columns,
                            cli::Record (*record_of_one)(const json::object&)) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get(fmt::format("/{}", what)));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto all, client::array_field(answer.as_object(), what));
  cli::RecordWriter writer(in.env, in.format, in.color, columns);
  for (const auto& one : all)
    if (one.is_object()) writer.add(record_of_one(one.as_object()));
  writer.finish();
  return 0;
}

json::array texts(const std::vector<std::string>& all) {
  json::array out;
  for (const auto& text : all) out.emplace_back(text);
  return out;
}

/// "--single-prompt yes" -> "single_prompt":true.
void add_switches(const Invocation& in, json::object& body) {
  for (std::string name :
       {"single-prompt", "force-recording", "require-sas", "omit-chat-text", "require-mfa", "require-sso"}) {
    const auto value = in.parsed.maybe(name);
    std::ranges::replace(name, '-', '_');
    if (value) body[name] = *value == "yes";
  }
}

std::int64_t seconds_of(const Invocation& in, std::string_view flag) {
  return std::chrono::ceil<std::chrono::seconds>(in.parsed.duration(flag)).count();
}

/// The fields of a group that were given as flags.
json::object group_fields(const Invocation& in) {
  json::object body;
  if (auto text = in.parsed.maybe("description")) body["description"] = *text;
  if (in.parsed.given("permission")) body["permissions"] = texts(in.parsed.all("permission"));
  add_switches(in, body);
  if (in.parsed.given("consent-timeout")) body["consent_timeout"] = seconds_of(in, "consent-timeout");
  if (in.parsed.given("inactivity-timeout")) body["inactivity_timeout"] = seconds_of(in, "inactivity-timeout");
  if (in.parsed.given("allow-network")) {
    const auto networks = in.parsed.all("allow-network");
    const bool any = networks.size() == 1 && networks.front() == "any";
    body["allowed_networks"] = any ? json::array() : texts(networks);
  }
  return body;
}

base::Result<int> remove(Invocation& in, const std::string& what, std::string_view question) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_CHECK(confirmed(in, std::string(question)));
  RESCUE_TRY(const auto answer, api->del(what));
  return 0;
}

}  // namespace

base::Result<int> group_add(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  auto body = group_fields(in);
  body["name"] = in.parsed.positional("NAME");
  const bool nothing = !body.contains("permissions");
  RESCUE_TRY(const auto answer, api->post("/groups", std::move(body)));
  if (nothing) in.hint("The group allows nothing but chat yet: 'rescue admin group grant' gives it permissions.");
  return show_group(in, answer);
}

base::Result<int> group_list(Invocation& in) { return show_list(in, "groups", kGroupColumns, group_record); }

base::Result<int> group_show(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get(group_target(in)));
  return show_group(in, answer);
}

base::Result<int> group_set(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  auto body = group_fields(in);
  if (auto name = in.parsed.maybe("name")) body["name"] = *name;
  if (body.empty())
    return base::fail(base::Errc::invalid_argument, "nothing to change: see 'rescue admin group set --help'");
  RESCUE_TRY(const auto answer, api->patch(group_target(in), std::move(body)));
  return show_group(in, answer);
}

base::Result<int> group_remove(Invocation& in) {
  return remove(in, group_target(in), fmt::format("Remove the group {}?", in.parsed.positional("GROUP")));
}

base::Result<int> group_permissions(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object body{{"permissions", texts(in.parsed.positionals("PERMISSION"))}};
  const auto path = fmt::format("{}/{}", group_target(in), in.parsed.command().name);
  RESCUE_TRY(const auto answer, api->post(path, std::move(body)));
  return show_group(in, answer);
}

base::Result<int> channel_add(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object body{{"name", in.parsed.positional("NAME")}};
  if (auto text = in.parsed.maybe("description")) body["description"] = *text;
  RESCUE_TRY(const auto answer, api->post("/channels", std::move(body)));
  return show_channel(in, answer);
}

base::Result<int> channel_list(Invocation& in) { return show_list(in, "channels", kChannelColumns, channel_record); }

base::Result<int> channel_show(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get(channel_target(in)));
  return show_channel(in, answer);
}

base::Result<int> channel_set(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object body;
  for (const char* key : {"name", "description"})
    if (auto value = in.parsed.maybe(key)) body[key] = *value;
  if (body.empty()) return base::fail(base::Errc::invalid_argument, "nothing to change: give --name or --description");
  RESCUE_TRY(const auto answer, api->patch(channel_target(in), std::move(body)));
  return show_channel(in, answer);
}

base::Result<int> channel_remove(Invocation& in) {
  return remove(in, channel_target(in), fmt::format("Remove the channel {}?", in.parsed.positional("CHANNEL")));
}

base::Result<int> channel_groups(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  const auto path = fmt::format("{}/{}", channel_target(in), in.parsed.command().name);
  json::value last;
  for (const auto& group : in.parsed.positionals("GROUP")) {
    RESCUE_TRY(last, api->post(path, json::object{{"group", group}}));
  }
  return show_channel(in, last);
}

base::Result<int> token_add(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object body{{"name", in.parsed.text("name")},
                    {"scopes", texts(in.parsed.all("scope"))},
                    {"expires_in", seconds_of(in, "expires")}};
  RESCUE_TRY(const auto answer, api->post(target("users", in.parsed.positional("USER")) + "/tokens", std::move(body)));
  RESCUE_TRY(const auto token, member(answer, "token"));
  RESCUE_TRY(const auto secret, client::text_field(answer.as_object(), "secret"));
  constexpr cli::Column kColumns[] = {{"ID"}, {"NAME"}, {"USER"}, {"SCOPES"}, {"EXPIRES"}, {"TOKEN"}};
  cli::write_object(in.env, in.format, in.color, kColumns,
                    {{cell_of(token, "id"), cell_of(token, "name"), cell_of(token, "user"), joined(token, "scopes"),
                      cli::short_time(cell_of(token, "expires_at")), secret},
                     json::serialize(answer),
                     secret});
  in.hint("The token is shown this once. Programs take it from RESCUE_TOKEN.");
  return 0;
}

base::Result<int> token_list(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  const auto user = in.parsed.positional("USER");
  const auto list = user.empty() ? std::string("/tokens") : "/tokens?user=" + net::encode_component(user);
  cli::RecordWriter writer(in.env, in.format, in.color, kTokenColumns);
  const auto limit = in.parsed.on("all") ? 0 : in.parsed.integer("limit");
  RESCUE_TRY(const bool more, api->for_each(list, "tokens", limit, [&](const json::object& token) {
    writer.add(token_record(token));
    return true;
  }));
  writer.finish();
  if (more) in.tell_truncated(writer.count());
  return 0;
}

base::Result<int> token_revoke(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->del(target("tokens", in.parsed.positional("TOKEN"))));
  return 0;
}

}  // namespace rescue::program

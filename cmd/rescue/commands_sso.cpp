// SPDX-License-Identifier: Apache-2.0
// admin sso.
#include <fstream>
#include <iterator>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::size_t kMostMetadata = 1024 * 1024;  // as the broker takes it
constexpr cli::Column kColumns[] = {{"ENABLED"},       {"ENTITY ID"}, {"METADATA"},        {"ACS"},      {"IDP"},
                                    {"IDP INITIATED"}, {"PROVISION"}, {"GROUP ATTRIBUTE"}, {"GROUP MAP"}};
constexpr cli::Column kCheckColumns[] = {{"CHECK"}, {"OK"}, {"DETAIL"}};
constexpr cli::Column kUserColumns[] = {{"ID"}, {"EMAIL"}, {"NAME"}, {"SSO DISABLED"}};
constexpr std::string_view kUserKeys[] = {"id", "email", "name", "sso_disabled"};

std::string map_text(const json::object& sso) {
  std::string out;
  const auto* map = sso.if_contains("group_map");
  if (map == nullptr || !map->is_array()) return out;
  for (const auto& rule : map->get_array())
    if (const auto* o = rule.if_object(); o != nullptr)
      out += fmt::format("{}{}={}", out.empty() ? "" : ", ", cell_of(*o, "value"), cell_of(*o, "group"));
  return out;
}

std::string idp_text(const json::object& sso) {
  const auto* idp = sso.if_contains("idp");
  if (idp == nullptr || !idp->is_object()) return "";
  const auto entity = cell_of(idp->get_object(), "entity_id");
  return entity.empty() ? cell_of(idp->get_object(), "error") : entity;
}

base::Result<int> show(Invocation& in, const json::value& answer) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto o, client::object_field(answer.as_object(), "sso"));
  cli::Record record;
  for (const char* key : {"enabled", "entity_id", "metadata_url", "acs_url"}) record.cells.push_back(cell_of(o, key));
  record.cells.push_back(idp_text(o));
  for (const char* key : {"idp_initiated", "provision", "group_attribute"}) record.cells.push_back(cell_of(o, key));
  record.cells.push_back(map_text(o));
  record.json = json::serialize(o);
  record.name = cell_of(o, "entity_id");
  cli::write_object(in.env, in.format, in.color, kColumns, record);
  return 0;
}

base::Result<std::string> read_file(const Invocation& in, const std::string& name) {
  std::ifstream file(in.env.absolute(name), std::ios::binary);
  if (!file) return base::fail(base::errno_error(fmt::format("open '{}'", name)));
  std::string text(kMostMetadata + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return base::fail(base::errno_error(fmt::format("read '{}'", name)));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostMetadata)
    return base::fail(base::Errc::too_large, fmt::format("'{}': over {} bytes", name, kMostMetadata));
  return text;
}

base::Result<json::array> map_of(const std::vector<std::string>& rules) {
  json::array out;
  for (const auto& rule : rules) {
    const auto at = rule.rfind('=');
    if (at == 0 || at == std::string::npos || at + 1 == rule.size())
      return base::fail(base::Errc::invalid_argument, fmt::format("--map '{}': must be VALUE=GROUP", rule));
    out.push_back(json::object{{"value", rule.substr(0, at)}, {"group", rule.substr(at + 1)}});
  }
  return out;
}

base::Result<json::object> changes_of(const Invocation& in) {
  json::object body;
  constexpr std::pair<const char*, const char*> kTexts[] = {{"entity-id", "entity_id"},
                                                            {"email-attribute", "email_attribute"},
                                                            {"name-attribute", "name_attribute"},
                                                            {"group-attribute", "group_attribute"}};
  constexpr std::pair<const char*, const char*> kSwitches[] = {
      {"enabled", "enabled"}, {"idp-initiated", "idp_initiated"}, {"provision", "provision"}};
  for (const auto& [flag, field] : kTexts)
    if (in.parsed.given(flag)) body[field] = in.parsed.text(flag);
  for (const auto& [flag, field] : kSwitches)
    if (in.parsed.given(flag)) body[field] = in.parsed.text(flag) == "yes";
  if (in.parsed.given("idp-metadata")) {
    RESCUE_TRY(body["idp_metadata"], read_file(in, in.parsed.text("idp-metadata")));
  }
  if (in.parsed.given("map") && in.parsed.on("no-map"))
    return base::fail(base::Errc::invalid_argument, "--map and --no-map do not go together");
  if (in.parsed.given("map") || in.parsed.on("no-map")) {
    RESCUE_TRY(body["group_map"], map_of(in.parsed.all("map")));
  }
  if (body.empty()) return base::fail(base::Errc::invalid_argument, "nothing to set: see 'rescue help admin sso set'");
  return body;
}

}  // namespace

base::Result<int> sso_show(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get("/sso"));
  return show(in, answer);
}

base::Result<int> sso_set(Invocation& in) {
  RESCUE_TRY(auto body, changes_of(in));
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->patch("/sso", std::move(body)));
  return show(in, answer);
}

base::Result<int> sso_new_key(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->post("/sso/key"));
  in.hint("The identity provider has to read the site's metadata anew.");
  return show(in, answer);
}

base::Result<int> sso_test(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->post("/sso/test"));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto checks, client::array_field(answer.as_object(), "checks"));
  cli::RecordWriter writer(in.env, in.format, in.color, kCheckColumns);
  constexpr std::string_view kKeys[] = {"check", "ok", "detail"};
  for (const auto& check : checks)
    if (check.is_object()) writer.add(record_of(check.as_object(), kKeys));
  writer.finish();
  return cell_of(answer.as_object(), "ok") == "true" ? 0 : static_cast<int>(base::Exit::verification_failed);
}

base::Result<int> sso_person(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer,
             api->post(fmt::format("/users/{}/sso/{}", net::encode_component(in.parsed.positional("USER")),
                                   in.parsed.command().name)));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto user, client::object_field(answer.as_object(), "user"));
  cli::write_object(in.env, in.format, in.color, kUserColumns, record_of(user, kUserKeys));
  return 0;
}

}  // namespace rescue::program

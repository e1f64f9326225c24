// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/requests_sso.hpp"

#include <charconv>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "daemons/broker/json_body.hpp"
#include "directory/accounts.hpp"
#include "net/uri.hpp"

namespace rescue::broker {
namespace {

constexpr std::int64_t kMaxPort = 65535;
constexpr TextRule kState{.max = 64};
constexpr TextRule kAttribute{.max = 256};
constexpr std::size_t kMaxGroupRules = 500;

base::Result<SsoStart> start_of(base::Bytes challenge, std::int64_t port, std::string state) {
  if (challenge.size() != directory::sso::kChallengeBytes)
    return base::fail(base::Errc::invalid_argument, "challenge: must be a SHA-256 in base64url");
  SsoStart out;
  out.challenge = std::move(challenge);
  RESCUE_TRY(out.target, directory::sso::make_target(static_cast<std::uint16_t>(port), std::move(state)));
  return out;
}

std::vector<directory::sso::GroupRule> group_map(JsonBody& json) {
  std::vector<directory::sso::GroupRule> out;
  json.objects("group_map", 0, kMaxGroupRules, [&out](JsonBody& rule) {
    constexpr TextRule kText{.min = 1, .max = 1000};
    directory::sso::GroupRule r{rule.text("value", kText), rule.text("group", kText)};
    if (r.group.contains('=')) rule.refuse("group", "must have no '='");
    out.push_back(std::move(r));
  });
  return out;
}

}  // namespace

base::Result<SsoStart> read_sso_start(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  auto challenge = json.base64url("challenge", directory::sso::kChallengeBytes);
  const auto port = json.maybe_integer("port", 1, kMaxPort).value_or(0);
  auto state = json.maybe_text("state", kState).value_or("");
  RESCUE_CHECK(json.finish());
  return start_of(std::move(challenge), port, std::move(state));
}

base::Result<SsoStart> read_sso_query(const net::HttpRequest& request) {
  const auto refuse = [](std::string_view what) {
    return base::fail(base::Errc::invalid_argument, fmt::format("parameter '{}'", base::to_display_text(what)));
  };
  for (const auto& [name, value] : request.query)
    if (name != "challenge" && name != "port" && name != "state") return refuse(name.substr(0, 64));
  const auto challenge = base::from_base64url(request.query_value("challenge").value_or(""));
  if (!challenge) return refuse("challenge");
  std::int64_t port = 0;
  if (const auto text = request.query_value("port")) {
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), port);
    if (ec != std::errc{} || end != text->data() + text->size() || port < 1 || port > kMaxPort) return refuse("port");
  }
  return start_of(*challenge, port, std::string(request.query_value("state").value_or("")));
}

std::string sso_query(const SsoStart& start) {
  auto out = "challenge=" + base::to_base64url(start.challenge);
  if (!start.target.by_hand()) out += fmt::format("&port={}&state={}", start.target.port, start.target.secret);
  return out;
}

base::Result<SsoFinish> read_sso_finish(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  SsoFinish out;
  out.code = json.text("code", {.min = 1, .max = directory::sso::kMaxCodeBytes});
  out.verifier = json.maybe_text("verifier", {.max = directory::sso::kMaxVerifierBytes}).value_or("");
  out.device = json.maybe_text("device", {.max = directory::kMaxNameBytes}).value_or("");
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<std::string> read_saml_response(std::string_view form) {
  const auto refuse = [](std::string_view why) { return base::fail(base::Errc::invalid_argument, std::string(why)); };
  if (form.size() > kMaxAcsForm) return refuse("the form is too long");
  const auto parsed = net::parse_target("/?" + std::string(form));
  if (!parsed || parsed->path != "/") return refuse("the body is no form");
  std::optional<std::string> response;
  for (const auto& [name, value] : parsed->query) {
    if (name == "RelayState") continue;
    if (name != "SAMLResponse") return refuse("the form has a field that is not known here");
    if (response) return refuse("SAMLResponse: given twice");
    response = value;
  }
  if (!response || response->empty()) return refuse("SAMLResponse: is missing");
  if (response->size() > saml::kMaxResponseText) return refuse("SAMLResponse: too long");
  return std::move(*response);
}

base::Result<SsoChange> read_sso_change(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  SsoChange out;
  out.enabled = json.maybe_boolean("enabled");
  out.idp_initiated = json.maybe_boolean("idp_initiated");
  out.provision = json.maybe_boolean("provision");
  out.entity_id = json.maybe_text("entity_id", {.max = saml::kMaxEntityIdBytes});
  out.email_attribute = json.maybe_text("email_attribute", kAttribute);
  out.name_attribute = json.maybe_text("name_attribute", kAttribute);
  out.group_attribute = json.maybe_text("group_attribute", kAttribute);
  if (json.has("group_map")) out.group_map = group_map(json);
  out.idp_metadata = json.maybe_text("idp_metadata", {.max = saml::kMaxMetadataBytes, .keep_lines = true});
  RESCUE_CHECK(json.finish());
  return out;
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/requests_groups.hpp"

#include <fmt/format.h>

#include "base/ip.hpp"
#include "daemons/broker/json_body.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker {
namespace groups = directory::groups;
namespace {

constexpr TextRule kName{.min = 1, .max = directory::kMaxNameBytes};
constexpr TextRule kDescription{.max = groups::kMaxDescriptionBytes};
constexpr TextRule kNetwork{.min = 1, .max = 64};
constexpr TextRule kWord{.min = 1, .max = 40};
constexpr std::size_t kMaxScopes = 32;

wire::PermissionSet permissions_of(JsonBody& json, std::size_t least) {
  wire::PermissionSet out;
  for (const auto& name : json.texts("permissions", least, wire::kPermissionCount, kWord)) {
    if (const auto permission = wire::parse_permission(name))
      out.add(*permission);
    else
      json.refuse("permissions", fmt::format("must be names of permissions, and '{}' is none", name));
  }
  return out;
}

std::optional<std::chrono::seconds> seconds_of(JsonBody& json, std::string_view name, std::chrono::seconds min,
                                               std::chrono::seconds max) {
  const auto value = json.maybe_integer(name, min.count(), max.count());
  return value ? std::optional(std::chrono::seconds(*value)) : std::nullopt;
}

/// All but "name".
void read_rest(JsonBody& json, groups::Change& out) {
  out.description = json.maybe_text("description", kDescription);
  if (json.has("permissions")) out.permissions = permissions_of(json, 0);
  out.single_prompt = json.maybe_boolean("single_prompt");
  out.force_recording = json.maybe_boolean("force_recording");
  out.require_sas = json.maybe_boolean("require_sas");
  out.omit_chat_text = json.maybe_boolean("omit_chat_text");
  out.require_mfa = json.maybe_boolean("require_mfa");
  out.require_sso = json.maybe_boolean("require_sso");
  out.consent_timeout = seconds_of(json, "consent_timeout", groups::kMinConsentTimeout, groups::kMaxConsentTimeout);
  out.inactivity_timeout =
      seconds_of(json, "inactivity_timeout", std::chrono::seconds(0), groups::kMaxInactivityTimeout);
  if (json.has("allowed_networks"))
    out.allowed_networks = json.texts("allowed_networks", 0, base::kMaxNetworks, kNetwork);
}

bool is_empty(const groups::Change& c) {
  return !c.name && !c.description && !c.permissions && !c.single_prompt && !c.force_recording && !c.require_sas &&
         !c.omit_chat_text && !c.require_mfa && !c.require_sso && !c.consent_timeout && !c.inactivity_timeout &&
         !c.allowed_networks;
}

}  // namespace

base::Result<groups::Change> read_new_group(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  groups::Change out;
  out.name = json.text("name", kName);
  read_rest(json, out);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<groups::Change> read_group_change(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  groups::Change out;
  out.name = json.maybe_text("name", kName);
  read_rest(json, out);
  RESCUE_CHECK(json.finish());
  if (is_empty(out)) return base::fail(base::Errc::invalid_argument, "nothing to change: give a field of the group");
  return out;
}

base::Result<wire::PermissionSet> read_permissions(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  const auto out = permissions_of(json, 1);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<directory::channels::NewChannel> read_new_channel(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  directory::channels::NewChannel out;
  out.name = json.text("name", kName);
  out.description = json.maybe_text("description", kDescription).value_or("");
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<directory::channels::Change> read_channel_change(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  directory::channels::Change out;
  out.name = json.maybe_text("name", kName);
  out.description = json.maybe_text("description", kDescription);
  RESCUE_CHECK(json.finish());
  if (!out.name && !out.description)
    return base::fail(base::Errc::invalid_argument, "nothing to change: give name or description");
  return out;
}

base::Result<std::string> read_group_name(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  auto name = json.text("group", kName);
  RESCUE_CHECK(json.finish());
  return name;
}

base::Result<directory::service_accounts::NewToken> read_new_token(std::string_view body) {
  using directory::service_accounts::kMaxTokenLifetime;
  using directory::service_accounts::kMinTokenLifetime;
  RESCUE_TRY(auto json, JsonBody::parse(body));
  directory::service_accounts::NewToken out;
  out.name = json.text("name", kName);
  out.scopes = json.texts("scopes", 1, kMaxScopes, kWord);
  if (const auto lifetime = seconds_of(json, "expires_in", kMinTokenLifetime, kMaxTokenLifetime))
    out.lifetime = *lifetime;
  RESCUE_CHECK(json.finish());
  return out;
}

}  // namespace rescue::broker

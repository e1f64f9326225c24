// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/requests_password.hpp"

#include "crypto/password.hpp"
#include "daemons/broker/form_body.hpp"
#include "daemons/broker/json_body.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker {
namespace {
constexpr TextRule kSecret{.min = 1, .max = crypto::kMaxPasswordBytes, .keep_lines = true};
constexpr TextRule kAnyPassword{.max = crypto::kMaxPasswordBytes, .keep_lines = true};
constexpr TextRule kInvitation{.min = 1, .max = kMaxInvitationBytes};
}  // namespace

base::Result<StrengthBody> read_strength(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  StrengthBody out;
  out.password = json.text("password", kAnyPassword);
  out.email = json.maybe_text("email", {.max = directory::kMaxEmailBytes}).value_or("");
  out.name = json.maybe_text("name", {.max = directory::kMaxNameBytes}).value_or("");
  out.invitation = json.maybe_text("invitation", {.max = kMaxInvitationBytes}).value_or("");
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<AcceptBody> read_acceptance(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  AcceptBody out;
  out.code = json.text("code", kInvitation);
  out.password = json.text("password", kSecret);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<std::vector<directory::site_policy::Change>> read_policy_change(std::string_view body) {
  constexpr TextRule kValue{.max = 60 * 1024, .keep_lines = true};
  RESCUE_TRY(auto json, JsonBody::parse(body));
  std::vector<directory::site_policy::Change> out;
  json.value_map("settings", directory::kSettings, kValue, [&out](std::string name, std::optional<std::string> value) {
    out.push_back({std::move(name), std::move(value)});
  });
  RESCUE_CHECK(json.finish());
  if (out.empty()) return base::fail(base::Errc::invalid_argument, "nothing to change: give settings");
  return out;
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/requests.hpp"

#include <boost/json/serialize.hpp>

#include "config/settings.hpp"
#include "crypto/certificate.hpp"
#include "daemons/broker/json_body.hpp"
#include "directory/second_factor.hpp"

namespace rescue::broker {
namespace {

constexpr TextRule kEmail{.min = 3, .max = directory::kMaxEmailBytes};
constexpr TextRule kName{.min = 1, .max = directory::kMaxNameBytes};
constexpr TextRule kSecret{.min = 1, .max = crypto::kMaxPasswordBytes, .keep_lines = true};
constexpr TextRule kHostText{.max = 200};
constexpr TextRule kCode{.min = 1, .max = directory::kMaxCodeBytes};
constexpr TextRule kTokenText{.min = 1, .max = 200};

constexpr TextRule kNetwork{.min = 1, .max = 64};

base::Result<JsonBody> object_of(std::string_view body) { return JsonBody::parse(body); }

store::UserRole role_of(JsonBody& json, const std::string& text) {
  const auto role = store::parse_user_role(text);
  if (!role) json.refuse("role", "must be technician, group_administrator, administrator, auditor or service");
  return role.value_or(store::UserRole::technician);
}

}  // namespace

base::Result<LoginBody> read_login(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  LoginBody out;
  out.email = json.text("email", kEmail);
  out.password = json.text("password", kSecret);
  out.device = json.maybe_text("device", kHostText).value_or("");
  out.code = json.maybe_text("code", kCode).value_or("");
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<std::string> read_code(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  auto code = json.text("code", kCode);
  RESCUE_CHECK(json.finish());
  return code;
}

base::Result<PasswordBody> read_password_change(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  PasswordBody out;
  out.current = json.text("current", kSecret);
  out.next = json.text("new", kSecret);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<UserBody> read_new_user(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  UserBody out;
  out.email = json.text("email", kEmail);
  out.name = json.text("name", kName);
  out.role = role_of(json, json.text("role", kName));
  out.password = json.maybe_text("password", kSecret);
  out.invite = json.maybe_boolean("invite").value_or(false);
  out.group = json.maybe_text("group", kName);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<UserChangeBody> read_user_change(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  UserChangeBody out;
  out.change.email = json.maybe_text("email", kEmail);
  out.change.name = json.maybe_text("name", kName);
  if (const auto role = json.maybe_text("role", kName)) out.change.role = role_of(json, *role);
  out.group = json.maybe_text("group", kName);
  if (json.has("allowed_networks"))
    out.change.allowed_networks = json.texts("allowed_networks", 0, base::kMaxNetworks, kNetwork);
  if (const auto most = json.maybe_integer("max_sessions", 0, directory::accounts::kMaxSessionsLimit))
    out.change.max_sessions = static_cast<std::uint32_t>(*most);
  RESCUE_CHECK(json.finish());
  if (!out.change.email && !out.change.name && !out.change.role && !out.group && !out.change.allowed_networks &&
      !out.change.max_sessions)
    return base::fail(base::Errc::invalid_argument,
                      "nothing to change: give email, name, role, group, allowed_networks or max_sessions");
  return out;
}

base::Result<SessionBody> read_new_session(std::string_view body) {
  constexpr std::size_t kMaxCustomerFields = 16;
  constexpr TextRule kCustomer{.max = 500, .keep_lines = true};
  RESCUE_TRY(auto json, object_of(body));
  SessionBody out;
  const auto kind = json.text("kind", kName);
  if (kind == "channel")
    out.channel = json.text("channel", kName);
  else if (kind != "private")
    json.refuse("kind", "must be private or channel");
  out.note = json.maybe_text("note", {.max = directory::kMaxNoteBytes, .keep_lines = true}).value_or("");
  boost::json::object customer;
  json.text_map("customer", kMaxCustomerFields, kCustomer,
                [&customer](const std::string& name, const std::string& value) { customer[name] = value; });
  out.customer = boost::json::serialize(customer);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<PickupBody> read_pickup(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  PickupBody out;
  out.console_spki = json.base64url("console_key", crypto::kMaxSpkiBytes);
  constexpr auto kMaxGeneration = static_cast<std::int64_t>(audit::kMaxSeq);
  out.generation = static_cast<std::uint64_t>(json.maybe_integer("generation", 0, kMaxGeneration).value_or(0));
  out.join = json.maybe_boolean("join").value_or(false);
  const auto profile = json.maybe_text("profile", kName).value_or("modern");
  if (profile == "aes256-sha")
    out.profile = crypto::Profile::aes256_sha;
  else if (profile != "modern")
    json.refuse("profile", "must be modern or aes256-sha");
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<base::Bytes> read_ticket_request(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  auto key = json.base64url("console_key", crypto::kMaxSpkiBytes);
  RESCUE_CHECK(json.finish());
  return key;
}

base::Result<std::string> read_reason(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body, true));
  auto reason = json.maybe_text("reason", {.max = directory::kMaxReasonBytes, .keep_lines = true}).value_or("");
  RESCUE_CHECK(json.finish());
  return reason;
}

base::Result<AppletEnd> read_applet_end(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body, true));
  AppletEnd out;
  out.reason = json.maybe_text("reason", {.max = directory::kMaxReasonBytes, .keep_lines = true}).value_or("");
  out.inactive = json.maybe_boolean("inactive").value_or(false);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<bool> read_restart(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  const auto starts = json.maybe_boolean("starts");
  RESCUE_CHECK(json.finish());
  if (!starts) return base::fail(base::Errc::invalid_argument, "starts: is missing");
  return *starts;
}

base::Result<std::string> read_note(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  auto note = json.text("note", {.max = directory::kMaxNoteBytes, .keep_lines = true});
  RESCUE_CHECK(json.finish());
  return note;
}

base::Result<std::vector<audit::IncomingEvent>> read_log_intake(std::string_view body) {
  static constexpr TextRule kActor{.max = audit::kMaxActorBytes};
  RESCUE_TRY(auto json, object_of(body));
  std::vector<audit::IncomingEvent> out;
  json.objects("events", 1, audit::kMaxBatch, [&out](JsonBody& event) {
    audit::IncomingEvent e;
    e.seq = static_cast<std::uint64_t>(event.integer("seq", 1, static_cast<std::int64_t>(audit::kMaxSeq)));
    e.time = event.time("time");
    e.type = event.text("type", kName);
    e.actor = event.maybe_text("actor", kActor).value_or("");
    e.data = event.has("data") ? event.free_object("data", audit::kMaxEventDataBytes) : "{}";
    out.push_back(std::move(e));
  });
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<std::string> read_gateway_name(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  auto name = json.text("name", kName);
  RESCUE_CHECK(json.finish());
  return name;
}

base::Result<EnrollBody> read_enroll(std::string_view body) {
  constexpr TextRule kAddress{.min = 3, .max = 261};
  constexpr TextRule kPem{.min = 1, .max = 8192, .keep_lines = true};
  RESCUE_TRY(auto json, object_of(body));
  EnrollBody out;
  out.token = json.text("token", kTokenText);
  out.name = json.text("name", kName);
  out.public_key = json.base64url("public_key", crypto::kMaxSpkiBytes);
  out.addresses = json.texts("addresses", 1, directory::gateways::kMaxAddresses, kAddress);
  for (const auto& address : out.addresses)
    if (!config::is_host_and_port(address)) json.refuse("addresses", "must be host:port");
  out.csr_pem = json.text("csr_pem", kPem);
  RESCUE_CHECK(json.finish());
  return out;
}

base::Result<std::string> read_pin(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  auto pin = json.text("pin", {.min = directory::kMinPinDigits, .max = directory::kMaxPinDigits});
  for (const char c : pin)
    if (c < '0' || c > '9') json.refuse("pin", "must be digits");
  RESCUE_CHECK(json.finish());
  return pin;
}

base::Result<directory::AppletHello> read_register(std::string_view body) {
  RESCUE_TRY(auto json, object_of(body));
  directory::AppletHello out;
  out.guid = json.guid("guid");
  json.object("host", [&out](JsonBody& host) {
    out.host_name = host.maybe_text("name", kHostText).value_or("");
    out.host_os = host.maybe_text("os", kHostText).value_or("");
    out.host_user = host.maybe_text("user", kHostText).value_or("");
    out.version = host.maybe_text("version", kHostText).value_or("");
  });
  RESCUE_CHECK(json.finish());
  return out;
}

}  // namespace rescue::broker

// SPDX-License-Identifier: Apache-2.0
#include "applet/core/site_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/utf8.hpp"

namespace rescue::applet {
namespace {
namespace json = boost::json;
using boost::asio::awaitable;
constexpr std::size_t kTextMax = 1000;
constexpr std::size_t kTechniciansMax = 1000;
constexpr std::size_t kHostTextMax = 200;  // of the API
constexpr std::size_t kJsonDepthMax = 16;

base::Result<json::object> parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::error_code error;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object()) return base::fail(Errc::bad_answer, "not a JSON object");
  return std::move(value.get_object());
}

base::Result<std::string> text_field(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
  if (v == nullptr || !v->is_string()) return base::fail(Errc::bad_answer, fmt::format("no text '{}'", key));
  return std::string(v->get_string().data(), v->get_string().size());
}

base::Result<base::Bytes> bytes_field(const json::object& o, std::string_view key) {
  RESCUE_TRY(auto text, text_field(o, key));
  auto bytes = base::from_base64url(text);
  if (!bytes) return base::fail(Errc::bad_answer, fmt::format("'{}' is no base64url", key));
  return bytes;
}

base::Result<base::Guid> guid_of(std::string_view text) {
  auto guid = base::Guid::parse(text);
  if (!guid) return base::fail(Errc::bad_answer, "not a GUID");
  return guid;
}

base::Result<GatewayAddress> gateway_of(const json::value& v) {
  if (!v.is_object()) return base::fail(Errc::bad_answer, "a gateway is no object");
  const auto& o = v.get_object();
  GatewayAddress out;
  RESCUE_TRY(out.id, text_field(o, "id"));
  RESCUE_TRY(out.name, text_field(o, "name"));
  RESCUE_TRY(out.host, text_field(o, "host"));
  RESCUE_TRY(out.fingerprint, text_field(o, "fingerprint"));
  const auto* port = o.if_contains("port");
  if (port == nullptr || !port->is_int64() || port->get_int64() < 1 || port->get_int64() > 65535)
    return base::fail(Errc::bad_answer, "a gateway has no port");
  out.port = static_cast<std::uint16_t>(port->get_int64());
  return out;
}

base::Result<std::vector<GatewayAddress>> gateways_field(const json::object& o) {
  const auto* list = o.if_contains("gateways");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kGatewaysMax)
    return base::fail(Errc::bad_answer, "no list of gateways");
  std::vector<GatewayAddress> out;
  for (const auto& v : list->get_array()) {
    RESCUE_TRY(auto gateway, gateway_of(v));
    out.push_back(std::move(gateway));
  }
  return out;
}

base::Result<crypto::Digest256> pin_field(const json::object& o) {
  RESCUE_TRY(const auto text, text_field(o, "gateway_ca_pin"));
  const auto pin = crypto::parse_digest256(text);
  if (!pin) return base::fail(Errc::bad_answer, "gateway_ca_pin is no SHA-256");
  return *pin;
}

base::Error refusal(const net::HttpResponse& response) {
  std::string name, message;
  if (auto o = parse_object(response.body)) {
    name = text_field(*o, "error").value_or("");
    message = text_field(*o, "message").value_or("").substr(0, kTextMax);
  }
  if (message.empty()) message = fmt::format("status {}", response.status);
  return {errc_of(name, response.status), base::to_display_text(message)};
}

std::string at_most(std::string text, std::size_t most) {
  text = base::to_valid_utf8(text);
  while (text.size() > most || !base::is_valid_utf8(text)) text.pop_back();
  return text;
}

/// A person's text: absent or null is none.
std::string short_text(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
  return v != nullptr && v->is_string() ? at_most(std::string(v->get_string()), kPersonTextMax) : std::string();
}

/// {name,email}, or null for nobody.
Participant person_of(const json::value& v) {
  if (!v.is_object()) return {};
  return {short_text(v.get_object(), "name"), short_text(v.get_object(), "email")};
}

base::Result<SiteState> read_state(const json::object& o) {
  RESCUE_TRY(const auto name, text_field(o, "state"));
  const auto state = wire::parse_session_state(name);
  if (!state) return base::fail(Errc::bad_answer, "no such state of a session");
  Participant holder;
  if (const auto* technician = o.if_contains("technician")) holder = person_of(*technician);
  return SiteState{*state, std::move(holder), short_text(o, "to")};
}

base::Result<SitePeople> read_people(const json::object& o) {
  const auto* list = o.if_contains("technicians");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kPeopleMax)
    return base::fail(Errc::bad_answer, "no list of technicians");
  SitePeople out;
  for (const auto& v : list->get_array()) {
    if (!v.is_object()) return base::fail(Errc::bad_answer, "a technician is no object");
    out.people.push_back(person_of(v));
  }
  return out;
}
}  // namespace

base::Result<std::optional<SiteEvent>> read_site_event(std::string_view type, std::string_view data) {
  if (type == "ping") return std::nullopt;
  RESCUE_TRY(auto o, parse_object(data));
  if (type == "grant") {
    RESCUE_TRY(auto envelope, bytes_field(o, "grant"));
    return SiteGrant{std::move(envelope)};
  }
  if (type == "state") {
    RESCUE_TRY(auto state, read_state(o));
    return state;
  }
  if (type == "people") {
    RESCUE_TRY(auto people, read_people(o));
    return people;
  }
  if (type == "revoke") {
    RESCUE_TRY(auto text, text_field(o, "technician"));
    RESCUE_TRY(auto technician, guid_of(text));
    return SiteRevoke{technician};
  }
  if (type == "synced") {
    const auto* list = o.if_contains("technicians");
    if (list == nullptr || !list->is_array() || list->get_array().size() > kTechniciansMax)
      return base::fail(Errc::bad_answer, "synced: no list of technicians");
    SiteSynced out;
    for (const auto& v : list->get_array()) {
      if (!v.is_string()) return base::fail(Errc::bad_answer, "synced: not a GUID");
      RESCUE_TRY(auto technician, guid_of({v.get_string().data(), v.get_string().size()}));
      out.technicians.push_back(technician);
    }
    return out;
  }
  if (type == "close")
    return SiteClose{text_field(o, "by").value_or(""), text_field(o, "reason").value_or("").substr(0, kTextMax)};
  if (type == "gateways") {
    RESCUE_TRY(auto gateways, gateways_field(o));
    return SiteGateways{std::move(gateways)};
  }
  return std::nullopt;
}

base::Result<std::unique_ptr<SiteClient>> SiteClient::create(
    boost::asio::any_io_executor executor, const std::string& url, const crypto::ServerTrust& trust,
    const std::optional<crypto::SessionIdentity>& identity,
    const std::function<std::optional<std::string>(std::string_view)>& lookup) {
  RESCUE_TRY(auto origin, net::Origin::parse(url));
  if (!origin.secure) return base::fail(base::Errc::invalid_argument, fmt::format("'{}' is not https", url));
  net::HttpClientOptions options;
  RESCUE_TRY(options.tls, crypto::https_client_context(trust, identity));
  RESCUE_TRY(options.proxy, net::proxy_from_environment(origin, lookup));
  options.user_agent = "rescue-applet";
  options.response_cap = kSiteAnswerMax;
  return std::unique_ptr<SiteClient>(new SiteClient(std::move(executor), std::move(origin), std::move(options)));
}

awaitable<base::Result<std::string>> SiteClient::post(std::string path, std::string body, std::string doing) {
  net::ClientRequest request(net::Method::post, "/api/v1" + path, std::move(body));
  auto sending = http_.send(std::move(request));
  auto response = co_await std::move(sending);
  const auto where = fmt::format("{} at {}", doing, http_.origin().text());
  if (!response) co_return base::fail(response.error().within(where));
  if (!response->ok()) co_return base::fail(refusal(*response).within(where));
  co_return std::move(response->body);
}

awaitable<base::Result<base::Bytes>> SiteClient::redeem_pin(std::string pin) {
  auto posting = post("/pin", fmt::format(R"({{"pin":{}}})", base::json_quote(pin)), "redeem the PIN");
  RESCUE_CO_TRY(auto body, co_await std::move(posting));
  RESCUE_CO_TRY(auto o, parse_object(body));
  co_return bytes_field(o, "invite");
}

awaitable<base::Result<base::Bytes>> SiteClient::visit_channel(std::string channel, std::string name,
                                                               std::string problem) {
  json::object visit{{"channel", channel}};
  if (!name.empty()) visit["name"] = name;
  if (!problem.empty()) visit["problem"] = problem;
  auto posting = post("/channel-sessions", json::serialize(visit), "ask for help");
  RESCUE_CO_TRY(auto body, co_await std::move(posting));
  RESCUE_CO_TRY(auto o, parse_object(body));
  co_return bytes_field(o, "invite");
}

awaitable<base::Result<Registration>> SiteClient::enrol(base::Guid guid, HostNames host, std::string version) {
  json::object names{{"name", at_most(host.name, kHostTextMax)},
                     {"os", at_most(host.os, kHostTextMax)},
                     {"user", at_most(host.user, kHostTextMax)},
                     {"version", at_most(version, kHostTextMax)}};
  json::object hello{{"guid", guid.text()}, {"host", std::move(names)}};
  auto posting = post("/applet/register", json::serialize(hello), "register");
  RESCUE_CO_TRY(auto body, co_await std::move(posting));
  RESCUE_CO_TRY(auto o, parse_object(body));
  Registration out;
  RESCUE_CO_TRY(auto session, text_field(o, "session_id"));
  RESCUE_CO_TRY(out.session, guid_of(session));
  RESCUE_CO_TRY(out.ticket, bytes_field(o, "ticket"));
  RESCUE_CO_TRY(out.gateways, gateways_field(o));
  RESCUE_CO_TRY(out.gateway_ca_pin, pin_field(o));
  RESCUE_CO_TRY(out.organisation, text_field(o, "organisation"));
  co_return out;
}

awaitable<base::Result<TicketAnswer>> SiteClient::renew_ticket() {
  auto posting = post("/applet/ticket", "", "renew the ticket");
  RESCUE_CO_TRY(auto body, co_await std::move(posting));
  RESCUE_CO_TRY(auto o, parse_object(body));
  TicketAnswer out;
  RESCUE_CO_TRY(out.ticket, bytes_field(o, "ticket"));
  RESCUE_CO_TRY(out.gateways, gateways_field(o));
  RESCUE_CO_TRY(out.gateway_ca_pin, pin_field(o));
  co_return out;
}

awaitable<base::Result<std::uint64_t>> SiteClient::send_log(std::string body) {
  auto posting = post("/applet/log", std::move(body), "send the log");
  RESCUE_CO_TRY(auto answer, co_await std::move(posting));
  RESCUE_CO_TRY(auto o, parse_object(answer));
  const auto* through = o.if_contains("accepted_through");
  if (through == nullptr || !through->is_int64() || through->get_int64() < 0)
    co_return base::fail(Errc::bad_answer, "no accepted_through");
  co_return static_cast<std::uint64_t>(through->get_int64());
}

awaitable<base::Result<>> SiteClient::end(std::string reason, bool inactive) {
  auto body_text =
      fmt::format(R"({{"reason":{},"inactive":{}}})", base::json_quote(at_most(std::move(reason), kTextMax)), inactive);
  auto posting = post("/applet/end", std::move(body_text), "end the session");
  RESCUE_CO_TRY(auto body, co_await std::move(posting));
  static_cast<void>(body);
  co_return base::Result<>();
}

awaitable<base::Result<>> SiteClient::restart(bool starts) {
  auto posting = post("/applet/restart", starts ? R"({"starts":true})" : R"({"starts":false})", "tell of the restart");
  RESCUE_CO_TRY(auto body, co_await std::move(posting));
  static_cast<void>(body);
  co_return base::Result<>();
}

}  // namespace rescue::applet

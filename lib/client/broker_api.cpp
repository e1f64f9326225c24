// SPDX-License-Identifier: Apache-2.0
#include "client/broker_api.hpp"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
using boost::asio::awaitable;

constexpr std::string_view kPrefix = "/api/v1";
constexpr std::size_t kMaxJsonDepth = 32;
constexpr std::size_t kMaxGateways = 64;     // of one answer
constexpr std::size_t kMaxErrorText = 1000;  // of a refusal's message

base::Error refusal(const net::HttpResponse& response, std::string& request_id) {
  std::string name, message;
  if (auto parsed = parse_json(response.body); parsed && parsed->is_object()) {
    const auto& o = parsed->as_object();
    name = text_field(o, "error").value_or("");
    message = text_field(o, "message").value_or("");
    request_id = text_field(o, "request_id").value_or("");
  }
  if (message.size() > kMaxErrorText) message.resize(kMaxErrorText);
  const auto code = errc_of(name, response.status);
  if (message.empty()) message = fmt::format("the broker answered with status {}", response.status);
  return {code, base::to_valid_utf8(message)};
}

base::Result<GatewayRef> gateway_ref(const json::value& v) {
  if (!v.is_object()) return base::fail(Errc::bad_answer, "gateways: not an object");
  const auto& o = v.as_object();
  GatewayRef out;
  RESCUE_TRY(out.id, text_field(o, "id"));
  RESCUE_TRY(out.name, text_field(o, "name"));
  RESCUE_TRY(out.host, text_field(o, "host"));
  RESCUE_TRY(out.fingerprint, text_field(o, "fingerprint"));
  const auto* port = o.if_contains("port");
  if (port == nullptr || !port->is_int64() || port->as_int64() < 1 || port->as_int64() > 65535)
    return base::fail(Errc::bad_answer, "gateways: no port");
  out.port = static_cast<std::uint16_t>(port->as_int64());
  return out;
}

base::Result<std::vector<GatewayRef>> gateway_refs(const json::object& o) {
  RESCUE_TRY(auto list, array_field(o, "gateways"));
  if (list.size() > kMaxGateways) return base::fail(Errc::bad_answer, "too many gateways");
  std::vector<GatewayRef> out;
  for (const auto& v : list) {
    RESCUE_TRY(auto one, gateway_ref(v));
    out.push_back(std::move(one));
  }
  return out;
}

base::Result<crypto::Digest256> digest_field(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto text, text_field(o, key));
  const auto digest = crypto::parse_digest256(text);
  if (!digest) return base::fail(Errc::bad_answer, fmt::format("{} is no SHA-256", key));
  return *digest;
}

base::Result<Pickup> read_pickup(const json::value& v) {
  if (!v.is_object()) return base::fail(Errc::bad_answer, "pickup: not an object");
  const auto& o = v.as_object();
  Pickup out;
  RESCUE_TRY(out.session, object_field(o, "session"));
  RESCUE_TRY(out.grant, bytes_field(o, "grant"));
  RESCUE_TRY(out.ticket, bytes_field(o, "ticket"));
  RESCUE_TRY(out.gateways, gateway_refs(o));
  RESCUE_TRY(out.gateway_ca_pin, digest_field(o, "gateway_ca_pin"));
  RESCUE_TRY(out.applet_fingerprint, digest_field(o, "applet_fingerprint"));
  return out;
}

base::Result<TicketRenewal> read_ticket(const json::value& v) {
  if (!v.is_object()) return base::fail(Errc::bad_answer, "ticket: not an object");
  const auto& o = v.as_object();
  TicketRenewal out;
  RESCUE_TRY(out.grant, bytes_field(o, "grant"));
  RESCUE_TRY(out.ticket, bytes_field(o, "ticket"));
  RESCUE_TRY(out.gateways, gateway_refs(o));
  RESCUE_TRY(out.gateway_ca_pin, digest_field(o, "gateway_ca_pin"));
  return out;
}

/// `data` is JSON text already; the rest is quoted here.
std::string log_body(const std::vector<LogEvent>& events) {
  std::string out = "{\"events\":[";
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& e = events[i];
    out += fmt::format(R"({}{{"seq":{},"time":{},"type":{},"actor":{},"data":{}}})", i > 0 ? "," : "", e.seq,
                       json::serialize(json::string(e.time)), json::serialize(json::string(e.type)),
                       json::serialize(json::string(e.actor)), e.data.empty() ? "{}" : e.data);
  }
  return out + "]}";
}

}  // namespace

base::Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::error_code error;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return base::fail(base::Errc::bad_format, "JSON", error);
  return value;
}

base::Result<std::string> text_field(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
  if (v == nullptr || !v->is_string())
    return base::fail(Errc::bad_answer, fmt::format("the answer has no text '{}'", key));
  return std::string(v->as_string());
}

base::Result<json::object> object_field(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
  if (v == nullptr || !v->is_object())
    return base::fail(Errc::bad_answer, fmt::format("the answer has no object '{}'", key));
  return v->as_object();
}

base::Result<json::array> array_field(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
  if (v == nullptr || !v->is_array())
    return base::fail(Errc::bad_answer, fmt::format("the answer has no list '{}'", key));
  return v->as_array();
}

base::Result<base::Bytes> bytes_field(const json::object& o, std::string_view key) {
  RESCUE_TRY(auto text, text_field(o, key));
  auto bytes = base::from_base64url(text);
  if (!bytes) return base::fail(Errc::bad_answer, fmt::format("'{}' is not base64url", key));
  return bytes;
}

BrokerApi::BrokerApi(std::unique_ptr<net::HttpClient> http, std::string token)
    : http_(std::move(http)), token_(std::move(token)) {}
BrokerApi::~BrokerApi() = default;

base::Result<std::unique_ptr<BrokerApi>> BrokerApi::create(boost::asio::any_io_executor executor,
                                                           const SiteAddress& site, std::string token) {
  RESCUE_TRY(auto origin, net::Origin::parse(site.url));
  const bool local = !origin.local.empty();
  if (!origin.secure && !local)
    return base::fail(base::Errc::invalid_argument, fmt::format("'{}' is not https", site.url));
  net::HttpClientOptions options;
  if (!local) {
    RESCUE_TRY(options.tls, crypto::https_client_context(site.trust));
    options.proxy = site.proxy;
  }
  options.user_agent = "rescue";
  auto http = std::make_unique<net::HttpClient>(std::move(executor), std::move(origin), std::move(options));
  return std::unique_ptr<BrokerApi>(new BrokerApi(std::move(http), std::move(token)));
}

net::HttpHeaders BrokerApi::authorization() const {
  net::HttpHeaders headers;
  if (!token_.empty()) headers.set("Authorization", "Bearer " + token_);
  return headers;
}

awaitable<base::Result<json::value>> BrokerApi::call(net::Method method, std::string target, std::string body) {
  net::ClientRequest request(method, std::string(kPrefix) + target);
  request.headers = authorization();
  request.headers.set("Accept", "application/json");
  if (!body.empty()) request.headers.set("Content-Type", "application/json");
  if (!request_id_.empty() && method != net::Method::get) {
    ++changing_calls_;
    request.headers.set("Idempotency-Key",
                        changing_calls_ == 1 ? request_id_ : fmt::format("{}.{}", request_id_, changing_calls_));
  }
  request.timeout = timeout_;
  request.body = std::move(body);
  auto sending = http_->send(std::move(request));
  RESCUE_CO_TRY(auto response, co_await std::move(sending));
  if (!response.ok()) co_return base::fail(refusal(response, last_request_id_));
  if (response.body.empty()) co_return json::value(json::object());
  auto parsed = parse_json(response.body);
  if (!parsed) co_return base::fail(Errc::bad_answer, "the broker's answer is not JSON");
  co_return std::move(*parsed);
}

awaitable<base::Result<json::value>> BrokerApi::get(std::string target) {
  return call(net::Method::get, std::move(target), "");
}
awaitable<base::Result<json::value>> BrokerApi::post(std::string target, json::object body) {
  return call(net::Method::post, std::move(target), json::serialize(body));
}
awaitable<base::Result<json::value>> BrokerApi::patch(std::string target, json::object body) {
  return call(net::Method::patch, std::move(target), json::serialize(body));
}
awaitable<base::Result<json::value>> BrokerApi::del(std::string target) {
  return call(net::Method::del, std::move(target), "");
}

awaitable<base::Result<Pickup>> BrokerApi::pickup(std::string session, base::Bytes console_spki, bool join,
                                                  crypto::Profile profile) {
  json::object body;
  body["console_key"] = base::to_base64url(console_spki);
  if (join) body["join"] = true;
  if (profile == crypto::Profile::aes256_sha) body["profile"] = "aes256-sha";
  auto calling = post(fmt::format("/sessions/{}/pickup", net::encode_component(session)), std::move(body));
  RESCUE_CO_TRY(auto answer, co_await std::move(calling));
  co_return read_pickup(answer);
}

awaitable<base::Result<TicketRenewal>> BrokerApi::ticket(std::string session, base::Bytes console_spki) {
  json::object body;
  body["console_key"] = base::to_base64url(console_spki);
  auto calling = post(fmt::format("/sessions/{}/ticket", net::encode_component(session)), std::move(body));
  RESCUE_CO_TRY(auto answer, co_await std::move(calling));
  co_return read_ticket(answer);
}

awaitable<base::Result<std::uint64_t>> BrokerApi::send_log(std::string session, std::vector<LogEvent> events) {
  auto calling =
      call(net::Method::post, fmt::format("/sessions/{}/log", net::encode_component(session)), log_body(events));
  RESCUE_CO_TRY(auto answer, co_await std::move(calling));
  const auto* through = answer.is_object() ? answer.as_object().if_contains("accepted_through") : nullptr;
  if (through == nullptr || !through->is_int64() || through->as_int64() < 0)
    co_return base::fail(Errc::bad_answer, "the answer has no accepted_through");
  co_return static_cast<std::uint64_t>(through->as_int64());
}

}  // namespace rescue::client

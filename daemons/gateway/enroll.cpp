// SPDX-License-Identifier: Apache-2.0
// rescue-gateway enroll: makes keys, has the site certify them, writes the state folder.
#include <ostream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cli/secret_input.hpp"
#include "daemons/gateway/program.hpp"
#include "daemons/gateway/state.hpp"
#include "daemons/gateway/version.hpp"
#include "net/http_client.hpp"
#include "net/io_thread.hpp"

namespace rescue::gateway {
namespace {
namespace asio = boost::asio;
namespace json = boost::json;
using base::fail;
using base::Result;

Result<crypto::ServerTrust> trust_of(const cli::Parsed& parsed, const cli::Env& env) {
  const auto pin = parsed.maybe("ca-pin");
  const auto file = parsed.maybe("ca");
  if (pin && file) return fail(base::Errc::invalid_argument, "--ca-pin and --ca exclude each other");
  if (pin) {
    const auto digest = crypto::parse_digest256(*pin);
    if (!digest) return fail(base::Errc::invalid_argument, "--ca-pin: " + digest.error().context);
    return crypto::TrustPin{*digest};
  }
  if (file) return crypto::TrustCaFile{env.absolute(*file)};
  return crypto::TrustSystem{};
}

/// The host names that the server certificate will be asked for.
Result<crypto::ServerNames> names_of(const std::vector<std::string>& addresses) {
  std::vector<std::string> hosts;
  for (const auto& address : addresses) {
    RESCUE_TRY(auto endpoint, net::Endpoint::parse(address));
    hosts.push_back(std::move(endpoint.host));
  }
  return crypto::ServerNames::from(hosts);
}

struct Answer {
  base::Guid id;
  std::vector<crypto::Certificate> chain;  // leaf, CA
  std::vector<crypto::PublicKey> token_keys;
};

Result<std::string_view> member(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (v == nullptr || !v->is_string())
    return fail(base::Errc::bad_format, fmt::format("the broker's answer has no '{}'", key));
  return std::string_view(v->get_string());
}

Result<Answer> parse_answer(std::string_view body) {
  boost::system::error_code broken;
  const auto value = json::parse(json::string_view(body.data(), body.size()), broken);
  if (broken || !value.is_object()) return fail(base::Errc::bad_format, "the broker's answer is not JSON");
  const auto& o = value.get_object();
  Answer out;
  RESCUE_TRY(const auto id, member(o, "id"));
  RESCUE_TRY(out.id, base::Guid::parse(id));
  RESCUE_TRY(const auto leaf, member(o, "certificate_pem"));
  RESCUE_TRY(out.chain, crypto::parse_chain_pem(leaf));
  RESCUE_TRY(const auto ca_text, member(o, "ca_pem"));
  RESCUE_TRY(const auto ca, crypto::Certificate::from_pem(ca_text));
  if (out.chain.back().fingerprint() != ca.fingerprint()) out.chain.push_back(ca);
  const auto* keys = o.if_contains("token_keys");
  std::vector<std::string> texts;
  if (keys != nullptr && keys->is_array()) {
    for (const auto& key : keys->get_array()) texts.emplace_back(key.is_string() ? std::string(key.get_string()) : "");
  }
  RESCUE_TRY(out.token_keys, parse_token_keys(texts));
  return out;
}

/// What a refusal means here; the broker's message goes along.
base::Error refusal(const net::HttpResponse& response) {
  std::string message = fmt::format("the broker answered {}", response.status);
  boost::system::error_code broken;
  const auto body = json::parse(response.body, broken);
  if (!broken && body.is_object()) {
    if (const auto text = member(body.get_object(), "message")) message = std::string(*text);
  }
  switch (response.status) {
    case 401:
      return {base::Errc::sign_in_needed, message};
    case 403:
      return {base::Errc::denied, message};
    case 409:
      return {base::Errc::conflict, message};
    case 400:
      return {base::Errc::invalid_argument, message};
    default:
      return {base::Errc::unreachable, message};
  }
}

asio::awaitable<Result<int>> post(net::HttpClient& client, std::string body,
                                  std::optional<Result<net::HttpResponse>>& out) {
  net::ClientRequest request(net::Method::post, "/api/v1/gateways/enroll", std::move(body));
  auto sending = client.send(std::move(request));
  out.emplace(co_await std::move(sending));
  client.close_idle();
  co_return 0;
}

Result<net::HttpResponse> ask_broker(const std::string& url, const crypto::ServerTrust& trust, std::string body) {
  RESCUE_TRY(const auto origin, net::Origin::parse(url));
  net::HttpClientOptions options;
  RESCUE_TRY(options.tls, crypto::https_client_context(trust));
  options.user_agent = fmt::format("rescue-gateway/{}", kVersion);
  std::optional<Result<net::HttpResponse>> response;
  net::IoContext context;
  net::HttpClient client(context.executor(), origin, std::move(options));
  RESCUE_TRY(const auto done, context.run(post(client, std::move(body), response)));
  if (done != 0 || !response) return fail(base::Errc::canceled, "enroll");
  return *std::move(response);
}

std::string request_body(std::string_view token, const GatewayState& state, const crypto::PrivateKey& identity,
                         const std::string& csr) {
  json::array addresses;
  for (const auto& a : state.addresses) addresses.emplace_back(a);
  return json::serialize(json::object{{"token", token},
                                      {"name", state.name},
                                      {"public_key", base::to_base64url(identity.public_key().spki())},
                                      {"addresses", std::move(addresses)},
                                      {"csr_pem", csr}});
}

Result<> make_folder(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (!failed) std::filesystem::permissions(path, std::filesystem::perms::owner_all, failed);
  if (failed) return fail(base::Errc::io, fmt::format("make folder '{}'", path.string()), failed);
  return {};
}
}  // namespace

Result<int> enroll_command(const cli::Parsed& parsed, cli::Env& env) {
  RESCUE_TRY(const auto path, state_folder(parsed, env));
  const StateFolder folder(path);
  if (folder.is_enrolled()) return fail(base::Errc::conflict, fmt::format("'{}' is enrolled already", path.string()));
  GatewayState state;
  state.name = parsed.text("name");
  state.broker_url = parsed.text("broker");
  state.addresses = parsed.all("address");
  RESCUE_TRY(state.trust, trust_of(parsed, env));
  RESCUE_TRY(const auto names, names_of(state.addresses));
  RESCUE_TRY(const auto token, cli::read_secret(env, parsed, "token", "Enrolment token: "));
  RESCUE_CHECK(make_folder(path));
  // Keys of an enrolment that did not come through are used again: nobody has certified them.
  RESCUE_TRY(const auto identity, folder.identity_key());
  RESCUE_TRY(const auto server, folder.server_key());
  RESCUE_TRY(const auto csr, crypto::make_csr(server, state.name, names));
  RESCUE_TRY(const auto response, ask_broker(state.broker_url, state.trust,
                                             request_body(base::as_text(token.view()), state, identity, csr)));
  if (!response.ok()) return fail(refusal(response).within("enroll"));
  RESCUE_TRY(const auto answer, parse_answer(response.body));
  if (answer.chain.front().fingerprint() != server.fingerprint())
    return fail(base::Errc::verification_failed, "the broker's certificate is for another key than this gateway's");
  state.id = answer.id;
  RESCUE_CHECK(folder.save_chain(answer.chain));
  RESCUE_CHECK(folder.save_token_keys(answer.token_keys));
  RESCUE_CHECK(folder.save(state));
  if (parsed.text("output") == "json")
    *env.out << json::serialize(json::object{{"id", state.id.text()}, {"name", state.name}, {"state", path.string()}})
             << "\n";
  else
    *env.out << fmt::format("enrolled as '{}' ({}); state in {}\n", state.name, state.id.text(), path.string());
  return 0;
}

}  // namespace rescue::gateway

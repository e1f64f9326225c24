// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/state.hpp"

#include <sstream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "crypto/secret_file.hpp"
#include "wire/limits.hpp"

namespace rescue::gateway {
namespace {
namespace json = boost::json;
using base::fail;
using base::Result;

json::object trust_to_json(const crypto::ServerTrust& trust) {
  if (const auto* pin = std::get_if<crypto::TrustPin>(&trust)) return {{"pin", base::to_hex(pin->pin)}};
  if (const auto* file = std::get_if<crypto::TrustCaFile>(&trust)) return {{"ca_file", file->path.string()}};
  return {{"system", true}};
}

Result<crypto::ServerTrust> trust_from_json(const json::object& o) {
  if (const auto* pin = o.if_contains("pin"); pin != nullptr && pin->is_string()) {
    RESCUE_TRY(const auto digest, crypto::parse_digest256(std::string_view(pin->get_string())));
    return crypto::TrustPin{digest};
  }
  if (const auto* file = o.if_contains("ca_file"); file != nullptr && file->is_string())
    return crypto::TrustCaFile{std::string(file->get_string())};
  return crypto::TrustSystem{};
}

Result<std::string> text_of(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (v == nullptr || !v->is_string()) return fail(base::Errc::bad_format, fmt::format("'{}' is missing", key));
  return std::string(v->get_string());
}

Result<GatewayState> parse_state(std::string_view text) {
  boost::system::error_code broken;
  const auto value = json::parse(json::string_view(text.data(), text.size()), broken);
  if (broken || !value.is_object()) return fail(base::Errc::bad_format, "not a JSON object");
  const auto& o = value.get_object();
  GatewayState out;
  RESCUE_TRY(const auto id, text_of(o, "id"));
  RESCUE_TRY(out.id, base::Guid::parse(id));
  RESCUE_TRY(out.name, text_of(o, "name"));
  RESCUE_TRY(out.broker_url, text_of(o, "broker"));
  const auto* trust = o.if_contains("trust");
  if (trust == nullptr || !trust->is_object()) return fail(base::Errc::bad_format, "'trust' is missing");
  RESCUE_TRY(out.trust, trust_from_json(trust->get_object()));
  const auto* addresses = o.if_contains("addresses");
  if (addresses == nullptr || !addresses->is_array()) return fail(base::Errc::bad_format, "'addresses' is missing");
  for (const auto& a : addresses->get_array()) {
    if (!a.is_string()) return fail(base::Errc::bad_format, "'addresses' has something else than text");
    out.addresses.emplace_back(a.get_string());
  }
  return out;
}

Result<std::string> read_text(const std::filesystem::path& path) {
  RESCUE_TRY(const auto content, crypto::read_secret_file(path));
  return std::string(base::as_text(content.view()));
}
}  // namespace

Result<GatewayState> StateFolder::load() const {
  const auto file = path_ / "gateway.json";
  if (!is_enrolled())
    return fail(base::Errc::not_found,
                fmt::format("'{}' is not the state of an enrolled gateway; run rescue-gateway enroll", path_.string()));
  RESCUE_TRY(const auto text, read_text(file));
  auto state = parse_state(text);
  if (!state) return fail(state.error().within(file.string()));
  return state;
}

Result<> StateFolder::save(const GatewayState& state) const {
  json::array addresses;
  for (const auto& a : state.addresses) addresses.emplace_back(a);
  const json::object o{{"id", state.id.text()},
                       {"name", state.name},
                       {"broker", state.broker_url},
                       {"trust", trust_to_json(state.trust)},
                       {"addresses", std::move(addresses)}};
  return crypto::replace_secret_file(path_ / "gateway.json", base::as_bytes(json::serialize(o) + "\n"));
}

Result<crypto::PrivateKey> StateFolder::key(const char* file) const {
  const auto path = path_ / file;
  if (std::filesystem::exists(path)) return crypto::PrivateKey::load(path);
  RESCUE_TRY(auto made, crypto::PrivateKey::generate(crypto::KeyKind::p256));
  RESCUE_CHECK(made.save_new(path));
  return made;
}

Result<crypto::ServerIdentity> StateFolder::server_identity() const {
  return crypto::load_server_identity(path_ / "server.pem", path_ / "server.key");
}
Result<> StateFolder::save_chain(const std::vector<crypto::Certificate>& chain) const {
  return crypto::replace_secret_file(path_ / "server.pem", base::as_bytes(crypto::to_pem(chain)));
}

Result<std::vector<crypto::PublicKey>> StateFolder::token_keys() const {
  RESCUE_TRY(const auto text, read_text(path_ / "token_keys"));
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return parse_token_keys(lines);
}
Result<> StateFolder::save_token_keys(const std::vector<crypto::PublicKey>& keys) const {
  std::string out;
  for (const auto& key : keys) {
    RESCUE_TRY(const auto raw, key.raw_ed25519());
    out += base::to_base64url(raw) + "\n";
  }
  return crypto::replace_secret_file(path_ / "token_keys", base::as_bytes(out));
}

Result<std::vector<crypto::PublicKey>> parse_token_keys(const std::vector<std::string>& texts) {
  if (texts.empty() || texts.size() > wire::kMaxTokenKeys)
    return fail(base::Errc::bad_format,
                fmt::format("{} token keys, 1 to {} are possible", texts.size(), wire::kMaxTokenKeys));
  std::vector<crypto::PublicKey> out;
  for (const auto& text : texts) {
    RESCUE_TRY(const auto raw, base::from_base64url(text));
    RESCUE_TRY(auto key, crypto::PublicKey::from_raw_ed25519(raw));
    out.push_back(std::move(key));
  }
  return out;
}

}  // namespace rescue::gateway

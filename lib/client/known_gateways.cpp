// SPDX-License-Identifier: Apache-2.0
#include "client/known_gateways.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "client/broker_api.hpp"
#include "crypto/hash.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::size_t kFileMax = 64 * 1024;
constexpr std::size_t kKept = 8;  // more than are ever called ahead
constexpr std::size_t kHostMax = 255;

std::optional<peer::GatewayAddress> address_of(const json::value& v) {
  if (!v.is_object()) return std::nullopt;
  const auto& o = v.as_object();
  const auto id = text_field(o, "id"), host = text_field(o, "host");
  const auto* port = o.if_contains("port");
  if (!id || !host || host->empty() || host->size() > kHostMax) return std::nullopt;
  if (port == nullptr || !port->is_int64() || port->as_int64() < 1 || port->as_int64() > 65535) return std::nullopt;
  return peer::GatewayAddress(*id, net::Endpoint(*host, static_cast<std::uint16_t>(port->as_int64())));
}

std::string text_of(const peer::Admission& admission) {
  json::array list;
  for (const auto& g : admission.gateways) {
    if (list.size() == kKept) break;
    list.push_back(json::object{{"id", g.id}, {"host", g.at.host}, {"port", g.at.port}});
  }
  return json::serialize(json::object{{"ca_pin", base::to_hex(admission.gateway_ca_pin)}, {"gateways", list}}) + "\n";
}

std::optional<std::string> whole_text(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  std::string text(kFileMax, '\0');
  const auto n = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (n < 0 || static_cast<std::size_t>(n) == kFileMax) return std::nullopt;
  text.resize(static_cast<std::size_t>(n));
  return text;
}

}  // namespace

fs::path known_gateways_file(const fs::path& state_dir, std::string_view site_url) {
  const auto digest = base::to_hex(crypto::sha256(base::as_bytes(site_url)));
  return state_dir / "gateways" / (digest.substr(0, 16) + ".json");
}

std::optional<KnownGateways> read_known_gateways(const fs::path& file) {
  const auto text = whole_text(file);
  if (!text) return std::nullopt;
  const auto parsed = parse_json(*text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const auto pin_text = text_field(parsed->as_object(), "ca_pin");
  const auto list = array_field(parsed->as_object(), "gateways");
  if (!pin_text) return std::nullopt;
  const auto pin = crypto::parse_digest256(*pin_text);
  if (!pin || !list || list->size() > kKept) return std::nullopt;
  KnownGateways out;
  out.ca_pin = *pin;
  for (const auto& v : *list) {
    auto address = address_of(v);
    if (!address) return std::nullopt;
    out.gateways.push_back(std::move(*address));
  }
  return out;
}

void write_known_gateways(const fs::path& file, const peer::Admission& admission) {
  const auto text = text_of(admission);
  if (whole_text(file) == text) return;
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  const auto fresh = file.string() + fmt::format(".{}", ::getpid());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  const auto n = ::write(fd, text.data(), text.size());
  ::close(fd);
  const bool whole = n == static_cast<ssize_t>(text.size());
  if (!whole || ::rename(fresh.c_str(), file.c_str()) != 0) ::unlink(fresh.c_str());
}

}  // namespace rescue::client

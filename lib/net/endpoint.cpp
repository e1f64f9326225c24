// SPDX-License-Identifier: Apache-2.0
#include "net/endpoint.hpp"

#include <fmt/format.h>

#include <charconv>

namespace rescue::net {

namespace {

constexpr std::size_t kHostCap = 255;  // RFC 1035 section 2.3.4

template <typename T>
base::Result<T> number(std::string_view text, unsigned most, std::string_view what) {
  unsigned v = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (ec != std::errc() || end != text.data() + text.size() || v > most)
    return base::fail(base::Errc::bad_format, fmt::format("{} '{}' (0 to {})", what, text, most));
  return static_cast<T>(v);
}

}  // namespace

base::Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return base::fail(base::Errc::bad_format, fmt::format("address '{}' has no port (host:port)", text));
  auto host = text.substr(0, colon);
  RESCUE_TRY(const auto port, number<std::uint16_t>(text.substr(colon + 1), 65535, "port"));
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    RESCUE_CHECK(IpAddress::parse(host));
  } else if (host.find(':') != std::string_view::npos) {
    return base::fail(base::Errc::bad_format, fmt::format("IPv6 address '{}' needs brackets: [address]:port", text));
  }
  if (host.empty() || host.size() > kHostCap || host.find_first_of(" \t\r\n/@[]") != std::string_view::npos)
    return base::fail(base::Errc::bad_format, fmt::format("host of '{}'", text));
  return Endpoint(std::string(host), port);
}

std::string Endpoint::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace rescue::net

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "config/settings.hpp"

namespace rescue::config {
namespace {

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  return ec == std::errc{} && end == text.data() + text.size() && port <= 65535 && text.size() <= 5;
}

bool is_host(std::string_view text) {
  // RFC 1035 length; characters of names and of IPv4 and IPv6 literals.
  if (text.empty() || text.size() > 253) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

bool is_ipv6(std::string_view text) {
  return !text.empty() && text.size() <= 45 && text.find(':') != std::string_view::npos &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
         });
}

}  // namespace

bool is_host_and_port(std::string_view value) {
  const auto colon = value.rfind(':');
  if (colon == std::string_view::npos || !is_port(value.substr(colon + 1))) return false;
  const auto host = value.substr(0, colon);
  if (host.starts_with('[')) return host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2));
  return is_host(host);
}

bool is_https_url(std::string_view value) {
  constexpr std::string_view kScheme = "https://";
  if (!value.starts_with(kScheme)) return false;
  const auto authority = value.substr(kScheme.size(), value.find('/', kScheme.size()) - kScheme.size());
  if (authority.starts_with('[')) {
    return authority.ends_with(']') ? is_ipv6(authority.substr(1, authority.size() - 2)) : is_host_and_port(authority);
  }
  return authority.find(':') == std::string_view::npos ? is_host(authority) : is_host_and_port(authority);
}

bool is_sha256_hex(std::string_view value) {
  return value.size() == 64 && std::ranges::all_of(value, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

}  // namespace rescue::config

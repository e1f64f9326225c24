// SPDX-License-Identifier: Apache-2.0
#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace rescue::net {

namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
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

base::Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string z(text);  // inet_pton wants a terminator
  std::array<std::uint8_t, 16> b{};
  if (z.size() == std::strlen(z.c_str())) {
    if (inet_pton(AF_INET6, z.c_str(), b.data()) == 1) return IpAddress(b);
    std::copy(kV4Prefix.begin(), kV4Prefix.end(), b.begin());
    if (inet_pton(AF_INET, z.c_str(), b.data() + kV4Prefix.size()) == 1) return IpAddress(b);
  }
  return base::fail(base::Errc::bad_format, fmt::format("'{}' is no IP address", text));
}

bool IpAddress::is_v4() const { return std::equal(kV4Prefix.begin(), kV4Prefix.end(), b_.begin()); }

bool IpAddress::is_loopback() const {
  if (is_v4()) return b_[12] == 127;
  return std::all_of(b_.begin(), b_.end() - 1, [](auto x) { return x == 0; }) && b_[15] == 1;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (is_v4())
    inet_ntop(AF_INET, b_.data() + kV4Prefix.size(), buffer, sizeof buffer);
  else
    inet_ntop(AF_INET6, b_.data(), buffer, sizeof buffer);
  return buffer;
}

base::Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  IpPrefix out;
  RESCUE_TRY(out.address_, IpAddress::parse(text.substr(0, slash)));
  const unsigned width = out.address_.is_v4() ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    RESCUE_TRY(bits, number<unsigned>(text.substr(slash + 1), width, "prefix length"));
  }
  out.bits_ = bits + (128 - width);
  return out;
}

bool IpPrefix::contains(const IpAddress& a) const {
  const auto& x = a.mapped();
  const auto& y = address_.mapped();
  const unsigned whole = bits_ / 8;
  if (std::memcmp(x.data(), y.data(), whole) != 0) return false;
  if (bits_ % 8 == 0) return true;
  return ((x[whole] ^ y[whole]) >> (8 - bits_ % 8)) == 0;
}

std::string IpPrefix::text() const {
  return fmt::format("{}/{}", address_.text(), address_.is_v4() ? bits_ - 96 : bits_);
}

}  // namespace rescue::net

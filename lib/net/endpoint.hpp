// SPDX-License-Identifier: Apache-2.0
// Addresses as values, without Asio: "host:port" text, numeric IP addresses, CIDR prefixes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::net {

/// A host name or numeric address with a port, as people write it: "support.example:8443", "127.0.0.1:0", "[::1]:443".
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  Endpoint() = default;
  Endpoint(std::string h, std::uint16_t p) : host(std::move(h)), port(p) {}
  /// bad_format on a missing or impossible port, an empty host or an unbracketed IPv6 address.
  [[nodiscard]] static base::Result<Endpoint> parse(std::string_view text);
  /// An IPv6 address is put into brackets.
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Endpoint&) const = default;
};

/// A numeric address. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), so both compare in one space.
class IpAddress {
 public:
  IpAddress() = default;  // "::"
  explicit IpAddress(std::array<std::uint8_t, 16> mapped) : b_(mapped) {}
  [[nodiscard]] static base::Result<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& mapped() const { return b_; }
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> b_{};
};

/// "10.0.0.0/8", "2001:db8::/32"; a bare address is a prefix of its full length.
class IpPrefix {
 public:
  [[nodiscard]] static base::Result<IpPrefix> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& a) const;
  [[nodiscard]] std::string text() const;

 private:
  IpAddress address_;
  unsigned bits_ = 128;  // counted in the mapped space: IPv4 /8 is 104
};

}  // namespace rescue::net

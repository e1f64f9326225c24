// SPDX-License-Identifier: Apache-2.0
// Addresses as values, without Asio: "host:port" text. Numeric IP addresses and CIDR prefixes: base/ip.hpp.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.hpp"
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

using base::IpAddress;
using base::IpPrefix;

}  // namespace rescue::net

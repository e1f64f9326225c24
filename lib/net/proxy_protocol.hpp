// SPDX-License-Identifier: Apache-2.0
// PROXY protocol version 2 (haproxy.org, proxy-protocol.txt section 2.2), sans-IO: header bytes to and from addresses.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "net/endpoint.hpp"

namespace rescue::net {

/// Fixed part: 12 bytes signature, version and command, family and protocol, u16 length of what follows.
inline constexpr std::size_t kProxyFixedSize = 16;
/// Addresses and extensions (TLVs) after it; the protocol allows 65535, real ones stay under this.
inline constexpr std::size_t kProxyRestCap = 1024;
inline constexpr std::uint8_t kProxyFirstByte = 0x0D;  // never the first byte of TLS or of an HTTP method

struct ProxiedPeer {
  IpAddress source;
  std::uint16_t source_port = 0;
  IpAddress destination;
  std::uint16_t destination_port = 0;
};

/// From the fixed part: how many bytes follow it. bad_format, too_large.
[[nodiscard]] base::Result<std::size_t> proxy_rest_size(base::ByteView fixed);
/// The whole header. nullopt: command LOCAL (a health check), or a family without addresses: use the socket's own.
[[nodiscard]] base::Result<std::optional<ProxiedPeer>> parse_proxy_header(base::ByteView fixed, base::ByteView rest);
/// A header of command PROXY over TCP; IPv4 when both addresses are.
[[nodiscard]] base::Bytes write_proxy_header(const ProxiedPeer& peer);

}  // namespace rescue::net

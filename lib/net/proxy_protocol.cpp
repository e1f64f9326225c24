// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rescue::net {

namespace {

constexpr std::array<std::uint8_t, 12> kSignature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                     0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr std::uint8_t kCommandLocal = 0x20;  // version 2 in the upper half
constexpr std::uint8_t kCommandProxy = 0x21;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::size_t kTcp4Size = 12;
constexpr std::size_t kTcp6Size = 36;

IpAddress v4(base::ByteView b) {
  std::array<std::uint8_t, 16> mapped{};
  mapped[10] = mapped[11] = 0xFF;
  std::copy(b.begin(), b.end(), mapped.begin() + 12);
  return IpAddress(mapped);
}

IpAddress v6(base::ByteView b) {
  std::array<std::uint8_t, 16> all{};
  std::copy(b.begin(), b.end(), all.begin());
  return IpAddress(all);
}

}  // namespace

base::Result<std::size_t> proxy_rest_size(base::ByteView fixed) {
  if (fixed.size() != kProxyFixedSize || !std::equal(kSignature.begin(), kSignature.end(), fixed.begin()))
    return base::fail(base::Errc::bad_format, "PROXY header: wrong signature");
  if (fixed[12] != kCommandLocal && fixed[12] != kCommandProxy)
    return base::fail(base::Errc::bad_format, fmt::format("PROXY header: version and command 0x{:02x}", fixed[12]));
  const std::size_t rest = static_cast<std::size_t>(fixed[14]) << 8 | fixed[15];
  if (rest > kProxyRestCap)
    return base::fail(base::Errc::too_large, fmt::format("PROXY header: {} bytes of addresses", rest));
  return rest;
}

base::Result<std::optional<ProxiedPeer>> parse_proxy_header(base::ByteView fixed, base::ByteView rest) {
  RESCUE_TRY(const auto size, proxy_rest_size(fixed));
  if (rest.size() != size) return base::fail(base::Errc::bad_format, "PROXY header: wrong length");
  const auto family = fixed[13];
  if (fixed[12] == kCommandLocal || (family != kTcp4 && family != kTcp6)) return std::nullopt;
  if (size < (family == kTcp4 ? kTcp4Size : kTcp6Size))
    return base::fail(base::Errc::bad_format, "PROXY header: addresses cut short");
  base::ByteReader r(rest);
  ProxiedPeer peer;
  if (family == kTcp4) {
    peer.source = v4(*r.take(4));
    peer.destination = v4(*r.take(4));
  } else {
    peer.source = v6(*r.take(16));
    peer.destination = v6(*r.take(16));
  }
  peer.source_port = *r.u16();
  peer.destination_port = *r.u16();
  return peer;
}

base::Bytes write_proxy_header(const ProxiedPeer& peer) {
  const bool four = peer.source.is_v4() && peer.destination.is_v4();
  base::ByteWriter w;
  w.bytes(kSignature);
  w.u8(kCommandProxy);
  w.u8(four ? kTcp4 : kTcp6);
  w.u16(static_cast<std::uint16_t>(four ? kTcp4Size : kTcp6Size));
  const std::size_t skip = four ? 12 : 0;
  w.bytes(base::ByteView(peer.source.mapped()).subspan(skip));
  w.bytes(base::ByteView(peer.destination.mapped()).subspan(skip));
  w.u16(peer.source_port);
  w.u16(peer.destination_port);
  return std::move(w).take();
}

}  // namespace rescue::net

// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/client_hello.hpp"

#include "crypto/tls.hpp"

namespace rescue::gateway {
namespace {
using base::ByteReader;
using base::ByteView;

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint16_t kAlpnExtension = 16;
constexpr std::size_t kMaxRecord = 16 * 1024 + 256;
constexpr std::size_t kRandomBytes = 32;

std::optional<ByteView> vector8(ByteReader& r) {
  const auto n = r.u8();
  return n ? r.take(*n) : std::nullopt;
}
std::optional<ByteView> vector16(ByteReader& r) {
  const auto n = r.u16();
  return n ? r.take(*n) : std::nullopt;
}

bool offers_gateway(ByteView alpn) {
  ByteReader outer(alpn);
  const auto list = vector16(outer);
  if (!list) return false;
  ByteReader names(*list);
  while (const auto name = vector8(names)) {
    if (base::as_text(*name) == crypto::kAlpnGateway) return true;
  }
  return false;
}

// `body` is a whole ClientHello without its handshake header.
Destination look(ByteView body) {
  ByteReader r(body);
  const bool head = r.u16() && r.take(kRandomBytes) && vector8(r) && vector16(r) && vector8(r);
  const auto extensions = head ? vector16(r) : std::nullopt;
  if (!extensions) return Destination::broker;
  ByteReader e(*extensions);
  while (const auto type = e.u16()) {
    const auto content = vector16(e);
    if (!content) break;
    if (*type == kAlpnExtension) return offers_gateway(*content) ? Destination::gateway : Destination::broker;
  }
  return Destination::broker;
}
}  // namespace

Destination destination_of(ByteView first_bytes) {
  ByteReader r(first_bytes);
  base::Bytes message;  // handshake bytes of all records so far: a ClientHello may be spread over several
  while (true) {
    const bool full = first_bytes.size() >= kMaxPeek;
    const auto undecided = full ? Destination::broker : Destination::undecided;
    if (r.empty()) return undecided;
    const auto type = r.u8();
    if (*type != kHandshakeRecord) return Destination::broker;
    const auto version = r.u16();
    const auto length = r.u16();
    if (!version || !length) return undecided;
    if ((*version >> 8) != 3 || *length == 0 || *length > kMaxRecord) return Destination::broker;
    const std::size_t here = std::min<std::size_t>(*length, r.left());
    base::append(message, *r.take(here));
    if (message.empty()) return undecided;
    if (message[0] != kClientHello) return Destination::broker;
    if (message.size() >= 4) {
      const std::size_t size = std::size_t{message[1]} << 16 | std::size_t{message[2]} << 8 | message[3];
      if (size > kMaxPeek) return Destination::broker;
      if (message.size() >= 4 + size) return look(ByteView(message).subspan(4, size));
    }
    if (here < *length) return undecided;
  }
}

}  // namespace rescue::gateway

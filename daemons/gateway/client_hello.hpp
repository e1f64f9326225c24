// SPDX-License-Identifier: Apache-2.0
// What the front must know of a connection's first bytes: are they a TLS ClientHello (RFC 8446 section 4.1.2) that
// offers the gateway's ALPN name (RFC 7301)? Sans-IO; looks, consumes nothing.
#pragma once

#include "base/bytes.hpp"

namespace rescue::gateway {

/// A ClientHello with many key shares takes about 2 kB; past this nobody looks further.
inline constexpr std::size_t kMaxPeek = 16 * 1024;

enum class Destination : std::uint8_t {
  undecided,  // the ClientHello is not complete yet
  gateway,    // it offers "rescue-gw/1"
  broker,     // anything else: HTTPS, TLS without ALPN, or no TLS at all
};
[[nodiscard]] Destination destination_of(base::ByteView first_bytes);

}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
// An address of the web that one person sends another to open: what it really is, and what may deceive about it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::session {

/// Why a host name is not to be read at a glance.
enum class AddressDoubt : std::uint8_t {
  none,
  mixed_scripts,  // a word of letters of several alphabets
  look_alike,     // a word of another alphabet that looks like Latin letters
  unusual,        // characters that no alphabet of host names has
};

struct WebAddress {
  std::string address;  // whole, ASCII (RFC 3986): what is shown and what is opened
  std::string host;     // as it stands in `address`: small letters, Punycode
  std::string letters;  // the host in its own letters where that is something else; else empty
  AddressDoubt doubt = AddressDoubt::none;
  friend bool operator==(const WebAddress&, const WebAddress&) = default;
};

/// http and https alone. Letters outside ASCII are encoded as browsers do: the host in Punycode (RFC 3492), the rest in
/// percent signs. Errors: invalid_argument (another scheme, no host, a name before the host, spaces, control
/// characters, backslashes), too_large (wire::kUrlMax).
[[nodiscard]] base::Result<WebAddress> read_web_address(std::string_view text);

}  // namespace rescue::session

// SPDX-License-Identifier: Apache-2.0
// Punycode (RFC 3492) with the parameters of internationalised host names, without the "xn--" in front.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rescue::session {

/// Nothing where it would be longer than a label of a host name (63 bytes).
[[nodiscard]] std::optional<std::string> punycode_encode(std::u32string_view label);
/// Nothing for what is no Punycode, or stands for more than 63 characters.
[[nodiscard]] std::optional<std::u32string> punycode_decode(std::string_view label);

}  // namespace rescue::session

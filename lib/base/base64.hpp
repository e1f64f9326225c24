// SPDX-License-Identifier: Apache-2.0
// Base64 with the ordinary alphabet and padding (RFC 4648 section 4). For what is in a URL or a name: base64url of
// base/bytes.hpp.
#pragma once

#include "base/bytes.hpp"

namespace rescue::base {

[[nodiscard]] std::string to_base64(ByteView b);
/// bad_format for anything that to_base64 does not make: other characters, line breaks, missing padding, stray bits.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);

}  // namespace rescue::base

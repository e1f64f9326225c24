// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rescue::base {

/// RFC 3986 section 2.1: every byte but the unreserved characters of section 2.3 as %XX, in capitals.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace rescue::base

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rescue::base {

/// For text and quoted attribute values of HTML and XML alike: & < > " ' become references. Bytes that are no UTF-8 or
/// that XML forbids stay as they are; callers have checked them.
[[nodiscard]] std::string escape_markup(std::string_view text);

}  // namespace rescue::base

// SPDX-License-Identifier: Apache-2.0
// Names of things that commands and URLs take as well as their ids: groups, channels.
#pragma once

#include <string_view>

#include "base/guid.hpp"
#include "directory/accounts.hpp"

namespace rescue::directory::impl {

/// A line as check_line() wants it, without space at its ends, that does not read as an id.
[[nodiscard]] inline base::Result<> check_name(std::string_view name, std::string_view what) {
  RESCUE_CHECK(check_line(name, what));
  if (name.front() == ' ' || name.back() == ' ')
    return base::fail(base::Errc::invalid_argument, std::string(what) + ": begins or ends with a space");
  if (base::Guid::parse(name)) return base::fail(base::Errc::invalid_argument, std::string(what) + ": reads as an id");
  return {};
}

[[nodiscard]] inline base::Result<> check_optional_line(std::string_view text, std::string_view what, std::size_t max) {
  if (text.empty()) return {};
  return check_line(text, what, max);
}

}  // namespace rescue::directory::impl

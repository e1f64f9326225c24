// SPDX-License-Identifier: Apache-2.0
// TOML that people write, as JSON that a program sends on.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::config {

struct TomlJson {
  std::string json;  // one object
  /// Where each element of an array of tables begins, by its place: "users[3]" -> line 17.
  std::map<std::string, std::size_t, std::less<>> lines;
};

/// bad_format names file, line and column: not TOML, not UTF-8, or with a date, time, infinity or not-a-number, which
/// JSON has no form for. `file_name` is for messages.
[[nodiscard]] base::Result<TomlJson> toml_as_json(std::string_view toml, std::string_view file_name);

}  // namespace rescue::config

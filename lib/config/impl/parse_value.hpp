// SPDX-License-Identifier: Apache-2.0
// Text and TOML nodes to checked values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings.hpp"

namespace rescue::config {

/// The form that base::parse_duration reads, in the largest unit that is exact.
[[nodiscard]] std::string duration_text(base::Duration d);

/// The text form (environment, flag, default). The error is the rest of a sentence: "must be 1 to 65535, not '70000'".
[[nodiscard]] std::expected<Value, std::string> parse_text(const Key& key, std::string_view text);
/// Whether a value of the right type keeps the key's constraint; nullopt when it does.
[[nodiscard]] std::optional<std::string> broken_constraint(const Key& key, const Value& value);

/// One value of a file, with the place it was found at.
struct FileValue {
  const Key* key;
  Value value;
  std::string place;
};
/// All values of a TOML text; every problem found, each with file, line and column.
[[nodiscard]] std::expected<std::vector<FileValue>, std::vector<std::string>> parse_file(const KeyTable& table,
                                                                                         std::string_view toml,
                                                                                         std::string_view file_name);

}  // namespace rescue::config

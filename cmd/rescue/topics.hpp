// SPDX-License-Identifier: Apache-2.0
// Texts of `rescue help TOPIC`.
#pragma once

#include <string_view>

namespace rescue::program {

inline constexpr std::string_view kTopics[] = {"exit-codes", "environment", "formatting"};
/// Null when there is no such topic.
[[nodiscard]] const char* topic_text(std::string_view topic);

}  // namespace rescue::program

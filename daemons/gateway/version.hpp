// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace rescue::gateway {
inline constexpr std::string_view kVersion = RESCUE_VERSION;  // of the project, set by CMake
}  // namespace rescue::gateway

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace rescue::screen {

/// The pixel at p now stood at p + (dx, dy) before.
struct Vector {
  std::int32_t dx = 0;
  std::int32_t dy = 0;
  bool operator==(const Vector&) const = default;
};

}  // namespace rescue::screen

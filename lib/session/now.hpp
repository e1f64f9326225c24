// SPDX-License-Identifier: Apache-2.0
// Both times of one moment: steady for deadlines, wall for what is recorded or shown.
#pragma once

#include "base/clock.hpp"

namespace rescue::session {

struct Now {
  base::SteadyTime steady;
  base::WallTime wall;
  [[nodiscard]] static Now of(const base::Clock& clock) { return {clock.steady(), clock.wall()}; }
};

}  // namespace rescue::session

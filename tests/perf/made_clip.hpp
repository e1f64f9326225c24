// SPDX-License-Identifier: Apache-2.0
// A small synthetic capture for the tests of these tools: a terminal that types and scrolls beside a photo-like picture
// that stands still, then a part that moves like video, then rest. Not like real work; tests/perf/visit is.
#pragma once

#include <string>

#include "screen/frame.hpp"

namespace rescue::perf {

struct MadeClip {
  double seconds = 6;
  screen::Size size{640, 400};
};

/// The same bytes of pixels on every machine.
[[nodiscard]] base::Result<> make_clip(const std::string& path, const MadeClip& settings);

}  // namespace rescue::perf

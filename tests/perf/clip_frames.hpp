// SPDX-License-Identifier: Apache-2.0
// The pictures of a desktop capture one after the other, as a video encoder wants them.
#pragma once

#include "perf/clip_source.hpp"

namespace rescue::perf {

struct FrameSettings {
  double fps = 0;  // above 0: sampled at this rate. 0: every changed picture once
  bool cursor = false;
  std::chrono::microseconds until = std::chrono::microseconds::max();
};

/// Calls `take` with each picture; its first error ends it.
[[nodiscard]] base::Result<> each_frame(const std::string& clip, const FrameSettings& settings,
                                        const std::function<base::Result<>(const screen::Frame&)>& take);

}  // namespace rescue::perf

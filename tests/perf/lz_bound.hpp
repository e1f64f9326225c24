// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"

namespace rescue::perf {

/// Prints {"bytes":…,"cpu_s":…,"plain_mb":…} for all changed 64x64 tiles of a capture (B G R) as one zstd stream that
/// may look back 128 MiB.
[[nodiscard]] base::Result<> print_lz_bound(const std::string& clip, std::chrono::microseconds until, int level);

}  // namespace rescue::perf

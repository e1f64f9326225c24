// SPDX-License-Identifier: Apache-2.0
// What a program of the system says, for what the system tells through programs alone.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace rescue::applet {

/// Runs `argv` (found by $PATH, without a shell, in the C locale, without input or terminal) and gives what it wrote to
/// its standard output, cut at `bytes_max`. It and what it started are killed after `limit`. not_found: no such
/// program. timed_out. io: it failed. Blocks; for worker threads.
[[nodiscard]] base::Result<std::string> command_output(const std::vector<std::string>& argv, base::Duration limit,
                                                       std::size_t bytes_max);

}  // namespace rescue::applet

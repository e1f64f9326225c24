// SPDX-License-Identifier: Apache-2.0
// The process between the applet and a script that a technician runs: rescue-applet started again with kGuardArgument,
// directly or by sudo or su. It gives the script a clean environment and a process group of its own, reads its output
// no faster than the applet takes it, and ends all that the script started, whatever that did to get away: when the
// script is over, when it is told to, when time is up, and when the applet is gone, even killed, as its standard input
// ends then.
#pragma once

#include <chrono>
#include <string_view>

namespace rescue::applet {

inline constexpr std::string_view kGuardArgument = "--script-guard";
/// Between SIGTERM and SIGKILL of a script that is told to end.
inline constexpr std::chrono::seconds kScriptGrace{2};
/// Output of one script that is passed on; the rest is read and counted.
inline constexpr std::uint64_t kScriptOutputTotal = 16 * 1024 * 1024;

/// Body of the guard's main(); frames of script_frames.hpp on descriptors 0 and 1. Does not return.
[[noreturn]] void run_script_guard();

}  // namespace rescue::applet

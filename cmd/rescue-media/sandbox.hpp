// SPDX-License-Identifier: Apache-2.0
// Gives up what converting does not need, because recordings hold bytes from strangers.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace rescue::media_program {

/// From now on this process can make no sockets, start no programs, and (where the kernel has Landlock) read only
/// `inputs` (files and folders) and write only in `output_folder` ("": nowhere). Call before any thread exists. Errors:
/// io, when the system call filter cannot be set. Returns the names of the layers that hold, for the report.
[[nodiscard]] base::Result<std::vector<std::string>> confine(const std::vector<std::string>& inputs,
                                                             const std::string& output_folder);

}  // namespace rescue::media_program

// SPDX-License-Identifier: Apache-2.0
// Leaves the process nothing but reading, writing and thinking.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace rescue::saml_program {

/// From now on this process can open no file, make no socket, start no program and no thread, and use 10 seconds of CPU
/// and 512 MiB at most; a system call that is not on the short list ends it. (With AddressSanitizer the list is the
/// other way round: what reaches outside is refused.) Returns the names of the layers that hold. Errors: io, when the
/// system call filter cannot be set; without it nothing is parsed.
[[nodiscard]] base::Result<std::vector<std::string>> confine();

}  // namespace rescue::saml_program

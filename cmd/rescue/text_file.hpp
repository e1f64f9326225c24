// SPDX-License-Identifier: Apache-2.0
// Files that people write, as a command takes them.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/env.hpp"

namespace rescue::program {

/// The file, or standard input for "-". too_large past `cap` bytes, not_found, io.
[[nodiscard]] base::Result<std::string> read_text_file(const cli::Env& env, const std::string& name, std::size_t cap);

}  // namespace rescue::program

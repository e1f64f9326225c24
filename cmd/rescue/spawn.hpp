// SPDX-License-Identifier: Apache-2.0
// Child processes of the command line.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/env.hpp"

namespace rescue::program {

/// Descriptors that become the child's standard streams; -1: the same as here.
struct Streams {
  int in = -1;
  int out = -1;
  int err = -1;
};

/// Starts `program` with `arguments` (its name first) and the environment of `env`. Whoever starts it waits for it. The
/// error names the program.
[[nodiscard]] base::Result<pid_t> spawn(const cli::Env& env, const std::filesystem::path& program,
                                        std::vector<std::string> arguments, const Streams& streams);

}  // namespace rescue::program

// SPDX-License-Identifier: Apache-2.0
// The technician's command line: everything of man rescue(1).
#pragma once

#include "cli/env.hpp"
#include "cli/flags.hpp"

namespace rescue::program {

/// Every command and flag of `rescue`.
extern const cli::Program kProgram;

int x_main(cli::Args args, cli::Env& env);

}  // namespace rescue::program

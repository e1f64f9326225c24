// SPDX-License-Identifier: Apache-2.0
// rescue-broker: the whole program as a function.
#pragma once

#include "cli/env.hpp"
#include "cli/flags.hpp"
#include "cli/parse.hpp"
#include "config/settings.hpp"

namespace rescue::broker {

extern const cli::Program kProgram;

int x_main(cli::Args args, cli::Env& env);

/// --state, or RESCUE_BROKER_STATE, or the user's state folder. invalid_argument when there is none of them.
[[nodiscard]] base::Result<std::filesystem::path> state_folder(const cli::Parsed& parsed, const cli::Env& env);
/// Flags over environment over --config (or the state folder's broker.toml) over defaults.
[[nodiscard]] base::Result<config::Settings> load_settings(const cli::Parsed& parsed, const cli::Env& env,
                                                           const std::filesystem::path& state);

/// The commands.
int init_command(const cli::Parsed& parsed, cli::Env& env);
int unlock_command(const cli::Parsed& parsed, cli::Env& env);
int run_command(const cli::Parsed& parsed, cli::Env& env);

}  // namespace rescue::broker

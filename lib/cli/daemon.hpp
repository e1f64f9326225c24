// SPDX-License-Identifier: Apache-2.0
// What the command lines of daemons have in common: --state, --config, and flags that stand for configuration keys. A
// daemon hands the answers to the loader of the room `config`.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cli/env.hpp"
#include "cli/parse.hpp"

namespace rescue::cli {

/// --state, else $XDG_STATE_HOME/rescue/`name`. invalid_argument when there is neither.
[[nodiscard]] base::Result<std::filesystem::path> state_folder(const Parsed& parsed, const Env& env,
                                                               std::string_view name);

/// --config; else `own`, the file in the state folder, where there is one.
[[nodiscard]] std::optional<std::string> config_file(const Parsed& parsed, const Env& env,
                                                     const std::filesystem::path& own);

/// A flag and the configuration key that it sets.
using FlagKey = std::pair<std::string_view, std::string_view>;
/// Key and text of those that were given on the command line itself: environment and file are the loader's.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> given_keys(const Parsed& parsed,
                                                                          std::span<const FlagKey> flags);

/// Env::var as a function. `env` outlives it.
[[nodiscard]] std::function<std::optional<std::string>(std::string_view)> environment_of(const Env& env);

}  // namespace rescue::cli

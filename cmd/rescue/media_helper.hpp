// SPDX-License-Identifier: Apache-2.0
// Runs rescue-media, which alone links the video libraries and confines itself.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/env.hpp"

namespace rescue::program {

/// Beside this program, in ../libexec/rescue and in PATH. not_found with these places.
[[nodiscard]] base::Result<std::filesystem::path> find_media_helper(const cli::Env& env);

struct MediaResult {
  boost::json::object said;  // its object on standard output
  int code = 0;              // 0, or 3: done, but parts are missing
};
using MediaProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Runs it to its end; several threads may do so at a time. `arguments` without the program's name. Errors: what it
/// said; internal when it ended without a result.
[[nodiscard]] base::Result<MediaResult> run_media(const cli::Env& env, const std::filesystem::path& program,
                                                  std::vector<std::string> arguments, const MediaProgress& progress);

}  // namespace rescue::program

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
#include "client/agent_socket.hpp"

namespace rescue::program {

/// Beside this program, in ../libexec/rescue and in PATH. not_found with these places.
[[nodiscard]] base::Result<std::filesystem::path> find_media_helper(const cli::Env& env);

struct MediaResult {
  boost::json::object said;  // its object on standard output
  int code = 0;              // 0, or 3: done, but parts are missing
};
/// How far it is, in milliseconds of the recording.
using MediaProgress = std::function<void(std::uint64_t done_ms, std::uint64_t total_ms)>;

/// Runs it to its end; several threads may do so at a time. `arguments` without the program's name. `video`: what
/// becomes its standard output when a video goes there; closed here once it runs. Errors: what it said; internal when
/// it ended without a result.
[[nodiscard]] base::Result<MediaResult> run_media(const cli::Env& env, const std::filesystem::path& program,
                                                  std::vector<std::string> arguments, const MediaProgress& progress,
                                                  client::Descriptor video = {});
/// A program in PATH; empty when there is none.
[[nodiscard]] std::filesystem::path find_in_path(const cli::Env& env, std::string_view name);

}  // namespace rescue::program

// SPDX-License-Identifier: Apache-2.0
// rescue-media: the helper that reads recordings with FFmpeg linked in. `rescue recording convert` starts it; it can be
// used alone:
//   rescue-media convert IN… -o OUT [--fps N] [--codec C] [--no-cursor] [--sidecars] [--overwrite] [--progress json]
// stdout: one JSON object with the result (on stderr when the video goes to stdout). stderr (or --progress-fd N):
// progress, one JSON object a line. stderr: an error as one JSON object. Exit codes: man rescue(1); 3 when a damaged
// part of the recording is missing in the output.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace rescue::media_program {

struct Env {
  std::ostream& out;
  std::ostream& err;
  bool confine = false;  // give up rights before any recording is read; for the rest of the process
  std::function<bool()> canceled;
};

/// `args` with the program's name first. Returns the exit code.
[[nodiscard]] int x_main(const std::vector<std::string>& args, Env& env);

}  // namespace rescue::media_program

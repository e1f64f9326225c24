// SPDX-License-Identifier: Apache-2.0
// Videos to recordings, without loss after decoding: old archives shrink, and the screen codec can be measured on any
// material.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/random.hpp"
#include "media/convert.hpp"

namespace rescue::media {

struct ImportOptions {
  std::function<void(const Progress&)> on_progress;  // milliseconds instead of frames; about ten times a second of work
  std::function<bool()> canceled;                    // asked at every frame
};

struct ImportSummary {
  std::string path;
  std::int64_t frames = 0;   // of the video
  std::int64_t changed = 0;  // frames that differ from the one before, and so were recorded
  std::chrono::microseconds duration{};
  screen::Size size;  // of the first frame
  std::string codec;  // of the video, as FFmpeg names it
  std::uint64_t bytes = 0;
  std::string sha256_hex;
  /// Why frames of the video are missing: nothing when it was whole.
  std::optional<std::string> damage;
};

/// The first video stream of any file that FFmpeg reads, from its first frame on, as RGB (YUV is converted as its
/// stream says, BT.601 when it says nothing). Sound is left out. The recording gets a session id of its own; its start
/// is the video's creation time where it has one. Written under a temporary name and renamed; never replaces a file.
/// What can be decoded of a damaged video is kept. Blocks; one call at a time per process. Errors: not_found,
/// bad_format (no video, or none of it decodes), too_large (a frame outside of screen::Size), conflict (`out` exists),
/// canceled, no_space, io.
[[nodiscard]] base::Result<ImportSummary> import_video(const std::string& in, const std::string& out,
                                                       const ImportOptions& options, base::RandomSource& random);

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
// A desktop capture as the recording of a session.
#pragma once

#include "perf/clip_run.hpp"

namespace rescue::perf {

struct RecordedClip {
  std::uint64_t bytes = 0;         // of the file
  std::uint64_t video_bytes = 0;   // screen packets
  std::uint64_t cursor_bytes = 0;  // shapes and positions, as rcrec(5) lays them out
  std::uint64_t event_bytes = 0;   // JSON of chat and events
  double seconds = 0;

  /// What the container adds, as a share of what it carries.
  [[nodiscard]] double overhead() const;
  [[nodiscard]] std::string json() const;
};

/// Encodes the capture as told and writes it with cursor, the events of a usual session and a chat line every 20 s.
/// Replaces `out`. Errors: those of the codec, the reader and the writer.
[[nodiscard]] base::Result<RecordedClip> record_clip(const std::string& clip, const std::string& out,
                                                     const RunSettings& settings);

}  // namespace rescue::perf

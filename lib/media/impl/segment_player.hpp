// SPDX-License-Identifier: Apache-2.0
// Plays a part of joined recordings into packets.
#pragma once

#include <atomic>

#include "media/impl/player.hpp"
#include "media/impl/segment_queue.hpp"
#include "media/impl/picture_encoder.hpp"

namespace rescue::media {

/// A conversion as it is planned; the same for all its parts, and read by all their threads.
struct Plan {
  const ConvertOptions& options;
  VideoFormat format;
  screen::Size native;  // holds every picture of the recordings
  std::vector<Scan> scans;
  std::vector<rcrec::Time> starts;  // of each input in the joined recordings

  /// Of a part of the recordings, only the damage that comes up while it plays is told; of all, what the scan found.
  [[nodiscard]] bool is_part() const { return options.from > rcrec::Time{} || options.to; }
  /// The time in the joined recordings that a tick shows.
  [[nodiscard]] rcrec::Time joined_time(std::int64_t tick) const {
    return options.from + rcrec::Time(tick * 1'000'000 / format.fps);
  }
};

/// Parts to convert for themselves. They begin at keyframes of the video that come a little after checkpoints of the
/// recordings, so that little has to be decoded twice.
[[nodiscard]] std::vector<Segment> segments_of(const Plan& plan);

/// What threads of one conversion share.
struct Shared {
  std::atomic<std::int64_t> ticks_done = 0;
  std::atomic<bool> stop = false;
};

/// Plays `segment` into `queue` and closes it.
void play_segment(const Plan& plan, Segment segment, Shared& shared, SegmentQueue& queue);

}  // namespace rescue::media

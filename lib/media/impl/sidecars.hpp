// SPDX-License-Identifier: Apache-2.0
// What a video file cannot hold, beside it: chat and events as subtitles (.srt), and whole as JSON lines
// (.events.jsonl).
#pragma once

#include <fstream>

#include "media/convert.hpp"

namespace rescue::media {

class Sidecars {
 public:
  /// Files named after `out` with another suffix, under temporary names until commit(); without `events` the
  /// subtitles alone.
  [[nodiscard]] static base::Result<Sidecars> create(const std::string& out, bool events);
  Sidecars(Sidecars&&) = default;
  Sidecars& operator=(Sidecars&&) = delete;
  ~Sidecars();

  /// `at` is the place in the video, `wall` the time of day.
  void add(const rcrec::TimelineItem& item, rcrec::Time at, base::WallTime wall);
  /// Returns the final names. Errors: no_space, io.
  [[nodiscard]] base::Result<std::vector<std::string>> commit();

 private:
  struct Part {
    std::string path;
    std::ofstream out;
  };
  Sidecars() = default;
  void add_cue(rcrec::Time at, const std::string& text);
  Part subtitles_;
  Part events_;
  std::uint64_t cues_ = 0;
  bool committed_ = false;
};

}  // namespace rescue::media

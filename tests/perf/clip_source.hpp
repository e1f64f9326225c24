// SPDX-License-Identifier: Apache-2.0
// A desktop capture that is played: the picture at a time, and what changed since it was asked for last.
#pragma once

#include <functional>

#include "perf/xcp_reader.hpp"

namespace rescue::perf {

class ClipSource {
 public:
  /// Only the beginning, up to `until`.
  [[nodiscard]] static base::Result<ClipSource> open(
      const std::string& path, std::chrono::microseconds until = std::chrono::microseconds::max());

  /// On to the next picture. False, with the time at the end, when there is none.
  [[nodiscard]] base::Result<bool> next_picture();
  /// On to what is shown at `t`. False when the capture ends before.
  [[nodiscard]] base::Result<bool> advance_to(std::chrono::microseconds t);
  /// When the next picture comes, or the end.
  [[nodiscard]] base::Result<std::chrono::microseconds> upcoming();

  [[nodiscard]] const screen::Frame& frame() const { return reader_.frame(); }
  [[nodiscard]] screen::Point cursor() const { return cursor_; }
  [[nodiscard]] std::size_t pictures() const { return pictures_; }      // so far
  [[nodiscard]] std::chrono::microseconds now() const { return now_; }  // time of the last record, or the end
  /// What changed since the last call.
  [[nodiscard]] screen::Damage take_damage() { return std::exchange(damage_, {}); }

  /// Called with each cursor record, for those who want more than the position.
  std::function<base::Result<>(const XcpReader::Record&)> on_cursor;

 private:
  ClipSource(XcpReader reader, std::chrono::microseconds until) : reader_(std::move(reader)), until_(until) {}
  enum class Step { picture, cursor, later, end };
  [[nodiscard]] base::Result<Step> step(std::chrono::microseconds limit);

  XcpReader reader_;
  std::chrono::microseconds until_;
  screen::Damage damage_;
  screen::Point cursor_;
  std::size_t pictures_ = 0;
  std::chrono::microseconds now_{};
};

}  // namespace rescue::perf

// SPDX-License-Identifier: Apache-2.0
// What one part of a conversion gives, on its way from the thread that makes it to the one that writes the file.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <variant>

#include "media/convert.hpp"
#include "media/impl/ffmpeg.hpp"

namespace rescue::media {

/// A chat line, an event or damage, at its place in the video.
struct Happening {
  rcrec::TimelineItem item;
  rcrec::Time at{};
  base::WallTime wall;
};
using Produced = std::variant<Owned<AVPacket>, Happening, Gap>;

/// Holds kMaxQueuedBytes: a part that is not written yet waits, so memory does not grow with a recording.
class SegmentQueue {
 public:
  static constexpr std::size_t kMaxQueuedBytes = std::size_t{16} << 20;

  /// Waits for room. canceled when nobody wants more.
  [[nodiscard]] base::Result<> push(Produced p);
  /// What is in it counts for so many bytes.
  [[nodiscard]] std::size_t bytes();
  /// Nothing follows, or an error does.
  void close(base::Result<> how);
  /// Whoever pushes is told to stop.
  void cancel();

  struct Closed {};
  struct NothingYet {};
  using Popped = std::variant<Produced, Closed, NothingYet>;
  /// Waits at most `patience`. The error that it was closed with.
  [[nodiscard]] base::Result<Popped> pop(std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::size_t, Produced>> items_;  // with what they count for
  std::size_t bytes_ = 0;
  std::optional<base::Result<>> closed_;
  bool canceled_ = false;
};

}  // namespace rescue::media

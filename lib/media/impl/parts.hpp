// SPDX-License-Identifier: Apache-2.0
// The parts of a conversion, several played at a time, and what they give in order.
#pragma once

#include <thread>

#include "media/impl/segment_player.hpp"

namespace rescue::media {

class Parts {
 public:
  Parts(const Plan& plan, int jobs);
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  /// Stops what still plays.
  ~Parts();

  [[nodiscard]] std::size_t count() const { return segments_.size(); }
  /// The next thing of part `n`; parts are taken one after the other.
  [[nodiscard]] base::Result<SegmentQueue::Popped> pop(std::size_t n, std::chrono::milliseconds patience) {
    return queues_[n]->pop(patience);
  }
  /// The part that was taken from is done with.
  void next();
  [[nodiscard]] std::int64_t ticks_done() const { return shared_.ticks_done; }

 private:
  void work();

  const Plan& plan_;
  const std::vector<Segment> segments_;
  const std::size_t ahead_;  // parts that may be begun before the first of them is written
  std::vector<std::unique_ptr<SegmentQueue>> queues_;
  Shared shared_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::size_t begun_ = 0;
  std::size_t taken_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace rescue::media

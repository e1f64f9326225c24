// SPDX-License-Identifier: Apache-2.0
#include "media/impl/parts.hpp"

namespace rescue::media {

Parts::Parts(const Plan& plan, int jobs)
    : plan_(plan), segments_(segments_of(plan)), ahead_(2 * static_cast<std::size_t>(jobs)) {
  for (std::size_t i = 0; i < segments_.size(); ++i) queues_.push_back(std::make_unique<SegmentQueue>());
  for (std::size_t i = 0; i < std::min(static_cast<std::size_t>(jobs), segments_.size()); ++i)
    threads_.emplace_back([this] { work(); });
}

Parts::~Parts() {
  {
    const std::lock_guard lock(mutex_);
    shared_.stop = true;
  }
  for (const auto& queue : queues_) queue->cancel();
  changed_.notify_all();
}

void Parts::next() {
  const std::lock_guard lock(mutex_);
  ++taken_;
  changed_.notify_all();
}

void Parts::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return shared_.stop || begun_ >= segments_.size() || begun_ < taken_ + ahead_; });
    if (shared_.stop || begun_ >= segments_.size()) return;
    const std::size_t n = begun_++;
    lock.unlock();
    play_segment(plan_, segments_[n], shared_, *queues_[n]);
  }
}

}  // namespace rescue::media

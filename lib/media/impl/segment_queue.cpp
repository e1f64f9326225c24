// SPDX-License-Identifier: Apache-2.0
#include "media/impl/segment_queue.hpp"

namespace rescue::media {
namespace {
/// About what an item takes besides its packet.
constexpr std::size_t kItemBytes = 256;

std::size_t bytes_of(const Produced& p) {
  const auto* packet = std::get_if<Owned<AVPacket>>(&p);
  return kItemBytes + (packet != nullptr ? static_cast<std::size_t>((*packet)->size) : 0);
}
}  // namespace

base::Result<> SegmentQueue::push(Produced p) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return canceled_ || bytes_ < kMaxQueuedBytes; });
  if (canceled_) return base::fail(base::Errc::canceled, "convert");
  bytes_ += bytes_of(p);
  items_.push_back(std::move(p));
  changed_.notify_all();
  return {};
}

void SegmentQueue::close(base::Result<> how) {
  const std::lock_guard lock(mutex_);
  closed_ = std::move(how);
  changed_.notify_all();
}

void SegmentQueue::cancel() {
  const std::lock_guard lock(mutex_);
  canceled_ = true;
  changed_.notify_all();
}

base::Result<SegmentQueue::Popped> SegmentQueue::pop(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return !items_.empty() || closed_; });
  if (!items_.empty()) {
    Produced p = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes_of(p);
    changed_.notify_all();
    return Popped(std::move(p));
  }
  if (!closed_) return Popped(NothingYet{});
  if (!*closed_) return base::fail(closed_->error());
  return Popped(Closed{});
}

}  // namespace rescue::media

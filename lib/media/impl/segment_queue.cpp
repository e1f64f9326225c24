// SPDX-License-Identifier: Apache-2.0
#include "media/impl/segment_queue.hpp"

#include <boost/json/serialize.hpp>

namespace rescue::media {
namespace {
/// About what an item takes besides its packet.
constexpr std::size_t kItemBytes = 256;
/// Values of a JSON object take at most so many times their text.
constexpr std::size_t kJsonSpread = 12;

std::size_t bytes_of(const rcrec::TimelineItem& item) {
  const boost::json::object* all = nullptr;
  if (const auto* chat = std::get_if<rcrec::ChatItem>(&item.item)) all = &chat->all;
  if (const auto* event = std::get_if<rcrec::EventItem>(&item.item)) all = &event->all;
  return all == nullptr ? 0 : boost::json::serialize(*all).size() * kJsonSpread;
}

std::size_t bytes_of(const Produced& p) {
  if (const auto* packet = std::get_if<Owned<AVPacket>>(&p))
    return kItemBytes + static_cast<std::size_t>((*packet)->size);
  const auto* happening = std::get_if<Happening>(&p);
  return kItemBytes + (happening != nullptr ? bytes_of(happening->item) : 0);
}
}  // namespace

base::Result<> SegmentQueue::push(Produced p) {
  const std::size_t bytes = bytes_of(p);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return canceled_ || bytes_ < kMaxQueuedBytes; });
  if (canceled_) return base::fail(base::Errc::canceled, "convert");
  bytes_ += bytes;
  items_.emplace_back(bytes, std::move(p));
  changed_.notify_all();
  return {};
}

std::size_t SegmentQueue::bytes() {
  const std::lock_guard lock(mutex_);
  return bytes_;
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
    auto [bytes, p] = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes;
    changed_.notify_all();
    return Popped(std::move(p));
  }
  if (!closed_) return Popped(NothingYet{});
  if (!*closed_) return base::fail(closed_->error());
  return Popped(Closed{});
}

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
#include "link/impl/files_window.hpp"

#include <algorithm>

namespace rescue::link {
namespace {
using base::Duration;
using base::SteadyTime;

/// Small fragments share an entry up to this size, so that their number is bounded.
constexpr std::size_t kEntryFill = 4096;
/// While the path is not full the limit is this much above what the rate asks for, so that the rate can grow as much.
constexpr double kGrowth = 1.5;
/// The path is full when the rate has grown by less than this in so many spans.
constexpr double kStillGrowing = 1.15;
constexpr unsigned kFullSpans = 3;
/// Half of how long a rate is remembered; the longer one counts.
constexpr std::chrono::milliseconds kRatePeriod{500};
constexpr unsigned kRatePeriodSpans = 6;
constexpr std::chrono::milliseconds kRateSpan{20};
/// The shortest of so many counts: one alone may have met a receiver that was not running.
constexpr unsigned kProbes = 4;

double seconds(Duration d) { return static_cast<double>(d.count()) / 1e6; }
Duration between(SteadyTime from, SteadyTime to) { return std::chrono::duration_cast<Duration>(to - from); }
}  // namespace

void FilesWindow::restart(SteadyTime now) {
  auto sent = std::move(sent_);
  for (auto& s : sent) s.measured = false;
  const auto in_flight = in_flight_;
  const auto delivered = delivered_;
  *this = FilesWindow();
  sent_ = std::move(sent);
  in_flight_ = in_flight;
  delivered_ = span_delivered_ = delivered;
  delivered_at_ = span_began_ = period_began_ = now;
}

void FilesWindow::clear() {
  sent_.clear();
  in_flight_ = 0;
}

void FilesWindow::on_sent(std::uint64_t end, std::size_t bytes, SteadyTime now) {
  if (in_flight_ == 0 && now - delivered_at_ > kRateSpan) {  // nothing was to be sent for a while
    span_began_ = now;
    span_delivered_ = delivered_;
    span_filled_ = false;
  }
  in_flight_ += bytes;
  unasked_ += bytes;
  if (!has_room()) span_filled_ = true;
  if (!sent_.empty() && sent_.back().measured && sent_.back().bytes + bytes <= kEntryFill) {
    sent_.back().end = end;
    sent_.back().bytes += bytes;
    return;
  }
  sent_.push_back({end, bytes, now, true});
}

bool FilesWindow::ask_due() {
  // Several times in a window and in the time that may be waited, or the path falls idle between two.
  const double every = std::min(static_cast<double>(limit_) / 4, rate() * seconds(queue_time()) / 2);
  if (every >= kAckEveryBytes || static_cast<double>(unasked_) < every) return false;
  unasked_ = 0;
  return true;
}

void FilesWindow::on_acked(std::uint64_t offset, SteadyTime now) {
  std::optional<Sent> newest;
  while (!sent_.empty() && sent_.front().end <= offset) {
    newest = sent_.front();
    in_flight_ -= newest->bytes;
    delivered_ += newest->bytes;
    sent_.pop_front();
  }
  if (!newest) return;
  delivered_at_ = now;
  if (!newest->measured) return;
  take_round_trip(newest->at, now);
  take_rate(now);
  update(now);
}

void FilesWindow::on_round_trip(SteadyTime sent, SteadyTime now) {
  take_round_trip(sent, now);
  update(now);
}

void FilesWindow::take_round_trip(SteadyTime sent, SteadyTime now) {
  const auto took = between(sent, now);
  if (!shortest_ || took <= *shortest_) {
    shortest_ = took;
    shortest_at_ = now;
  }
  if (!probing_ || !empty_since_ || sent < *empty_since_) return;
  probed_ = probed_ ? std::min(*probed_, took) : took;
  if (++probes_ < kProbes) return;
  shortest_ = probed_;
  shortest_at_ = now;
  probing_ = false;
}

Duration FilesWindow::queue_time() const {
  // A part of a long round trip is not felt beside it, and lets the rate grow in less of them.
  const Duration part = shortest_ ? *shortest_ / 16 : Duration(0);
  return std::clamp(part, Duration(kFilesQueueTime), Duration(4 * kFilesQueueTime));
}

void FilesWindow::take_rate(SteadyTime now) {
  const auto span = between(span_began_, now);
  if (span < std::max(Duration(kRateSpan), *shortest_)) return;
  const double measured = static_cast<double>(delivered_ - span_delivered_) / seconds(span);
  const bool filled = span_filled_;
  rate_now_ = std::max(rate_now_, measured);
  span_began_ = now;
  span_delivered_ = delivered_;
  span_filled_ = !has_room();
  if (!filled) return;  // says nothing of what the path could do
  if (growing_) {
    if (rate() >= full_rate_ * kStillGrowing) {
      full_rate_ = rate();
      full_spans_ = 0;
    } else {
      growing_ = ++full_spans_ < kFullSpans;
    }
  }
  if (++period_spans_ < kRatePeriodSpans || now - period_began_ < kRatePeriod) return;
  rate_before_ = rate_now_;
  rate_now_ = 0;
  period_began_ = now;
  period_spans_ = 0;
}

void FilesWindow::update(SteadyTime now) {
  if (!probing_ && in_flight_ > 0 && now - shortest_at_ > kRoundTripMemory) {
    probing_ = true;
    empty_since_.reset();
    probed_.reset();
    probes_ = 0;
  }
  if (probing_) {
    limit_ = kFilesWindowMin;
    if (!empty_since_ && in_flight_ <= kFilesWindowMin) empty_since_ = now;
    return;
  }
  if (rate() <= 0) return;
  const double bytes = (growing_ ? kGrowth : 1.0) * rate() * seconds(*shortest_ + queue_time());
  limit_ = static_cast<std::size_t>(std::clamp(bytes, double{kFilesWindowMin}, double{kRetainedMax}));
}

}  // namespace rescue::link

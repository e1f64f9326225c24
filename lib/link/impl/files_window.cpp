// SPDX-License-Identifier: Apache-2.0
#include "link/impl/files_window.hpp"

#include <algorithm>

namespace rescue::link {
namespace {
using base::Duration;
using base::SteadyTime;

/// Small fragments share an entry up to this size, so that their number is bounded.
constexpr std::size_t kEntryFill = 4096;
/// While the path is not full the limit is twice what the rate asks for, so that the rate can double each round trip.
constexpr double kGrowth = 2.0;
/// The path is full when the rate has grown by less than this in so many round trips.
constexpr double kStillGrowing = 1.25;
constexpr unsigned kFullRounds = 3;
/// Half of how long a rate is remembered; the longer one counts.
constexpr std::chrono::milliseconds kRatePeriod{500};
constexpr unsigned kRatePeriodRounds = 8;
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
  delivered_ = round_ends_ = delivered;
  delivered_at_ = first_sent_ = period_began_ = now;
}

void FilesWindow::clear() {
  sent_.clear();
  in_flight_ = 0;
}

void FilesWindow::on_sent(std::uint64_t end, std::size_t bytes, SteadyTime now) {
  if (in_flight_ == 0) first_sent_ = delivered_at_ = now;
  in_flight_ += bytes;
  unasked_ += bytes;
  if (!sent_.empty() && sent_.back().measured && sent_.back().bytes + bytes <= kEntryFill) {
    sent_.back().end = end;
    sent_.back().bytes += bytes;
    return;
  }
  sent_.push_back({end, bytes, now, delivered_, delivered_at_, first_sent_, true});
}

bool FilesWindow::ask_due() {
  // Several times in a window and in the time that may be waited, or the path falls idle between two.
  const double every = std::min(static_cast<double>(limit_) / 4, rate() * seconds(kFilesQueueTime) / 2);
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
  first_sent_ = newest->at;
  take_round_trip(newest->at, now);
  take_rate(*newest, now);
  count_round(*newest, now);
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

void FilesWindow::take_rate(const Sent& acked, SteadyTime now) {
  // The longer of the two: neither a burst that was sent nor acknowledgements that came in one can make it too high.
  const auto span = std::max(between(acked.delivered_at, now), between(acked.first_sent, acked.at));
  if (span <= Duration(0) || span < *shortest_) return;
  rate_now_ = std::max(rate_now_, static_cast<double>(delivered_ - acked.delivered) / seconds(span));
}

void FilesWindow::count_round(const Sent& acked, SteadyTime now) {
  if (acked.delivered < round_ends_) return;
  round_ends_ = delivered_;
  if (growing_ && rate() > 0) {
    if (rate() >= full_rate_ * kStillGrowing) {
      full_rate_ = rate();
      full_rounds_ = 0;
    } else {
      growing_ = ++full_rounds_ < kFullRounds;
    }
  }
  if (++period_rounds_ < kRatePeriodRounds || now - period_began_ < kRatePeriod) return;
  rate_before_ = rate_now_;
  rate_now_ = 0;
  period_began_ = now;
  period_rounds_ = 0;
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
  const double bytes = (growing_ ? kGrowth : 1.0) * rate() * seconds(*shortest_ + kFilesQueueTime);
  limit_ = static_cast<std::size_t>(std::clamp(bytes, double{kFilesWindowMin}, double{kRetainedMax}));
}

}  // namespace rescue::link

// SPDX-License-Identifier: Apache-2.0
#include "applet/core/rate_control.hpp"

#include <algorithm>
#include <utility>

namespace rescue::applet {
namespace {
using base::Duration;
using base::SteadyTime;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A change right after a frame waits at most this long even where the console allows more frames than screens show.
constexpr Duration kShortestInterval = milliseconds(16);
// Part of a thin path that video may take; the rest is for what else changes.
constexpr double kVideoShare = 0.6;
constexpr Duration kRestWide = milliseconds(200), kRestThin = seconds(1);

double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
// The last few count most.
double smoothed(double before, double now) { return before == 0 ? now : before + (now - before) / 4; }
}  // namespace

RateControl::RateControl(unsigned max_frames_per_s, bool exact)
    : shortest_interval_(std::max(kShortestInterval, Duration(seconds(1)) / std::max(1U, max_frames_per_s))),
      exact_(exact) {}

void RateControl::on_link(const session::ScreenLink& link) {
  bytes_per_s_ = link.bytes_per_s.value_or(0);
  if (bytes_per_s_ == 0)
    thin_ = false;
  else if (bytes_per_s_ < kThinPath || bytes_per_s_ > kWidePath)
    thin_ = bytes_per_s_ < kThinPath;
}

void RateControl::on_packet(std::size_t bytes, std::uint32_t work, SteadyTime begun, SteadyTime done,
                            bool rest_follows) {
  paid_until_ = std::max(paid_until_, begun) + (done - begun) * kProcessorShare;
  if (rest_follows && work != screen::EncodeRequest::kWholePicture)
    bytes_per_work_ =
        std::clamp(smoothed(bytes_per_work_, static_cast<double>(bytes) / std::max(1U, work)), 0.005, 4.0);
  part_bytes_ += bytes;
  if (!rest_follows) picture_bytes_ = smoothed(picture_bytes_, static_cast<double>(std::exchange(part_bytes_, 0)));
}

PicturePlan RateControl::plan(bool all_new) const {
  PicturePlan out;
  out.fidelity = exact_ ? screen::Fidelity::exact : thin_ ? screen::Fidelity::coarse : screen::Fidelity::visual;
  out.work = all_new ? kWorkAllNew : kWorkMost;
  out.interval = shortest_interval_;
  out.rest = thin_ ? kRestThin : kRestWide;
  out.video_kbit = exact_ ? 0 : kVideoKbitMost;
  if (bytes_per_s_ > 0) {
    const double most = std::max(bytes_per_s_ * in_seconds(kPacketTime), static_cast<double>(kPacketBytesLeast));
    const double work = std::clamp<double>(most / bytes_per_work_, kWorkLeast, out.work);
    out.work = static_cast<std::uint32_t>(work);
    const Duration carried(static_cast<Duration::rep>(picture_bytes_ / bytes_per_s_ * 1e6));
    out.interval = std::max(out.interval, carried);
    const auto video = static_cast<unsigned>(bytes_per_s_ * 8 / 1000 * kVideoShare);
    if (!exact_) out.video_kbit = video < kVideoKbitLeast ? 0 : std::min(video, kVideoKbitMost);
  }
  out.interval = std::max(shortest_interval_, std::min(out.interval, kLongestInterval));
  return out;
}

}  // namespace rescue::applet

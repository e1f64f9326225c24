// SPDX-License-Identifier: Apache-2.0
#include "client/recorded_pictures.hpp"

#include <utility>

#include "base/log.hpp"

namespace rescue::client {

std::vector<RecordedPacket> RecordedPictures::release() {
  bridge_.reset();
  return std::exchange(held_, {});
}

std::vector<RecordedPacket> RecordedPictures::take(base::ByteView packet, bool keyframe, bool complete,
                                                   const screen::Frame& canvas, const screen::Damage& changed,
                                                   base::SteadyTime now) {
  if (keyframe) {
    held_.clear();  // nothing builds on them any more, and they never became a picture
    held_since_ = now;
  }
  if (keyframe || !held_.empty()) {
    held_.push_back({base::to_bytes(packet), keyframe});
    if (complete || now - held_since_ >= kHoldMost) return release();
    return {};
  }
  if (!bridge_) {
    std::vector<RecordedPacket> out;
    out.push_back({base::to_bytes(packet), false});
    return out;
  }
  unbridged_.add(changed);
  if (!complete) return {};
  return seen(canvas);
}

std::vector<RecordedPacket> RecordedPictures::seen(const screen::Frame& canvas) {
  if (!bridge_) return {};
  const auto damage = std::exchange(unbridged_, {});
  auto packet = bridge_->encode(canvas.view(), &damage);
  if (!packet) {
    base::log(base::LogLevel::warn, "client", "a picture is missing at the beginning of the recording",
              {{"error", packet.error().message()}});
    return {};
  }
  std::vector<RecordedPacket> out;
  if (*packet) out.push_back({std::move((*packet)->bytes), (*packet)->info.keyframe});
  return out;
}

std::vector<RecordedPacket> RecordedPictures::overdue(std::optional<base::SteadyTime> now) {
  if (held_.empty() || (now && *now - held_since_ < kHoldMost)) return {};
  return release();
}

}  // namespace rescue::client

// SPDX-License-Identifier: Apache-2.0
// Which packets go into a recording: so that it holds every whole picture that this end showed, and each of its
// checkpoints is a whole picture.
//
// A keyframe may come in parts; then they are held back until the picture is whole (or kHoldMost old), and written
// together. A recording that begins in the middle of a view begins with a keyframe of what is seen at that moment, made
// here; what the supported end sends builds on its own pictures, so until a keyframe of its own is whole, the pictures
// between are encoded here as well.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "screen/codec.hpp"

namespace rescue::client {

/// Parts of a keyframe wait at most this long for the last of them.
inline constexpr std::chrono::seconds kHoldMost{2};

struct RecordedPacket {
  base::Bytes bytes;
  bool keyframe = false;
};

/// One strand.
class RecordedPictures {
 public:
  /// The recording begins while a view runs: what comes builds on what it has not got. Ask the supported end for a
  /// keyframe while wants_keyframe().
  void begin_in_the_middle() {
    *this = {};
    bridge_.emplace();
  }
  /// Parts of a keyframe are here, and the last is not.
  [[nodiscard]] bool keyframe_under_way() const { return !held_.empty(); }
  [[nodiscard]] bool wants_keyframe() const { return bridge_ && held_.empty(); }

  /// The next packet, already decoded to `canvas`, and what it changed. Returns what is to be written now.
  [[nodiscard]] std::vector<RecordedPacket> take(base::ByteView packet, bool keyframe, bool complete,
                                                 const screen::Frame& canvas, const screen::Damage& changed,
                                                 base::SteadyTime now);
  /// The picture that is seen now, when begin_in_the_middle() was called and it is whole.
  [[nodiscard]] std::vector<RecordedPacket> seen(const screen::Frame& canvas);
  /// What was held back too long by `now`; without a time, all that is held back.
  [[nodiscard]] std::vector<RecordedPacket> overdue(std::optional<base::SteadyTime> now);

 private:
  std::vector<RecordedPacket> release();

  std::vector<RecordedPacket> held_;
  base::SteadyTime held_since_;
  std::optional<screen::Encoder> bridge_;  // encodes pictures until the supported end's can be used
  screen::Damage unbridged_;
};

}  // namespace rescue::client

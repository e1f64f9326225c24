// SPDX-License-Identifier: Apache-2.0
// Pictures at ticks to packets, one for each tick of a constant rate.
#pragma once

#include <functional>

#include "media/impl/repeater.hpp"

namespace rescue::media {

/// Ticks of a video: first..end-1. Each segment begins with a keyframe and is encoded for itself, so the bytes of a
/// file do not depend on how many are encoded at a time.
struct Segment {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

class PictureEncoder {
 public:
  /// Takes over a packet; its pts is the tick.
  using Output = std::function<base::Result<>(Owned<AVPacket>)>;
  /// Errors: unsupported (this FFmpeg lacks the codec), internal.
  [[nodiscard]] static base::Result<PictureEncoder> create(const VideoFormat& format, Segment segment, Output output);
  PictureEncoder(PictureEncoder&&) = default;
  PictureEncoder& operator=(PictureEncoder&&) = delete;

  /// Takes a picture of the format's size, which differs from the last one in `changed` alone; it stands for the next
  /// hold() calls.
  [[nodiscard]] base::Result<> show(const screen::FrameView& picture, const screen::Damage& changed);
  /// One tick with the picture of the last show(). A picture that was shown before is not encoded again.
  [[nodiscard]] base::Result<> hold();
  /// Gives out what is left.
  [[nodiscard]] base::Result<> finish();
  /// What a muxer has to know of the stream.
  [[nodiscard]] base::Result<> describe(AVStream& stream) const;

 private:
  PictureEncoder() = default;
  [[nodiscard]] base::Result<> read_parameters();
  [[nodiscard]] base::Result<> send(const AVFrame* frame);
  [[nodiscard]] base::Result<> give_encoded(Owned<AVPacket> packet);
  [[nodiscard]] base::Result<> give_repeats(std::int64_t until);
  [[nodiscard]] base::Result<> give(Owned<AVPacket> packet, std::int64_t tick);

  VideoFormat format_;
  Segment segment_;
  Output output_;
  Owned<AVCodecContext> codec_;
  Owned<AVFrame> frame_;
  Owned<AVPacket> last_;  // of a codec whose pictures stand alone
  std::unique_ptr<Repeater> repeater_;
  base::Bytes parameters_;        // that stand outside of the stream
  std::int64_t tick_ = 0;         // of the next hold()
  std::int64_t given_until_ = 0;  // ticks given out
  std::int64_t next_keyframe_ = 0;
  bool fresh_ = true;  // the picture was not encoded yet
};

}  // namespace rescue::media

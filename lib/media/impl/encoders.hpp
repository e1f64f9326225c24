// SPDX-License-Identifier: Apache-2.0
// What FFmpeg calls our codecs and containers, and how each encoder is set up.
#pragma once

#include "media/convert.hpp"
#include "media/impl/ffmpeg.hpp"
#include "media/impl/pixels.hpp"

namespace rescue::media {

struct VideoFormat {
  Container container{};
  VideoCodec codec{};
  screen::Size size;       // even sides
  int fps = kDefaultFps;   // ticks per second
  bool variable = false;   // pictures at the ticks where something changes; else one at each tick
  std::int64_t ticks = 0;  // of the whole video
};

/// Each picture is a keyframe: the packet of one can be written again. Others have a Repeater.
[[nodiscard]] bool stands_alone(VideoCodec c);
[[nodiscard]] const char* encoder_name(VideoCodec c);
[[nodiscard]] const char* muxer_name(Container c);
[[nodiscard]] const char* demuxer_name(Container c);
[[nodiscard]] Matrix matrix_of(VideoCodec c);
/// False where no container of this kind holds the codec.
[[nodiscard]] bool fits(VideoCodec codec, Container container);

/// Ticks between keyframes: players seek to them.
[[nodiscard]] inline std::int64_t keyframe_ticks(const VideoFormat& f) { return std::int64_t{f.fps} * 10; }
/// Ticks that are encoded at the latest, for players that cannot wait.
[[nodiscard]] inline std::int64_t anchor_ticks(const VideoFormat& f) { return std::int64_t{f.fps} * 5; }

void set_up(AVCodecContext& c, const VideoFormat& format);

}  // namespace rescue::media

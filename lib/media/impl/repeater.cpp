// SPDX-License-Identifier: Apache-2.0
#include "media/impl/repeater.hpp"

#include "media/impl/h264_repeat.hpp"

namespace rescue::media {

std::unique_ptr<Repeater> make_repeater(const VideoFormat& format) {
  if (format.variable) return nullptr;
  switch (format.codec) {
    case VideoCodec::h264:
      return std::make_unique<H264Repeater>(format.size);
    case VideoCodec::mpeg4:
      return make_mpeg4_repeater(format.size, format.fps);
    case VideoCodec::zmbv:
      return make_zmbv_repeater(format.size);
    case VideoCodec::vp9:
      return make_vp9_repeater();
    case VideoCodec::ffv1:
    case VideoCodec::mjpeg:
      break;
  }
  return nullptr;
}

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
// H.264 pictures that equal the one before them, made without an encoder: a slice in which every macroblock is skipped
// (ITU-T H.264 7.3.3, 7.3.4), some 15 bytes. They are put between the pictures of an encoder that saw only changes, so
// frame_num of its slices has to be counted anew. A PPS of their own lets them be coded as one run length while the
// encoder's pictures stay CABAC.
//
// For streams as libx264 makes them without B-frames: one slice a picture, every picture a reference, progressive,
// picture order by decoding order. Anything else is refused, never passed on wrong.
#pragma once

#include "media/impl/repeater.hpp"

namespace rescue::media {

class H264Repeater final : public Repeater {
 public:
  explicit H264Repeater(screen::Size picture);

  base::Result<base::Bytes> picture(base::ByteView packet, std::int64_t tick) override;
  base::Result<base::Bytes> repeat(std::int64_t tick) override;
  /// Parameter sets (MP4, Matroska) with ours behind; start codes before each.
  base::Result<base::Bytes> parameters(base::ByteView from_encoder) override;

 private:
  [[nodiscard]] base::Result<> read_sps(base::ByteView nal);
  [[nodiscard]] base::Result<base::Bytes> renumbered(base::ByteView nal);

  std::uint32_t macroblocks_;
  unsigned frame_num_bits_ = 0;  // 0 until an SPS was seen
  std::uint32_t frame_num_ = 0;  // of the last picture
  bool begun_ = false;
};

}  // namespace rescue::media

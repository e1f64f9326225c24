// SPDX-License-Identifier: Apache-2.0
// Pictures that equal the one before them, made without an encoder: the encoder sees only what changes, and a repeater
// puts the cheapest picture that its format knows at the ticks between. Whatever a repeater does not understand it
// refuses (unsupported); it never passes on what would decode wrong.
#pragma once

#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "media/impl/encoders.hpp"

namespace rescue::media {

/// One thread at a time. Ticks only grow.
class Repeater {
 public:
  Repeater() = default;
  Repeater(const Repeater&) = delete;
  Repeater& operator=(const Repeater&) = delete;
  virtual ~Repeater() = default;

  /// A packet of the encoder as it has to stand in the file.
  [[nodiscard]] virtual base::Result<base::Bytes> picture(base::ByteView packet, std::int64_t tick) = 0;
  /// One more of the last picture. conflict before the first one.
  [[nodiscard]] virtual base::Result<base::Bytes> repeat(std::int64_t tick) = 0;
  /// Parameters that stand outside of the stream, as they have to be there.
  [[nodiscard]] virtual base::Result<base::Bytes> parameters(base::ByteView from_encoder) {
    return base::to_bytes(from_encoder);
  }
};

/// MPEG-4 part 2: a P-VOP in which no macroblock is coded (ISO/IEC 14496-2 6.2.5), a bit for each. Time stands in the
/// stream as full seconds since the VOP before, so those of the encoder's pictures are counted anew. For streams as
/// libavcodec makes them: no B-VOPs, progressive, no sprites.
[[nodiscard]] std::unique_ptr<Repeater> make_mpeg4_repeater(screen::Size picture, int ticks_per_second);

/// VP9: a frame that shows an existing one (VP9 bitstream 7.2), a single byte.
[[nodiscard]] std::unique_ptr<Repeater> make_vp9_repeater();

/// ZMBV: a frame in which no block moved or changed. All frames since a keyframe are one zlib stream, so those of the
/// encoder, which does not compress then (compression level 0), are compressed here.
[[nodiscard]] std::unique_ptr<Repeater> make_zmbv_repeater(screen::Size picture);

/// That of a format; none where its pictures stand alone or nothing is repeated.
[[nodiscard]] std::unique_ptr<Repeater> make_repeater(const VideoFormat& format);

}  // namespace rescue::media

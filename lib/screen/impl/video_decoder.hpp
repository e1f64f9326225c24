// SPDX-License-Identifier: Apache-2.0
// The video regions of a decoder.
#pragma once

#include "screen/impl/video_picture.hpp"
#include "screen/impl/vp9_stream.hpp"

namespace rescue::screen {

class VideoDecoder {
 public:
  /// No regions.
  void reset();
  /// Reads the section that `in` begins with, decodes its frames and says how long it is. After an error there must be
  /// a reset. Errors: bad_format, too_large, unsupported (a build without video), internal.
  [[nodiscard]] base::Result<std::size_t> apply(base::ByteView in, Size picture);
  /// Valid until the next call.
  [[nodiscard]] const VideoPictures& pictures() const { return pictures_; }

 private:
  VideoPlaces places_;
  std::array<std::optional<Vp9Decoder>, kMaxVideoRegions> streams_;
  VideoPictures pictures_;
};

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/video_decoder.hpp"

namespace rescue::screen {

void VideoDecoder::reset() {
  places_ = {};
  for (auto& stream : streams_) stream.reset();
  pictures_ = {};
}

base::Result<std::size_t> VideoDecoder::apply(base::ByteView in, Size picture) {
  RESCUE_TRY(const VideoSection section, parse_video_section(in, picture, places_));
  places_ = section.places;
  // All that ends makes room before anything begins, so that no more than the limit is ever held.
  for (const VideoStep& step : section.steps) {
    if (step.kind == VideoStep::Kind::picture) continue;
    streams_[step.region].reset();
    pictures_[step.region].reset();
  }
  for (const VideoStep& step : section.steps) {
    if (step.kind == VideoStep::Kind::end) continue;
    auto& stream = streams_[step.region];
    if (step.kind == VideoStep::Kind::start) {
      RESCUE_TRY(stream, Vp9Decoder::open({step.rect.width, step.rect.height}));
    }
    RESCUE_CHECK(stream->decode(step.frame));
    pictures_[step.region] = VideoPicture{*places_[step.region], stream->picture()};
  }
  return section.bytes;
}

}  // namespace rescue::screen

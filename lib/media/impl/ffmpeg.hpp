// SPDX-License-Identifier: Apache-2.0
// FFmpeg's C objects with owners, its error numbers as our errors.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

#include "base/result.hpp"

namespace rescue::media {

struct FfmpegFree {
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
  void operator()(AVFrame* f) const { av_frame_free(&f); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(SwsContext* s) const { sws_freeContext(s); }
};
template <typename T>
using Owned = std::unique_ptr<T, FfmpegFree>;

/// "context: FFmpeg's words". ENOSPC and other system errors keep their meaning; all else is internal.
[[nodiscard]] base::Error ffmpeg_error(int code, std::string context);

/// What FFmpeg said of an error since this was asked last; "" when nothing. Decoders tell damage that they patch over
/// in no other way.
[[nodiscard]] std::string take_ffmpeg_message();

/// Silences FFmpeg's own output on stderr; what it says about the latest error is added to ffmpeg_error's text.
void capture_ffmpeg_log();

}  // namespace rescue::media

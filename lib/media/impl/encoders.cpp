// SPDX-License-Identifier: Apache-2.0
#include "media/impl/encoders.hpp"

extern "C" {
#include <libavutil/opt.h>
}

namespace rescue::media {
namespace {
// The same number on every machine, because it shows in the bytes. x264 keeps some 20 pictures in work: large ones
// would not fit the memory limit of rescue-media.
constexpr int kThreads = 4;
constexpr std::int64_t kPixelsForOneThread = std::int64_t{9} << 20;

void set_colours(AVCodecContext& c) {
  c.color_range = AVCOL_RANGE_MPEG;
  c.colorspace = AVCOL_SPC_BT709;
  c.color_primaries = AVCOL_PRI_BT709;
  c.color_trc = AVCOL_TRC_BT709;
  c.chroma_sample_location = AVCHROMA_LOC_CENTER;
}

void set_up_codec(AVCodecContext& c, const VideoFormat& format) {
  switch (format.codec) {
    case VideoCodec::h264:
      set_colours(c);
      av_opt_set(c.priv_data, "preset", "veryfast", 0);
      av_opt_set(c.priv_data, "crf", "20", 0);
      av_opt_set(c.priv_data, "forced-idr", "1", 0);
      c.thread_count = format.size.pixels() < kPixelsForOneThread ? kThreads : 1;
      c.thread_type = FF_THREAD_FRAME;
      break;
    case VideoCodec::mpeg4:
      c.flags |= AV_CODEC_FLAG_QSCALE;
      c.global_quality = FF_QP2LAMBDA * 4;
      if (format.container == Container::avi) c.codec_tag = MKTAG('X', 'V', 'I', 'D');
      break;
    case VideoCodec::mjpeg:
      c.flags |= AV_CODEC_FLAG_QSCALE;
      c.global_quality = FF_QP2LAMBDA * 3;
      c.color_range = AVCOL_RANGE_JPEG;
      break;
    case VideoCodec::ffv1:
      c.level = 3;
      c.slices = kThreads;
      c.thread_count = kThreads;
      c.thread_type = FF_THREAD_SLICE;
      av_opt_set(c.priv_data, "slicecrc", "1", 0);
      break;
    case VideoCodec::vp9:
      set_colours(c);
      av_opt_set(c.priv_data, "deadline", "realtime", 0);
      av_opt_set(c.priv_data, "cpu-used", "7", 0);
      av_opt_set(c.priv_data, "crf", "28", 0);
      av_opt_set(c.priv_data, "tune-content", "screen", 0);
      av_opt_set(c.priv_data, "lag-in-frames", "0", 0);
      av_opt_set(c.priv_data, "auto-alt-ref", "0", 0);
      c.thread_count = 2;
      break;
    case VideoCodec::zmbv:
      c.compression_level = 0;  // the repeater compresses
      c.me_range = 3;
      break;
  }
}

AVPixelFormat pixel_format(VideoCodec c) {
  if (c == VideoCodec::zmbv || c == VideoCodec::ffv1) return AV_PIX_FMT_0RGB32;
  return c == VideoCodec::mjpeg ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
}
}  // namespace

bool stands_alone(VideoCodec c) { return c == VideoCodec::mjpeg || c == VideoCodec::ffv1; }

const char* encoder_name(VideoCodec c) {
  switch (c) {
    case VideoCodec::h264:
      return "libx264";
    case VideoCodec::vp9:
      return "libvpx-vp9";
    case VideoCodec::mpeg4:
    case VideoCodec::zmbv:
    case VideoCodec::ffv1:
    case VideoCodec::mjpeg:
      break;
  }
  return codec_name(c).data();  // literals end in zero
}

const char* muxer_name(Container c) {
  switch (c) {
    case Container::avi:
      return "avi";
    case Container::mp4:
      return "mp4";
    case Container::mkv:
      return "matroska";
    case Container::webm:
      return "webm";
  }
  return "avi";
}

const char* demuxer_name(Container c) { return c == Container::avi ? "avi" : c == Container::mp4 ? "mov" : "matroska"; }

Matrix matrix_of(VideoCodec c) {
  if (c == VideoCodec::mpeg4) return Matrix::bt601;
  return c == VideoCodec::mjpeg ? Matrix::bt601_full : Matrix::bt709;
}

bool fits(VideoCodec codec, Container container) {
  switch (codec) {
    case VideoCodec::h264:
    case VideoCodec::mpeg4:
      return container != Container::webm;
    case VideoCodec::ffv1:
    case VideoCodec::mjpeg:
      return container == Container::avi || container == Container::mkv;
    case VideoCodec::zmbv:
      return container == Container::avi;
    case VideoCodec::vp9:
      return container == Container::webm || container == Container::mkv;
  }
  return false;
}

void set_up(AVCodecContext& c, const VideoFormat& format) {
  c.width = format.size.width;
  c.height = format.size.height;
  c.time_base = {1, format.fps};
  if (!format.variable) c.framerate = {format.fps, 1};
  c.gop_size = stands_alone(format.codec) ? 1 : static_cast<int>(keyframe_ticks(format));
  c.max_b_frames = 0;  // AVI has no presentation times
  c.pix_fmt = pixel_format(format.codec);
  if (format.container != Container::avi) c.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  set_up_codec(c, format);
}

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
#include "media/impl/video_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

extern "C" {
#include <libavutil/opt.h>
}

namespace rescue::media {
namespace {
// The seconds between keyframes: players seek to them.
constexpr int kKeyframeSeconds = 10;

const char* muxer_name(Container c) {
  switch (c) {
    case Container::avi:
      return "avi";
    case Container::mp4:
      return "mp4";
    case Container::webm:
      return "webm";
  }
  return "avi";
}

const char* encoder_name(VideoCodec c) {
  switch (c) {
    case VideoCodec::h264:
      return "libx264";
    case VideoCodec::mpeg4:
      return "mpeg4";
    case VideoCodec::zmbv:
      return "zmbv";
    case VideoCodec::vp9:
      return "libvpx-vp9";
  }
  return "";
}
}  // namespace

void VideoWriter::CloseOutput::operator()(AVFormatContext* f) const {
  avio_closep(&f->pb);
  avformat_free_context(f);
}

base::Result<VideoWriter> VideoWriter::create(const std::string& path, const VideoFormat& format) {
  VideoWriter w;
  w.path_ = path;
  w.format_ = format;
  // FFmpeg would create the file with the umask alone; a recording is nobody else's business.
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 && errno == EEXIST) return base::fail(base::Errc::conflict, "'" + path + "' exists");
  if (fd < 0) return base::fail(base::errno_error("create '" + path + "'"));
  ::close(fd);
  RESCUE_CHECK(w.open_codec());
  RESCUE_CHECK(w.open_file());
  return w;
}

void VideoWriter::set_options() {
  AVCodecContext& c = *codec_;
  c.width = format_.size.width;
  c.height = format_.size.height;
  c.time_base = {1, format_.fps};
  c.framerate = {format_.fps, 1};
  c.gop_size = format_.fps * kKeyframeSeconds;
  c.max_b_frames = 0;  // AVI has no presentation times
  c.pix_fmt = format_.codec == VideoCodec::zmbv ? AV_PIX_FMT_0RGB32 : AV_PIX_FMT_YUV420P;
  switch (format_.codec) {
    case VideoCodec::h264:
      c.color_range = AVCOL_RANGE_MPEG;
      c.colorspace = AVCOL_SPC_BT709;
      c.color_primaries = AVCOL_PRI_BT709;
      c.color_trc = AVCOL_TRC_BT709;
      av_opt_set(c.priv_data, "preset", "veryfast", 0);
      av_opt_set(c.priv_data, "crf", "20", 0);
      break;
    case VideoCodec::mpeg4:
      c.flags |= AV_CODEC_FLAG_QSCALE;
      c.global_quality = FF_QP2LAMBDA * 4;
      if (format_.container == Container::avi) c.codec_tag = MKTAG('X', 'V', 'I', 'D');
      break;
    case VideoCodec::vp9:
      c.color_range = AVCOL_RANGE_MPEG;
      c.colorspace = AVCOL_SPC_BT709;
      av_opt_set(c.priv_data, "deadline", "realtime", 0);
      av_opt_set(c.priv_data, "cpu-used", "7", 0);
      av_opt_set(c.priv_data, "crf", "28", 0);
      av_opt_set(c.priv_data, "tune-content", "screen", 0);
      c.thread_count = 2;
      break;
    case VideoCodec::zmbv:
      break;
  }
}

base::Result<> VideoWriter::open_codec() {
  const AVCodec* encoder = avcodec_find_encoder_by_name(encoder_name(format_.codec));
  if (encoder == nullptr)
    return base::fail(base::Errc::unsupported,
                      fmt::format("FFmpeg on this machine has no encoder '{}'", encoder_name(format_.codec)));
  codec_.reset(avcodec_alloc_context3(encoder));
  frame_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  if (!codec_ || !frame_ || !packet_) return base::fail(base::Errc::internal, "out of memory");
  set_options();
  if (format_.container != Container::avi) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (const int rc = avcodec_open2(codec_.get(), encoder, nullptr); rc < 0)
    return base::fail(ffmpeg_error(rc, fmt::format("open encoder '{}'", encoder_name(format_.codec))));
  frame_->format = codec_->pix_fmt;
  frame_->width = codec_->width;
  frame_->height = codec_->height;
  if (const int rc = av_frame_get_buffer(frame_.get(), 0); rc < 0)
    return base::fail(ffmpeg_error(rc, "allocate a frame"));
  scaler_.reset(sws_getContext(codec_->width, codec_->height, AV_PIX_FMT_0RGB32, codec_->width, codec_->height,
                               codec_->pix_fmt, SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (!scaler_) return base::fail(base::Errc::internal, "no pixel conversion");
  if (codec_->colorspace == AVCOL_SPC_BT709) {
    const int* matrix = sws_getCoefficients(SWS_CS_ITU709);
    sws_setColorspaceDetails(scaler_.get(), matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
  }
  return {};
}

base::Result<> VideoWriter::open_file() {
  AVFormatContext* f = nullptr;
  if (const int rc = avformat_alloc_output_context2(&f, nullptr, muxer_name(format_.container), path_.c_str()); rc < 0)
    return base::fail(ffmpeg_error(rc, "write '" + path_ + "'"));
  output_.reset(f);
  stream_ = avformat_new_stream(f, nullptr);
  if (stream_ == nullptr) return base::fail(base::Errc::internal, "out of memory");
  stream_->time_base = codec_->time_base;
  stream_->avg_frame_rate = codec_->framerate;
  if (const int rc = avcodec_parameters_from_context(stream_->codecpar, codec_.get()); rc < 0)
    return base::fail(ffmpeg_error(rc, "write '" + path_ + "'"));
  if (const int rc = avio_open(&f->pb, path_.c_str(), AVIO_FLAG_WRITE); rc < 0)
    return base::fail(ffmpeg_error(rc, "write '" + path_ + "'"));
  if (const int rc = avformat_write_header(f, nullptr); rc < 0)
    return base::fail(ffmpeg_error(rc, "write '" + path_ + "'"));
  return {};
}

base::Result<> VideoWriter::show(const screen::FrameView& picture) {
  // The encoder may still hold the buffer of an earlier frame.
  if (const int rc = av_frame_make_writable(frame_.get()); rc < 0)
    return base::fail(ffmpeg_error(rc, "allocate a frame"));
  const std::uint8_t* const from[4] = {reinterpret_cast<const std::uint8_t*>(picture.pixels), nullptr, nullptr,
                                       nullptr};
  const int stride[4] = {picture.stride * 4, 0, 0, 0};
  if (const int rc = sws_scale(scaler_.get(), from, stride, 0, picture.size.height, frame_->data, frame_->linesize);
      rc < 0)
    return base::fail(ffmpeg_error(rc, "convert pixels"));
  return {};
}

base::Result<> VideoWriter::hold() {
  frame_->pts = frames_;
  RESCUE_CHECK(send(frame_.get()));
  ++frames_;
  return {};
}

base::Result<> VideoWriter::send(const AVFrame* frame) {
  if (const int rc = avcodec_send_frame(codec_.get(), frame); rc < 0) return base::fail(ffmpeg_error(rc, "encode"));
  for (;;) {
    const int rc = avcodec_receive_packet(codec_.get(), packet_.get());
    if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return {};
    if (rc < 0) return base::fail(ffmpeg_error(rc, "encode"));
    packet_->duration = 1;
    av_packet_rescale_ts(packet_.get(), codec_->time_base, stream_->time_base);
    packet_->stream_index = stream_->index;
    const int written = av_interleaved_write_frame(output_.get(), packet_.get());
    if (written < 0) return base::fail(ffmpeg_error(written, "write '" + path_ + "'"));
    if (output_->pb->error < 0) return base::fail(ffmpeg_error(output_->pb->error, "write '" + path_ + "'"));
  }
}

base::Result<> VideoWriter::finish() {
  RESCUE_CHECK(send(nullptr));
  if (const int rc = av_write_trailer(output_.get()); rc < 0)
    return base::fail(ffmpeg_error(rc, "write '" + path_ + "'"));
  avio_flush(output_->pb);
  const int late = output_->pb->error;
  const int closed = avio_closep(&output_->pb);
  if (late < 0) return base::fail(ffmpeg_error(late, "write '" + path_ + "'"));
  if (closed < 0) return base::fail(ffmpeg_error(closed, "write '" + path_ + "'"));
  return {};
}

}  // namespace rescue::media

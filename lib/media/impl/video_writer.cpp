// SPDX-License-Identifier: Apache-2.0
#include "media/impl/video_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

namespace rescue::media {
namespace {
base::Result<> replace_data(AVPacket& packet, base::ByteView data) {
  std::int64_t pts = packet.pts;
  const int flags = packet.flags;
  av_packet_unref(&packet);
  if (av_new_packet(&packet, static_cast<int>(data.size())) < 0)
    return base::fail(base::Errc::internal, "out of memory");
  std::memcpy(packet.data, data.data(), data.size());
  packet.pts = pts;
  packet.flags = flags;
  return {};
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

base::Result<> VideoWriter::open_codec() {
  const char* name = encoder_name(format_.codec);
  const AVCodec* encoder = avcodec_find_encoder_by_name(name);
  if (encoder == nullptr)
    return base::fail(base::Errc::unsupported, fmt::format("FFmpeg on this machine has no encoder '{}'", name));
  codec_.reset(avcodec_alloc_context3(encoder));
  frame_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  last_.reset(av_packet_alloc());
  if (!codec_ || !frame_ || !packet_ || !last_) return base::fail(base::Errc::internal, "out of memory");
  set_up(*codec_, format_);
  if (const int rc = avcodec_open2(codec_.get(), encoder, nullptr); rc < 0)
    return base::fail(ffmpeg_error(rc, fmt::format("open encoder '{}'", name)));
  frame_->format = codec_->pix_fmt;
  frame_->width = codec_->width;
  frame_->height = codec_->height;
  if (const int rc = av_frame_get_buffer(frame_.get(), 0); rc < 0)
    return base::fail(ffmpeg_error(rc, "allocate a frame"));
  if (repeat_of(format_.codec) == Repeat::skip_slice) repeater_.emplace(format_.size);
  return {};
}

base::Result<> VideoWriter::open_file() {
  AVFormatContext* f = nullptr;
  const auto failed = [&](int rc) { return base::fail(ffmpeg_error(rc, "write '" + path_ + "'")); };
  if (const int rc = avformat_alloc_output_context2(&f, nullptr, muxer_name(format_.container), path_.c_str()); rc < 0)
    return failed(rc);
  output_.reset(f);
  stream_ = avformat_new_stream(f, nullptr);
  if (stream_ == nullptr) return base::fail(base::Errc::internal, "out of memory");
  stream_->time_base = codec_->time_base;
  stream_->avg_frame_rate = codec_->framerate;
  if (const int rc = avcodec_parameters_from_context(stream_->codecpar, codec_.get()); rc < 0) return failed(rc);
  if (repeater_ && stream_->codecpar->extradata_size > 0) RESCUE_CHECK(put_parameter_sets());
  if (const int rc = avio_open(&f->pb, path_.c_str(), AVIO_FLAG_WRITE); rc < 0) return failed(rc);
  if (const int rc = avformat_write_header(f, nullptr); rc < 0) return failed(rc);
  return {};
}

base::Result<> VideoWriter::put_parameter_sets() {
  AVCodecParameters& p = *stream_->codecpar;
  RESCUE_TRY(const auto sets, repeater_->parameter_sets({p.extradata, static_cast<std::size_t>(p.extradata_size)}));
  av_freep(&p.extradata);
  p.extradata = static_cast<std::uint8_t*>(av_mallocz(sets.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (p.extradata == nullptr) return base::fail(base::Errc::internal, "out of memory");
  std::memcpy(p.extradata, sets.data(), sets.size());
  p.extradata_size = static_cast<int>(sets.size());
  return {};
}

base::Result<> VideoWriter::show(const screen::FrameView& picture, const screen::Damage& changed) {
  // The encoder may still hold the buffer of an earlier frame.
  if (const int rc = av_frame_make_writable(frame_.get()); rc < 0)
    return base::fail(ffmpeg_error(rc, "allocate a frame"));
  AVFrame& f = *frame_;
  for (const screen::Rect& rect : changed.rects()) {
    if (codec_->pix_fmt != AV_PIX_FMT_0RGB32) {
      to_yuv420(picture, rect, matrix_of(format_.codec),
                {{f.data[0], f.data[1], f.data[2]}, {f.linesize[0], f.linesize[1], f.linesize[2]}});
      continue;
    }
    const screen::Rect part = rect.intersected(screen::whole(picture.size));
    for (std::int32_t y = part.y; y < part.bottom(); ++y)
      std::memcpy(f.data[0] + std::ptrdiff_t{y} * f.linesize[0] + std::ptrdiff_t{part.x} * 4, picture.row(y) + part.x,
                  static_cast<std::size_t>(part.width) * 4);
  }
  fresh_ = true;
  return {};
}

base::Result<> VideoWriter::hold() {
  const bool again = !format_.variable && repeat_of(format_.codec) == Repeat::encode;
  // A player learns from the last picture how long a variable video is.
  const bool last = format_.variable && tick_ + 1 == format_.ticks;
  if (fresh_ || again || last || tick_ % anchor_ticks(format_) == 0) {
    frame_->pts = tick_;
    frame_->pict_type = AV_PICTURE_TYPE_NONE;
    if (tick_ >= next_keyframe_) {
      frame_->pict_type = AV_PICTURE_TYPE_I;
      next_keyframe_ = tick_ - tick_ % keyframe_ticks(format_) + keyframe_ticks(format_);
    }
    RESCUE_CHECK(send(frame_.get()));
    fresh_ = false;
  }
  ++tick_;
  return {};
}

base::Result<> VideoWriter::send(const AVFrame* frame) {
  if (const int rc = avcodec_send_frame(codec_.get(), frame); rc < 0) return base::fail(ffmpeg_error(rc, "encode"));
  return receive();
}

base::Result<> VideoWriter::receive() {
  for (;;) {
    const int rc = avcodec_receive_packet(codec_.get(), packet_.get());
    if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return {};
    if (rc < 0) return base::fail(ffmpeg_error(rc, "encode"));
    RESCUE_CHECK(write_encoded());
  }
}

base::Result<> VideoWriter::write_encoded() {
  const std::int64_t tick = packet_->pts;
  if (tick < written_until_) return base::fail(base::Errc::internal, "the encoder gave pictures out of order");
  if (!format_.variable) RESCUE_CHECK(write_repeats(tick));
  if (repeater_) {
    RESCUE_TRY(const auto data, repeater_->picture({packet_->data, static_cast<std::size_t>(packet_->size)}));
    RESCUE_CHECK(replace_data(*packet_, data));
  } else if (repeat_of(format_.codec) == Repeat::same_packet) {
    av_packet_unref(last_.get());
    if (const int rc = av_packet_ref(last_.get(), packet_.get()); rc < 0)
      return base::fail(ffmpeg_error(rc, "keep a picture"));
  }
  return write(*packet_, tick);
}

base::Result<> VideoWriter::write_repeats(std::int64_t until) {
  while (written_until_ < until) {
    const Owned<AVPacket> packet(av_packet_alloc());
    if (!packet) return base::fail(base::Errc::internal, "out of memory");
    if (repeater_) {
      RESCUE_TRY(const auto data, repeater_->repeat());
      RESCUE_CHECK(replace_data(*packet, data));
    } else if (const int rc = av_packet_ref(packet.get(), last_.get()); rc < 0) {
      return base::fail(ffmpeg_error(rc, "repeat a picture"));
    }
    RESCUE_CHECK(write(*packet, written_until_));
  }
  return {};
}

base::Result<> VideoWriter::write(AVPacket& packet, std::int64_t tick) {
  packet.pts = tick;
  packet.dts = tick;
  packet.duration = 1;
  packet.stream_index = stream_->index;
  av_packet_rescale_ts(&packet, codec_->time_base, stream_->time_base);
  written_until_ = tick + 1;
  ++pictures_;
  const int written = av_interleaved_write_frame(output_.get(), &packet);
  if (written < 0) return base::fail(ffmpeg_error(written, "write '" + path_ + "'"));
  if (output_->pb->error < 0) return base::fail(ffmpeg_error(output_->pb->error, "write '" + path_ + "'"));
  return {};
}

base::Result<> VideoWriter::finish() {
  RESCUE_CHECK(send(nullptr));
  if (!format_.variable) RESCUE_CHECK(write_repeats(tick_));
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

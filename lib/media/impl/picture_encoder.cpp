// SPDX-License-Identifier: Apache-2.0
#include "media/impl/picture_encoder.hpp"

#include <fmt/format.h>

#include <cstring>

namespace rescue::media {
namespace {
std::unexpected<base::Error> out_of_memory() { return base::fail(base::Errc::internal, "out of memory"); }

base::Result<> put_data(AVPacket& packet, base::ByteView data) {
  const int flags = packet.flags;
  av_packet_unref(&packet);
  if (av_new_packet(&packet, static_cast<int>(data.size())) < 0) return out_of_memory();
  std::memcpy(packet.data, data.data(), data.size());
  packet.flags = flags;
  return {};
}
}  // namespace

base::Result<PictureEncoder> PictureEncoder::create(const VideoFormat& format, Segment segment, Output output) {
  PictureEncoder e;
  e.format_ = format;
  e.segment_ = segment;
  e.output_ = std::move(output);
  e.tick_ = e.given_until_ = e.next_keyframe_ = segment.first;
  const char* name = encoder_name(format.codec);
  const AVCodec* encoder = avcodec_find_encoder_by_name(name);
  if (encoder == nullptr)
    return base::fail(base::Errc::unsupported, fmt::format("FFmpeg on this machine has no encoder '{}'", name));
  e.codec_.reset(avcodec_alloc_context3(encoder));
  e.frame_.reset(av_frame_alloc());
  e.last_.reset(av_packet_alloc());
  if (!e.codec_ || !e.frame_ || !e.last_) return out_of_memory();
  set_up(*e.codec_, format);
  if (const int rc = avcodec_open2(e.codec_.get(), encoder, nullptr); rc < 0)
    return base::fail(ffmpeg_error(rc, fmt::format("open encoder '{}'", name)));
  e.frame_->format = e.codec_->pix_fmt;
  e.frame_->width = e.codec_->width;
  e.frame_->height = e.codec_->height;
  if (const int rc = av_frame_get_buffer(e.frame_.get(), 0); rc < 0)
    return base::fail(ffmpeg_error(rc, "allocate a frame"));
  e.repeater_ = make_repeater(format);
  RESCUE_CHECK(e.read_parameters());
  return e;
}

base::Result<> PictureEncoder::read_parameters() {
  if (codec_->extradata_size <= 0) return {};
  parameters_ = base::to_bytes({codec_->extradata, static_cast<std::size_t>(codec_->extradata_size)});
  if (repeater_) {
    RESCUE_TRY(parameters_, repeater_->parameters(parameters_));
  }
  return {};
}

base::Result<> PictureEncoder::describe(AVStream& stream) const {
  stream.time_base = codec_->time_base;
  stream.avg_frame_rate = codec_->framerate;
  AVCodecParameters& p = *stream.codecpar;
  if (const int rc = avcodec_parameters_from_context(&p, codec_.get()); rc < 0)
    return base::fail(ffmpeg_error(rc, "describe the stream"));
  if (parameters_.empty()) return {};
  av_freep(&p.extradata);
  p.extradata = static_cast<std::uint8_t*>(av_mallocz(parameters_.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (p.extradata == nullptr) return out_of_memory();
  std::memcpy(p.extradata, parameters_.data(), parameters_.size());
  p.extradata_size = static_cast<int>(parameters_.size());
  return {};
}

base::Result<> PictureEncoder::show(const screen::FrameView& picture, const screen::Damage& changed) {
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

base::Result<> PictureEncoder::hold() {
  // A player learns from the last picture how long a variable video is.
  const bool last = format_.variable && tick_ + 1 == format_.ticks;
  if (fresh_ || last || tick_ % anchor_ticks(format_) == 0) {
    frame_->pts = tick_;
    frame_->pict_type = AV_PICTURE_TYPE_NONE;
    if (tick_ >= next_keyframe_) {
      frame_->pict_type = AV_PICTURE_TYPE_I;
      next_keyframe_ = tick_ - tick_ % keyframe_ticks(format_) + keyframe_ticks(format_);
    } else if (tick_ + 1 == segment_.end && format_.codec == VideoCodec::h264) {
      // An IDR picture follows, and two in a row would need different numbers (ITU-T H.264 7.4.3, idr_pic_id).
      frame_->pict_type = AV_PICTURE_TYPE_P;
    }
    RESCUE_CHECK(send(frame_.get()));
    fresh_ = false;
  }
  ++tick_;
  return {};
}

base::Result<> PictureEncoder::send(const AVFrame* frame) {
  if (const int rc = avcodec_send_frame(codec_.get(), frame); rc < 0) return base::fail(ffmpeg_error(rc, "encode"));
  for (;;) {
    Owned<AVPacket> packet(av_packet_alloc());
    if (!packet) return out_of_memory();
    const int rc = avcodec_receive_packet(codec_.get(), packet.get());
    if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return {};
    if (rc < 0) return base::fail(ffmpeg_error(rc, "encode"));
    RESCUE_CHECK(give_encoded(std::move(packet)));
  }
}

base::Result<> PictureEncoder::give_encoded(Owned<AVPacket> packet) {
  const std::int64_t tick = packet->pts;
  if (tick < given_until_) return base::fail(base::Errc::internal, "the encoder gave pictures out of order");
  if (!format_.variable) RESCUE_CHECK(give_repeats(tick));
  if (repeater_) {
    RESCUE_TRY(const auto data, repeater_->picture({packet->data, static_cast<std::size_t>(packet->size)}, tick));
    RESCUE_CHECK(put_data(*packet, data));
  } else if (stands_alone(format_.codec)) {
    av_packet_unref(last_.get());
    if (const int rc = av_packet_ref(last_.get(), packet.get()); rc < 0)
      return base::fail(ffmpeg_error(rc, "keep a picture"));
  }
  return give(std::move(packet), tick);
}

base::Result<> PictureEncoder::give_repeats(std::int64_t until) {
  while (given_until_ < until) {
    Owned<AVPacket> packet(av_packet_alloc());
    if (!packet) return out_of_memory();
    if (repeater_) {
      RESCUE_TRY(const auto data, repeater_->repeat(given_until_));
      RESCUE_CHECK(put_data(*packet, data));
    } else if (const int rc = av_packet_ref(packet.get(), last_.get()); rc < 0) {
      return base::fail(ffmpeg_error(rc, "repeat a picture"));
    }
    RESCUE_CHECK(give(std::move(packet), given_until_));
  }
  return {};
}

base::Result<> PictureEncoder::give(Owned<AVPacket> packet, std::int64_t tick) {
  packet->pts = tick;
  packet->dts = tick;
  packet->duration = 1;
  given_until_ = tick + 1;
  return output_(std::move(packet));
}

base::Result<> PictureEncoder::finish() {
  RESCUE_CHECK(send(nullptr));
  return format_.variable ? base::Result<>() : give_repeats(tick_);
}

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
#include "media/impl/video_reader.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/pixdesc.h>
}

namespace rescue::media {
namespace {
// Matroska counts milliseconds, so its times are off by at most half of one.
constexpr auto kTimeSlack = std::chrono::milliseconds(1);

/// Rounded down, as ticks of a constant rate are: what is shown at a tick must not be a microsecond late for it.
rcrec::Time to_time(std::int64_t t, AVRational unit) {
  return rcrec::Time(av_rescale_q_rnd(t, unit, AVRational{1, 1'000'000}, AV_ROUND_DOWN));
}

/// The tick of `rate` that was meant, when one is that near.
rcrec::Time at_tick(rcrec::Time t, AVRational rate) {
  if (rate.num <= 0 || rate.den <= 0) return t;
  const AVRational tick_length{rate.den, rate.num};
  const std::int64_t tick = av_rescale_q_rnd(t.count(), AVRational{1, 1'000'000}, tick_length, AV_ROUND_NEAR_INF);
  const rcrec::Time exact = to_time(tick, tick_length);
  return std::chrono::abs(exact - t) <= kTimeSlack ? exact : t;
}

int find_format(const std::string& url, const AVInputFormat*& format) {
  AVIOContext* io = nullptr;
  int rc = avio_open(&io, url.c_str(), AVIO_FLAG_READ);
  if (rc >= 0) rc = av_probe_input_buffer2(io, &format, url.c_str(), nullptr, 0, 0);
  avio_closep(&io);
  return rc;
}

/// What leads elsewhere: FFmpeg would go there, and wait for more for minutes.
bool is_playlist(const AVInputFormat& format) {
  const std::string_view name = format.name;
  return name == "hls" || name == "dash" || name == "concat" || name == "sdp" || name == "rtsp";
}

/// sws_getCachedContext forgets colours when it makes a new context, so they are set for each frame; that is cheap.
void set_colours(SwsContext* c, const AVFrame& f) {
  const bool is_full = f.color_range == AVCOL_RANGE_JPEG || f.format == AV_PIX_FMT_YUVJ420P ||
                       f.format == AV_PIX_FMT_YUVJ422P || f.format == AV_PIX_FMT_YUVJ444P;
  const int* matrix = sws_getCoefficients(f.colorspace == AVCOL_SPC_UNSPECIFIED || f.colorspace == AVCOL_SPC_RGB
                                              ? SWS_CS_DEFAULT
                                              : static_cast<int>(f.colorspace));
  sws_setColorspaceDetails(c, matrix, is_full ? 1 : 0, matrix, 1, 0, 1 << 16, 1 << 16);
}
}  // namespace

base::Result<VideoReader> VideoReader::open(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return base::fail(base::errno_error("open '" + path + "'"));
  if (!S_ISREG(st.st_mode)) return base::fail(base::Errc::bad_format, "'" + path + "' is no file");
  VideoReader r;
  r.path_ = path;
  const std::string url = "file:" + path;
  const auto no_video = [&](int rc) {
    return base::fail(base::Errc::bad_format, ffmpeg_error(rc, "video '" + path + "'").context);
  };
  const AVInputFormat* format = nullptr;
  if (const int rc = find_format(url, format); rc < 0) return no_video(rc);
  if (is_playlist(*format)) return base::fail(base::Errc::bad_format, "'" + path + "' is a playlist, no video");
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  AVFormatContext* f = nullptr;
  const int opened = avformat_open_input(&f, url.c_str(), format, &options);
  av_dict_free(&options);
  r.input_.reset(f);
  if (opened < 0) return no_video(opened);
  if (const int rc = avformat_find_stream_info(f, nullptr); rc < 0) return no_video(rc);
  const AVCodec* decoder = nullptr;
  const int index = av_find_best_stream(f, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  if (index < 0) return no_video(index);
  r.stream_ = f->streams[index];
  RESCUE_CHECK(r.open_decoder(decoder));
  static_cast<void>(take_ffmpeg_message());  // of attempts to find out what the file is
  return r;
}

base::Result<> VideoReader::open_decoder(const AVCodec* decoder) {
  codec_.reset(avcodec_alloc_context3(decoder));
  packet_.reset(av_packet_alloc());
  frame_.reset(av_frame_alloc());
  if (!codec_ || !packet_ || !frame_) return base::fail(base::Errc::internal, "out of memory");
  int rc = avcodec_parameters_to_context(codec_.get(), stream_->codecpar);
  codec_->pkt_timebase = stream_->time_base;
  codec_->thread_count = 2;
  codec_->max_pixels =
      screen::kMaxPixels;  // what a stranger's file says of its size is not allocated before it is checked
  if (rc >= 0) rc = avcodec_open2(codec_.get(), decoder, nullptr);
  if (rc < 0) return base::fail(base::Errc::bad_format, ffmpeg_error(rc, "video '" + path_ + "'").context);
  rate_ = av_guess_frame_rate(input_.get(), stream_, nullptr);
  frame_time_ = rate_.num > 0 && rate_.den > 0 ? to_time(1, AVRational{rate_.den, rate_.num})
                                               : rcrec::Time(std::chrono::milliseconds(40));
  return {};
}

void VideoReader::note_damage(const std::string& what) {
  if (!damage_)
    damage_ = fmt::format("after frame {} at {:.3f} s: {}", frames_, static_cast<double>(time_.count()) / 1e6, what);
}

/// Gives the decoder one more packet; false at the end of the file, when it was told so.
bool VideoReader::feed() {
  for (;;) {
    const int rc = av_read_frame(input_.get(), packet_.get());
    if (rc < 0) {
      // Some demuxers call the middle of a cut file its end; what misses then shows in the duration only.
      if (rc != AVERROR_EOF) note_damage(ffmpeg_error(rc, "read").context);
      avcodec_send_packet(codec_.get(), nullptr);
      return false;
    }
    if (packet_->stream_index != stream_->index) {
      av_packet_unref(packet_.get());
      continue;
    }
    if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) note_damage("damaged packet");
    const int sent = avcodec_send_packet(codec_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (sent < 0 && sent != AVERROR(EAGAIN)) note_damage(ffmpeg_error(sent, "decode").context);
    return true;
  }
}

base::Result<const screen::Frame*> VideoReader::next() {
  bool at_end = false;
  for (;;) {
    const int rc = avcodec_receive_frame(codec_.get(), frame_.get());
    if (const std::string said = take_ffmpeg_message(); !said.empty()) note_damage(said);
    if (rc == 0) {
      if (frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0) note_damage("damaged frame");
      RESCUE_CHECK(take_frame());
      return &picture_;
    }
    if (rc == AVERROR_EOF) return nullptr;
    if (rc != AVERROR(EAGAIN)) note_damage(ffmpeg_error(rc, "decode").context);
    if (at_end) return nullptr;
    at_end = !feed();
  }
}

base::Result<> VideoReader::take_frame() {
  const AVFrame& f = *frame_;
  const screen::Size size{f.width, f.height};
  if (!size.valid())
    return base::fail(base::Errc::too_large, fmt::format("frame of {}x{} pixels in '{}'", f.width, f.height, path_));
  if (picture_.size() != size) {
    RESCUE_TRY(picture_, screen::Frame::create(size));
  }
  converter_.reset(sws_getCachedContext(
      converter_.release(), f.width, f.height, static_cast<AVPixelFormat>(f.format), f.width, f.height,
      AV_PIX_FMT_0RGB32, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  if (!converter_)
    return base::fail(base::Errc::unsupported, fmt::format("pixels of '{}' ({})", path_,
                                                           av_get_pix_fmt_name(static_cast<AVPixelFormat>(f.format))));
  set_colours(converter_.get(), f);
  std::uint8_t* const to[4] = {reinterpret_cast<std::uint8_t*>(picture_.row(0))};
  const int stride[4] = {picture_.stride() * 4};
  const int rc = sws_scale(converter_.get(), f.data, f.linesize, 0, f.height, to, stride);
  if (rc < 0) return base::fail(ffmpeg_error(rc, "convert pixels"));
  const std::int64_t pts = f.best_effort_timestamp;
  if (pts == AV_NOPTS_VALUE) {
    time_ = frames_ == 0 ? rcrec::Time{} : time_ + frame_time_;
  } else {
    if (!first_pts_) first_pts_ = pts;
    time_ = std::clamp(at_tick(to_time(pts - *first_pts_, stream_->time_base), rate_), time_, rcrec::kMaxTime);
  }
  ++frames_;
  return {};
}

rcrec::Time VideoReader::end() const { return frames_ == 0 ? rcrec::Time{} : at_tick(time_ + frame_time_, rate_); }

rcrec::Time VideoReader::expected() const {
  return input_->duration > 0 ? to_time(input_->duration, AV_TIME_BASE_Q) : rcrec::Time{};
}

std::string VideoReader::codec() const { return avcodec_get_name(codec_->codec_id); }

std::optional<base::WallTime> VideoReader::created() const {
  const AVDictionaryEntry* e = av_dict_get(input_->metadata, "creation_time", nullptr, 0);
  if (e == nullptr) return std::nullopt;
  const auto t = base::parse_rfc3339(e->value);
  return t ? std::optional(*t) : std::nullopt;
}

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
#include "media/impl/muxer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "media/impl/notes.hpp"

namespace rescue::media {
namespace {
constexpr AVRational kMicroseconds{1, 1'000'000};
constexpr std::size_t kMaxLines = 16;  // that stand at a time in MP4: each change writes all of them again

AVCodecID text_codec(Container c) {
  if (c == Container::mp4) return AV_CODEC_ID_MOV_TEXT;
  return c == Container::webm ? AV_CODEC_ID_WEBVTT : AV_CODEC_ID_SUBRIP;
}

/// How MP4 texts look (3GPP TS 26.245 5.16, TextSampleEntry without its box header): white, centred, below, one font.
constexpr std::uint8_t kTextSampleEntry[] = {
    0, 0, 0, 0,  1,   0xff, 0,   0,   0,    0,                 // flags, justification, background
    0, 0, 0, 0,  0,   0,    0,   0,                            // box
    0, 0, 0, 0,  0,   1,    0,   18,  0xff, 0xff, 0xff, 0xff,  // style: font 1, size 18
    0, 0, 0, 18, 'f', 't',  'a', 'b', 0,    1,    0,    1,    5, 'S', 'e', 'r', 'i', 'f'};

std::string matroska_time(rcrec::Time t) {
  const auto us = t.count();
  return fmt::format("{:02}:{:02}:{:02}.{:06}000", us / 3'600'000'000, us / 60'000'000 % 60, us / 1'000'000 % 60,
                     us % 1'000'000);
}
}  // namespace

void Muxer::CloseOutput::operator()(AVFormatContext* f) const {
  avio_closep(&f->pb);
  avformat_free_context(f);
}

std::unexpected<base::Error> Muxer::failed(int rc) const {
  if (rc == AVERROR(EPIPE)) return base::fail(base::Errc::closed, "whoever read the video");
  return base::fail(ffmpeg_error(rc, path_ == kStandardOutput ? "write to standard output" : "write '" + path_ + "'"));
}

rcrec::Time Muxer::end() const { return rcrec::Time(format_.ticks * 1'000'000 / format_.fps); }

base::Result<Muxer> Muxer::create(const std::string& path, const VideoFormat& format, bool subtitles) {
  Muxer m;
  m.path_ = path;
  m.format_ = format;
  if (path != kStandardOutput) {
    // FFmpeg would create the file with the umask alone; a recording is nobody else's business.
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) return base::fail(base::Errc::conflict, "'" + path + "' exists");
    if (fd < 0) return base::fail(base::errno_error("create '" + path + "'"));
    ::close(fd);
  }
  AVFormatContext* f = nullptr;
  if (const int rc = avformat_alloc_output_context2(&f, nullptr, muxer_name(format.container), path.c_str()); rc < 0)
    return m.failed(rc);
  m.output_.reset(f);
  m.video_ = avformat_new_stream(f, nullptr);
  if (m.video_ == nullptr) return base::fail(base::Errc::internal, "out of memory");
  // An encoder knows what stands in front of the first packet.
  RESCUE_TRY(auto encoder, PictureEncoder::create(format, {}, [](Owned<AVPacket>) { return base::Result<>(); }));
  RESCUE_CHECK(encoder.describe(*m.video_));
  if (subtitles) RESCUE_CHECK(m.add_subtitles());
  RESCUE_CHECK(m.open());
  return m;
}

base::Result<> Muxer::add_subtitles() {
  text_ = avformat_new_stream(output_.get(), nullptr);
  if (text_ == nullptr) return base::fail(base::Errc::internal, "out of memory");
  AVCodecParameters& p = *text_->codecpar;
  p.codec_type = AVMEDIA_TYPE_SUBTITLE;
  p.codec_id = text_codec(format_.container);
  text_->time_base = AVRational{1, 1000};
  text_->disposition = AV_DISPOSITION_DEFAULT;
  if (p.codec_id != AV_CODEC_ID_MOV_TEXT) return {};
  p.extradata = static_cast<std::uint8_t*>(av_mallocz(sizeof kTextSampleEntry + AV_INPUT_BUFFER_PADDING_SIZE));
  if (p.extradata == nullptr) return base::fail(base::Errc::internal, "out of memory");
  std::memcpy(p.extradata, kTextSampleEntry, sizeof kTextSampleEntry);
  p.extradata_size = sizeof kTextSampleEntry;
  return {};
}

base::Result<> Muxer::open() {
  AVFormatContext* f = output_.get();
  const bool piped = path_ == kStandardOutput;
  AVDictionary* options = nullptr;
  if (piped) {
    // A player behind the pipe wants to begin at once, and to know how long it will be.
    av_dict_set(&options, "cluster_time_limit", "500", 0);
    av_dict_set(&video_->metadata, "DURATION", matroska_time(end()).c_str(), 0);
    f->flags |= AVFMT_FLAG_FLUSH_PACKETS;
  }
  // With "file:", a colon in a name does not make it the name of a protocol.
  int rc = avio_open(&f->pb, piped ? "pipe:1" : ("file:" + path_).c_str(), AVIO_FLAG_WRITE);
  if (rc >= 0) rc = avformat_write_header(f, &options);
  av_dict_free(&options);
  return rc < 0 ? base::Result<>(failed(rc)) : base::Result<>();
}

base::Result<> Muxer::write(AVPacket& packet) {
  packet.stream_index = video_->index;
  av_packet_rescale_ts(&packet, AVRational{1, format_.fps}, video_->time_base);
  ++pictures_;
  return put(packet);
}

/// Packets come in time order, so nothing has to be held back for sorting.
base::Result<> Muxer::put(AVPacket& packet) {
  const int rc = av_write_frame(output_.get(), &packet);
  if (rc < 0) return failed(rc);
  if (output_->pb->error < 0) return failed(output_->pb->error);
  return {};
}

base::Result<> Muxer::cue(rcrec::Time at, const std::string& text) {
  if (text_ == nullptr || at >= end()) return {};
  if (format_.container != Container::mp4)
    return put_cue(at, at + kCueTime, format_.container == Container::webm ? webvtt_text(text) : subrip_text(text));
  RESCUE_CHECK(put_lines(at));
  if (lines_.size() >= kMaxLines) lines_.erase(lines_.begin());
  lines_.push_back({at + kCueTime, text});
  return {};
}

/// Writes what stood up to `until`.
base::Result<> Muxer::put_lines(rcrec::Time until) {
  while (!lines_.empty() && lines_since_ < until) {
    const rcrec::Time change = std::min(until, lines_.front().until);  // all stand equally long
    std::string text;
    for (const Line& line : lines_) text += (text.empty() ? "" : "\n") + line.text;
    RESCUE_CHECK(put_cue(lines_since_, change, text));
    lines_since_ = change;
    std::erase_if(lines_, [&](const Line& line) { return line.until <= change; });
  }
  lines_since_ = until;
  return {};
}

base::Result<> Muxer::put_cue(rcrec::Time from, rcrec::Time until, const std::string& text) {
  until = std::min(until, end());
  if (until <= from) return {};
  base::Bytes data;
  if (text_->codecpar->codec_id == AV_CODEC_ID_MOV_TEXT) {
    const auto size = std::min<std::size_t>(text.size(), 0xffff);
    data = {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size & 0xff)};
    base::append(data, base::as_bytes(text).first(size));
  } else {
    data = base::to_bytes(base::as_bytes(text));
  }
  const Owned<AVPacket> packet(av_packet_alloc());
  if (!packet || av_new_packet(packet.get(), static_cast<int>(data.size())) < 0)
    return base::fail(base::Errc::internal, "out of memory");
  std::memcpy(packet->data, data.data(), data.size());
  packet->pts = packet->dts = av_rescale_q(from.count(), kMicroseconds, text_->time_base);
  packet->duration = av_rescale_q(until.count(), kMicroseconds, text_->time_base) - packet->pts;
  packet->stream_index = text_->index;
  packet->flags |= AV_PKT_FLAG_KEY;
  return put(*packet);
}

base::Result<> Muxer::finish() {
  RESCUE_CHECK(put_lines(end()));
  if (const int rc = av_write_trailer(output_.get()); rc < 0) return failed(rc);
  avio_flush(output_->pb);
  const int late = output_->pb->error;
  const int closed = avio_closep(&output_->pb);
  if (late < 0) return failed(late);
  if (closed < 0) return failed(closed);
  return {};
}

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "media/impl/muxer.hpp"

extern "C" {
#include <libavutil/sha.h>
}

namespace rescue::media {
namespace {

struct CloseInput {
  void operator()(AVFormatContext* f) const { avformat_close_input(&f); }
};

base::Result<> hash_file(const std::string& path, VideoFacts& facts) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::fail(base::errno_error("read '" + path + "'"));
  const std::unique_ptr<AVSHA, decltype(&av_free)> sha(av_sha_alloc(), av_free);
  av_sha_init(sha.get(), 256);
  base::Bytes block(std::size_t{1} << 18);
  ssize_t n = 0;
  while ((n = ::read(fd, block.data(), block.size())) > 0) {
    av_sha_update(sha.get(), block.data(), static_cast<std::size_t>(n));
    facts.bytes += static_cast<std::uint64_t>(n);
  }
  const int why = errno;
  ::close(fd);
  if (n < 0) return base::fail(base::errno_error("read '" + path + "'", why));
  std::array<std::uint8_t, 32> digest{};
  av_sha_final(sha.get(), digest.data());
  facts.sha256_hex = base::to_hex(digest);
  return {};
}
}  // namespace

base::Result<VideoFacts> read_back(const std::string& path, const VideoFormat& format, bool subtitles) {
  const auto refuse = [&](std::string_view what) {
    return base::fail(base::Errc::verification_failed, "reading '" + path + "' back: " + std::string(what));
  };
  VideoFacts facts;
  RESCUE_CHECK(hash_file(path, facts));
  AVFormatContext* f = nullptr;
  if (avformat_open_input(&f, ("file:" + path).c_str(), av_find_input_format(demuxer_name(format.container)), nullptr) <
      0)
    return refuse("does not open");
  const std::unique_ptr<AVFormatContext, CloseInput> input(f);
  if (avformat_find_stream_info(f, nullptr) < 0 || f->nb_streams != (subtitles ? 2u : 1u) ||
      f->streams[0]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO)
    return refuse("has no single video stream");
  const AVStream& stream = *f->streams[0];
  facts.size = {stream.codecpar->width, stream.codecpar->height};
  const Owned<AVPacket> packet(av_packet_alloc());
  while (av_read_frame(f, packet.get()) >= 0) {
    if (packet->size > 0 && packet->stream_index == 0) ++facts.frames;
    av_packet_unref(packet.get());
  }
  const std::int64_t duration =
      stream.duration != AV_NOPTS_VALUE ? av_rescale_q(stream.duration, stream.time_base, AV_TIME_BASE_Q) : f->duration;
  facts.duration = std::chrono::microseconds(duration);
  if (format.container == Container::avi && stream.avg_frame_rate.num != format.fps * stream.avg_frame_rate.den)
    return refuse("has another frame rate");
  return facts;
}

}  // namespace rescue::media

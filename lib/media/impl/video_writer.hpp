// SPDX-License-Identifier: Apache-2.0
// Pictures at ticks into one video file.
#pragma once

#include "media/convert.hpp"
#include "media/impl/encoders.hpp"
#include "media/impl/h264_repeat.hpp"

namespace rescue::media {

class VideoWriter {
 public:
  /// Creates `path` (mode 0600; it must not exist). Errors: unsupported (this FFmpeg lacks the codec), conflict,
  /// no_space, io.
  [[nodiscard]] static base::Result<VideoWriter> create(const std::string& path, const VideoFormat& format);
  VideoWriter(VideoWriter&&) = default;
  VideoWriter& operator=(VideoWriter&&) = default;

  /// Takes a picture of the format's size, which differs from the last one in `changed` alone; it stands for the next
  /// hold() calls.
  [[nodiscard]] base::Result<> show(const screen::FrameView& picture, const screen::Damage& changed);
  /// One tick with the picture of the last show(). A picture that was shown before is not encoded again where its codec
  /// can say "the same" otherwise.
  [[nodiscard]] base::Result<> hold();
  /// Writes what is left and the file's tables.
  [[nodiscard]] base::Result<> finish();
  /// Pictures in the file, once finished: the ticks, or fewer with a variable rate.
  [[nodiscard]] std::int64_t pictures() const { return pictures_; }

 private:
  struct CloseOutput {
    void operator()(AVFormatContext* f) const;
  };
  VideoWriter() = default;
  [[nodiscard]] base::Result<> open_codec();
  [[nodiscard]] base::Result<> open_file();
  [[nodiscard]] base::Result<> put_parameter_sets();
  [[nodiscard]] base::Result<> send(const AVFrame* frame);
  [[nodiscard]] base::Result<> receive();
  [[nodiscard]] base::Result<> write_encoded();
  [[nodiscard]] base::Result<> write_repeats(std::int64_t until);
  [[nodiscard]] base::Result<> write(AVPacket& packet, std::int64_t tick);

  std::string path_;
  VideoFormat format_;
  Owned<AVCodecContext> codec_;
  Owned<AVFrame> frame_;
  Owned<AVPacket> packet_;
  Owned<AVPacket> last_;  // Repeat::same_packet
  std::optional<H264Repeater> repeater_;
  std::unique_ptr<AVFormatContext, CloseOutput> output_;
  AVStream* stream_ = nullptr;
  std::int64_t tick_ = 0;           // of the next hold()
  std::int64_t written_until_ = 0;  // ticks in the file
  std::int64_t next_keyframe_ = 0;
  std::int64_t pictures_ = 0;
  bool fresh_ = true;  // the picture was not encoded yet
};

/// What another program reads from a finished file.
struct VideoFacts {
  std::int64_t frames = 0;
  std::chrono::microseconds duration{};
  screen::Size size;
  std::uint64_t bytes = 0;
  std::string sha256_hex;
};
/// Opens the file anew and reads all of it. verification_failed when it is no video file with one stream.
[[nodiscard]] base::Result<VideoFacts> read_back(const std::string& path, const VideoFormat& format);

}  // namespace rescue::media

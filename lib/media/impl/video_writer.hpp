// SPDX-License-Identifier: Apache-2.0
// Frames at a constant rate into one video file.
#pragma once

#include "media/convert.hpp"
#include "media/impl/ffmpeg.hpp"

namespace rescue::media {

struct VideoFormat {
  Container container{};
  VideoCodec codec{};
  screen::Size size;  // even sides
  int fps = kDefaultFps;
};

class VideoWriter {
 public:
  /// Creates `path` (mode 0600; it must not exist). Errors: unsupported (this FFmpeg lacks the codec), conflict,
  /// no_space, io.
  [[nodiscard]] static base::Result<VideoWriter> create(const std::string& path, const VideoFormat& format);
  VideoWriter(VideoWriter&&) = default;
  VideoWriter& operator=(VideoWriter&&) = default;

  /// Takes a picture of the format's size; it stands for the next hold() calls.
  [[nodiscard]] base::Result<> show(const screen::FrameView& picture);
  /// One tick with the picture of the last show().
  [[nodiscard]] base::Result<> hold();
  /// Writes what is left and the file's tables.
  [[nodiscard]] base::Result<> finish();
  [[nodiscard]] std::int64_t frames() const { return frames_; }

 private:
  struct CloseOutput {
    void operator()(AVFormatContext* f) const;
  };
  VideoWriter() = default;
  [[nodiscard]] base::Result<> open_codec();
  [[nodiscard]] base::Result<> open_file();
  [[nodiscard]] base::Result<> send(const AVFrame* frame);
  void set_options();

  std::string path_;
  VideoFormat format_;
  Owned<AVCodecContext> codec_;
  Owned<AVFrame> frame_;
  Owned<AVPacket> packet_;
  Owned<SwsContext> scaler_;
  std::unique_ptr<AVFormatContext, CloseOutput> output_;
  AVStream* stream_ = nullptr;
  std::int64_t frames_ = 0;
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
[[nodiscard]] base::Result<VideoFacts> read_back(const std::string& path, Container container, int fps);

}  // namespace rescue::media

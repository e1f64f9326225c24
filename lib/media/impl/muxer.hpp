// SPDX-License-Identifier: Apache-2.0
// Packets of one video and its subtitles into a file or a pipe.
#pragma once

#include "media/impl/notes.hpp"
#include "media/impl/picture_encoder.hpp"

namespace rescue::media {

/// The output is this process' standard output.
inline constexpr std::string_view kStandardOutput = "-";

class Muxer {
 public:
  /// Creates `path` (mode 0600; it must not exist), or writes Matroska to kStandardOutput. Errors: conflict, no_space,
  /// io; unsupported (this FFmpeg lacks the codec).
  [[nodiscard]] static base::Result<Muxer> create(const std::string& path, const VideoFormat& format, bool subtitles);
  Muxer(Muxer&&) = default;
  Muxer& operator=(Muxer&&) = delete;

  /// The next packet of a PictureEncoder.
  [[nodiscard]] base::Result<> write(AVPacket& packet);
  /// A line that stands from `at` for kCueTime, in time order; dropped when it would begin behind the video.
  [[nodiscard]] base::Result<> cue(rcrec::Time at, const std::string& text);
  /// Writes the file's tables.
  [[nodiscard]] base::Result<> finish();
  /// Pictures in the file: the ticks, or fewer with a variable rate.
  [[nodiscard]] std::int64_t pictures() const { return pictures_; }

 private:
  struct CloseOutput {
    void operator()(AVFormatContext* f) const;
  };
  struct Line {
    rcrec::Time until{};
    std::string text;
  };
  Muxer() = default;
  [[nodiscard]] base::Result<> open();
  [[nodiscard]] base::Result<> add_subtitles();
  [[nodiscard]] base::Result<> put(AVPacket& packet);
  [[nodiscard]] base::Result<> put_cue(rcrec::Time from, rcrec::Time until, const std::string& text);
  [[nodiscard]] base::Result<> put_lines(rcrec::Time until);
  [[nodiscard]] std::unexpected<base::Error> failed(int rc) const;
  [[nodiscard]] rcrec::Time end() const;

  std::string path_;
  VideoFormat format_;
  std::unique_ptr<AVFormatContext, CloseOutput> output_;
  AVStream* video_ = nullptr;
  AVStream* text_ = nullptr;
  std::int64_t pictures_ = 0;
  // MP4 has one text at a time: lines that stand together are written as one, until one comes or goes.
  std::vector<Line> lines_;
  rcrec::Time lines_since_{};
};

/// What another program reads from a finished file.
struct VideoFacts {
  std::int64_t frames = 0;
  std::chrono::microseconds duration{};
  screen::Size size;
  std::uint64_t bytes = 0;
  std::string sha256_hex;
};
/// Opens the file anew and reads all of it. verification_failed when it is no video file with one video stream.
[[nodiscard]] base::Result<VideoFacts> read_back(const std::string& path, const VideoFormat& format, bool subtitles);

}  // namespace rescue::media

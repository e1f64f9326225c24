// SPDX-License-Identifier: Apache-2.0
// Recordings to video files through FFmpeg. The variable frame rate of a recording becomes a constant one by sample and
// hold: frame n shows the newest picture at or before n/fps. Every tick is a real frame, so that frame count, duration
// and size that other programs read from the file are exactly those of Summary. Where nothing changed, and the codec
// can say so, the frame costs a few bytes and no work.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rcrec/reader.hpp"
#include "screen/frame.hpp"

namespace rescue::media {

enum class VideoCodec : std::uint8_t {
  h264,   // 4:2:0, CRF 20, no B-frames: plays everywhere
  mpeg4,  // MPEG-4 ASP as XVID: old players and editors
  zmbv,   // lossless; AVI only
  vp9,    // WebM and Matroska
  ffv1,   // lossless, each frame alone, with checksums; AVI and Matroska
  mjpeg,  // each frame alone, for editors; AVI and Matroska
};
inline constexpr VideoCodec kCodecs[] = {VideoCodec::h264, VideoCodec::mpeg4, VideoCodec::zmbv,
                                         VideoCodec::vp9,  VideoCodec::ffv1,  VideoCodec::mjpeg};
enum class Container : std::uint8_t { avi, mp4, mkv, webm };
[[nodiscard]] std::string_view codec_name(VideoCodec c);
[[nodiscard]] std::optional<VideoCodec> codec_from_name(std::string_view name);
/// By the suffix of a file name: .avi .mp4 .mkv .webm, any case.
[[nodiscard]] std::optional<Container> container_from_path(std::string_view path);
/// h264, for WebM vp9.
[[nodiscard]] VideoCodec default_codec(Container c);

inline constexpr int kMinFps = 1;
inline constexpr int kMaxFps = 60;
inline constexpr int kDefaultFps = 15;
inline constexpr int kMinJobs = 1;
inline constexpr int kMaxJobs = 64;
/// Ticks per second of a variable rate.
inline constexpr int kVariableFps = 60;
/// Frames of one output: 13 days at 15 per second. A damaged time stamp must not fill a disk.
inline constexpr std::int64_t kMaxFrames = std::int64_t{1} << 24;

struct Progress {
  std::int64_t frames_done = 0;
  std::int64_t frames_total = 0;
  int fps = 0;  // frames per second of the recording
};

/// What is written into the picture.
struct OverlayParts {
  bool chat = false;
  bool events = false;
  bool clock = false;  // the time of day (UTC)
  [[nodiscard]] bool any() const { return chat || events || clock; }
};
enum class Subtitles : std::uint8_t {
  none,
  beside,  // OUT.srt
  inside,  // a track of the file; not AVI
};

struct ConvertOptions {
  int fps = kDefaultFps;
  /// A frame at each tick of kVariableFps where something changes (and at least every 5 s), instead of `fps`; not AVI.
  bool variable = false;
  /// The part of the joined recordings to convert; `to` may lie behind the end.
  std::chrono::microseconds from{};
  std::optional<std::chrono::microseconds> to;
  /// Of the video; the picture is scaled to fit, black beside it. Sides are made even.
  std::optional<screen::Size> size;
  Container container = Container::avi;
  std::optional<VideoCodec> codec;  // none: default_codec(container)
  bool draw_cursor = true;
  OverlayParts overlay;
  Subtitles subtitles = Subtitles::none;  // chat and events
  bool sidecars = false;                  // OUT.srt and OUT.events.jsonl, both with chat and events
  bool overwrite = false;                 // replace an existing output
  rcrec::KeyRing keys;                    // for encrypted recordings
  /// Parts of the recordings that are converted at a time, kMinJobs to kMaxJobs. The bytes of the output are the same
  /// for all. Recordings of large displays get fewer, for memory.
  int jobs = 1;
  std::function<void(const Progress&)> on_progress;  // about ten times a second of work
  std::function<bool()> canceled;                    // asked ten times a second of work and more
};

/// A damaged place of an input that shows in the output as a dimmed picture with a red border.
struct Gap {
  std::string path;
  rcrec::DamagedPlace place;
};

struct Summary {
  std::string path;
  std::int64_t frames = 0;
  std::chrono::microseconds duration{};  // frames / fps, when the rate is constant
  int fps = 0;                           // 0: variable
  screen::Size size;                     // of the output: the largest picture, sides made even
  std::uint64_t bytes = 0;
  std::string sha256_hex;
  VideoCodec codec{};
  std::vector<Gap> gaps;    // at most rcrec::kMaxReportedDamage
  bool unfinished = false;  // an input has no END; it was converted up to its last chunk
  std::vector<std::string> sidecar_paths;
  /// Something of the recording is missing in the output.
  [[nodiscard]] bool partial() const { return !gaps.empty(); }
};

/// Inputs follow one another in the order given. Writes to a temporary name beside `out`, checks it by reading it
/// again, then renames; on an error nothing is left. With `out` "-" Matroska goes to standard output as it comes,
/// unread and unhashed. Blocks; one call at a time per process (FFmpeg's log is process-wide). Errors: as
/// rcrec::ChunkReader::open with the input's path; bad_format naming file and offset when an input has no picture;
/// invalid_argument (also when `from` lies behind the end); too_large (kMaxFrames); conflict
/// (`out` exists); canceled; no_space, io; unsupported (the FFmpeg of this machine lacks the codec);
/// verification_failed (the written file does not read back as it must).
[[nodiscard]] base::Result<Summary> convert(const std::vector<std::string>& inputs, const std::string& out,
                                            const ConvertOptions& options);

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
// Decoded frames of the first video stream of a file, as pixels.
#pragma once

#include <functional>
#include <optional>

#include "media/impl/ffmpeg.hpp"
#include "rcrec/format.hpp"
#include "screen/frame.hpp"

namespace rescue::media {

class VideoReader {
 public:
  /// Errors: not_found, io; bad_format when FFmpeg finds no video in it.
  [[nodiscard]] static base::Result<VideoReader> open(const std::string& path);

  /// The next frame, and when it is shown; nullptr at the end. Damage is skipped and noted. Errors: too_large,
  /// internal.
  [[nodiscard]] base::Result<const screen::Frame*> next();
  [[nodiscard]] rcrec::Time time() const { return time_; }  // of the last frame, from the first on
  [[nodiscard]] rcrec::Time end() const;                    // of the last frame, by the usual length of one
  [[nodiscard]] rcrec::Time expected() const;               // 0: unknown
  [[nodiscard]] std::string codec() const;
  [[nodiscard]] std::optional<base::WallTime> created() const;
  /// The first thing that did not decode.
  [[nodiscard]] const std::optional<std::string>& damage() const { return damage_; }

 private:
  struct CloseInput {
    void operator()(AVFormatContext* f) const { avformat_close_input(&f); }
  };
  VideoReader() = default;
  [[nodiscard]] base::Result<> open_decoder(const AVCodec* decoder);
  [[nodiscard]] bool feed();
  [[nodiscard]] base::Result<> take_frame();
  void note_damage(const std::string& what);

  std::string path_;
  std::unique_ptr<AVFormatContext, CloseInput> input_;
  AVStream* stream_ = nullptr;
  Owned<AVCodecContext> codec_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> frame_;
  Owned<SwsContext> converter_;
  screen::Frame picture_;
  std::optional<std::int64_t> first_pts_;
  rcrec::Time time_{};
  AVRational rate_{};  // 0: unknown
  rcrec::Time frame_time_{};
  std::int64_t frames_ = 0;
  std::optional<std::string> damage_;
};

}  // namespace rescue::media

// SPDX-License-Identifier: Apache-2.0
// One desktop capture through the screen codec: what it costs, and whether every picture came out as it must.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "perf/picture_quality.hpp"
#include "screen/codec.hpp"

namespace rescue::perf {

struct RunSettings {
  screen::Fidelity fidelity = screen::Fidelity::exact;
  bool refine = false;                                        // pictures at rest become exact
  unsigned video_kbit = 0;                                    // above 0: moving regions may become a video stream
  std::uint32_t work = screen::EncodeRequest::kWholePicture;  // of one call: the frame then goes out in parts
  bool compare = false;  // the encoder finds out for itself what changed; else it is told, as a capture tells it
  /// Above 0: pictures are presented in real time at this rate, and one that finds the encoder still busy when the next
  /// is there is dropped. 0: every picture of the capture is encoded, as fast as it goes, at its own time stamp.
  double fps = 0;
  std::chrono::microseconds until = std::chrono::microseconds::max();  // only the beginning of the capture
  std::string pictures;  // a folder: source, decoded and difference of the picture with the most inexact tiles

  [[nodiscard]] bool lossless() const { return fidelity == screen::Fidelity::exact && video_kbit == 0; }
  /// "exact", "visual", "visual refine video=1000", "exact work=120000 60/s" …
  [[nodiscard]] std::string name() const;
};

struct RunResult {
  std::string clip;
  std::string mode;
  screen::Size size;
  double seconds = 0;
  std::size_t frames = 0;  // pictures that changed and were encoded
  std::size_t bytes = 0;
  std::size_t first_bytes = 0;     // of the first picture
  std::size_t refine_bytes = 0;    // of packets while nothing changed
  std::vector<std::size_t> sizes;  // of packets, these not among them
  // CPU of all threads, in ms.
  std::vector<double> call_ms;   // of each call that gave a packet
  std::vector<double> frame_ms;  // of each picture: all its calls
  std::vector<double> decode_ms;
  double encode_total_ms = 0;  // with calls that found nothing to do
  // Of a presentation in real time.
  std::size_t dropped = 0;
  std::vector<double> delay_ms;  // from the moment of the picture until its last packet
  // After decoding.
  PictureQuality quality;   // of every picture that changed, when it was complete
  bool last_exact = false;  // the picture at the end is exact

  [[nodiscard]] double kb_per_minute() const;
  [[nodiscard]] double core_percent() const { return seconds > 0 ? encode_total_ms / seconds / 10 : 0; }
  [[nodiscard]] std::string json() const;
  [[nodiscard]] std::string text() const;
};

/// Encodes the whole capture, then decodes and compares. Errors: those of the reader and the codec; verification_failed
/// when a picture is not exact where it must be: everywhere without loss, else outside what the decoder says.
[[nodiscard]] base::Result<RunResult> run_clip(const std::string& path, const RunSettings& settings);

/// "term" of ".../term.xcp.zst".
[[nodiscard]] std::string clip_name(const std::string& path);

}  // namespace rescue::perf

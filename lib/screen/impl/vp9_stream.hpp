// SPDX-License-Identifier: Apache-2.0
// One VP9 stream, as a video region holds it: profile 0, one shown frame a picture, all of one size, the first a key
// frame and no other. A build without libvpx (RESCUE_VIDEO=OFF) has the same classes, which open nothing.
//
// Both classes: one thread at a time, no threads of their own. Memory of a stream: at most about 30 bytes a pixel.
#pragma once

#include <memory>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "screen/impl/video_colour.hpp"

namespace rescue::screen {

/// Whether this build encodes and decodes video at all.
[[nodiscard]] bool video_available();

class Vp9Encoder {
 public:
  /// `kbit`: the rate to keep to, kilobits a second. Errors: unsupported, internal.
  [[nodiscard]] static base::Result<Vp9Encoder> open(Size size, unsigned kbit);
  Vp9Encoder(Vp9Encoder&&) noexcept;
  Vp9Encoder& operator=(Vp9Encoder&&) noexcept;
  ~Vp9Encoder();

  /// The frame of the next picture: the part of `frame` at `place`, which has the stream's size. `time` grows from call
  /// to call. Errors: internal; then the stream is of no use any more.
  [[nodiscard]] base::Result<base::Bytes> encode(const FrameView& frame, Point place, base::Duration time);
  void set_rate(unsigned kbit);
  /// What a decoder of the frame just made shows. Valid until the next call.
  [[nodiscard]] VideoPlanes picture() const;

 private:
  struct State;
  explicit Vp9Encoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Safe for hostile bytes as far as libvpx is; what reaches it is one frame whose profile and size were judged before.
class Vp9Decoder {
 public:
  /// Errors: unsupported, internal.
  [[nodiscard]] static base::Result<Vp9Decoder> open(Size size);
  Vp9Decoder(Vp9Decoder&&) noexcept;
  Vp9Decoder& operator=(Vp9Decoder&&) noexcept;
  ~Vp9Decoder();

  /// Errors: bad_format; then the stream is of no use any more.
  [[nodiscard]] base::Result<> decode(base::ByteView frame);
  /// The picture decoded last. Valid until the next call.
  [[nodiscard]] VideoPlanes picture() const;

 private:
  struct State;
  explicit Vp9Decoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rescue::screen

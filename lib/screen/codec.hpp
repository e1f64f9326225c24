// SPDX-License-Identifier: Apache-2.0
// The screen codec: frames to packets and back, exact to the pixel. One encoder, one decoder, one ordered and reliable
// stream of packets between them. Both keep state (canvas, tile cache, colour table, compression window), so every
// packet must be decoded, in order, from a keyframe on.
//
// A packet names its codec and version in its first bytes; a reader that does not know them says `unsupported`. What a
// packet looks like inside is in impl/packet.hpp. The same frames and options give the same bytes on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/strong.hpp"
#include "screen/frame.hpp"

namespace rescue::screen {

/// Stable numbers: they stand in packets and recordings.
enum class CodecId : std::uint8_t {
  tiles = 1,  // 16x16 tiles: moves, cache, colour table, one zstd stream
};
[[nodiscard]] std::string_view codec_name(CodecId id);
inline constexpr CodecId kDefaultCodec = CodecId::tiles;
inline constexpr std::uint8_t kTilesVersion = 1;

/// The largest packet that an encoder makes and a decoder takes, in bytes. It fits one recording chunk.
inline constexpr std::size_t kMaxPacketBytes = (std::size_t{64} << 20) - 4096;

/// Number of a packet since its encoder began; wraps.
using PacketSequence = base::Strong<std::uint32_t, struct PacketSequenceTag>;

struct PacketInfo {
  CodecId codec{};
  std::uint8_t version = 0;
  bool keyframe = false;  // resets all state; decoding may start here
  PacketSequence sequence;
  Size size;
};
/// Reads a packet's header only. Errors: bad_format, unsupported, too_large.
[[nodiscard]] base::Result<PacketInfo> inspect_packet(base::ByteView packet);

struct Packet {
  PacketInfo info;
  base::Bytes bytes;
  Damage changed;  // what the packet repaints
};

struct EncoderOptions {
  CodecId codec = kDefaultCodec;
  int effort = 9;  // 1 (fast) to 19 (small); on desktop work 9 costs hardly more time than 1. The decoder does not care
};

/// Not thread-safe: one thread at a time. Memory: about 9 bytes a pixel, plus 60 MiB.
class Encoder {
 public:
  explicit Encoder(EncoderOptions options = {});
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;
  ~Encoder();

  /// The packet that turns the previous frame into this one; none when nothing changed and no keyframe was asked for.
  /// `damage` may name all that can have changed since the frame of the previous call: pixels outside are not looked
  /// at. Without it the whole frame is compared. The first frame, a new size and the call after an error make a
  /// keyframe. Errors: invalid_argument and too_large (frame or packet outside the limits), internal (compression
  /// library).
  [[nodiscard]] base::Result<std::optional<Packet>> encode(const FrameView& frame, const Damage* damage = nullptr,
                                                           bool keyframe = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a decoder accepts; a receiver with little memory lowers it. Larger pictures are refused with too_large.
struct DecoderLimits {
  std::int64_t max_pixels = kMaxPixels;
};

/// Safe for hostile bytes: any input gives a result or an error. Not thread-safe. Memory: at most about 9 bytes a pixel
/// of the picture, plus 34 MiB.
class Decoder {
 public:
  explicit Decoder(DecoderLimits limits = {});
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  /// Applies one packet to the canvas and says what changed. After a keyframe the whole canvas counts as changed.
  /// Errors: bad_format, too_large, unsupported; conflict (a packet is missing, or decoding has not begun at a
  /// keyframe); verification_failed (the canvas is not what the encoder saw). After any error needs_keyframe() is true,
  /// the canvas may show parts of the refused packet, and all but a keyframe is refused with conflict: ask the other
  /// side for one.
  [[nodiscard]] base::Result<Damage> decode(base::ByteView packet);

  /// 0x0 before the first keyframe. Valid until the next decode().
  [[nodiscard]] const Frame& canvas() const;
  [[nodiscard]] bool needs_keyframe() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rescue::screen

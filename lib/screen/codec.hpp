// SPDX-License-Identifier: Apache-2.0
// The screen codec: frames to packets and back, exact to the pixel, or with photos that become exact when time allows.
// One encoder, one decoder, one ordered and reliable stream of packets between them. Both keep state (canvas, tile
// cache, what was learnt of the pictures), so every packet must be decoded, in order, from a keyframe on.
//
// A packet names its codec and version in its first bytes; a reader that does not know them says `unsupported`. What a
// packet looks like inside is told in scodec(7). The same frames and options give the same bytes on every machine,
// but for video, whose bytes are those of the machine's libvpx; what they show is the same everywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/strong.hpp"
#include "screen/frame.hpp"

namespace rescue::screen {

/// Stable numbers: they stand in packets and recordings.
enum class CodecId : std::uint8_t {
  tiles = 1,    // 16x16 tiles: moves, cache, colour table, one zstd stream. Read only: older recordings hold it
  context = 2,  // 16x16 tiles: moves, cache, pixels by mixed contexts and arithmetic coding; scodec(7)
};
[[nodiscard]] std::string_view codec_name(CodecId id);
inline constexpr CodecId kDefaultCodec = CodecId::context;  // what an encoder writes
inline constexpr std::uint8_t kTilesVersion = 1;
inline constexpr std::uint8_t kContextVersion = 1;
inline constexpr std::uint8_t kPhotoVersion = 2;  // of "context": behind the first inexact tile since a keyframe
inline constexpr std::uint8_t kDefaultVersion = kContextVersion;

/// The largest packet that an encoder makes and a decoder takes, in bytes. It fits one recording chunk.
inline constexpr std::size_t kMaxPacketBytes = (std::size_t{64} << 20) - 4096;

/// Number of a packet since its encoder began; wraps.
using PacketSequence = base::Strong<std::uint32_t, struct PacketSequenceTag>;

struct PacketInfo {
  CodecId codec{};
  std::uint8_t version = 0;
  bool keyframe = false;  // resets all state; decoding may start here
  bool complete = true;   // false: parts of the picture are still to come
  bool exact = true;      // false: behind this packet the picture shows parts inexactly, see Fidelity
  PacketSequence sequence;
  Size size;  // 0x0 where only keyframes carry it
};
/// Reads a packet's header only. Errors: bad_format, unsupported, too_large.
[[nodiscard]] base::Result<PacketInfo> inspect_packet(base::ByteView packet);

struct Packet {
  PacketInfo info;
  base::Bytes bytes;
  Damage changed;  // what the packet repaints
};

/// How near to the source the picture must come. Text, lines and areas of one colour are exact in all of them.
enum class Fidelity : std::uint8_t {
  exact,   // every pixel
  visual,  // photos visually lossless
  coarse,  // photos at low quality, for thin links
};

/// How a frame is to be encoded.
struct EncodeRequest {
  /// All that can have changed since the frame of the call before: pixels outside are not looked at. Without it the
  /// whole frame is compared. Empty: nothing has; then only what was left out before is coded.
  const Damage* damage = nullptr;
  bool keyframe = false;
  /// Bounds the work of this call: about as many pixels that need thought (edges, photos) as a processor of 2020 codes
  /// in this many times 0.1 us. What is left out stays as it was at the receiver; see Encoder::pending(). Moved and
  /// cached tiles are always in. kWholePicture: no bound.
  std::uint32_t work = kWholePicture;
  /// When the work is bounded: what is near comes first. The mouse cursor is a good choice.
  Point focus{};
  Fidelity fidelity = Fidelity::exact;
  /// Make inexact parts that are at rest exact, as far as `work` allows; see Encoder::inexact().
  bool refine = false;
  /// Above 0: regions that move like video may become a video stream of about this many kilobits a second, where the
  /// build has one. 0: no video.
  unsigned video_kbit = 0;
  /// When the frame was taken, by any steady clock: motion and rest are judged by it. Never decreasing. All 0: whatever
  /// does not change in a call is at rest.
  base::Duration time{};

  static constexpr std::uint32_t kWholePicture = UINT32_MAX;
};

/// Not thread-safe: one thread at a time. Memory: at most about 12 bytes a pixel, plus 64 MiB; from the first inexact
/// tile behind a keyframe on 28 bytes a pixel, plus 98 MiB; 30 bytes for each pixel of a film, of which there are 4 Mi
/// at most.
class Encoder {
 public:
  Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;
  ~Encoder();

  /// The packet that turns what the receiver shows into this frame, as far as the work allows; none when nothing
  /// changed and no keyframe was asked for. The first frame, a new size and the call after an error make a keyframe.
  /// Errors: invalid_argument and too_large (frame or packet outside the limits).
  [[nodiscard]] base::Result<std::optional<Packet>> encode(const FrameView& frame, const EncodeRequest& request);
  /// The whole picture in one packet.
  [[nodiscard]] base::Result<std::optional<Packet>> encode(const FrameView& frame, const Damage* damage = nullptr,
                                                           bool keyframe = false) {
    return encode(frame, EncodeRequest{.damage = damage, .keyframe = keyframe});
  }
  /// The last packet left out parts of its frame. Call encode() again: with the same frame and an empty damage to go
  /// on, or with a newer frame, which the receiver then gets instead.
  [[nodiscard]] bool pending() const;
  /// The receiver shows parts inexactly (of what it was sent at all) which calls with `refine` would make exact. With
  /// the same frame, an empty damage and `refine`, repeated until this is false, the picture becomes equal to the
  /// frame.
  [[nodiscard]] bool inexact() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a decoder accepts; a receiver with little memory lowers it. Larger pictures are refused with too_large.
struct DecoderLimits {
  std::int64_t max_pixels = kMaxPixels;
};

/// Safe for hostile bytes: any input gives a result or an error, in time bounded by the size of the picture. Not
/// thread-safe. Memory: at most about 12 bytes a pixel of the picture, plus 60 MiB; 25 bytes for each pixel of video
/// regions, of which there are 4 Mi at most.
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
  /// Where the canvas is not known to be exact, in tiles: photos that were not refined yet, and what shows parts of
  /// them.
  [[nodiscard]] Damage inexact() const;
  /// The last packet was a complete picture: nothing of it is still to come. False before the first keyframe.
  [[nodiscard]] bool complete() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <optional>

#include "media/impl/bits.hpp"
#include "media/impl/repeater.hpp"

namespace rescue::media {
namespace {
constexpr std::uint32_t kFrameMarker = 2;
constexpr unsigned kAllSlots = 0xff;

/// The last frame of a superframe (VP9 bitstream, annex B); the packet itself when it is none.
base::ByteView last_frame(base::ByteView packet) {
  const unsigned marker = packet.back();
  if ((marker & 0xe0) != 0xc0) return packet;
  const std::size_t frames = (marker & 7) + 1;
  const std::size_t bytes = (marker >> 3 & 3) + 1;
  const std::size_t index = 2 + frames * bytes;
  if (packet.size() < index || packet[packet.size() - index] != marker) return packet;
  base::ByteView rest = packet.first(packet.size() - index);
  for (std::size_t f = 0; f + 1 < frames; ++f) {
    std::size_t size = 0;
    for (std::size_t b = 0; b < bytes; ++b)
      size |= std::size_t{packet[packet.size() - index + 1 + f * bytes + b]} << (8 * b);
    if (size >= rest.size()) return packet;
    rest = rest.subspan(size);
  }
  return rest;
}

class Vp9Repeater final : public Repeater {
 public:
  base::Result<base::Bytes> picture(base::ByteView packet, std::int64_t) override {
    const auto slots = packet.empty() ? std::nullopt : slots_of(last_frame(packet));
    if (!slots) return base::fail(base::Errc::unsupported, "repeat a picture of this VP9 stream");
    slots_ = *slots;
    return base::to_bytes(packet);
  }

  base::Result<base::Bytes> repeat(std::int64_t) override {
    if (slots_ == 0) return base::fail(base::Errc::conflict, "repeat a picture that no slot keeps");
    // Marker 2, profile 0, shows an existing frame, its slot.
    return base::Bytes{
        static_cast<std::uint8_t>(kFrameMarker << 6 | 1u << 3 | static_cast<unsigned>(std::countr_zero(slots_)))};
  }

 private:
  /// The slots that hold a frame after it was decoded, from its uncompressed header (VP9 bitstream 6.2); nothing for a
  /// frame that is not shown or of another profile.
  static std::optional<unsigned> slots_of(base::ByteView frame) {
    BitReader r(frame);
    if (r.bits(2) != kFrameMarker || r.bits(2) != 0) return std::nullopt;
    if (r.bits(1) != 0) return std::nullopt;  // shows an existing frame: no encoder of ours does
    const bool inter = r.bits(1) != 0;
    const bool shown = r.bits(1) != 0;
    const bool resilient = r.bits(1) != 0;
    if (!shown || r.failed()) return std::nullopt;
    if (!inter) return kAllSlots;
    if (!resilient) r.bits(2);  // reset_frame_context
    const unsigned slots = r.bits(8);
    return r.failed() ? std::nullopt : std::optional(slots);
  }

  unsigned slots_ = 0;
};
}  // namespace

std::unique_ptr<Repeater> make_vp9_repeater() { return std::make_unique<Vp9Repeater>(); }

}  // namespace rescue::media

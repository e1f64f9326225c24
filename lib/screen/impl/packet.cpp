// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/packet.hpp"

#include <fmt/format.h>

namespace rescue::screen {

std::string_view codec_name(CodecId id) { return id == CodecId::tiles ? "tiles" : "unknown"; }

void append_header(base::Bytes& out, const PacketHeader& h) {
  base::ByteWriter w;
  w.u8(kPacketMagic);
  w.u8(static_cast<std::uint8_t>(h.info.codec));
  w.u8(h.info.version);
  w.u8(h.info.keyframe ? kFlagKeyframe : 0);
  w.u32(h.info.sequence.get());
  w.u16(static_cast<std::uint16_t>(h.info.size.width));
  w.u16(static_cast<std::uint16_t>(h.info.size.height));
  w.u32(h.canvas_check);
  w.u32(h.body_bytes);
  base::append(out, w.view());
}

base::Result<PacketHeader> parse_header(base::ByteView packet) {
  base::ByteReader in(packet);
  if (packet.size() < kPacketHeaderBytes)
    return base::fail(base::Errc::bad_format, fmt::format("screen packet of {} bytes", packet.size()));
  if (packet.size() > kMaxPacketBytes)
    return base::fail(base::Errc::too_large, fmt::format("screen packet of {} bytes", packet.size()));
  if (*in.u8() != kPacketMagic) return base::fail(base::Errc::bad_format, "screen packet: first byte");
  PacketHeader h;
  h.info.codec = static_cast<CodecId>(*in.u8());
  h.info.version = *in.u8();
  if (h.info.codec != CodecId::tiles || h.info.version != kTilesVersion)
    return base::fail(base::Errc::unsupported,
                      fmt::format("screen codec {} version {}", static_cast<int>(h.info.codec), h.info.version));
  const std::uint8_t flags = *in.u8();
  if ((flags & ~kFlagKeyframe) != 0) return base::fail(base::Errc::bad_format, "screen packet: flags");
  h.info.keyframe = (flags & kFlagKeyframe) != 0;
  h.info.sequence = PacketSequence(*in.u32());
  h.info.size.width = *in.u16();
  h.info.size.height = *in.u16();
  h.canvas_check = *in.u32();
  h.body_bytes = *in.u32();
  if (h.info.size.width == 0 || h.info.size.height == 0)
    return base::fail(base::Errc::bad_format, "screen packet: empty picture");
  if (!h.info.size.valid())
    return base::fail(base::Errc::too_large,
                      fmt::format("screen packet of {}x{} pixels", h.info.size.width, h.info.size.height));
  if (h.body_bytes > max_body_bytes(h.info.size)) return base::fail(base::Errc::too_large, "screen packet: body");
  return h;
}

base::Result<PacketInfo> inspect_packet(base::ByteView packet) {
  RESCUE_TRY(const PacketHeader h, parse_header(packet));
  return h.info;
}

}  // namespace rescue::screen

// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/packet.hpp"

#include <fmt/format.h>

#include "screen/impl/tiles_format.hpp"

namespace rescue::screen {
namespace {

std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("screen packet: {}", what));
}

base::Result<> take_size(base::ByteReader& in, Size& size) {
  const auto width = in.u16();
  const auto height = in.u16();
  if (!width || !height) return malformed("cut off");
  size = {*width, *height};
  if (size.width == 0 || size.height == 0) return malformed("empty picture");
  if (!size.valid())
    return base::fail(base::Errc::too_large, fmt::format("screen packet of {}x{} pixels", size.width, size.height));
  return {};
}

base::Result<> parse_tiles(base::ByteReader& in, std::uint8_t flags, PacketHeader& h) {
  if ((flags & ~kFlagKeyframe) != 0) return malformed("flags");
  const auto sequence = in.u32();
  if (!sequence) return malformed("cut off");
  h.info.sequence = PacketSequence(*sequence);
  RESCUE_CHECK(take_size(in, h.info.size));
  const auto check = in.u32();
  const auto body = in.u32();
  if (!check || !body) return malformed("cut off");
  h.canvas_check = *check;
  h.body_bytes = *body;
  if (h.body_bytes > max_body_bytes(h.info.size)) return base::fail(base::Errc::too_large, "screen packet: body");
  return {};
}

base::Result<> parse_context(base::ByteReader& in, std::uint8_t flags, PacketHeader& h) {
  const int known =
      kFlagKeyframe | kFlagContinues | kFlagIncomplete | (h.info.version > 1 ? kFlagInexact | kFlagVideo : 0);
  if ((flags & ~known) != 0) return malformed("flags");
  h.continues = (flags & kFlagContinues) != 0;
  h.info.complete = (flags & kFlagIncomplete) == 0;
  h.info.exact = (flags & kFlagInexact) == 0;
  h.video = (flags & kFlagVideo) != 0;
  if (h.continues && h.info.keyframe) return malformed("flags");
  const auto sequence = in.u16();
  const auto check = in.u16();
  if (!sequence || !check) return malformed("cut off");
  h.info.sequence = PacketSequence(*sequence);
  h.canvas_check = *check;
  if (h.info.keyframe) RESCUE_CHECK(take_size(in, h.info.size));
  return {};
}
}  // namespace

std::string_view codec_name(CodecId id) {
  switch (id) {
    case CodecId::tiles:
      return "tiles";
    case CodecId::context:
      return "context";
  }
  return "unknown";
}

void append_header(base::Bytes& out, const PacketInfo& info, bool continues, std::uint32_t check, bool video) {
  base::ByteWriter w;
  w.u8(kPacketMagic);
  w.u8(static_cast<std::uint8_t>(info.codec));
  w.u8(info.version);
  w.u8(static_cast<std::uint8_t>((info.keyframe ? kFlagKeyframe : 0) | (continues ? kFlagContinues : 0) |
                                 (info.complete ? 0 : kFlagIncomplete) | (info.exact ? 0 : kFlagInexact) |
                                 (video ? kFlagVideo : 0)));
  w.u16(static_cast<std::uint16_t>(info.sequence.get()));
  w.u16(static_cast<std::uint16_t>(fold_check(check)));
  if (info.keyframe) {
    w.u16(static_cast<std::uint16_t>(info.size.width));
    w.u16(static_cast<std::uint16_t>(info.size.height));
  }
  base::append(out, w.view());
}

base::Result<PacketHeader> parse_header(base::ByteView packet) {
  if (packet.size() > kMaxPacketBytes)
    return base::fail(base::Errc::too_large, fmt::format("screen packet of {} bytes", packet.size()));
  base::ByteReader in(packet);
  const auto start = in.take(4);
  if (!start) return malformed("cut off");
  if ((*start)[0] != kPacketMagic) return malformed("first byte");
  PacketHeader h;
  h.info.codec = static_cast<CodecId>((*start)[1]);
  h.info.version = (*start)[2];
  const std::uint8_t flags = (*start)[3];
  h.info.keyframe = (flags & kFlagKeyframe) != 0;
  if (h.info.codec == CodecId::tiles && h.info.version == kTilesVersion) {
    RESCUE_CHECK(parse_tiles(in, flags, h));
  } else if (h.info.codec == CodecId::context &&
             (h.info.version == kContextVersion || h.info.version == kPhotoVersion)) {
    RESCUE_CHECK(parse_context(in, flags, h));
  } else {
    return base::fail(base::Errc::unsupported,
                      fmt::format("screen codec {} version {}", static_cast<int>(h.info.codec), h.info.version));
  }
  h.header_bytes = in.offset();
  return h;
}

base::Result<PacketInfo> inspect_packet(base::ByteView packet) {
  RESCUE_TRY(const PacketHeader h, parse_header(packet));
  return h.info;
}

}  // namespace rescue::screen

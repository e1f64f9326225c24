// SPDX-License-Identifier: Apache-2.0
// Reaches behind the compression: a decoder that has just seen a fixed keyframe, and any bytes as the plain body of the
// packet after it.
#pragma once

#include "base/random.hpp"
#include "screen/impl/packet.hpp"
#include "screen/impl/zstd_stream.hpp"

namespace rescue::screen {

/// 75x52: tiles at both edges are cut. Dots in four colours on the left, noise on the right; most tiles get into the
/// ring.
inline Frame fixture_frame() {
  Frame f = *Frame::create({75, 52});
  base::SeededRandom random(7);
  for (std::int32_t y = 0; y < 52; ++y) {
    for (std::int32_t x = 0; x < 75; ++x)
      f.row(y)[x] = static_cast<Pixel>(random.below(x < 40 ? 4 : 0x1000000) * (x < 40 ? 0x202020u : 1u));
  }
  return f;
}

/// The plain body of a packet that `reader` has come to.
inline base::Bytes body_of(ZstdReader& reader, base::ByteView packet) {
  base::Bytes body;
  const auto header = parse_header(packet);
  if (header) static_cast<void>(reader.read(packet.subspan(kPacketHeaderBytes), header->body_bytes, body));
  return body;
}

/// Makes the second packet out of a body. The canvas check in it is wrong; it is compared when all else is done.
inline base::Bytes second_packet(base::ByteView first, base::ByteView body) {
  ZstdReader reader(kWindowLog);
  ZstdWriter writer(1, kWindowLog);
  base::Bytes ignored;
  static_cast<void>(writer.write(body_of(reader, first), ignored, kMaxPacketBytes));
  PacketHeader h = *parse_header(first);
  h.info.keyframe = false;
  h.info.sequence += 1;
  h.body_bytes = static_cast<std::uint32_t>(body.size());
  base::Bytes out;
  append_header(out, h);
  static_cast<void>(writer.write(body, out, kMaxPacketBytes));
  return out;
}

}  // namespace rescue::screen

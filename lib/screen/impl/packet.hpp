// SPDX-License-Identifier: Apache-2.0
// The head of a packet. Numbers are big-endian.
//
//   all      0 magic u8 0xd5 | 1 codec u8 | 2 version u8 | 3 flags u8: bit 0 keyframe
//   tiles    4 sequence u32 | 8 width u16 | 10 height u16 | 12 canvas check u32 | 16 length of the plain body u32 | 20
//   body context  3 flags also: bit 1 continues the picture of the packet before, bit 2 the picture is not complete,
//            from version 2 on bit 3 the picture is not exact, bit 4 a section of video stands before the body
//            4 sequence u16 | 6 canvas check, folded u16 | in keyframes 8 width u16 | 10 height u16 | body
//
//   Canvas check: the sum mod 2^32 over all tiles of CRC-32C(tile number u32 | its pixels row by row as B, G, R, 0).
//   Folded: its upper half XOR its lower half.
#pragma once

#include "screen/codec.hpp"

namespace rescue::screen {

inline constexpr std::uint8_t kPacketMagic = 0xd5;
inline constexpr std::uint8_t kFlagKeyframe = 1;
inline constexpr std::uint8_t kFlagContinues = 2;
inline constexpr std::uint8_t kFlagIncomplete = 4;
inline constexpr std::uint8_t kFlagInexact = 8;
inline constexpr std::uint8_t kFlagVideo = 16;

struct PacketHeader {
  PacketInfo info;
  bool continues = false;          // context
  bool video = false;              // context: a section of video stands before the body
  std::uint32_t canvas_check = 0;  // context: folded
  std::uint32_t body_bytes = 0;    // tiles
  std::size_t header_bytes = 0;    // where the body begins
};
/// Of the codec "context"; `check` is not folded yet.
void append_header(base::Bytes& out, const PacketInfo& info, bool continues, std::uint32_t check, bool video = false);
[[nodiscard]] base::Result<PacketHeader> parse_header(base::ByteView packet);

[[nodiscard]] inline std::uint32_t fold_check(std::uint32_t check) { return (check >> 16 ^ check) & 0xffff; }

}  // namespace rescue::screen

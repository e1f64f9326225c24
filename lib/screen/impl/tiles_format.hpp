// SPDX-License-Identifier: Apache-2.0
// Layout of a packet of the codec "tiles", version 1. Numbers are big-endian, varints as in base/varint.hpp.
//
//   packet   0 magic u8 0xd5 | 1 codec u8 | 2 version u8 | 3 flags u8: bit 0 keyframe, others zero | 4 sequence u32
//            8 width u16 | 10 height u16 | 12 canvas check u32 | 16 body length u32, plain | 20 body, zstd
//   The bodies of a keyframe and the packets after it are one zstd frame, flushed after each and never ended, with a
//   window of at most 2^kWindowLog bytes.
//
//   body     varint number of vectors (0..kMaxVectors), each: zigzag varint dx, dy
//            varint number of groups, each: varint skipped tiles, varint run (1..), mode u8, then for
//              kModeSolid   B u8, G u8, R u8
//              kModeCache   run times: zigzag varint of slot - (slot before + 1); the slot before the first is 0xffff
//            pixels of the groups with kModeTable and kModePhoto, in order; these do not cross the end of a tile row
//   Tiles are 16x16 and numbered row by row; those at the right and bottom edge are cut. A group is a run of tiles
//   after `skipped` unchanged ones.
//     kModeSolid    one colour
//     kModeCache    a tile that was coded before: slot of the ring, full tiles only
//     kModeTable    rows over the whole run: index u8 each into the colour table; then B, G, R for each index 255, in
//                   order
//     kModePhoto    three planes G, B-G, R-G of rows over the whole run: residual mod 256 against the median of left,
//                   above and left + above - above left, where what lies outside the run counts as 0
//     kModeMove + k the pixels that stood at (x + dx, y + dy) of vector k before this packet
//   After the packet each full tile coded by table or photo goes to the next slot of the ring, in order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "screen/frame.hpp"

namespace rescue::screen {

inline constexpr int kWindowLog = 24;  // 16 MiB
inline constexpr std::size_t kMaxVectors = 6;

inline constexpr std::uint8_t kModeSolid = 0;
inline constexpr std::uint8_t kModeCache = 1;
inline constexpr std::uint8_t kModeTable = 2;
inline constexpr std::uint8_t kModePhoto = 3;
inline constexpr std::uint8_t kModeMove = 8;

/// The longest plain body of any picture of this size: one index and one colour a pixel, and group heads.
[[nodiscard]] inline std::uint64_t max_body_bytes(Size s) {
  return static_cast<std::uint64_t>(s.pixels()) * 4 + static_cast<std::uint64_t>(s.pixels()) / 4 + 65536;
}

}  // namespace rescue::screen

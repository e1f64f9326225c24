// SPDX-License-Identifier: Apache-2.0
// RCREC version 1: numbers and layouts of the recording container. The normative text is man/rcrec.5.
// All numbers are big-endian. A file is a 64-byte header and then chunks; nothing written is ever rewritten.
//
//   file header   0 magic[8] | 8 major u16 | 10 minor u16 | 12 flags u32 | 16 session[16] | 32 start i64 (us since
//   1970)
//                 40 file id[16] | 56 reserved[4] | 60 crc32c u32 of bytes 0..59
//   chunk         0 sync[4] | 4 type u8 | 5 flags u8 | 6 reserved u16 | 8 length u32 | 12 t0 u64 (us since start)
//                 20 span u32 (us) | 24 sequence u32 | 28 previous[16] | 44 crc32c u32 of bytes 0..43
//                 48 payload[length] | 48+length crc32c u32 of the payload
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/guid.hpp"
#include "base/result.hpp"

namespace rescue::rcrec {

inline constexpr std::array<std::uint8_t, 8> kMagic{'R', 'C', 'R', 'E', 'C', '\r', '\n', 0x1a};
inline constexpr std::array<std::uint8_t, 4> kSync{'R', 'C', 'K', '1'};
inline constexpr std::uint16_t kMajor = 1;
/// 1: recordings may be encrypted, and a CKPT is followed by all that is needed of the cursor.
inline constexpr std::uint16_t kMinor = 1;
/// Of the file flags, a reader refuses the file for an unknown one among these; the other bits it ignores.
inline constexpr std::uint32_t kFileFlagsMustKnow = 0x0000ffff;
inline constexpr std::uint32_t kFileFlagEncrypted = 1;  // since 1.1
inline constexpr std::uint8_t kChunkFlagEncrypted = 1;  // since 1.1: ciphertext and seal
inline constexpr std::uint8_t kChunkFlagSealed = 2;     // since 1.1: readable, with a seal behind it

inline constexpr std::size_t kFileHeaderBytes = 64;
inline constexpr std::size_t kChunkHeaderBytes = 48;
inline constexpr std::size_t kChunkTrailerBytes = 4;
inline constexpr std::size_t kSealBytes = 24;  // number u32, number of the sealed chunk before u32, tag 16

// Limits; a reader checks each before it allocates.
inline constexpr std::size_t kMaxPayloadBytes = std::size_t{64} << 20;  // of a chunk
inline constexpr std::size_t kMaxJsonBytes = std::size_t{1} << 20;      // of one HEAD, CHAT or EVENT object
inline constexpr std::size_t kMaxJsonDepth = 16;
inline constexpr std::size_t kMaxIndexEntries = 4096;    // of one INDEX chunk
inline constexpr std::size_t kMaxCursorSide = 256;       // pixels
inline constexpr std::size_t kMaxCursorShapes = 256;     // kept by a reader; older ones may be dropped
inline constexpr std::size_t kMaxRecipients = 64;        // of an encrypted recording
inline constexpr std::size_t kMaxOverlap = 16;           // chunks whose times a reader merges at once
inline constexpr std::size_t kMaxReportedDamage = 1000;  // damaged places that a report lists

/// Microseconds since the start of the recording.
using Time = std::chrono::microseconds;
/// Any time of day in a file is taken as one between 1970 and this, 9000 CE: later times can be added to it.
inline constexpr base::WallTime kMaxWallTime{std::chrono::seconds(221'845'392'000)};
inline constexpr Time kMaxTime = std::chrono::hours(24 * 366);  // later than any recording; a larger one is damage

enum class ChunkType : std::uint8_t {
  head = 1,     // JSON object: what is in this file. First chunk, once
  video = 2,    // items: a screen packet
  ckpt = 3,     // as video; its first packet is a keyframe
  cursor = 4,   // items: shape or position
  chat = 5,     // items: JSON object {"from","text",…}
  event = 6,    // items: JSON object {"type",…}
  clock = 7,    // i64: UTC at t0, us since 1970
  index = 8,    // back-linked table of checkpoints and events
  end = 9,      // duration and last index; nothing follows
  keys = 10,    // the file key, wrapped for each recipient; first chunk of an encrypted recording
  repair = 11,  // as event: what a repair without the key did to an encrypted recording
};
inline constexpr std::size_t kChunkTypes = 12;  // numbers that have a meaning are below

/// "HEAD", "VIDEO" …, or "UNKNOWN".
[[nodiscard]] std::string_view chunk_type_name(std::uint8_t type);

/// First 16 bytes of SHA-256.
using ChainHash = std::array<std::uint8_t, 16>;

struct FileHeader {
  std::uint16_t major = kMajor;
  std::uint16_t minor = kMinor;
  std::uint32_t flags = 0;
  base::Guid session;
  base::WallTime start;
  base::Guid file_id;  // random: two recordings of one session differ from their first byte of chain on
};
[[nodiscard]] std::array<std::uint8_t, kFileHeaderBytes> encode_file_header(const FileHeader& h);
/// bad_format (no RCREC, or damaged), unsupported (another major version, encrypted).
[[nodiscard]] base::Result<FileHeader> decode_file_header(base::ByteView b);

[[nodiscard]] base::WallTime wall_time(std::uint64_t us);

struct ChunkHeader {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t length = 0;
  Time t0{};
  Time span{};
  std::uint32_t sequence = 0;
  ChainHash previous{};
};
[[nodiscard]] std::array<std::uint8_t, kChunkHeaderBytes> encode_chunk_header(const ChunkHeader& h);
/// nullopt when the sync, the CRC or a limit is wrong: not a chunk header.
[[nodiscard]] std::optional<ChunkHeader> decode_chunk_header(base::ByteView b);

struct CursorShape {
  std::uint32_t id = 0;
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  std::uint16_t hotspot_x = 0;
  std::uint16_t hotspot_y = 0;
  std::vector<std::uint32_t> argb;  // premultiplied 0xAARRGGBB, width x height
  bool operator==(const CursorShape&) const = default;
};
struct CursorMove {
  std::int32_t x = 0;  // of the hotspot, in picture pixels
  std::int32_t y = 0;
  std::uint32_t shape = 0;
  bool visible = true;
  bool operator==(const CursorMove&) const = default;
};

struct IndexEntry {
  Time t{};
  std::uint64_t offset = 0;  // of the chunk, from the start of the file
  std::uint8_t type = 0;     // ChunkType::ckpt or event; others are skipped
  bool operator==(const IndexEntry&) const = default;
};
/// INDEX: 0 previous u64 (offset of the INDEX before, 0: none) | 8 count u32 | 12 entries: t u64, offset u64, type u8
struct IndexChunk {
  std::uint64_t previous = 0;
  std::vector<IndexEntry> entries;
};
[[nodiscard]] base::Bytes encode_index(const IndexChunk& index);
[[nodiscard]] std::optional<IndexChunk> decode_index(base::ByteView payload);

/// END: 0 duration u64 (us) | 8 last index u64 (offset, 0: none) | 16 chunks u32 (before END)
struct EndChunk {
  Time duration{};
  std::uint64_t last_index = 0;
  std::uint32_t chunks = 0;
};
[[nodiscard]] base::Bytes encode_end(const EndChunk& end);
[[nodiscard]] std::optional<EndChunk> decode_end(base::ByteView payload);

}  // namespace rescue::rcrec

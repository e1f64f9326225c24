// SPDX-License-Identifier: Apache-2.0
// Bytes of the session link, ALPN "rescue-link/1". All numbers big-endian. Normative text: man rescue-protocol(7),
// LINK.
//
// A path (one inner TLS connection) carries frames, in order; a frame dies with its path:
//
//    0        1                          4
//   +--------+--------------------------+----------------------+
//   | type   | length of the payload    | payload              |      whole frame at most kFrameMax = 16384 bytes
//   +--------+--------------------------+----------------------+
//
//   RESUME 0x01  0 magic "RLK1" u32 | 4 version u8 = 1 | 5 flags u8 = 0 | 6 zero u16 | 8 link id [16] | 24 received u64
//                First frame of each direction on each path, and never again. `received`: count of stream bytes got so
//                far.
//   DATA   0x02  0 offset u64 | 8 stream bytes (1 or more)
//   ACK    0x03  0 received u64                 cumulative; bytes below it will never be asked for again
//   PING   0x04  0 value u64                    answered at once by PONG with the same value
//   PONG   0x05  0 value u64
//   CLOSE  0x06  0 code u16 | 2 text (UTF-8, at most 200 bytes): the sender drops the whole link, not only this path
//   SWITCH 0x07  0 epoch u32 | 4 offset u64     reserved for taking over to another path; refused by version 1
//   0x80..0xff   ignored by a receiver that does not know them; an unknown type below 0x80 is a protocol error
//
// The stream (one per direction, from offset 0, surviving paths) carries records:
//
//    0        1        2                 4
//   +--------+--------+-----------------+----------------------+
//   | kind   | flags  | length u16      | payload              |      length at most kFragmentMax = 16368
//   +--------+--------+-----------------+----------------------+
//
//   kind 0..4    a fragment of a message on that channel (wire/channel.hpp); flags: 1 first, 2 last, 4 abandoned: the
//   parts
//                so far are to be thrown away (with neither first nor last, length 0). Fragments of different channels
//                mix, those of one channel never.
//   CREDIT 0x40  0 channel u8 | 1 limit u64     flags 0. The peer may send fragment payload on that channel up to this
//   total.
//                Starts at the window of link/limits.hpp; never goes down. An abandoned message's parts count as read.
//   FIN    0x41  length 0, flags 0              no message follows in this direction; CREDIT may
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/guid.hpp"
#include "link/error.hpp"

namespace rescue::link {

inline constexpr std::size_t kFrameMax = 16 * 1024;
inline constexpr std::size_t kFrameHeader = 4;
inline constexpr std::size_t kDataHeader = kFrameHeader + 8;
inline constexpr std::size_t kRecordHeader = 4;
inline constexpr std::size_t kFragmentMax = kFrameMax - kDataHeader - kRecordHeader;
inline constexpr std::size_t kCloseTextMax = 200;
inline constexpr std::uint32_t kMagic = 0x524c4b31;  // "RLK1"
inline constexpr std::uint8_t kLinkVersion = 1;
inline constexpr std::uint8_t kFirstIgnorableType = 0x80;
inline constexpr std::uint8_t kCreditRecord = 0x40;
inline constexpr std::uint8_t kFinRecord = 0x41;
inline constexpr std::uint8_t kFirstFragment = 1;
inline constexpr std::uint8_t kLastFragment = 2;
inline constexpr std::uint8_t kAbandoned = 4;

enum class FrameType : std::uint8_t { resume = 1, data = 2, ack = 3, ping = 4, pong = 5, close = 6, switch_path = 7 };

struct ResumeFrame {
  base::Guid link_id;
  std::uint64_t received = 0;
};
struct DataFrame {
  std::uint64_t offset = 0;
  base::ByteView bytes;  // points into the buffer given to the reader
};
struct CloseFrame {
  std::uint16_t code = 0;
  std::string text;
};

/// One frame as it lies in a buffer.
struct RawFrame {
  std::uint8_t type = 0;
  base::ByteView payload;
  std::size_t size = 0;  // bytes of the whole frame
};
/// The first frame of `b`; nothing when more bytes are needed. Errors: protocol (longer than kFrameMax).
[[nodiscard]] base::Result<std::optional<RawFrame>> read_frame(base::ByteView b);

[[nodiscard]] base::Result<ResumeFrame> read_resume(base::ByteView payload);
[[nodiscard]] base::Result<DataFrame> read_data(base::ByteView payload);
[[nodiscard]] base::Result<CloseFrame> read_close(base::ByteView payload);
/// ACK, PING and PONG: one u64.
[[nodiscard]] base::Result<std::uint64_t> read_number(base::ByteView payload);

void write_resume(base::Bytes& out, const ResumeFrame& f);
void write_data(base::Bytes& out, std::uint64_t offset, base::ByteView bytes);
void write_number(base::Bytes& out, FrameType type, std::uint64_t value);
void write_close(base::Bytes& out, std::uint16_t code, std::string_view text);

/// For the end that accepts paths: which link do the first bytes of a new path belong to? Nothing: more bytes are
/// needed. Give the same bytes to Link::on_bytes afterwards.
[[nodiscard]] base::Result<std::optional<ResumeFrame>> peek_resume(base::ByteView first_bytes);

}  // namespace rescue::link

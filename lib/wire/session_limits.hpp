// SPDX-License-Identifier: Apache-2.0
// Caps of the session messages (session.fbs), each checked by wire::read_session_message before anything is believed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rescue::wire {

/// Whole message by channel (wire/channel.hpp). The link enforces them while it reassembles, before memory is spent.
inline constexpr std::size_t kControlMessageMax = 64 * 1024;
inline constexpr std::size_t kInputMessageMax = 8 * 1024;
inline constexpr std::size_t kChatMessageMax = 24 * 1024;
inline constexpr std::size_t kScreenMessageMax = 8 * 1024 * 1024;  // longer pictures go in parts
inline constexpr std::size_t kFilesMessageMax = 512 * 1024;        // a full SysinfoReply

inline constexpr std::size_t kChatTextMax = 16 * 1024;  // bytes of UTF-8
inline constexpr std::size_t kInputTextMax = 4 * 1024;  // bytes of UTF-8 in one message; longer text goes in parts
inline constexpr std::size_t kSoftwareNameMax = 100;    // bytes
inline constexpr std::size_t kEndReasonMax = 400;       // bytes
inline constexpr std::size_t kDisplaysMax = 32;
inline constexpr std::size_t kDisplayNameMax = 100;                     // bytes
inline constexpr std::uint32_t kDisplaySideMax = 16'384;                // pixels
inline constexpr std::int32_t kDesktopCoordinateMax = 1 << 20;          // pixels, either sign
inline constexpr std::uint16_t kCursorSideMax = 256;                    // pixels
inline constexpr std::size_t kScreenDataMax = kScreenMessageMax - 256;  // bytes of one part of a picture
/// One whole picture in bytes: what the screen codec makes at most, and one chunk of a recording holds. A lossless
/// keyframe of photos at 3840x2160 has up to 25 MB.
inline constexpr std::size_t kScreenPictureMax = 64 * 1024 * 1024 - 4096;
inline constexpr std::size_t kFileChunkMax = 64 * 1024;                // bytes of content in one FileChunk
inline constexpr std::uint64_t kFileSizeMax = std::uint64_t{1} << 40;  // 1 TiB
inline constexpr std::size_t kFileNameMax = 240;  // bytes: 255 of ext4 and NTFS less the suffix of a partial file
inline constexpr std::size_t kFileNameOnWireMax =
    1024;  // a longer or hostile name is refused by name, not as bad bytes
inline constexpr std::size_t kSysinfoSectionsMax = 64;
inline constexpr std::size_t kSysinfoItemsMax = 4096;  // in one reply
inline constexpr std::size_t kSysinfoKeyMax = 200;     // bytes, also a section's name
inline constexpr std::size_t kSysinfoValueMax = 4096;  // bytes

inline constexpr std::size_t kReceiptMax = 2048;  // bytes: statement and signature
inline constexpr std::size_t kDetailMax = 1000;   // bytes of words for people in an answer
inline constexpr std::size_t kUrlMax = 4096;      // bytes
inline constexpr std::size_t kAccountNameMax = 256;
inline constexpr std::size_t kClipboardTextMax = 1024 * 1024;     // bytes of UTF-8 in all
inline constexpr std::size_t kClipboardPartMax = 64 * 1024;       // bytes of it in one message
inline constexpr std::uint32_t kClipboardFilesMax = 1000;
inline constexpr std::size_t kScriptTextMax = 256 * 1024;         // bytes
inline constexpr std::size_t kScriptNameMax = 200;                // bytes, also an interpreter's
inline constexpr std::size_t kScriptArgumentsMax = 64;
inline constexpr std::size_t kScriptArgumentMax = 4096;           // bytes
inline constexpr std::size_t kScriptOutputMax = 32 * 1024;        // bytes in one message
inline constexpr std::size_t kFsPathMax = 4096;                   // bytes
inline constexpr std::size_t kFsEntriesMax = 500;                 // in one reply
inline constexpr std::size_t kFsCursorMax = 4096;                 // bytes

}  // namespace rescue::wire
